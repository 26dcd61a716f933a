/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory under kill -9.  A child works on it and is killed at
 * every system call in turn, before and after it; each time the directory
 * must open again, hold what the child had been told was done, and nothing
 * that is half done.  And: damaged records, two processes at once.
 */
#include "test.h"

#include "memory/memory.h"
#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"
#include "sp_roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct coffer_error err;
static char base[128];

struct platform {
	struct cf_sp_state *state;
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
};

static enum coffer_status power_on(struct platform *p, const char *path)
{
	struct cf_sp_soft_config config = { .product = CF_SP_MILAN };
	struct cf_sp_soft_memory bound;
	enum coffer_status status;

	*p = (struct platform) { 0 };
	status = cf_sp_state_open(path, &p->state, &err);
	if (status)
		return status;
	cf_sp_state_ops(p->state, &config.ops);
	status = cf_sp_soft_create(&config, &p->sp, &err);
	if (!status)
		status = cf_memory_create(&p->mem, &err);
	if (!status)
		status = cf_memory_add(p->mem, 0, 16 * CF_PAGE_SIZE,
			CF_REGION_RAM, "ram", &err);
	if (status)
		return status;
	cf_sp_soft_memory_bind(p->mem, &bound);
	cf_sp_soft_set_memory(p->sp, &bound);
	return COFFER_OK;
}

static void power_off(struct platform *p)
{
	cf_sp_soft_destroy(p->sp);
	cf_memory_destroy(p->mem);
	cf_sp_state_close(p->state);
}

static uint32_t init(struct platform *p)
{
	uint8_t b[0x14] = { 0 };

	return cf_sp_soft_call(p->sp, 0x01, b, sizeof(b));
}

static uint32_t mask_chip_id(struct platform *p)
{
	uint8_t b[0x40] = { 0 };

	b[8] = 1;
	return cf_sp_soft_call(p->sp, 0xC9, b, sizeof(b));
}

static uint32_t commit(struct platform *p)
{
	uint8_t b[4] = { 4 };

	return cf_sp_soft_call(p->sp, 0xCB, b, sizeof(b));
}

/* An image for the roots that every child shares, made before them. */
static uint8_t image[CF_SP_FIRMWARE_LEN];

static void make_image(void)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"crash",
		.seed_len = 5,
		.ops = SP_ROOTS_OPS };
	static const struct cf_sp_firmware_version newer = { { 0, 24 },
		{ 1, 56 }, 3, 26 };
	struct cf_buf table = { 0 };
	struct cf_sp_soft *sp;

	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	assert_ok(cf_sp_soft_firmware_image(sp, &newer, image, &err));
	assert_ok(cf_sp_soft_cert_table(sp, &table, &err)); /* the others */
	cf_buf_finish(&table);
	cf_sp_soft_destroy(sp);
}

/* The directory's roots are the shared ones.  Each is linked by itself: who
 * opens a directory sweeps its temporary files, and these are not ours. */
static void share_roots(const char *path)
{
	char roots[4096], from[4096 + 256], to[180 + 256];
	struct dirent *e;
	DIR *d;

	snprintf(roots, sizeof(roots), "%s/roots",
		cf_sp_state_path(sp_roots_dir));
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(to, sizeof(to), "%s/roots", path);
	assert_int_equal(mkdir(to, 0700), 0);
	d = opendir(roots);
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strchr(e->d_name, '.'))
			continue;
		snprintf(from, sizeof(from), "%s/%s", roots, e->d_name);
		snprintf(to, sizeof(to), "%s/roots/%s", path, e->d_name);
		assert_int_equal(symlink(from, to), 0);
	}
	closedir(d);
}

static uint32_t update(struct platform *p)
{
	uint8_t b[0x18] = { sizeof(b) };

	if (cf_guest_write(p->mem, 0x4000, image, sizeof(image), &err))
		return 0xFFFF;
	cf_store_le64(b + 8, 0x4000);
	cf_store_le32(b + 0x10, sizeof(image));
	cf_store_le32(b + 0x14, 1); /* commit */
	return cf_sp_soft_call(p->sp, 0xCA, b, sizeof(b));
}

/* What the child does; it tells each step that is done, with the digest of
 * what must be kept from then on. */
enum step { CHIP, IDENTITY, NEW_PDH, MASKED, COMMITTED, UPDATED, NSTEPS };

struct told {
	uint8_t step, chip[32], pdh[32];
};

static void tell(int fd, struct platform *p, enum step step)
{
	struct told t = { .step = (uint8_t)step };
	struct cf_buf pdh = { 0 }, chain = { 0 };
	struct cf_sp_soft_facts f;

	cf_sp_soft_facts(p->sp, &f);
	memcpy(t.chip, f.chip_id, sizeof(t.chip));
	if (step >= IDENTITY &&
		!cf_sp_soft_sev_certs(p->sp, &pdh, &chain, &err))
		memcpy(t.pdh, pdh.data + 0x14, sizeof(t.pdh));
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	if (write(fd, &t, sizeof(t)) != (ssize_t)sizeof(t))
		_exit(2);
}

static void child(const char *path, int fd)
{
	struct platform p;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (power_on(&p, path))
		_exit(3);
	tell(fd, &p, CHIP);
	if (init(&p))
		_exit(4);
	tell(fd, &p, IDENTITY);
	if (cf_sp_soft_call(p.sp, 0x09, NULL, 0))
		_exit(5);
	tell(fd, &p, NEW_PDH);
	if (cf_sp_soft_call(p.sp, 0x81, NULL, 0) || mask_chip_id(&p))
		_exit(6);
	tell(fd, &p, MASKED);
	if (commit(&p))
		_exit(7);
	tell(fd, &p, COMMITTED);
	if (cf_sp_soft_call(p.sp, 0x02, NULL, 0) || update(&p) || init(&p))
		_exit(8);
	tell(fd, &p, UPDATED);
	_exit(0);
}

/* Run the child up to its n-th stop at a system call and kill it there.
 * False: it came to its end before. */
static bool run_and_kill(const char *path, unsigned n, struct told *last)
{
	struct told t;
	int fds[2], status;
	pid_t pid;
	bool killed = false;

	*last = (struct told) { .step = NSTEPS };
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(path, fds[1]);
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (unsigned i = 0; WIFSTOPPED(status); i++) {
		if (i == n) {
			kill(pid, SIGKILL);
			killed = true;
			waitpid(pid, &status, 0);
			break;
		}
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	if (!killed)
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	while (read(fds[0], &t, sizeof(t)) == (ssize_t)sizeof(t))
		*last = t;
	close(fds[0]);
	return killed;
}

static void remove_dir(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

/* Only the records that there are: no temporary file is left. */
static void assert_tidy(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' &&
			strcmp(e->d_name, "chip-Milan") != 0 &&
			strcmp(e->d_name, "nv-Milan") != 0 &&
			strcmp(e->d_name, "snp-Milan") != 0 &&
			strcmp(e->d_name, "lock") != 0 &&
			strcmp(e->d_name, "roots") != 0)
			fail_msg("left over: %s", e->d_name);
	closedir(d);
}

static void assert_kept(const char *path, const struct told *last)
{
	struct cf_buf pdh = { 0 }, chain = { 0 };
	struct cf_sp_soft_facts f;
	struct platform p;

	assert_ok(power_on(&p, path));
	assert_int_equal(init(&p), 0);
	cf_sp_soft_facts(p.sp, &f);
	if (last->step < NSTEPS)
		assert_memory_equal(f.chip_id, last->chip, sizeof(last->chip));
	assert_ok(cf_sp_soft_sev_certs(p.sp, &pdh, &chain, &err));
	/* A step that was not told may have been done or not. */
	if (last->step != NSTEPS && last->step >= NEW_PDH)
		assert_memory_equal(
			pdh.data + 0x14, last->pdh, sizeof(last->pdh));
	if (last->step != NSTEPS && last->step >= MASKED)
		assert_true(f.mask_chip_id);
	if (last->step != NSTEPS && last->step >= COMMITTED)
		assert_true(f.committed_tcb == f.current_tcb);
	/* The update is there whole or not at all. */
	if (last->step == UPDATED || f.snp_api[1] != 55)
		assert_true(f.snp_api[1] == 56 && f.build == 3 &&
			f.committed_version[1] == 56 &&
			f.committed_version[2] == 3 &&
			f.committed_tcb == f.current_tcb);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	power_off(&p);
	assert_tidy(path);
}

static bool can_trace(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_a_kill_at_any_system_call_loses_nothing(void **state)
{
	struct told last;
	char path[160];
	unsigned n = 0;
	bool killed = true;

	if (!can_trace()) {
		print_message("SKIP: ptrace is not allowed here\n");
		skip();
	}
	make_image();
	snprintf(path, sizeof(path), "%s/crash", base);
	for (; killed; n++) {
		remove_dir(path);
		share_roots(path);
		killed = run_and_kill(path, n, &last);
		assert_kept(path, &last);
	}
	/* Six records are written, each with several calls. */
	assert_true(n > 60);
	assert_int_equal(last.step, UPDATED);
	remove_dir(path);
}

static void flip(const char *path, size_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

static void test_a_damaged_identity_is_told_once_and_replaced(void **state)
{
	struct platform p;
	char path[160], file[176];

	snprintf(path, sizeof(path), "%s/damaged", base);
	snprintf(file, sizeof(file), "%s/nv-Milan", path);
	remove_dir(path);
	assert_ok(power_on(&p, path));
	assert_int_equal(init(&p), 0);
	power_off(&p);
	flip(file, 200);
	assert_ok(power_on(&p, path));
	assert_int_equal(init(&p), CF_FW_SECURE_DATA_INVALID);
	assert_int_equal(init(&p), 0);
	power_off(&p);
	assert_ok(power_on(&p, path));
	assert_int_equal(init(&p), 0);
	power_off(&p);
	remove_dir(path);
}

static void test_a_damaged_chip_is_refused(void **state)
{
	struct cf_sp_soft_config config = { .product = CF_SP_MILAN };
	struct platform p;
	struct cf_sp_soft *sp;
	struct cf_sp_state *s;
	char path[160], file[176];

	snprintf(path, sizeof(path), "%s/chip", base);
	snprintf(file, sizeof(file), "%s/chip-Milan", path);
	remove_dir(path);
	assert_ok(power_on(&p, path));
	power_off(&p);
	assert_ok(cf_sp_state_open(path, &s, &err));
	cf_sp_state_ops(s, &config.ops);
	for (size_t at = 0; at < 140; at += 9) {
		flip(file, at);
		assert_status(COFFER_ERR_FORMAT,
			cf_sp_soft_create(&config, &sp, &err));
		assert_message("chip-Milan");
		flip(file, at);
	}
	assert_ok(cf_sp_state_reset(s, true, &err));
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	cf_sp_soft_destroy(sp);
	cf_sp_state_close(s);
	remove_dir(path);
}

static void test_a_directory_has_a_chip_of_each_product(void **state)
{
	struct cf_sp_soft_config config = { .product = CF_SP_TURIN };
	struct cf_sp_soft_facts milan, turin, again;
	enum cf_sp_product product;
	struct cf_sp_state *s;
	struct cf_sp_soft *sp;
	char path[160];
	bool found;

	snprintf(path, sizeof(path), "%s/each", base);
	remove_dir(path);
	assert_ok(cf_sp_state_open(path, &s, &err));
	cf_sp_state_ops(s, &config.ops);
	assert_ok(
		cf_sp_soft_stored_product(&config.ops, &product, &found, &err));
	assert_false(found);
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	cf_sp_soft_facts(sp, &turin);
	cf_sp_soft_destroy(sp);
	assert_ok(
		cf_sp_soft_stored_product(&config.ops, &product, &found, &err));
	assert_true(found && product == CF_SP_TURIN);
	config.product = CF_SP_MILAN;
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	cf_sp_soft_facts(sp, &milan);
	cf_sp_soft_destroy(sp);
	assert_memory_not_equal(milan.chip_id, turin.chip_id, 8);
	config.product = CF_SP_TURIN;
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	cf_sp_soft_facts(sp, &again);
	cf_sp_soft_destroy(sp);
	assert_memory_equal(again.chip_id, turin.chip_id, 64);
	cf_sp_state_close(s);
	remove_dir(path);
}

static void test_processes_at_once_make_one_chip(void **state)
{
	uint8_t ids[4][64];
	char path[160];
	int fds[2];

	snprintf(path, sizeof(path), "%s/many", base);
	remove_dir(path);
	assert_int_equal(pipe(fds), 0);
	for (unsigned i = 0; i < 4; i++)
		if (fork() == 0) {
			struct cf_sp_soft_facts f;
			struct platform p;

			if (power_on(&p, path))
				_exit(1);
			cf_sp_soft_facts(p.sp, &f);
			_exit(write(fds[1], f.chip_id, 64) != 64);
		}
	for (unsigned i = 0; i < 4; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(read(fds[0], ids[i], 64), 64);
	}
	for (unsigned i = 1; i < 4; i++)
		assert_memory_equal(ids[0], ids[i], 64);
	close(fds[0]);
	close(fds[1]);
	remove_dir(path);
}

static void test_unusable_directories_are_named(void **state)
{
	struct cf_sp_state *s;

	assert_status(COFFER_ERR_SYSTEM,
		cf_sp_state_open("/proc/none/here", &s, &err));
	assert_message("/proc/none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kill_at_any_system_call_loses_nothing),
		cmocka_unit_test(
			test_a_damaged_identity_is_told_once_and_replaced),
		cmocka_unit_test(test_a_damaged_chip_is_refused),
		cmocka_unit_test(test_a_directory_has_a_chip_of_each_product),
		cmocka_unit_test(test_processes_at_once_make_one_chip),
		cmocka_unit_test(test_unusable_directories_are_named),
	};

	snprintf(base, sizeof(base), "/tmp/coffer-sp-crash.%d", (int)getpid());
	if (mkdir(base, 0700) < 0)
		return 1;
	int failed = cmocka_run_group_tests_name(
		"sp_soft_crash", tests, sp_roots_open, sp_roots_close);
	remove_dir(base);
	return failed;
}
