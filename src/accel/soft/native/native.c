/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of stubs: executable memory, the table that finds a stub again by
 * the bytes of its host instruction, and the fault sites.
 */
#include "accel/soft/native/native_code_priv.h"
#include "base/alloc.h"
#include "base/bytes.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_LEN  ((size_t)16 << 20)
#define MAX_STUBS (CODE_LEN / 64)

/* The host's instruction and the register that stands for RSP. */
#define KEY_LEN (CF_NATIVE_INSN_MAX + 1)

struct entry {
	uint8_t len; /* 0: free */
	uint8_t key[KEY_LEN];
	struct cf_native_op op;
};

struct cf_native {
	pthread_mutex_t lock;
	int fd;      /* behind range.code; the only way to write it */
	size_t used; /* bytes of code */
	struct cf_native_site *sites; /* MAX_STUBS, memory used as needed */
	struct cf_native_range range;
	struct entry *table; /* open addressing, size a power of two */
	size_t table_len, nstubs;
};

static size_t hash_key(const uint8_t *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ key[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* The entry of this key, or the free one where it belongs. */
static struct entry *find(
	struct entry *table, size_t len, const uint8_t *key, size_t key_len)
{
	size_t i = hash_key(key, key_len) & (len - 1);

	while (table[i].len &&
		(table[i].len != key_len ||
			memcmp(table[i].key, key, key_len) != 0))
		i = (i + 1) & (len - 1);
	return &table[i];
}

static bool grow(struct cf_native *n)
{
	size_t len = n->table_len ? n->table_len * 2 : 256;
	struct entry *table;

	if (n->nstubs * 4 < n->table_len * 3)
		return true;
	table = cf_alloc_array(len, sizeof *table);
	if (!table)
		return false;
	for (size_t i = 0; i < n->table_len; i++) {
		const struct entry *e = &n->table[i];

		if (e->len)
			*find(table, len, e->key, e->len) = *e;
	}
	free(n->table);
	n->table = table;
	n->table_len = len;
	return true;
}

static enum coffer_status map_code(
	struct cf_native *n, struct coffer_error *err)
{
	void *code;

	n->fd = memfd_create("coffer-code", MFD_CLOEXEC);
	if (n->fd < 0 || ftruncate(n->fd, (off_t)CODE_LEN))
		return cf_fail_errno(err, errno,
			"soft: cannot get memory for generated code");
	code = mmap(
		NULL, CODE_LEN, PROT_READ | PROT_EXEC, MAP_SHARED, n->fd, 0);
	if (code == MAP_FAILED)
		return cf_fail_errno(err, errno,
			"soft: cannot map generated code executable (does a "
			"policy forbid it?)");
	n->range.code = code;
	n->range.code_len = CODE_LEN;
	return COFFER_OK;
}

static void unmap_code(struct cf_native *n)
{
	if (n->range.code)
		munmap((void *)(uintptr_t)n->range.code, CODE_LEN);
	n->range.code = NULL;
	cf_close_fd(&n->fd);
	n->fd = -1;
}

enum coffer_status cf_native_create(
	struct cf_native **out, struct coffer_error *err)
{
	struct cf_native *n = cf_alloc_array(1, sizeof *n);
	enum coffer_status status;
	void *sites;

	if (!n)
		return cf_fail_nomem(err, "native execution");
	pthread_mutex_init(&n->lock, NULL);
	n->fd = -1;
	sites = mmap(NULL, MAX_STUBS * sizeof *n->sites, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sites == MAP_FAILED) {
		status = cf_fail_nomem(err, "native execution");
		goto free_native;
	}
	n->sites = sites;
	n->range.sites = sites;
	status = map_code(n, err);
	if (status)
		goto unmap;
	status = cf_native_watch(&n->range, err);
	if (status)
		goto unmap;
	*out = n;
	return COFFER_OK;
unmap:
	unmap_code(n);
	munmap(sites, MAX_STUBS * sizeof *n->sites);
free_native:
	pthread_mutex_destroy(&n->lock);
	free(n);
	return status;
}

void cf_native_destroy(struct cf_native *n)
{
	if (!n)
		return;
	cf_native_unwatch(&n->range);
	unmap_code(n);
	munmap(n->sites, MAX_STUBS * sizeof *n->sites);
	free(n->table);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* Write through the descriptor: no mapping of the code is ever writable. */
static bool write_code(int fd, const uint8_t *p, size_t len, size_t at)
{
	while (len) {
		ssize_t done = pwrite(fd, p, len, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		at += (size_t)done;
		len -= (size_t)done;
	}
	return true;
}

static bool add_stub(struct cf_native *n, struct cf_native_shape *shape)
{
	struct cf_native_code code;
	size_t index = n->nstubs;

	cf_native_emit(shape, &code);
	if (index == MAX_STUBS || code.len > CODE_LEN - n->used)
		return false;
	if (!write_code(n->fd, code.bytes, code.len, n->used))
		return false;
	n->sites[index] = (struct cf_native_site) {
		.insn = (uint32_t)(n->used + code.insn_at),
		.exit = (uint32_t)(n->used + code.exit_at),
	};
	__atomic_store_n(&n->range.nsites, index + 1, __ATOMIC_RELEASE);
	/* ISO C has no conversion from object to function pointers. */
	const void *entry = n->range.code + n->used;

	memcpy(&shape->op.run, &entry, sizeof entry);
	n->nstubs = index + 1;
	n->used = (size_t)cf_align_up(n->used + code.len, 16);
	return true;
}

static enum cf_native_result compile_locked(struct cf_native *n,
	struct cf_native_shape *shape, struct cf_native_op *out)
{
	uint8_t key[KEY_LEN];
	size_t len = shape->insn_len + 1u;
	struct entry *e;

	if (!grow(n))
		return CF_NATIVE_FULL;
	/* A register that stands for RSP looks like itself in the bytes. */
	memcpy(key, shape->insn, shape->insn_len);
	key[shape->insn_len] = shape->regs.rsp;
	e = find(n->table, n->table_len, key, len);
	if (!e->len) {
		if (!add_stub(n, shape))
			return CF_NATIVE_FULL;
		e->op = shape->op;
		e->len = (uint8_t)len;
		memcpy(e->key, key, len);
	}
	*out = e->op;
	return CF_NATIVE_OK;
}

enum cf_native_result cf_native_compile(struct cf_native *n,
	const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_op *out)
{
	struct cf_native_shape shape;
	enum cf_native_result result;

	if (cf_native_by_hand(insn, operands, out))
		return CF_NATIVE_OK;
	if (!cf_native_shape(insn, operands, &shape))
		return CF_NATIVE_REFUSED;
	pthread_mutex_lock(&n->lock);
	result = compile_locked(n, &shape, out);
	pthread_mutex_unlock(&n->lock);
	return result;
}

enum coffer_status cf_native_reset(
	struct cf_native *n, struct coffer_error *err)
{
	enum coffer_status status;

	pthread_mutex_lock(&n->lock);
	__atomic_store_n(&n->range.nsites, 0, __ATOMIC_RELEASE);
	/* A fresh mapping: no processor can have old code of it at hand. */
	unmap_code(n);
	status = map_code(n, err);
	n->used = 0;
	n->nstubs = 0;
	free(n->table);
	n->table = NULL;
	n->table_len = 0;
	pthread_mutex_unlock(&n->lock);
	return status;
}

void cf_native_usage(struct cf_native *n, size_t *stubs, size_t *bytes)
{
	pthread_mutex_lock(&n->lock);
	*stubs = n->nstubs;
	*bytes = n->used;
	pthread_mutex_unlock(&n->lock);
}
