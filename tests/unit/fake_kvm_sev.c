/* SPDX-License-Identifier: Apache-2.0 */
/* The fake kernel's SEV: lifecycle, rules, and VMSAs from registers. */
#include "fake_kvm_priv.h"

#include "base/base.h"

#include <errno.h>
#include <stdio.h>

static struct cf_segment segment(const struct kvm_segment *s)
{
	return (struct cf_segment) { .selector = s->selector,
		.limit = s->limit,
		.base = s->base,
		.attrib = (uint16_t)(s->type | s->s << 4 | s->dpl << 5 |
			s->present << 7 | s->avl << 8 | s->l << 9 |
			s->db << 10 | s->g << 11) };
}

static void set_sregs(struct cf_cpu_state *s, const struct kvm_sregs *k)
{
	s->seg[CF_SEG_ES] = segment(&k->es);
	s->seg[CF_SEG_CS] = segment(&k->cs);
	s->seg[CF_SEG_SS] = segment(&k->ss);
	s->seg[CF_SEG_DS] = segment(&k->ds);
	s->seg[CF_SEG_FS] = segment(&k->fs);
	s->seg[CF_SEG_GS] = segment(&k->gs);
	s->ldtr = segment(&k->ldt);
	s->tr = segment(&k->tr);
	s->gdtr = (struct cf_segment) { .base = k->gdt.base,
		.limit = k->gdt.limit };
	s->idtr = (struct cf_segment) { .base = k->idt.base,
		.limit = k->idt.limit };
	s->cr0 = k->cr0;
	s->cr2 = k->cr2;
	s->cr3 = k->cr3;
	s->cr4 = k->cr4;
	s->efer = k->efer;
}

static void set_regs(struct cf_cpu_state *s, const struct kvm_regs *r)
{
	const uint64_t gpr[CF_NGPRS] = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp,
		r->rbp, r->rsi, r->rdi, r->r8, r->r9, r->r10, r->r11, r->r12,
		r->r13, r->r14, r->r15 };

	memcpy(s->gpr, gpr, sizeof(gpr));
	s->rip = r->rip;
	s->rflags = r->rflags;
}

static void set_msrs(struct cf_cpu_state *s, const struct kvm_msrs *m)
{
	for (uint32_t i = 0; i < m->nmsrs; i++)
		if (m->entries[i].index == 0x277)
			s->g_pat = m->entries[i].data;
}

long fake_registers(
	struct fake_kvm *f, unsigned n, unsigned long request, void *arg)
{
	struct cf_cpu_state *s = &f->state[n];
	const struct kvm_fpu *fpu = arg;
	const struct kvm_debugregs *d = arg;

	if (f->is_running && f->is_es)
		return -EINVAL;
	switch (request) {
	case KVM_SET_REGS:
		set_regs(s, arg);
		return 0;
	case KVM_GET_SREGS:
		memset(arg, 0, sizeof(struct kvm_sregs));
		return 0;
	case KVM_SET_SREGS:
		set_sregs(s, arg);
		return 0;
	case KVM_SET_MSRS:
		set_msrs(s, arg);
		return ((const struct kvm_msrs *)arg)->nmsrs;
	case KVM_SET_FPU:
		s->fcw = fpu->fcw;
		s->mxcsr = fpu->mxcsr;
		return 0;
	case KVM_SET_DEBUGREGS:
		s->dr6 = d->dr6;
		s->dr7 = d->dr7;
		return 0;
	default:
		return fake_complain(f, ENOTTY, "vCPU: request 0x%lx", request);
	}
}

/* KVM's own part of a VMSA: SVME and MCE are the host's, xcr0 is reset. */
void fake_kvm_vmsa(void *opaque, unsigned n, uint8_t page[4096])
{
	const struct fake_kvm *f = opaque;
	struct cf_cpu_state s = f->state[n];

	s.efer |= 1 << 12;
	s.cr4 |= 1 << 6;
	s.xcr0 = 1;
	s.sev_features = f->init_features | f->is_snp;
	if (f->vm_type == CF_KVM_DEFAULT_VM)
		s.mxcsr = s.fcw = 0;
	cf_vmsa_encode(&s, page);
}

/* The digest implementation keeps data until it is asked; ours goes away. */
static long take_data(struct fake_kvm *f)
{
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;

	if (f->firmware->ops->launch_digest(f->firmware, digest, &len, NULL))
		return -EIO;
	return 0;
}

static long measure_vmsas(struct fake_kvm *f)
{
	for (unsigned i = 0; i < f->nvcpus; i++) {
		uint8_t page[4096];

		fake_kvm_vmsa(f, i, page);
		if (!f->firmware)
			continue;
		if (f->firmware->ops->launch_update_vmsa(
			    f->firmware, i, 0xFFFFFFFFF000, page, NULL) ||
			take_data(f))
			return -EIO;
	}
	return 0;
}

static long forward_update(struct fake_kvm *f, uint64_t gpa, uint64_t len,
	uint64_t uaddr, enum cf_page_type type)
{
	struct cf_sp_update u = { .gpa = gpa, .len = len, .type = type };

	if (type != CF_PAGE_ZERO)
		u.data = (const uint8_t *)(uintptr_t)uaddr;
	if (!f->firmware)
		return 0;
	if (f->firmware->ops->launch_update(f->firmware, &u, NULL))
		return -EIO;
	return take_data(f);
}

static long init2(struct fake_kvm *f, const struct cf_kvm_sev_init *init)
{
	if (f->vm_type == CF_KVM_DEFAULT_VM)
		return fake_complain(f, EINVAL, "INIT2 on a default VM");
	if (init->flags || init->vmsa_features & ~f->vmsa_features)
		return fake_complain(f, EINVAL, "INIT2 with bad features");
	if (f->vm_type == CF_KVM_SEV_VM && init->vmsa_features)
		return fake_complain(f, EINVAL, "features on plain SEV");
	f->is_es = f->vm_type != CF_KVM_SEV_VM;
	f->is_snp = f->vm_type == CF_KVM_SNP_VM;
	f->init_features = init->vmsa_features;
	f->initialised = true;
	return 0;
}

static long legacy_init(struct fake_kvm *f, bool es)
{
	if (f->vm_type != CF_KVM_DEFAULT_VM)
		return fake_complain(f, EINVAL, "legacy init on a typed VM");
	f->is_es = es;
	f->initialised = true;
	return 0;
}

static long forward_start(struct fake_kvm *f, const struct cf_sp_launch *l)
{
	if (!f->initialised || f->started)
		return fake_complain(f, EINVAL, "LAUNCH_START out of order");
	f->started = true;
	if (f->firmware && f->firmware->ops->launch_start(f->firmware, l, NULL))
		return -EIO;
	return 0;
}

static long launch_start(struct fake_kvm *f, struct cf_kvm_sev_launch_start *s)
{
	struct cf_sp_launch l = {
		.platform = f->is_es ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV,
		.policy = s->policy,
	};

	if (s->pad0 || s->pad1)
		return fake_complain(f, EINVAL, "LAUNCH_START padding");
	if (!!(s->policy & 4) != f->is_es)
		return fake_complain(f, EINVAL, "policy and VM type differ");
	s->handle = 7;
	return forward_start(f, &l);
}

static long snp_start(
	struct fake_kvm *f, const struct cf_kvm_sev_snp_launch_start *s)
{
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = s->policy };

	if (s->flags || !(s->policy >> 17 & 1) || !(s->policy >> 16 & 1))
		return fake_complain(f, EINVAL, "SNP policy 0x%llx",
			(unsigned long long)s->policy);
	return forward_start(f, &l);
}

/* Guest address of a host address, through the slots. */
static long update_data(
	struct fake_kvm *f, const struct cf_kvm_sev_launch_update_data *u)
{
	if (!f->started || f->measured)
		return fake_complain(f, EINVAL, "UPDATE_DATA out of order");
	if (u->len % 16 || u->uaddr % 16 || u->pad0)
		return fake_complain(f, EINVAL, "UPDATE_DATA alignment");
	for (unsigned i = 0; i < f->nslots; i++)
		if (u->uaddr >= f->slot[i].hva &&
			cf_range_ok(u->uaddr - f->slot[i].hva, u->len,
				f->slot[i].len)) {
			if (!f->slot[i].pinned)
				return fake_complain(f, EINVAL,
					"UPDATE_DATA on unpinned memory");
			return forward_update(f,
				f->slot[i].gpa + u->uaddr - f->slot[i].hva,
				u->len, u->uaddr, CF_PAGE_NORMAL);
		}
	return fake_complain(f, EINVAL, "UPDATE_DATA outside memory");
}

static bool is_listed(const uint64_t *gfns, size_t n, uint64_t gfn)
{
	for (size_t i = 0; i < n; i++)
		if (gfns[i] == gfn)
			return true;
	return false;
}

static long snp_update_page(
	struct fake_kvm *f, const struct cf_kvm_sev_snp_launch_update *u)
{
	uint64_t gpa = u->gfn_start << 12;

	if (fake_slot_of(f, gpa) < 0)
		return fake_complain(f, EINVAL, "SNP update outside memory");
	if (!is_listed(f->private_gfn, f->nprivate, u->gfn_start))
		return fake_complain(
			f, EINVAL, "SNP update of a page that is not private");
	if (is_listed(f->launched_gfn, f->nlaunched, u->gfn_start))
		return fake_complain(f, EEXIST, "SNP update of a page twice");
	f->launched_gfn[f->nlaunched++ % FAKE_MAX_PAGES] = u->gfn_start;
	return forward_update(f, gpa, 4096, u->uaddr, u->type);
}

static long snp_update(struct fake_kvm *f, struct cf_kvm_sev_cmd *cmd,
	struct cf_kvm_sev_snp_launch_update *u)
{
	uint64_t limit = f->pages_per_call ? f->pages_per_call : UINT64_MAX;

	if (!f->started || f->is_running)
		return fake_complain(f, EINVAL, "SNP_LAUNCH_UPDATE order");
	if (u->len % 4096 || !u->uaddr || u->uaddr % 4096 || u->flags ||
		u->type == CF_PAGE_VMSA)
		return fake_complain(f, EINVAL, "SNP_LAUNCH_UPDATE arguments");
	if (f->eagain) {
		f->eagain--;
		return -EAGAIN;
	}
	if (u->type == CF_PAGE_CPUID && f->correct_cpuid) {
		/* The firmware clears a bit that it does not accept. */
		((uint8_t *)(uintptr_t)u->uaddr)[0x10 + 0x20] = 0;
		cmd->error = CF_FW_INVALID_PARAM;
		return -EIO;
	}
	while (u->len && limit--) {
		long result = snp_update_page(f, u);

		if (result)
			return result;
		u->gfn_start++;
		u->len -= 4096;
		if (u->type != CF_PAGE_ZERO)
			u->uaddr += 4096;
	}
	return 0;
}

static long measure(struct fake_kvm *f, struct cf_kvm_sev_launch_measure *m)
{
	if (!f->started)
		return fake_complain(f, EINVAL, "LAUNCH_MEASURE out of order");
	if (m->len < 48)
		return -EINVAL;
	f->measured = true;
	m->len = 48;
	memset((void *)(uintptr_t)m->uaddr, 0x4d, 48);
	return 0;
}

static long finish(struct fake_kvm *f, bool ready, const char *name)
{
	if (!ready || f->is_running)
		return fake_complain(f, EINVAL, "%s out of order", name);
	f->is_running = true;
	return 0;
}

static long dispatch(struct fake_kvm *f, struct cf_kvm_sev_cmd *cmd, void *data)
{
	long result;

	switch (cmd->id) {
	case CF_KVM_SEV_INIT:
		return legacy_init(f, false);
	case CF_KVM_SEV_ES_INIT:
		return legacy_init(f, true);
	case CF_KVM_SEV_INIT2:
		return init2(f, data);
	case CF_KVM_SEV_LAUNCH_START:
		return launch_start(f, data);
	case CF_KVM_SEV_LAUNCH_UPDATE_DATA:
		return update_data(f, data);
	case CF_KVM_SEV_LAUNCH_UPDATE_VMSA:
		if (!f->is_es || f->measured)
			return fake_complain(f, EINVAL, "UPDATE_VMSA order");
		return measure_vmsas(f);
	case CF_KVM_SEV_LAUNCH_MEASURE:
		return measure(f, data);
	case CF_KVM_SEV_LAUNCH_SECRET:
		return f->measured ? 0
				   : fake_complain(f, EINVAL, "SECRET order");
	case CF_KVM_SEV_LAUNCH_FINISH:
		return finish(f, f->measured, "LAUNCH_FINISH");
	case CF_KVM_SEV_SNP_LAUNCH_START:
		return snp_start(f, data);
	case CF_KVM_SEV_SNP_LAUNCH_UPDATE:
		return snp_update(f, cmd, data);
	case CF_KVM_SEV_SNP_LAUNCH_FINISH:
		result = measure_vmsas(f);
		return result ? result
			      : finish(f, f->started, "SNP_LAUNCH_FINISH");
	case CF_KVM_SEV_SNP_ENABLE_REQ_CERTS:
		if (!f->is_snp || !f->initialised || f->nvcpus)
			return fake_complain(f, EINVAL, "REQ_CERTS order");
		f->gives_certs = true;
		return 0;
	default:
		return fake_complain(f, EINVAL, "SEV command %u", cmd->id);
	}
}

/* Names, and the size of what the command takes. */
static const struct {
	const char *name;
	size_t size;
} commands[] = {
	[CF_KVM_SEV_INIT] = { "INIT", 0 },
	[CF_KVM_SEV_ES_INIT] = { "ES_INIT", 0 },
	[CF_KVM_SEV_LAUNCH_START] = { "START",
		sizeof(struct cf_kvm_sev_launch_start) },
	[CF_KVM_SEV_LAUNCH_UPDATE_DATA] = { "DATA",
		sizeof(struct cf_kvm_sev_launch_update_data) },
	[CF_KVM_SEV_LAUNCH_UPDATE_VMSA] = { "VMSA", 0 },
	[CF_KVM_SEV_LAUNCH_SECRET] = { "SECRET",
		sizeof(struct cf_kvm_sev_launch_secret) },
	[CF_KVM_SEV_LAUNCH_MEASURE] = { "MEASURE",
		sizeof(struct cf_kvm_sev_launch_measure) },
	[CF_KVM_SEV_LAUNCH_FINISH] = { "FINISH", 0 },
	[CF_KVM_SEV_INIT2] = { "INIT2", sizeof(struct cf_kvm_sev_init) },
	[CF_KVM_SEV_SNP_LAUNCH_START] = { "SNP_START",
		sizeof(struct cf_kvm_sev_snp_launch_start) },
	[CF_KVM_SEV_SNP_LAUNCH_UPDATE] = { "SNP_UPDATE",
		sizeof(struct cf_kvm_sev_snp_launch_update) },
	[CF_KVM_SEV_SNP_LAUNCH_FINISH] = { "SNP_FINISH",
		sizeof(struct cf_kvm_sev_snp_launch_finish) },
	[CF_KVM_SEV_SNP_ENABLE_REQ_CERTS] = { "REQ_CERTS", 0 },
};

/* The rules first, then the same command again to the processor. */
static long check_and_forward(
	struct fake_kvm *f, struct cf_kvm_sev_cmd *cmd, void *data)
{
	uint8_t as_given[128];
	size_t size = commands[cmd->id].size;
	long result;

	if (size)
		memcpy(as_given, data, size);
	result = dispatch(f, cmd, data);
	if (result || !f->shape || cmd->id == CF_KVM_SEV_SNP_ENABLE_REQ_CERTS)
		return result; /* the last is KVM's alone */
	if (size)
		memcpy(data, as_given, size);
	return cf_kvm_shape_op(f->shape, cmd);
}

long fake_sev_op(struct fake_kvm *f, struct cf_kvm_sev_cmd *cmd)
{
	bool known = cmd->id < CF_ARRAY_LEN(commands) && commands[cmd->id].name;
	size_t len = strlen(f->calls);

	cmd->error = CF_KVM_SEV_NO_FW_CALL;
	if (cmd->pad0 || !known)
		return fake_complain(f, EINVAL, "SEV command %u", cmd->id);
	if (f->is_snp && cmd->id < 100)
		return -EPERM;
	snprintf(f->calls + len, sizeof(f->calls) - len, "%s%s", len ? " " : "",
		commands[cmd->id].name);
	if (f->fail_errno && cmd->id == f->fail_id) {
		if (f->fail_fw)
			cmd->error = f->fail_fw;
		return -f->fail_errno;
	}
	return check_and_forward(f, cmd, (void *)(uintptr_t)cmd->data);
}

static long export_pdh(
	struct cf_sev_issue_cmd *cmd, struct cf_sev_pdh_cert_export *e)
{
	if (e->pdh_cert_len < 2084 || e->cert_chain_len < 6252) {
		e->pdh_cert_len = 2084;
		e->cert_chain_len = 6252;
		cmd->error = CF_FW_INVALID_LENGTH;
		return -EIO;
	}
	memset((void *)(uintptr_t)e->pdh_cert_address, 0xd1, 2084);
	memset((void *)(uintptr_t)e->cert_chain_address, 0xc1, 6252);
	return 0;
}

static long get_id(struct cf_sev_issue_cmd *cmd, struct cf_sev_get_id2 *id)
{
	if (id->length < 64) {
		id->length = 64;
		cmd->error = CF_FW_INVALID_LENGTH;
		return -EIO;
	}
	memset((void *)(uintptr_t)id->address, 0x1d, 64);
	return 0;
}

long fake_sev_device(struct fake_kvm *f, struct cf_sev_issue_cmd *cmd)
{
	void *data = (void *)(uintptr_t)cmd->data;
	struct cf_sev_platform_status *s = data;

	cmd->error = 0;
	switch (cmd->cmd) {
	case CF_SEV_PLATFORM_STATUS:
		*s = (struct cf_sev_platform_status) { .api_major = 1,
			.api_minor = 55,
			.build = 21,
			.state = 1,
			.flags = f->es_configured ? CF_SEV_STATUS_ES : 0 };
		return 0;
	case CF_SEV_PDH_CERT_EXPORT:
		return export_pdh(cmd, data);
	case CF_SEV_GET_ID2:
		return get_id(cmd, data);
	default:
		return fake_complain(
			f, EINVAL, "/dev/sev: command %u", cmd->cmd);
	}
}
