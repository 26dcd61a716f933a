/* SPDX-License-Identifier: Apache-2.0 */
/* A small firmware image with every table that the builder reads. */
#ifndef CF_TEST_IGVMKIT_H
#define CF_TEST_IGVMKIT_H

#include "igvmkit/igvmkit.h"

#define KIT_IMAGE_LEN 0x3000u

/* One entry of the GUIDed table, written downwards from *end. */
static inline void kit_entry(uint8_t *image, size_t *end, const char *guid,
	const uint8_t *data, size_t len)
{
	*end -= 16;
	assert_true(cf_guid_from_text(guid, image + *end));
	*end -= 2;
	cf_store_le16(image + *end, (uint16_t)(len + 18));
	*end -= len;
	memcpy(image + *end, data, len);
}

/*
 * Three pages: 0x11, 0x22 and one with the tables.  SEV metadata: secrets
 * 0x80d000, CPUID 0x80e000, SEC memory 0x800000 of 2 pages, calling area
 * 0x810000.  TDX metadata: pages 1 and 2 of the image measured, page 0 not,
 * temporary memory at 0x810000.  AP reset address 0x0080b004.  With hashes: a
 * page for kernel hashes at 0x811000, the table at 0x811c00.
 */
static inline void kit_image_with(uint8_t image[KIT_IMAGE_LEN], bool hashes)
{
	static const uint32_t sev[][3] = {
		{ 0x800000, 0x2000, 1 },
		{ 0x80d000, 0x1000, 2 },
		{ 0x80e000, 0x1000, 3 },
		{ 0x810000, 0x1000, 4 },
		{ 0x811000, 0x1000, 0x10 },
	};
	const uint32_t nsev = CF_ARRAY_LEN(sev) - !hashes;
	static const struct {
		uint32_t raw, raw_size;
		uint64_t gpa, size;
		uint32_t type, attributes;
	} tdx[] = {
		{ 0x1000, 0x2000, 0xffffe000, 0x2000, 0, 1 },
		{ 0, 0x1000, 0xffffd000, 0x1000, 1, 0 },
		{ 0, 0, 0x810000, 0x2000, 3, 0 },
	};
	size_t end = KIT_IMAGE_LEN - 0x20, table_end, at = 0x2000;
	uint8_t data[8];

	memset(image, 0x11, 0x1000);
	memset(image + 0x1000, 0x22, 0x1000);
	memset(image + 0x2000, 0, 0x1000);
	memcpy(image + at, "ASEV", 4);
	cf_store_le32(image + at + 4, 16 + 12 * nsev);
	cf_store_le32(image + at + 8, 1);
	cf_store_le32(image + at + 12, nsev);
	for (size_t i = 0; i < nsev; i++)
		for (size_t k = 0; k < 3; k++)
			cf_store_le32(
				image + at + 16 + 12 * i + 4 * k, sev[i][k]);
	at = 0x2800;
	memcpy(image + at, "TDVF", 4);
	cf_store_le32(image + at + 4, 16 + 32 * CF_ARRAY_LEN(tdx));
	cf_store_le32(image + at + 8, 1);
	cf_store_le32(image + at + 12, CF_ARRAY_LEN(tdx));
	for (size_t i = 0; i < CF_ARRAY_LEN(tdx); i++) {
		uint8_t *p = image + at + 16 + 32 * i;

		cf_store_le32(p, tdx[i].raw);
		cf_store_le32(p + 4, tdx[i].raw_size);
		cf_store_le64(p + 8, tdx[i].gpa);
		cf_store_le64(p + 16, tdx[i].size);
		cf_store_le32(p + 24, tdx[i].type);
		cf_store_le32(p + 28, tdx[i].attributes);
	}
	table_end = end;
	end -= 18; /* the footer, written when the length is known */
	cf_store_le32(data, 0x0080b004);
	kit_entry(image, &end, "00f771de-1a7e-4fcb-890e-68c77e2fb44e", data, 4);
	cf_store_le32(data, KIT_IMAGE_LEN - 0x2000);
	kit_entry(image, &end, "dc886566-984a-4798-a75e-5585a7bf67cc", data, 4);
	cf_store_le32(data, KIT_IMAGE_LEN - 0x2800);
	kit_entry(image, &end, "e47a6535-984a-4798-865e-4685a7bf8ec2", data, 4);
	cf_store_le32(data, 0x811c00);
	cf_store_le32(data + 4, 0x400);
	if (hashes)
		kit_entry(image, &end, "7255371f-3a3b-4b04-927b-1da6efa8d454",
			data, 8);
	assert_true(cf_guid_from_text("96b582de-1fb2-45f7-baea-a366c55a082d",
		image + table_end - 16));
	cf_store_le16(image + table_end - 18, (uint16_t)(table_end - end));
}

static inline void kit_image(uint8_t image[KIT_IMAGE_LEN])
{
	kit_image_with(image, false);
}

#endif
