/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of VP contexts of every kind, as name and text. */
#include "igvmkit/view_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>

struct out {
	cf_view_register_fn *reg;
	void *opaque;
};

static void number(const struct out *o, const char *name, uint64_t v)
{
	char text[24];

	if (!v)
		return;
	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	o->reg(o->opaque, name, text);
}

static void segment(
	const struct out *o, const char *name, const struct cf_segment *s)
{
	char text[96];

	if (!s->selector && !s->attrib && !s->limit && !s->base)
		return;
	snprintf(text, sizeof(text),
		"selector 0x%04x base 0x%" PRIx64 " limit 0x%x attrib 0x%03x",
		s->selector, s->base, s->limit, s->attrib);
	o->reg(o->opaque, name, text);
}

#define SEG(name, index)                                        \
	{                                                       \
		name, offsetof(struct cf_cpu_state, seg[index]) \
	}
#define AT(name, member)                                    \
	{                                                   \
		name, offsetof(struct cf_cpu_state, member) \
	}

struct place {
	const char *name;
	size_t at;
};

static const struct place segments[] = {
	SEG("CS", CF_SEG_CS),
	SEG("DS", CF_SEG_DS),
	SEG("ES", CF_SEG_ES),
	SEG("FS", CF_SEG_FS),
	SEG("GS", CF_SEG_GS),
	SEG("SS", CF_SEG_SS),
	AT("GDTR", gdtr),
	AT("IDTR", idtr),
	AT("LDTR", ldtr),
	AT("TR", tr),
};

static const struct place numbers[] = {
	AT("CR0", cr0),
	AT("CR2", cr2),
	AT("CR3", cr3),
	AT("CR4", cr4),
	AT("EFER", efer),
	AT("DR0", dr[0]),
	AT("DR1", dr[1]),
	AT("DR2", dr[2]),
	AT("DR3", dr[3]),
	AT("DR6", dr6),
	AT("DR7", dr7),
	AT("XCR0", xcr0),
	AT("XSS", xss),
	AT("STAR", star),
	AT("LSTAR", lstar),
	AT("CSTAR", cstar),
	AT("SFMASK", sfmask),
	AT("KERNEL_GS_BASE", kernel_gs_base),
	AT("SYSENTER_CS", sysenter_cs),
	AT("SYSENTER_ESP", sysenter_esp),
	AT("SYSENTER_EIP", sysenter_eip),
	AT("PAT", g_pat),
	AT("DBGCTL", dbgctl),
	AT("SEV_FEATURES", sev_features),
	AT("VIRTUAL_TOM", virtual_tom),
	AT("VINTR_CTRL", vintr_ctrl),
	AT("EVENT_INJ", event_inj),
};

static void general(const struct out *o, const struct cf_cpu_state *s)
{
	static const char *const names[CF_NGPRS] = { "RAX", "RCX", "RDX", "RBX",
		"RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12",
		"R13", "R14", "R15" };

	number(o, "RIP", s->rip);
	number(o, "RFLAGS", s->rflags);
	for (size_t i = 0; i < CF_NGPRS; i++)
		number(o, names[i], s->gpr[i]);
}

static void state(const struct out *o, const struct cf_cpu_state *s)
{
	const uint8_t *base = (const uint8_t *)s;
	struct cf_segment seg;
	uint64_t v;

	general(o, s);
	for (size_t i = 0; i < CF_ARRAY_LEN(segments); i++) {
		memcpy(&seg, base + segments[i].at, sizeof(seg));
		segment(o, segments[i].name, &seg);
	}
	for (size_t i = 0; i < CF_ARRAY_LEN(numbers); i++) {
		memcpy(&v, base + numbers[i].at, sizeof(v));
		number(o, numbers[i].name, v);
	}
	number(o, "VMPL", s->vmpl);
	number(o, "CPL", s->cpl);
	number(o, "FCW", s->fcw);
	number(o, "MXCSR", s->mxcsr);
	number(o, "PKRU", s->pkru);
	number(o, "TSC_AUX", s->tsc_aux);
}

static void vbs(const struct out *o, enum cf_igvm_arch arch, const uint8_t *p)
{
	uint32_t n = cf_load_le32(p);
	char text[64];

	if (p[4])
		number(o, "VTL", p[4]);
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *r = p + 4 + (size_t)32 * i;
		const char *name =
			cf_igvm_register_name(arch, cf_load_le32(r + 1));
		uint64_t high = cf_load_le64(r + 24);

		if (high)
			snprintf(text, sizeof(text),
				"0x%" PRIx64 ":0x%016" PRIx64, high,
				cf_load_le64(r + 16));
		else
			snprintf(text, sizeof(text), "0x%" PRIx64,
				cf_load_le64(r + 16));
		o->reg(o->opaque, name ? name : "?", text);
	}
}

static void cca(const struct out *o, const uint8_t *p)
{
	static const char *const names[] = { "X0", "X1", "X2", "X3", "X4", "X5",
		"X6", "X7", "PC", "FLAGS" };

	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++)
		number(o, names[i], cf_load_le64(p + 8 * i));
}

enum cf_view_context cf_view_context_kind(
	const struct cf_igvm *file, const struct cf_igvm_header *h)
{
	static const enum cf_view_context kinds[] = {
		[CF_IGVM_NATIVE] = CF_VIEW_NATIVE,
		[CF_IGVM_VSM_ISOLATION] = CF_VIEW_VBS,
		[CF_IGVM_SEV_SNP] = CF_VIEW_VMSA,
		[CF_IGVM_TDX] = CF_VIEW_NO_CONTEXT,
		[CF_IGVM_SEV] = CF_VIEW_NATIVE,
		[CF_IGVM_SEV_ES] = CF_VIEW_VMSA,
		[CF_IGVM_CCA] = CF_VIEW_CCA,
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(kinds); i++)
		if (h->compatibility_mask ==
				cf_igvm_mask_of(file, (unsigned)i) &&
			h->type == CF_IGVM_VP_CONTEXT)
			return kinds[i];
	return CF_VIEW_NO_CONTEXT;
}

void cf_view_registers(const struct cf_igvm *file,
	const struct cf_igvm_header *h, cf_view_register_fn *reg, void *opaque)
{
	const struct out o = { reg, opaque };
	struct cf_cpu_state s;

	switch (cf_view_context_kind(file, h)) {
	case CF_VIEW_VMSA:
		cf_vmsa_decode(h->data, &s);
		state(&o, &s);
		break;
	case CF_VIEW_NATIVE:
		cf_cpu_state_reset(&s, 0);
		if (cf_native_context_decode(h->data, h->data_len, &s, NULL))
			reg(opaque, "context", "not a valid native context");
		else
			state(&o, &s);
		break;
	case CF_VIEW_VBS:
		vbs(&o, cf_igvm_arch(file), h->data);
		break;
	case CF_VIEW_CCA:
		cca(&o, h->data);
		break;
	case CF_VIEW_NO_CONTEXT:
		break;
	}
}
