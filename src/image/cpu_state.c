/* SPDX-License-Identifier: Apache-2.0 */
/* Reset state and the native x64 context of IGVM. */
#include "image/cpu_state.h"

#include "base/base.h"

#define SEG_16BIT(attr) \
	((struct cf_segment) { .attrib = (attr), .limit = 0xffff })

void cf_cpu_state_reset(struct cf_cpu_state *s, uint32_t cpuid_signature)
{
	*s = (struct cf_cpu_state) {
		.rip = 0xfff0,
		.rflags = 2,
		.gdtr = { .limit = 0xffff },
		.idtr = { .limit = 0xffff },
		.ldtr = SEG_16BIT(0x82),
		.tr = SEG_16BIT(0x8b),
		.cr0 = 0x60000010,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.xcr0 = 1,
		.g_pat = 0x0007040600070406,
		.fcw = 0x37f,
		.mxcsr = 0x1f80,
	};
	for (size_t i = 0; i < CF_NSEGS; i++)
		s->seg[i] = SEG_16BIT(0x93);
	s->seg[CF_SEG_CS] = (struct cf_segment) {
		.selector = 0xf000,
		.attrib = 0x9b,
		.limit = 0xffff,
		.base = 0xffff0000,
	};
	s->gpr[CF_RDX] = cpuid_signature;
}

/* Offsets in the native context; IGVM, "native VP context". */
enum {
	NATIVE_GPR = 0x00, /* sixteen, in encoding order */
	NATIVE_RIP = 0x80,
	NATIVE_RFLAGS = 0x88,
	NATIVE_IDTR_BASE = 0x90,
	NATIVE_IDTR_LIMIT = 0x98,
	NATIVE_RESERVED = 0x9a,
	NATIVE_GDTR_LIMIT = 0x9e,
	NATIVE_GDTR_BASE = 0xa0,
	NATIVE_CODE = 0xa8,
	NATIVE_DATA = 0xb4,
	NATIVE_GS_BASE = 0xc0,
	NATIVE_CR0 = 0xc8,
	NATIVE_CR3 = 0xd0,
	NATIVE_CR4 = 0xd8,
	NATIVE_EFER = 0xe0,
};

/* The descriptor form has AVL, L, DB, G in 15:12 and nothing in 11:8. */
static bool load_segment(const uint8_t p[12], struct cf_segment *out)
{
	uint16_t attrib = cf_load_le16(p + 2);

	if (attrib & 0x0f00)
		return false;
	*out = (struct cf_segment) {
		.selector = cf_load_le16(p),
		.attrib = (uint16_t)((attrib & 0xff) | ((attrib >> 4) & 0xf00)),
		.base = cf_load_le32(p + 4),
		.limit = cf_load_le32(p + 8),
	};
	return true;
}

static void store_segment(uint8_t p[12], const struct cf_segment *s)
{
	cf_store_le16(p, s->selector);
	cf_store_le16(p + 2,
		(uint16_t)((s->attrib & 0xff) | (s->attrib & 0xf00) << 4));
	cf_store_le32(p + 4, (uint32_t)s->base);
	cf_store_le32(p + 8, s->limit);
}

enum coffer_status cf_native_context_decode(const uint8_t *p, size_t len,
	struct cf_cpu_state *s, struct coffer_error *err)
{
	struct cf_segment code, data;

	if (len < CF_NATIVE_CONTEXT_LEN)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"native context: %zu bytes, it has %d", len,
			CF_NATIVE_CONTEXT_LEN);
	if (!cf_is_zero(p + NATIVE_RESERVED, 4))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"native context: reserved field at 0x%x is not zero",
			NATIVE_RESERVED);
	if (!cf_is_zero(p + CF_NATIVE_CONTEXT_LEN, len - CF_NATIVE_CONTEXT_LEN))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"native context: padding after byte %d is not zero",
			CF_NATIVE_CONTEXT_LEN);
	if (!load_segment(p + NATIVE_CODE, &code) ||
		!load_segment(p + NATIVE_DATA, &data))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"native context: attributes 0x%04x (code), 0x%04x "
			"(data): bits 11:8 of a descriptor's must be zero",
			cf_load_le16(p + NATIVE_CODE + 2),
			cf_load_le16(p + NATIVE_DATA + 2));
	for (size_t i = 0; i < CF_NGPRS; i++)
		s->gpr[i] = cf_load_le64(p + NATIVE_GPR + 8 * i);
	s->rip = cf_load_le64(p + NATIVE_RIP);
	s->rflags = cf_load_le64(p + NATIVE_RFLAGS);
	s->idtr.base = cf_load_le64(p + NATIVE_IDTR_BASE);
	s->idtr.limit = cf_load_le16(p + NATIVE_IDTR_LIMIT);
	s->gdtr.limit = cf_load_le16(p + NATIVE_GDTR_LIMIT);
	s->gdtr.base = cf_load_le64(p + NATIVE_GDTR_BASE);
	for (size_t i = 0; i < CF_NSEGS; i++)
		s->seg[i] = i == CF_SEG_CS ? code : data;
	s->seg[CF_SEG_GS].base = cf_load_le64(p + NATIVE_GS_BASE);
	s->cr0 = cf_load_le64(p + NATIVE_CR0);
	s->cr3 = cf_load_le64(p + NATIVE_CR3);
	s->cr4 = cf_load_le64(p + NATIVE_CR4);
	s->efer = cf_load_le64(p + NATIVE_EFER);
	return COFFER_OK;
}

void cf_native_context_encode(
	const struct cf_cpu_state *s, uint8_t out[CF_NATIVE_CONTEXT_LEN])
{
	memset(out, 0, CF_NATIVE_CONTEXT_LEN);
	for (size_t i = 0; i < CF_NGPRS; i++)
		cf_store_le64(out + NATIVE_GPR + 8 * i, s->gpr[i]);
	cf_store_le64(out + NATIVE_RIP, s->rip);
	cf_store_le64(out + NATIVE_RFLAGS, s->rflags);
	cf_store_le64(out + NATIVE_IDTR_BASE, s->idtr.base);
	cf_store_le16(out + NATIVE_IDTR_LIMIT, (uint16_t)s->idtr.limit);
	cf_store_le16(out + NATIVE_GDTR_LIMIT, (uint16_t)s->gdtr.limit);
	cf_store_le64(out + NATIVE_GDTR_BASE, s->gdtr.base);
	store_segment(out + NATIVE_CODE, &s->seg[CF_SEG_CS]);
	store_segment(out + NATIVE_DATA, &s->seg[CF_SEG_DS]);
	cf_store_le64(out + NATIVE_GS_BASE, s->seg[CF_SEG_GS].base);
	cf_store_le64(out + NATIVE_CR0, s->cr0);
	cf_store_le64(out + NATIVE_CR3, s->cr3);
	cf_store_le64(out + NATIVE_CR4, s->cr4);
	cf_store_le64(out + NATIVE_EFER, s->efer);
}
