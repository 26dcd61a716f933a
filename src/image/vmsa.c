/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMSA page.  One table of fields, to be read beside the manual's, drives
 * both directions.
 *
 * Source: APM volume 2 (AMD 24593), table "VMSA layout, state save area for
 * SEV-ES".
 */
#include "image/cpu_state.h"

#include "base/base.h"

#define PAGE 4096

struct field {
	uint16_t offset; /* in the page */
	uint16_t size;   /* 1, 2, 4 or 8: an integer; more: plain bytes */
	size_t member;   /* in struct cf_cpu_state */
};

#define FIELD(off, m)                                             \
	{                                                         \
		.offset = (off),                                  \
		.size = sizeof(((struct cf_cpu_state *)NULL)->m), \
		.member = offsetof(struct cf_cpu_state, m),       \
	}

static const struct field fields[] = {
	FIELD(0x0ca, vmpl),
	FIELD(0x0cb, cpl),
	FIELD(0x0d0, efer),
	FIELD(0x140, xss),
	FIELD(0x148, cr4),
	FIELD(0x150, cr3),
	FIELD(0x158, cr0),
	FIELD(0x160, dr7),
	FIELD(0x168, dr6),
	FIELD(0x170, rflags),
	FIELD(0x178, rip),
	FIELD(0x180, dr[0]),
	FIELD(0x188, dr[1]),
	FIELD(0x190, dr[2]),
	FIELD(0x198, dr[3]),
	FIELD(0x1d8, gpr[CF_RSP]),
	FIELD(0x1f8, gpr[CF_RAX]),
	FIELD(0x200, star),
	FIELD(0x208, lstar),
	FIELD(0x210, cstar),
	FIELD(0x218, sfmask),
	FIELD(0x220, kernel_gs_base),
	FIELD(0x228, sysenter_cs),
	FIELD(0x230, sysenter_esp),
	FIELD(0x238, sysenter_eip),
	FIELD(0x240, cr2),
	FIELD(0x268, g_pat),
	FIELD(0x270, dbgctl),
	FIELD(0x2e8, pkru),
	FIELD(0x2ec, tsc_aux),
	FIELD(0x308, gpr[CF_RCX]),
	FIELD(0x310, gpr[CF_RDX]),
	FIELD(0x318, gpr[CF_RBX]),
	FIELD(0x328, gpr[CF_RBP]),
	FIELD(0x330, gpr[CF_RSI]),
	FIELD(0x338, gpr[CF_RDI]),
	FIELD(0x340, gpr[8]),
	FIELD(0x348, gpr[9]),
	FIELD(0x350, gpr[10]),
	FIELD(0x358, gpr[11]),
	FIELD(0x360, gpr[12]),
	FIELD(0x368, gpr[13]),
	FIELD(0x370, gpr[14]),
	FIELD(0x378, gpr[15]),
	FIELD(0x390, guest_exit_info[0]),
	FIELD(0x398, guest_exit_info[1]),
	FIELD(0x3a8, guest_nrip),
	FIELD(0x3b0, sev_features),
	FIELD(0x3b8, vintr_ctrl),
	FIELD(0x3c0, guest_exit_code),
	FIELD(0x3c8, virtual_tom),
	FIELD(0x3e0, event_inj),
	FIELD(0x3e8, xcr0),
	FIELD(0x408, mxcsr),
	FIELD(0x40c, ftw),
	FIELD(0x40e, fsw),
	FIELD(0x410, fcw),
	FIELD(0x412, fop),
	FIELD(0x470, xmm),
	FIELD(0x570, ymm_high),
};

/* Order trap: LDTR comes before IDTR. */
static const struct field segments[] = {
	FIELD(0x000, seg[CF_SEG_ES]),
	FIELD(0x010, seg[CF_SEG_CS]),
	FIELD(0x020, seg[CF_SEG_SS]),
	FIELD(0x030, seg[CF_SEG_DS]),
	FIELD(0x040, seg[CF_SEG_FS]),
	FIELD(0x050, seg[CF_SEG_GS]),
	FIELD(0x060, gdtr),
	FIELD(0x070, ldtr),
	FIELD(0x080, idtr),
	FIELD(0x090, tr),
};

/* Eight low parts of 8 bytes, then eight high parts of 2. */
#define X87_LOW  0x420
#define X87_HIGH 0x460

void cf_vmsa_encode(const struct cf_cpu_state *s, uint8_t page[PAGE])
{
	const uint8_t *state = (const uint8_t *)s;

	memset(page, 0, PAGE);
	/* The host is little-endian, as the page is: integers are copied. */
	for (size_t i = 0; i < CF_ARRAY_LEN(fields); i++)
		memcpy(page + fields[i].offset, state + fields[i].member,
			fields[i].size);
	for (size_t i = 0; i < CF_ARRAY_LEN(segments); i++) {
		uint8_t *p = page + segments[i].offset;
		struct cf_segment seg;

		memcpy(&seg, state + segments[i].member, sizeof(seg));
		cf_store_le16(p, seg.selector);
		cf_store_le16(p + 2, seg.attrib);
		cf_store_le32(p + 4, seg.limit);
		cf_store_le64(p + 8, seg.base);
	}
	for (size_t i = 0; i < 8; i++) {
		memcpy(page + X87_LOW + 8 * i, s->x87 + 10 * i, 8);
		memcpy(page + X87_HIGH + 2 * i, s->x87 + 10 * i + 8, 2);
	}
}

void cf_vmsa_decode(const uint8_t page[PAGE], struct cf_cpu_state *s)
{
	uint8_t *state = (uint8_t *)s;

	*s = (struct cf_cpu_state) { 0 };
	for (size_t i = 0; i < CF_ARRAY_LEN(fields); i++)
		memcpy(state + fields[i].member, page + fields[i].offset,
			fields[i].size);
	for (size_t i = 0; i < CF_ARRAY_LEN(segments); i++) {
		const uint8_t *p = page + segments[i].offset;
		struct cf_segment seg = {
			.selector = cf_load_le16(p),
			.attrib = cf_load_le16(p + 2),
			.limit = cf_load_le32(p + 4),
			.base = cf_load_le64(p + 8),
		};

		memcpy(state + segments[i].member, &seg, sizeof(seg));
	}
	for (size_t i = 0; i < 8; i++) {
		memcpy(s->x87 + 10 * i, page + X87_LOW + 8 * i, 8);
		memcpy(s->x87 + 10 * i + 8, page + X87_HIGH + 2 * i, 2);
	}
}
