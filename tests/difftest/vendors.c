/* SPDX-License-Identifier: Apache-2.0 */
#include "vendors.h"

#include <string.h>

#define X87_ES 0x80 /* of the status word: an unmasked exception waits */

bool vendors_agree(const ZydisDecodedInstruction *insn)
{
	/* PREFETCH of a register: #UD on AMD, nothing on Intel. */
	if (insn->opcode_map == ZYDIS_OPCODE_MAP_0F && insn->opcode == 0x0d &&
		insn->raw.modrm.mod == 3)
		return false;
	/* PAUSE with REX.B: XCHG with R8 on AMD. */
	if (insn->mnemonic == ZYDIS_MNEMONIC_PAUSE && insn->raw.rex.B)
		return false;
	/* Of 16 bits: reads four bytes on AMD, two on Intel. */
	if (insn->mnemonic == ZYDIS_MNEMONIC_MOVSXD &&
		insn->operand_width == 16)
		return false;
	/* VPINSRD and VPEXTRD with VEX.W in 32-bit code: #UD on AMD, ignored
	 * on Intel. */
	return insn->machine_mode == ZYDIS_MACHINE_MODE_LONG_64 ||
		insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX ||
		!insn->raw.vex.W || insn->opcode_map != ZYDIS_OPCODE_MAP_0F3A ||
		(insn->opcode != 0x16 && insn->opcode != 0x22);
}

/* The step that a run ended in, or NULL. */
static const struct step *ended_in(
	const struct test_case *c, const struct result *r)
{
	size_t at = (r->end.rip - CODE_AT) % SLOT_LEN;

	for (size_t i = 0; i < c->nsteps && at < SLOT_LEN; i++) {
		if (at == c->step[i].prepared)
			return &c->step[i];
		at -= c->step[i].len;
	}
	return NULL;
}

static bool is_long_store(const struct step *s)
{
	return s->mnemonic == ZYDIS_MNEMONIC_FBSTP ||
		s->mnemonic == ZYDIS_MNEMONIC_FSTP;
}

bool vendors_excuse(const struct test_case *c, const struct result *host,
	const struct result *engine)
{
	const struct step *s = ended_in(c, host), *e = ended_in(c, engine);

	/* Across the end of a flat 32-bit segment: the segment's limit on AMD,
	 * on Intel a page fault. */
	if (c->compat && host->vector == 14 && engine->vector != 14 &&
		host->cr2 > UINT32_MAX - 64)
		return true;
	/* Operands of SHA instructions must be aligned on Intel. */
	if (s && host->vector == 13 && s->sha)
		return true;
	/* Before a page fault Intel has stored the first eight of ten bytes,
	 * and set the flags of a conversion. */
	if (s && host->vector == 14 &&
		(is_long_store(s) || s->mnemonic == ZYDIS_MNEMONIC_VCVTPS2PH))
		return true;
	/* A store from an empty register, unmasked: on Intel this comes before
	 * what is wrong with the address, and waits for the next x87
	 * instruction. */
	return e && e != s && e->x87 && host->end.fx[2] & X87_ES;
}

bool vendors_agree_on_x87(const struct test_case *c, const struct result *host)
{
	const struct step *s = ended_in(c, host);

	return !s || host->vector == 3 || !s->mmx;
}

bool vendors_agree_on_address(
	const struct test_case *c, const struct result *host)
{
	const struct step *s = ended_in(c, host);

	switch (s ? s->mnemonic : ZYDIS_MNEMONIC_INVALID) {
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		return false;
	default:
		return true;
	}
}

/* How many elements a gather has; 0: the mnemonic is of another instruction. */
static size_t elements(ZydisMnemonic m, bool is_256)
{
	switch (m) {
	case ZYDIS_MNEMONIC_VPGATHERDD:
	case ZYDIS_MNEMONIC_VGATHERDPS:
		return is_256 ? 8 : 4;
	case ZYDIS_MNEMONIC_VPGATHERDQ:
	case ZYDIS_MNEMONIC_VGATHERDPD:
	case ZYDIS_MNEMONIC_VPGATHERQD:
	case ZYDIS_MNEMONIC_VGATHERQPS:
	case ZYDIS_MNEMONIC_VPGATHERQQ:
	case ZYDIS_MNEMONIC_VGATHERQPD:
		return is_256 ? 4 : 2;
	default:
		return 0;
	}
}

static uint8_t *mask_byte(struct vectors *v, size_t reg, size_t i)
{
	return (i < 16 ? v->low : v->high) + 16 * reg + i % 16;
}

/*
 * In a gather that faults Intel's processors have spread the signs over the
 * mask before, AMD's leave it.  Spread them, and clear what is no element.
 */
void vendors_settle(
	const struct test_case *c, const struct result *r, struct vectors *v)
{
	const struct step *s = r->vector == 14 ? ended_in(c, r) : NULL;
	const uint8_t third = s ? s->bytes[s->prepared + 2] : 0; /* of VEX */
	const size_t n = s ? elements(s->mnemonic, third & 4) : 0;
	const size_t size = third & 0x80 ? 8 : 4, reg = ~third >> 3 & 15;

	memcpy(v->low, r->end.fx + 160, sizeof v->low);
	memcpy(v->high, r->end.high, sizeof v->high);
	for (size_t i = 0; n && i < 32; i++) {
		const size_t e = i / size;
		const bool set =
			e < n && *mask_byte(v, reg, e * size + size - 1) & 0x80;

		*mask_byte(v, reg, i) = set ? 0xff : 0;
	}
}
