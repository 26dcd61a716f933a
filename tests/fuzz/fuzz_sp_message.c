/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP_GUEST_REQUEST with arbitrary messages of a guest that has its keys: the
 * first byte picks a message that is sealed here, so that the payload reaches
 * its parser, or the bytes of the whole page.  Reports are left unsigned:
 * signing takes no input.
 */
#include "fuzz.h"

/* Little memory: it is copied for every input. */
#define SP_MEM_PAGES 16
#include "../unit/sp_mem.h"
#include "sp/soft/soft_priv.h"

#include <stdlib.h>

#define GCTX 0x2000u
#define OUT  0x3000u
#define IN   0x1000u

static struct cf_sp_soft *sp, start;
static struct sp_mem mem;

static void must(uint32_t id, uint8_t *b, size_t n)
{
	if (cf_sp_soft_call(sp, id, b, n))
		abort();
}

/* Two contexts: the sender, and one whose migration agent it is. */
static void prepare(void)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_TURIN,
		.seed = (const uint8_t *)"fuzz",
		.seed_len = 4 };
	const struct cf_rmp_entry firmware = { .assigned = true,
		.immutable = true };
	struct cf_sp_soft_memory bound;
	uint8_t b[0x40] = { 0 };

	if (cf_sp_soft_create(&config, &sp, NULL))
		abort();
	sp_mem_bind(&mem, &bound);
	cf_sp_soft_set_memory(sp, &bound);
	must(0x81, NULL, 0);
	for (size_t i = 2; i < 6; i++)
		mem.rmp[i] = firmware;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t gctx = GCTX + i * 0x2000u;

		memset(b, 0, sizeof(b));
		cf_store_le64(b, gctx);
		must(0x93, b, 8);
		cf_store_le64(b + 8, i ? 0x70000 : 0x30000);
		cf_store_le64(b + 0x10, i ? GCTX : 0);
		cf_store_le32(b + 0x18, i ? 3 : 0);
		must(0xA0, b, 0x30);
		memset(b + 8, 0, sizeof(b) - 8);
		must(0xA2, b, 0x40);
	}
	sp->config.mask_chip_key = true;
	memcpy(&start, sp, sizeof(start));
}

/* type, version, vmpck, sequence number, payload. */
static void seal(struct cf_cursor *in, uint8_t *page)
{
	uint8_t head[4] = { 0 }, iv[12] = { 0 };
	size_t n;

	if (!cf_take_copy(in, head, sizeof(head)))
		return;
	n = in->left < 4000 ? in->left : 4000;
	cf_store_le64(page + 0x20, head[3] & 0x80 ? head[3] : 1);
	page[0x30] = 1;
	page[0x31] = 1;
	cf_store_le16(page + 0x32, 0x60);
	page[0x34] = head[0];
	page[0x35] = head[1] & 3 ? head[1] & 3 : 1;
	cf_store_le16(page + 0x36, (uint16_t)n);
	page[0x3C] = head[2] & 3;
	cf_store_le64(iv, cf_load_le64(page + 0x20));
	if (cf_aes256_gcm_seal(start.snp[0].vmpck[head[2] & 3], iv, page + 0x30,
		    0x30, in->at, n, page + 0x60, page, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_cursor in = cf_cursor(data, size);
	uint8_t b[0x18], *page = mem.raw + IN;
	uint8_t mode;

	if (!sp)
		prepare();
	if (!cf_take_u8(&in, &mode))
		return 0;
	memcpy(sp, &start, sizeof(start));
	memset(page, 0, CF_PAGE_SIZE);
	if (mode & 1)
		memcpy(page, in.at,
			in.left < CF_PAGE_SIZE ? in.left : CF_PAGE_SIZE);
	else
		seal(&in, page);
	cf_store_le64(b, GCTX);
	cf_store_le64(b + 8, IN);
	cf_store_le64(b + 0x10, OUT);
	cf_sp_soft_call(sp, 0x94, b, sizeof(b));
	return 0;
}
