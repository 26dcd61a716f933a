/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the software secure processor with arbitrary commands and
 * buffers on an arbitrary memory, from one of several states.  Commands
 * without a buffer take no input; those of them that make keys are left out,
 * as they only cost time.
 *
 * Input: state (1 byte), then commands: index (1), buffer.  What is left when
 * the commands are through, or after a zero index, is memory.
 */
#include "fuzz.h"

/* Little memory: it is copied for every input. */
#define SP_MEM_PAGES 16
#include "../unit/sp_mem.h"
#include "sp/soft/commands_priv.h"

#include <stdlib.h>

#define GCTX   0x2000u
#define OUT    0x3000u
#define STATES 5

struct start {
	struct cf_sp_soft sp;
	struct sp_mem mem;
};

static struct cf_sp_soft *sp;
static struct sp_mem mem;
static struct start start[STATES];

static void must(uint32_t id, uint8_t *b, size_t n)
{
	if (cf_sp_soft_call(sp, id, b, n))
		abort();
}

static void save(struct start *s)
{
	memcpy(&s->sp, sp, sizeof(*sp));
	memcpy(&s->mem, &mem, sizeof(mem));
}

/* 0 off, 1 SEV with a guest in launch, 2 SEV with it running, 3 SNP with a
 * context in launch, 4 SNP with it running. */
static void prepare(void)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_GENOA,
		.seed = (const uint8_t *)"fuzz",
		.seed_len = 4 };
	const struct cf_rmp_entry firmware = { .assigned = true,
		.immutable = true };
	struct cf_sp_soft_memory bound;
	uint8_t b[0x80] = { 0 };

	if (cf_sp_soft_create(&config, &sp, NULL))
		abort();
	sp_mem_bind(&mem, &bound);
	cf_sp_soft_set_memory(sp, &bound);
	save(&start[0]);
	b[0] = 1;
	cf_store_le64(b + 8, 1 << 20);
	cf_store_le32(b + 0x10, 1 << 20);
	must(0x01, b, 0x14);
	memset(b, 0, sizeof(b));
	cf_store_le32(b + 4, 4);
	must(0x30, b, 0x24);
	cf_store_le32(b + 4, 1);
	must(0x21, b, 8);
	save(&start[1]);
	cf_store_le64(b + 4, 0);
	cf_store_le64(b + 8, 0x1000);
	cf_store_le32(b + 0x10, 0x30);
	must(0x33, b, 0x14);
	must(0x35, b, 4);
	save(&start[2]);
	memcpy(sp, &start[0].sp, sizeof(*sp));
	memcpy(&mem, &start[0].mem, sizeof(mem));
	must(0x81, NULL, 0);
	mem.rmp[GCTX / CF_PAGE_SIZE] = firmware;
	mem.rmp[OUT / CF_PAGE_SIZE] = firmware;
	memset(b, 0, sizeof(b));
	cf_store_le64(b, GCTX);
	must(0x93, b, 8);
	cf_store_le64(b + 8, 0xB0000);
	must(0xA0, b, 0x30);
	cf_store_le64(b + 8, 1);
	must(0x91, b, 0xC);
	for (size_t i = 4; i < 8; i++)
		mem.rmp[i] = (struct cf_rmp_entry) { .assigned = true,
			.immutable = i != 6,
			.validated = i >= 6,
			.asid = 1,
			.gpa = i * CF_PAGE_SIZE };
	save(&start[3]);
	cf_store_le64(b + 8, 0);
	must(0xA2, b, 0x40);
	save(&start[4]);
}

static bool is_slow(uint32_t id)
{
	return id == 0x01 || id == 0x03 || id == 0x05 || id == 0x09 ||
		id == 0x0D;
}

static void run_commands(struct cf_cursor *in)
{
	uint8_t index;

	while (cf_take_u8(in, &index) && index) {
		const struct command *c = cf_sp_command_at(index - 1u);
		uint8_t b[0x80] = { 0 };

		if (!c)
			cf_sp_soft_call(sp, index, b, sizeof(b));
		else if (!cf_take_copy(in, b, c->size))
			return;
		else if (!is_slow(c->id))
			cf_sp_soft_call(sp, c->id, b, c->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_cursor in = cf_cursor(data, size);
	const struct start *s;
	uint8_t which;

	if (!sp)
		prepare();
	if (!cf_take_u8(&in, &which))
		return 0;
	s = &start[which % STATES];
	memcpy(sp, &s->sp, sizeof(*sp));
	memcpy(&mem, &s->mem, sizeof(mem));
	for (size_t g = 0; g < MAX_GUESTS; g++)
		if (s->sp.sev[g].digest &&
			cf_hash_clone(
				s->sp.sev[g].digest, &sp->sev[g].digest, NULL))
			abort();
	/* The memory's bytes come from the end of the input. */
	for (size_t at = 0x8000, i = size; i > size / 2 && at < SP_MEM_LEN;)
		mem.raw[at++] = data[--i];
	run_commands(&in);
	for (size_t g = 0; g < MAX_GUESTS; g++)
		cf_hash_destroy(sp->sev[g].digest);
	/* The lock and the guests' digests are those of the start again. */
	memcpy(sp, &s->sp, sizeof(*sp));
	return 0;
}
