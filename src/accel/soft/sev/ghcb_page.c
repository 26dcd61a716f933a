/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits through the GHCB page: the copy in, the checks, the table of events,
 * the answer out.  The page is read once and validated in the copy, since the
 * guest may change it meanwhile.
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/bytes.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define PAGE           4096u
#define EVENT_INJ_GP   UINT64_C(0x80000B0D) /* valid, error code 0, #GP */
#define INFO1_INJECT   1u
#define INFO1_BAD      2u
#define DR7_RESET      0x400u
#define KVM_ENOSYS     (-(int64_t)1000)
#define CPUID_XSTATE   0xDu
#define APIC_LIST_SIZE 4u

bool cf_ghcb_has(const struct ghcb *g, unsigned field)
{
	return g->page[GHCB_VALID + field / 64] >> (field / 8 & 7) & 1;
}

uint64_t cf_ghcb_get(const struct ghcb *g, unsigned field)
{
	return cf_load_le64(g->page + field);
}

void cf_ghcb_reply(struct ghcb *g, unsigned field, uint64_t v)
{
	cf_store_le64(g->page + field, v);
	g->reply[field / 64] |= (uint8_t)(1u << (field / 8 & 7));
}

bool cf_ghcb_shared_page(const struct ghcb *g, uint64_t gpa)
{
	struct cf_rmp_entry e;

	return cf_is_aligned(gpa, PAGE) &&
		cf_rmp_get(g->cpu->vm->mem, gpa, &e) && !e.assigned;
}

/* Inside the page's own buffer? */
static bool scratch_inside(const struct ghcb *g, size_t len, size_t *at)
{
	uint64_t gpa = cf_ghcb_get(g, GHCB_SCRATCH);

	if (gpa < g->gpa + GHCB_BUFFER || gpa - g->gpa > GHCB_BUFFER_END ||
		len > GHCB_BUFFER_END - (gpa - g->gpa))
		return false;
	*at = (size_t)(gpa - g->gpa);
	return true;
}

bool cf_ghcb_scratch_read(struct ghcb *g, void *out, size_t len)
{
	uint64_t gpa = cf_ghcb_get(g, GHCB_SCRATCH);
	struct coffer_error err;
	size_t at;

	if (!scratch_inside(g, len, &at))
		return cf_guest_read(g->cpu->vm->mem, gpa, out, len, &err) ==
			COFFER_OK;
	memcpy(out, g->page + at, len);
	return true;
}

bool cf_ghcb_scratch_write(struct ghcb *g, const void *in, size_t len)
{
	uint64_t gpa = cf_ghcb_get(g, GHCB_SCRATCH);
	struct coffer_error err;
	size_t at;

	if (!scratch_inside(g, len, &at))
		return cf_guest_write(g->cpu->vm->mem, gpa, in, len, &err) ==
			COFFER_OK;
	memcpy(g->page + at, in, len);
	g->buffer_changed = true;
	return true;
}

static enum cf_ghcb_error do_nothing(struct ghcb *g)
{
	return GHCB_OK;
}

static enum cf_ghcb_error do_dr7_read(struct ghcb *g)
{
	cf_ghcb_reply(g, GHCB_RAX, cf_sev_of(g->cpu)->dr7);
	return GHCB_OK;
}

/* The hypervisor cannot set the register, only remember what was asked. */
static enum cf_ghcb_error do_dr7_write(struct ghcb *g)
{
	uint64_t v = cf_ghcb_get(g, GHCB_RAX);

	if (v >> 32)
		return GHCB_BAD_INPUT;
	cf_sev_of(g->cpu)->dr7 = v | DR7_RESET;
	return GHCB_OK;
}

static enum cf_ghcb_error do_rdtsc(struct ghcb *g)
{
	uint64_t v = cf_tsc(g->cpu);

	cf_ghcb_reply(g, GHCB_RAX, (uint32_t)v);
	cf_ghcb_reply(g, GHCB_RDX, v >> 32);
	return GHCB_OK;
}

static enum cf_ghcb_error do_rdtscp(struct ghcb *g)
{
	cf_ghcb_reply(g, GHCB_RCX, g->cpu->tsc_aux);
	return do_rdtsc(g);
}

static enum cf_ghcb_error do_rdpmc(struct ghcb *g)
{
	return GHCB_INJECT_GP; /* no counters */
}

static enum cf_ghcb_error do_cpuid(struct ghcb *g)
{
	struct cf_cpuid_env env = g->cpu->cpuid;
	uint32_t leaf = (uint32_t)cf_ghcb_get(g, GHCB_RAX), r[4];

	if (leaf == CPUID_XSTATE && !cf_ghcb_has(g, GHCB_XCR0))
		return GHCB_MISSING_INPUT;
	env.cr4 = g->cpu->cr4; /* known from its write trap */
	if (cf_ghcb_has(g, GHCB_XCR0))
		env.xcr0 = cf_ghcb_get(g, GHCB_XCR0);
	if (cf_ghcb_has(g, GHCB_XSS))
		env.xss = cf_ghcb_get(g, GHCB_XSS);
	cf_ghcb_cpuid(
		g->cpu->vm, &env, leaf, (uint32_t)cf_ghcb_get(g, GHCB_RCX), r);
	cf_ghcb_reply(g, GHCB_RAX, r[0]);
	cf_ghcb_reply(g, GHCB_RBX, r[1]);
	cf_ghcb_reply(g, GHCB_RCX, r[2]);
	cf_ghcb_reply(g, GHCB_RDX, r[3]);
	return GHCB_OK;
}

static enum cf_ghcb_error do_msr(struct ghcb *g)
{
	uint32_t msr = (uint32_t)cf_ghcb_get(g, GHCB_RCX);
	uint64_t v = 0;

	if (g->info1 > 1)
		return GHCB_BAD_INPUT;
	if (g->info1) {
		if (!cf_ghcb_has(g, GHCB_RAX) || !cf_ghcb_has(g, GHCB_RDX))
			return GHCB_MISSING_INPUT;
		v = (uint32_t)cf_ghcb_get(g, GHCB_RAX) |
			cf_ghcb_get(g, GHCB_RDX) << 32;
		return cf_msr_write(g->cpu, msr, v) ? GHCB_OK : GHCB_INJECT_GP;
	}
	if (!cf_msr_read(g->cpu, msr, &v))
		return GHCB_INJECT_GP;
	cf_ghcb_reply(g, GHCB_RAX, (uint32_t)v);
	cf_ghcb_reply(g, GHCB_RDX, v >> 32);
	return GHCB_OK;
}

/* There are no hypercalls; a guest that tries one gets KVM's answer. */
static enum cf_ghcb_error do_vmmcall(struct ghcb *g)
{
	cf_ghcb_reply(g, GHCB_RAX, (uint64_t)KVM_ENOSYS);
	return GHCB_OK;
}

static enum cf_ghcb_error do_nmi_complete(struct ghcb *g)
{
	g->cpu->nmi_blocked = false;
	return GHCB_OK;
}

static enum cf_ghcb_error do_jump_table(struct ghcb *g)
{
	struct cf_sev_vm *s = g->cpu->vm->sev_vm;

	if (g->info1 > 1)
		return GHCB_BAD_INPUT;
	pthread_mutex_lock(&s->lock);
	if (g->info1 == 0)
		s->jump_table = g->info2;
	else
		g->result = s->jump_table;
	pthread_mutex_unlock(&s->lock);
	return GHCB_OK;
}

static enum cf_ghcb_error do_apic_ids(struct ghcb *g)
{
	unsigned n = g->cpu->vm->nvcpus;
	uint64_t pages = cf_ghcb_get(g, GHCB_RAX);
	uint8_t list[APIC_LIST_SIZE * (CF_MAX_VCPUS + 1)];
	struct coffer_error err;

	if (!cf_ghcb_shared_page(g, g->info1))
		return GHCB_BAD_INPUT;
	cf_ghcb_reply(g, GHCB_RAX, 1); /* pages needed */
	if (!pages)
		return GHCB_OK;
	cf_store_le32(list, n);
	for (unsigned i = 0; i < n; i++)
		cf_store_le32(list + APIC_LIST_SIZE * (i + 1), i);
	return cf_guest_write(g->cpu->vm->mem, g->info1, list,
		       APIC_LIST_SIZE * (n + 1), &err) == COFFER_OK
		? GHCB_OK
		: GHCB_BAD_INPUT;
}

static enum cf_ghcb_error do_features(struct ghcb *g)
{
	g->result = cf_ghcb_features(g->cpu->vm);
	return GHCB_OK;
}

static enum cf_ghcb_error do_terminate(struct ghcb *g)
{
	cf_ghcb_terminate(g->cpu, g->info1 & 0xF, g->info1 >> 4 & 0xFF, g->out);
	return GHCB_OK;
}

static enum cf_ghcb_error do_unsupported(struct ghcb *g)
{
	*g->out = (struct cf_ghcb_outcome) {
		.stop = true, .why = CF_STOP_UNSUPPORTED, .code = g->info1
	};
	snprintf(g->out->text, sizeof(g->out->text),
		"the guest does not support #VC with exit code 0x%" PRIx64,
		g->info1);
	return GHCB_OK;
}

#define MAX_INPUTS 3

static const struct event {
	uint64_t code;
	const char *name;
	bool snp_only;
	uint16_t input[MAX_INPUTS]; /* fields beside code and infos; 0: none */
	enum cf_ghcb_error (*handle)(struct ghcb *g);
} events[] = {
	{ 0x27, "DR7 read", false, { 0 }, do_dr7_read },
	{ 0x37, "DR7 write", false, { GHCB_RAX }, do_dr7_write },
	{ 0x6E, "RDTSC", false, { 0 }, do_rdtsc },
	{ 0x6F, "RDPMC", false, { GHCB_RCX }, do_rdpmc },
	{ 0x72, "CPUID", false, { GHCB_RAX, GHCB_RCX }, do_cpuid },
	{ 0x76, "INVD", false, { 0 }, do_nothing },
	{ 0x7B, "IOIO", false, { 0 }, cf_ghcb_ioio },
	{ 0x7C, "MSR", false, { GHCB_RCX }, do_msr },
	{ 0x81, "VMMCALL", false, { GHCB_RAX, GHCB_CPL }, do_vmmcall },
	{ 0x87, "RDTSCP", false, { 0 }, do_rdtscp },
	{ 0x89, "WBINVD", false, { 0 }, do_nothing },
	{ 0x8A, "MONITOR", false, { GHCB_RAX, GHCB_RCX, GHCB_RDX },
		do_nothing },
	{ 0x8B, "MWAIT", false, { GHCB_RAX, GHCB_RCX }, do_nothing },
	{ 0x80000001, "MMIO read", false, { GHCB_SCRATCH }, cf_ghcb_mmio_read },
	{ 0x80000002, "MMIO write", false, { GHCB_SCRATCH },
		cf_ghcb_mmio_write },
	{ 0x80000003, "NMI complete", false, { 0 }, do_nmi_complete },
	{ 0x80000004, "AP reset hold", false, { 0 }, cf_ghcb_ap_hold },
	{ 0x80000005, "AP jump table", false, { 0 }, do_jump_table },
	{ 0x80000010, "page state change", true, { GHCB_SCRATCH },
		cf_ghcb_psc },
	{ 0x80000011, "guest request", true, { 0 }, cf_ghcb_guest_request },
	{ 0x80000012, "extended guest request", true, { GHCB_RAX, GHCB_RBX },
		cf_ghcb_ext_request },
	{ 0x80000013, "AP creation", true, { 0 }, cf_ghcb_ap_creation },
	{ 0x80000017, "APIC id list", true, { GHCB_RAX }, do_apic_ids },
	{ 0x8000FFFD, "hypervisor features", false, { 0 }, do_features },
	{ 0x8000FFFE, "terminate", false, { 0 }, do_terminate },
	{ 0x8000FFFF, "unsupported event", false, { 0 }, do_unsupported },
};

static const struct event *find_event(const struct ghcb *g)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(events); i++)
		if (events[i].code == g->code &&
			(!events[i].snp_only || g->cpu->vm->snp))
			return &events[i];
	return NULL;
}

/* What holds for every request, in the order of the specification's codes. */
static enum cf_ghcb_error check(const struct ghcb *g, const struct event *e)
{
	uint16_t version = cf_load_le16(g->page + GHCB_VERSION);

	if (g->cpu->vm->snp && cf_sev_of(g->cpu)->registered != g->gpa)
		return GHCB_NOT_REGISTERED;
	/* Zero is what guests of version 1 left there. */
	if (cf_load_le32(g->page + GHCB_USAGE) || version > CF_GHCB_VERSION_MAX)
		return GHCB_BAD_USAGE;
	if (!cf_ghcb_has(g, GHCB_CODE) || !cf_ghcb_has(g, GHCB_INFO1) ||
		!cf_ghcb_has(g, GHCB_INFO2))
		return GHCB_MISSING_INPUT;
	if (!e)
		return GHCB_BAD_EVENT;
	for (unsigned i = 0; i < MAX_INPUTS && e->input[i]; i++)
		if (!cf_ghcb_has(g, e->input[i]))
			return GHCB_MISSING_INPUT;
	return GHCB_OK;
}

/* The bitmap is cleared but for what the answer holds. */
static void answer(struct ghcb *g, enum cf_ghcb_error error)
{
	struct cf_memory *mem = g->cpu->vm->mem;
	struct coffer_error err;
	enum coffer_status status;

	if (error == GHCB_INJECT_GP) {
		cf_ghcb_reply(g, GHCB_INFO1, INFO1_INJECT);
		cf_ghcb_reply(g, GHCB_INFO2, EVENT_INJ_GP);
	} else if (error != GHCB_OK) {
		memset(g->reply, 0, sizeof(g->reply));
		cf_ghcb_reply(g, GHCB_INFO1, INFO1_BAD);
		cf_ghcb_reply(g, GHCB_INFO2, error);
	} else {
		cf_ghcb_reply(g, GHCB_INFO1, 0);
		cf_ghcb_reply(g, GHCB_INFO2, g->result);
	}
	memcpy(g->page + GHCB_VALID, g->reply, sizeof(g->reply));
	status = cf_guest_write(
		mem, g->gpa, g->page, GHCB_VALID + sizeof(g->reply), &err);
	if (status == COFFER_OK && g->buffer_changed)
		status = cf_guest_write(mem, g->gpa + GHCB_BUFFER,
			g->page + GHCB_BUFFER, GHCB_BUFFER_END - GHCB_BUFFER,
			&err);
	if (status != COFFER_OK)
		cf_log(g->cpu->vm->config.log, CF_LOG_WARN,
			"ghcb: no answer to vcpu=%u: %s", g->cpu->index,
			err.msg);
}

static void page_exit(struct vcpu *cpu, struct cf_ghcb_outcome *out)
{
	struct ghcb g = { .cpu = cpu, .gpa = cpu->ghcb_msr, .out = out };
	const struct event *e;
	enum cf_ghcb_error error;
	struct coffer_error err;

	if (cf_guest_read(cpu->vm->mem, g.gpa, g.page, PAGE, &err) !=
		COFFER_OK) {
		/* Nowhere to answer: straight back to the guest. */
		cf_log(cpu->vm->config.log, CF_LOG_WARN,
			"ghcb: vcpu=%u has its GHCB outside memory: %s",
			cpu->index, err.msg);
		return;
	}
	g.code = cf_ghcb_get(&g, GHCB_CODE);
	g.info1 = cf_ghcb_get(&g, GHCB_INFO1);
	g.info2 = cf_ghcb_get(&g, GHCB_INFO2);
	e = find_event(&g);
	error = check(&g, e);
	if (error == GHCB_OK)
		error = e->handle(&g);
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"ghcb: vcpu=%u %s code=0x%" PRIx64 " info1=0x%" PRIx64
		" error=%d",
		cpu->index, e ? e->name : "unknown event", g.code, g.info1,
		(int)error);
	answer(&g, error);
}

void cf_ghcb_exit(struct vcpu *cpu, struct cf_ghcb_outcome *out)
{
	if (cpu->ghcb_msr & (PAGE - 1)) {
		cf_ghcb_msr(cpu, out);
		return;
	}
	page_exit(cpu, out);
	cf_tamper_exit(cpu);
}
