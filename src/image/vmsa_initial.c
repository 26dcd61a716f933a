/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each VMM puts into the VMSA of a vCPU that starts at reset, as data.
 * The values are hashed into the launch digest, so each difference matters,
 * the odd ones most.
 *
 * Sources: QEMU and KVM (sev.c), sev-snp-measure's EC2 and GCE values, the
 * sev crate's krun ones, COCONUT-SVSM under QEMU, buildigvm.
 */
#include "image/image.h"

#include "base/base.h"

#include <strings.h>

enum rdx_rule {
	RDX_SIGNATURE, /* what CPUID 1 EAX will say */
	RDX_FIXED,
};

struct cf_vmsa_era {
	enum cf_vmm vmm;
	const char *name;
	const char *text;
	uint16_t cs_attrib_bsp, cs_attrib_ap;
	uint16_t ss_attrib, tr_attrib;
	uint16_t table_limit; /* of GDTR and IDTR */
	uint64_t g_pat;
	enum rdx_rule rdx;
	uint32_t rdx_value;
	uint32_t mxcsr;
	uint16_t fcw;
	uint64_t rsi, rsp_rbp;
	bool flat32; /* enter in protected mode at the full address */
};

#define PAT_RESET 0x0007040600070406u
#define PAT_LINUX 0x0000000000070106u

/* clang-format off */
static const struct cf_vmsa_era eras[] = {
	{ CF_VMM_QEMU, "current", "QEMU with KVM_SEV_INIT2 (Linux 6.10 and later)",
	  0x9b, 0x9b, 0x93, 0x8b, 0xffff, PAT_RESET, RDX_SIGNATURE, 0,
	  0x1f80, 0x37f },
	{ CF_VMM_QEMU, "es-init",
	  "QEMU with KVM_SEV_ES_INIT (before Linux 6.10, or legacy-vm-type=on): no FPU state",
	  0x9b, 0x9b, 0x93, 0x8b, 0xffff, PAT_RESET, RDX_SIGNATURE, 0, 0, 0 },
	{ CF_VMM_QEMU, "buildigvm", "the VMSAs of an IGVM file made by buildigvm",
	  0x9b, 0x9b, 0x93, 0x8b, 0, PAT_RESET, RDX_FIXED, 0, 0x1f80, 0x37f },
	{ CF_VMM_EC2, "current", "EC2 (RDX 0x600)",
	  0x9a, 0x9b, 0x92, 0x83, 0xffff, PAT_RESET, RDX_FIXED, 0x600, 0, 0 },
	{ CF_VMM_EC2, "rdx-0", "EC2 as tools knew it before May 2026 (RDX 0)",
	  0x9a, 0x9b, 0x92, 0x83, 0xffff, PAT_RESET, RDX_FIXED, 0, 0, 0 },
	{ CF_VMM_GCE, "current", "Google Compute Engine",
	  0x9b, 0x9b, 0x93, 0x8b, 0xffff, PAT_LINUX, RDX_FIXED, 0x600, 0, 0 },
	{ CF_VMM_KRUN, "current", "libkrun, registers of its first vCPU",
	  0x9a, 0x9a, 0x92, 0x83, 0xffff, PAT_RESET, RDX_FIXED, 0, 0, 0,
	  0x7000, 0x8ff0 },
	{ CF_VMM_KRUN, "no-boot-regs", "libkrun without the boot registers",
	  0x9a, 0x9a, 0x92, 0x83, 0xffff, PAT_RESET, RDX_FIXED, 0, 0, 0 },
	{ CF_VMM_SVSM, "current", "COCONUT-SVSM's own entry state under QEMU",
	  0xc9b, 0xc9b, 0xc93, 0x8b, 0xffff, PAT_RESET, RDX_SIGNATURE, 0,
	  0x1f80, 0, .flat32 = true },
};
/* clang-format on */

static const char *const vmm_names[] = {
	[CF_VMM_QEMU] = "QEMU",
	[CF_VMM_EC2] = "ec2",
	[CF_VMM_GCE] = "gce",
	[CF_VMM_KRUN] = "krun",
	[CF_VMM_SVSM] = "svsm",
};

const char *cf_vmm_name(enum cf_vmm vmm)
{
	return (size_t)vmm < CF_ARRAY_LEN(vmm_names) ? vmm_names[vmm] : "?";
}

bool cf_vmm_from_name(const char *name, enum cf_vmm *out)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(vmm_names); i++)
		if (strcasecmp(vmm_names[i], name) == 0) {
			*out = (enum cf_vmm)i;
			return true;
		}
	return false;
}

const struct cf_vmsa_era *cf_vmsa_era_at(enum cf_vmm vmm, size_t n)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(eras); i++)
		if (eras[i].vmm == vmm && n-- == 0)
			return &eras[i];
	return NULL;
}

const struct cf_vmsa_era *cf_vmsa_era_by_name(enum cf_vmm vmm, const char *name)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(eras); i++)
		if (eras[i].vmm == vmm && strcmp(eras[i].name, name) == 0)
			return &eras[i];
	return NULL;
}

const char *cf_vmsa_era_name(const struct cf_vmsa_era *era)
{
	return era->name;
}

const char *cf_vmsa_era_text(const struct cf_vmsa_era *era)
{
	return era->text;
}

/* SVSM is entered in flat 32-bit protected mode; GS alone keeps its real-mode
 * form. */
static void enter_flat(struct cf_cpu_state *s, uint16_t cs, uint16_t data)
{
	for (size_t i = 0; i < CF_NSEGS; i++) {
		if (i == CF_SEG_GS)
			continue;
		s->seg[i] = (struct cf_segment) {
			.selector = i == CF_SEG_CS ? 0x8 : 0x10,
			.attrib = i == CF_SEG_CS ? cs : data,
			.limit = 0xffffffff,
		};
	}
	s->cr0 = 0x11;
}

void cf_vmsa_initial(const struct cf_vmsa_params *p, struct cf_cpu_state *out)
{
	const struct cf_vmsa_era *era =
		p->era ? p->era : cf_vmsa_era_at(p->vmm, 0);
	bool bsp = p->eip == CF_RESET_EIP;
	struct cf_segment *cs = &out->seg[CF_SEG_CS];

	cf_cpu_state_reset(out, 0);
	out->efer = 0x1000; /* SVME: added by KVM, VMRUN wants it */
	out->cr4 = 0x40;    /* MCE: the host's */
	out->cr0 = 0x10;    /* CD and NW cleared by a KVM quirk */
	out->gdtr.limit = out->idtr.limit = era->table_limit;
	out->tr.attrib = era->tr_attrib;
	out->g_pat = era->g_pat;
	out->mxcsr = era->mxcsr;
	out->fcw = era->fcw;
	out->gpr[CF_RDX] =
		era->rdx == RDX_SIGNATURE ? p->cpuid_signature : era->rdx_value;
	out->gpr[CF_RSI] = era->rsi;
	out->gpr[CF_RSP] = out->gpr[CF_RBP] = era->rsp_rbp;
	out->sev_features = p->sev_features;
	if (era->flat32) {
		enter_flat(out, era->cs_attrib_bsp, era->ss_attrib);
		out->rip = p->eip;
		return;
	}
	out->seg[CF_SEG_SS].attrib = era->ss_attrib;
	cs->attrib = bsp ? era->cs_attrib_bsp : era->cs_attrib_ap;
	cs->base = p->eip & 0xffff0000;
	out->rip = p->eip & 0xffff;
}
