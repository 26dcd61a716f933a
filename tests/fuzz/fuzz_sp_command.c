/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the software secure processor with arbitrary commands and
 * buffers on an arbitrary memory, from one of several states.  Commands
 * without a buffer take no input; those of them that make keys are left out,
 * as they only cost time.
 *
 * Input: state (1 byte), then commands: index (1), buffer.  What is left when
 * the commands are through, or after a zero index, is memory.
 *
 * Each state has a platform and a memory of its own; only what an input
 * changed is put back after it.
 */
#include "fuzz.h"

/* The last 6 MiB of the memory are for large pages. */
#define SP_MEM_PAGES 0x800
#include "../unit/sp_mem.h"
#include "sp/soft/commands_priv.h"

#include <stdlib.h>

#define GCTX   0x2000u
#define OUT    0x3000u
#define IMAGE  0x20000u  /* a firmware image */
#define LIST   0x21000u  /* of ranges to fix */
#define FROZEN 0x200000u /* a large Pre-Guest page */
#define BIG    0x400000u /* a large Firmware page; LAUNCH: 512 Pre-Swap */
#define INTO   0x600000u /* a large Pre-Guest page with FROZEN's address */
#define STATES 5

struct start {
	struct cf_sp_soft sp;
	struct sp_mem mem;
};

static struct cf_sp_soft *sp;
static struct sp_mem live[STATES], mem;
static struct start start[STATES];
static uint8_t *root;
static size_t root_len;

static enum coffer_status load_root(void *opaque, const char *record,
	uint8_t **data, size_t *len, struct coffer_error *err)
{
	bool ours = strcmp(record, "roots/ark-Genoa") == 0 && root;

	*data = ours ? malloc(root_len) : NULL;
	*len = ours ? root_len : 0;
	if (*data)
		memcpy(*data, root, root_len);
	return COFFER_OK;
}

static enum coffer_status store_root(void *opaque, const char *record,
	const uint8_t *data, size_t len, struct coffer_error *err)
{
	if (strcmp(record, "roots/ark-Genoa") != 0)
		return COFFER_OK;
	root = malloc(len);
	root_len = len;
	memcpy(root, data, len);
	return COFFER_OK;
}

static void must(uint32_t id, uint8_t *b, size_t n)
{
	if (cf_sp_soft_call(sp, id, b, n))
		abort();
}

static void save(unsigned i)
{
	sp_mem_clean(&mem);
	memcpy(&start[i].mem, &mem, sizeof(mem));
	memcpy(&live[i], &mem, sizeof(mem));
	memcpy(&start[i].sp, sp, sizeof(*sp));
	start[i].sp.mem.opaque = &live[i];
}

static void prepare_sev(void)
{
	uint8_t b[0x80] = { 1 };

	cf_store_le64(b + 8, 1 << 20);
	cf_store_le32(b + 0x10, 1 << 20);
	must(0x01, b, 0x14);
	memset(b, 0, sizeof(b));
	cf_store_le32(b + 4, 4);
	must(0x30, b, 0x24);
	cf_store_le32(b + 4, 1);
	must(0x21, b, 8);
	save(1);
	cf_store_le64(b + 4, 0);
	cf_store_le64(b + 8, 0x1000);
	cf_store_le32(b + 0x10, 0x30);
	must(0x33, b, 0x14);
	must(0x35, b, 4);
	save(2);
}

static void lay_out_pages(void)
{
	struct cf_rmp_entry e = { .assigned = true, .immutable = true };

	e.large = true;
	if (!sp_mem_rmp_set(&mem, BIG, &e))
		abort();
	e.asid = 1;
	e.gpa = FROZEN;
	if (!sp_mem_rmp_set(&mem, FROZEN, &e) ||
		!sp_mem_rmp_set(&mem, INTO, &e))
		abort();
	e.large = false;
	for (size_t i = 4; i < 8; i++) {
		e.immutable = i != 6;
		e.validated = i >= 6;
		e.gpa = i * CF_PAGE_SIZE;
		mem.rmp[i] = e;
	}
}

static void prepare_snp(void)
{
	const struct cf_rmp_entry firmware = { .assigned = true,
		.immutable = true };
	uint8_t b[0x80] = { 0 };

	must(0x81, NULL, 0);
	mem.rmp[GCTX / CF_PAGE_SIZE] = firmware;
	mem.rmp[OUT / CF_PAGE_SIZE] = firmware;
	cf_store_le64(b, GCTX);
	must(0x93, b, 8);
	cf_store_le64(b + 8, 0xB0000);
	must(0xA0, b, 0x30);
	cf_store_le64(b + 8, 1);
	must(0x91, b, 0xC);
	lay_out_pages();
	for (size_t i = BIG / CF_PAGE_SIZE; i < INTO / CF_PAGE_SIZE; i++)
		mem.rmp[i] = (struct cf_rmp_entry) { .assigned = true,
			.immutable = true,
			.validated = true,
			.asid = 1,
			.gpa = i * CF_PAGE_SIZE };
	save(3);
	lay_out_pages();
	cf_store_le64(b + 8, 0);
	must(0xA2, b, 0x40);
	save(4);
}

/* 0 off, 1 SEV with a guest in launch, 2 SEV with it running, 3 SNP with a
 * context in launch, 4 SNP with it running. */
static void prepare(void)
{
	static const struct cf_sp_firmware_version newer = { { 0, 24 },
		{ 1, 56 }, 1, 24 };
	const struct cf_sp_soft_config config = { .product = CF_SP_GENOA,
		.seed = (const uint8_t *)"fuzz",
		.seed_len = 4,
		.ops = { .load = load_root, .store = store_root } };
	struct cf_sp_soft_memory bound;

	if (cf_sp_soft_create(&config, &sp, NULL) ||
		cf_sp_soft_firmware_image(sp, &newer, mem.raw + IMAGE, NULL))
		abort();
	mem.raw[LIST] = 1;
	cf_store_le64(mem.raw + LIST + 8, BIG);
	cf_store_le32(mem.raw + LIST + 0x10, 512);
	sp_mem_bind(&mem, &bound);
	cf_sp_soft_set_memory(sp, &bound);
	save(0);
	prepare_sev();
	memcpy(sp, &start[0].sp, sizeof(*sp));
	memcpy(&mem, &start[0].mem, sizeof(mem));
	sp->mem.opaque = &mem;
	prepare_snp();
}

static bool is_slow(uint32_t id)
{
	return id == 0x01 || id == 0x03 || id == 0x05 || id == 0x09 ||
		id == 0x0D;
}

/* Points of P-384 and signatures: once for an input. */
static bool is_curve(uint32_t id)
{
	return id == 0x06 || id == 0x08 || id == 0x36;
}

static void run_commands(struct cf_cursor *in)
{
	unsigned curves = 0;
	uint8_t index;

	while (cf_take_u8(in, &index) && index) {
		const struct command *c = cf_sp_command_at(index - 1u);
		uint8_t b[0x80] = { 0 };

		if (!c) {
			cf_sp_soft_call(sp, index, b, sizeof(b));
			continue;
		}
		if (!cf_take_copy(in, b, c->size))
			return;
		if (is_slow(c->id) || (is_curve(c->id) && curves++))
			continue;
		cf_sp_soft_call(sp, c->id, b, c->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_cursor in = cf_cursor(data, size);
	const struct start *s;
	struct sp_mem *m;
	uint8_t which;

	if (!sp)
		prepare();
	if (!cf_take_u8(&in, &which))
		return 0;
	s = &start[which % STATES];
	m = &live[which % STATES];
	memcpy(sp, &s->sp, sizeof(*sp));
	for (size_t g = 0; g < MAX_GUESTS; g++)
		if (s->sp.sev[g].digest &&
			cf_hash_clone(
				s->sp.sev[g].digest, &sp->sev[g].digest, NULL))
			abort();
	/* The memory's bytes come from the end of the input. */
	for (size_t at = 0x8000, i = size; i > size / 2 && at < IMAGE;)
		m->raw[at++] = data[--i];
	sp_mem_note(m, 0x8000, size / 2 + 1 < 0x18000 ? size / 2 + 1 : 0x18000);
	run_commands(&in);
	for (size_t g = 0; g < MAX_GUESTS; g++)
		cf_hash_destroy(sp->sev[g].digest);
	/* The lock and the guests' digests are those of the start again. */
	memcpy(sp, &s->sp, sizeof(*sp));
	sp_mem_restore(m, &s->mem);
	return 0;
}
