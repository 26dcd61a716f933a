/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU of a plain guest in a stream: the architectural state and what the
 * engine keeps beside it. */
#include "accel/soft/native/cpuid_model_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/mem_priv.h"
#include "base/state.h"

#define CR0_KNOWN                                                    \
	(1u /* PE */ | 2u | 4u | CF_CR0_TS | CF_CR0_ET | CF_CR0_NE | \
		CF_CR0_WP | CF_CR0_AM | CF_CR0_NW | CF_CR0_CD | CF_CR0_PG)
#define EFER_KNOWN \
	(CF_EFER_SCE | CF_EFER_LME | CF_EFER_LMA | CF_EFER_NXE | CF_EFER_FFXSR)
#define COUNT_MAX ((uint64_t)1 << 62) /* sums with a budget do not wrap */
#define ATT_KEPT  (CF_ATT_IRQ | CF_ATT_NMI | CF_ATT_INIT | CF_ATT_SIPI)

/* Combinations that no vCPU of this type can be in. */
static void check(const struct vcpu *cpu, const struct cf_cpu_state *c,
	struct cf_state *s)
{
	uint64_t offered = cf_cpuid_xcr0(&cpu->cpuid);
	bool paging = c->cr0 & CF_CR0_PG, protection = c->cr0 & 1;
	bool lme = c->efer & CF_EFER_LME, lma = c->efer & CF_EFER_LMA;

	cf_state_need(s, !(c->cr0 & ~(uint64_t)CR0_KNOWN), "CR0");
	cf_state_need(s, !paging || protection, "CR0");
	cf_state_need(s, !(c->cr4 & ~cf_cpuid_cr4(&cpu->cpuid)), "CR4");
	cf_state_need(s, !(c->efer & ~(uint64_t)EFER_KNOWN), "EFER");
	cf_state_need(s, lma == (lme && paging), "EFER");
	cf_state_need(s, !lma || c->cr4 & CF_CR4_PAE, "CR4");
	cf_state_need(s,
		c->xcr0 == CF_XCR0_X87 || cf_fpu_xcr0_valid(c->xcr0, offered),
		"XCR0");
	cf_state_need(s, !c->xss, "XSS");
}

/* What the guest was told that this CPU has. */
static void walk_features(const struct vcpu *cpu, struct cf_state *s)
{
	struct cf_cpu_features f, here;

	cf_cpu_features_offered(cpu->cpuid.model, cpu->cpuid.spec, &here);
	f = here;
	for (size_t i = 0; i < CF_NWORDS; i++)
		cf_state_u32(s, &f.w[i]);
	cf_state_need(s, memcmp(&f, &here, sizeof(f)) == 0,
		"the CPU's features (the other side has another -cpu or host; "
		"leave out with -cpu TYPE,-FEATURE what one of them lacks)");
}

static void walk_msrs(struct vcpu *cpu, struct cf_state *s)
{
	cf_state_u64(s, &cpu->tsc_offset);
	cf_state_u64(s, &cpu->random);
	for (size_t i = 0; i < CF_ARRAY_LEN(cpu->mtrr); i++)
		cf_state_u64(s, &cpu->mtrr[i]);
	cf_state_u64(s, &cpu->hwcr);
	cf_state_u64(s, &cpu->de_cfg);
	cf_state_u64(s, &cpu->spec_ctrl);
}

static void walk_events(struct vcpu *cpu, struct cf_state *s)
{
	uint32_t attention = atomic_load(&cpu->attention) & ATT_KEPT;
	uint32_t nmis = cpu->nmi_pending + atomic_load(&cpu->nmis_sent);

	/* One runs at most, and one waits. */
	if (nmis > 2)
		nmis = 2;
	cf_state_u64(s, &cpu->count);
	cf_state_need(s, cpu->count <= COUNT_MAX, "the count of instructions");
	cf_state_u64(s, &cpu->cr8);
	cf_state_u32(s, &attention);
	cf_state_need(s, !(attention & ~ATT_KEPT), "what waits for the vCPU");
	cf_state_u32(s, &nmis);
	cf_state_need(s, nmis <= 2, "pending NMIs");
	cf_state_bool(s, &cpu->nmi_blocked);
	cf_state_bool(s, &cpu->shadow);
	cf_state_bool(s, &cpu->ss_shadow);
	cf_state_u8(s, &cpu->dr_hit);
	cf_state_u32(s, &cpu->dr6_pending);
	cf_state_need(s, cpu->dr_hit <= 0xf && !(cpu->dr6_pending & ~0xc00fu),
		"pending breakpoints");
	cf_state_bool(s, &cpu->halted);
	cf_state_bool(s, &cpu->parked);
	cf_state_bool(s, &cpu->wait_sipi);
	cf_state_u8(s, &cpu->sipi_vector);
	if (!s->loading || !cf_state_ok(s))
		return;
	cpu->nmi_pending = nmis;
	/* Whatever was about to be looked at is looked at again. */
	cpu->irq_hint = true;
	atomic_fetch_or(&cpu->attention, attention | CF_ATT_IRQ);
}

void cf_vcpu_walk(struct cf_vm *vm, unsigned n, struct cf_state *s)
{
	struct vcpu *cpu = vm->vcpu[n];
	struct cf_cpu_state c;

	walk_features(cpu, s);
	cf_vcpu_store(cpu, &c);
	cf_cpu_state_walk(&c, s);
	check(cpu, &c, s);
	if (s->loading && cf_state_ok(s))
		cf_vcpu_load(cpu, &c);
	walk_msrs(cpu, s);
	walk_events(cpu, s);
}
