/* SPDX-License-Identifier: Apache-2.0 */
/* Registers between struct cf_cpu_state and KVM's three structs of them. */
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>

static struct kvm_segment to_kvm(const struct cf_segment *s)
{
	return (struct kvm_segment) {
		.base = s->base,
		.limit = s->limit,
		.selector = s->selector,
		.type = s->attrib & 15,
		.s = s->attrib >> 4 & 1,
		.dpl = s->attrib >> 5 & 3,
		.present = s->attrib >> 7 & 1,
		.avl = s->attrib >> 8 & 1,
		.l = s->attrib >> 9 & 1,
		.db = s->attrib >> 10 & 1,
		.g = s->attrib >> 11 & 1,
		.unusable = !(s->attrib >> 7 & 1),
	};
}

static struct cf_segment from_kvm(const struct kvm_segment *s)
{
	return (struct cf_segment) {
		.base = s->base,
		.limit = s->limit,
		.selector = s->selector,
		.attrib = (uint16_t)(s->type | s->s << 4 | s->dpl << 5 |
			s->present << 7 | s->avl << 8 | s->l << 9 |
			s->db << 10 | s->g << 11),
	};
}

/* The general registers, in one order for both directions. */
static uint64_t *gpr_of(struct kvm_regs *r, unsigned i)
{
	uint64_t *const order[CF_NGPRS] = { (uint64_t *)&r->rax,
		(uint64_t *)&r->rcx, (uint64_t *)&r->rdx, (uint64_t *)&r->rbx,
		(uint64_t *)&r->rsp, (uint64_t *)&r->rbp, (uint64_t *)&r->rsi,
		(uint64_t *)&r->rdi, (uint64_t *)&r->r8, (uint64_t *)&r->r9,
		(uint64_t *)&r->r10, (uint64_t *)&r->r11, (uint64_t *)&r->r12,
		(uint64_t *)&r->r13, (uint64_t *)&r->r14, (uint64_t *)&r->r15 };

	return order[i];
}

/* MSRs that are part of the state, in one table. */
static const struct msr_field {
	uint32_t msr;
	size_t offset;
} msr_fields[] = {
	{ 0xC0000081, offsetof(struct cf_cpu_state, star) },
	{ 0xC0000082, offsetof(struct cf_cpu_state, lstar) },
	{ 0xC0000083, offsetof(struct cf_cpu_state, cstar) },
	{ 0xC0000084, offsetof(struct cf_cpu_state, sfmask) },
	{ 0xC0000102, offsetof(struct cf_cpu_state, kernel_gs_base) },
	{ 0x00000174, offsetof(struct cf_cpu_state, sysenter_cs) },
	{ 0x00000175, offsetof(struct cf_cpu_state, sysenter_esp) },
	{ 0x00000176, offsetof(struct cf_cpu_state, sysenter_eip) },
	{ 0x00000277, offsetof(struct cf_cpu_state, g_pat) },
};

/* struct kvm_msrs with room; its own flexible array cannot be embedded. */
struct msr_list {
	uint32_t nmsrs, pad;
	struct kvm_msr_entry entry[CF_ARRAY_LEN(msr_fields)];
};

static void fill_sregs(struct kvm_sregs *k, const struct cf_cpu_state *s)
{
	k->es = to_kvm(&s->seg[CF_SEG_ES]);
	k->cs = to_kvm(&s->seg[CF_SEG_CS]);
	k->ss = to_kvm(&s->seg[CF_SEG_SS]);
	k->ds = to_kvm(&s->seg[CF_SEG_DS]);
	k->fs = to_kvm(&s->seg[CF_SEG_FS]);
	k->gs = to_kvm(&s->seg[CF_SEG_GS]);
	k->tr = to_kvm(&s->tr);
	k->ldt = to_kvm(&s->ldtr);
	k->gdt.base = s->gdtr.base;
	k->gdt.limit = (uint16_t)s->gdtr.limit;
	k->idt.base = s->idtr.base;
	k->idt.limit = (uint16_t)s->idtr.limit;
	k->cr0 = s->cr0;
	k->cr2 = s->cr2;
	k->cr3 = s->cr3;
	k->cr4 = s->cr4;
	/* SVME is in every VMSA and is the host's own business. */
	k->efer = s->efer & ~(1ull << 12);
}

static long set_regs(struct cf_vm *vm, int fd, const struct cf_cpu_state *s)
{
	struct kvm_regs regs = { .rip = s->rip, .rflags = s->rflags | 2 };

	for (unsigned i = 0; i < CF_NGPRS; i++)
		*gpr_of(&regs, i) = s->gpr[i];
	return cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_SET_REGS, &regs);
}

static long set_sregs(struct cf_vm *vm, int fd, const struct cf_cpu_state *s)
{
	struct kvm_sregs sregs;
	long result = cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_GET_SREGS, &sregs);

	if (result < 0)
		return result;
	fill_sregs(&sregs, s);
	return cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_SET_SREGS, &sregs);
}

static long set_msrs(struct cf_vm *vm, int fd, const struct cf_cpu_state *s)
{
	struct msr_list list = { .nmsrs = CF_ARRAY_LEN(msr_fields) };

	for (size_t i = 0; i < CF_ARRAY_LEN(msr_fields); i++) {
		list.entry[i].index = msr_fields[i].msr;
		memcpy(&list.entry[i].data,
			(const char *)s + msr_fields[i].offset, 8);
	}
	return cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_SET_MSRS, &list);
}

static long set_fpu(struct cf_vm *vm, int fd, const struct cf_cpu_state *s)
{
	struct kvm_fpu fpu = { .fcw = s->fcw,
		.fsw = s->fsw,
		.ftwx = (uint8_t)s->ftw,
		.mxcsr = s->mxcsr };

	memcpy(fpu.xmm, s->xmm, sizeof(fpu.xmm));
	return cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_SET_FPU, &fpu);
}

static long set_debug(struct cf_vm *vm, int fd, const struct cf_cpu_state *s)
{
	struct kvm_debugregs d = { .dr6 = s->dr6, .dr7 = s->dr7 };

	for (unsigned i = 0; i < 4; i++)
		d.db[i] = s->dr[i];
	return cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_SET_DEBUGREGS, &d);
}

enum coffer_status kvm_set_state(struct cf_vm *vm, unsigned n,
	const struct cf_cpu_state *s, struct coffer_error *err)
{
	static const struct step {
		const char *what;
		long (*set)(
			struct cf_vm *vm, int fd, const struct cf_cpu_state *s);
	} steps[] = { { "system registers", set_sregs },
		{ "general registers", set_regs }, { "MSRs", set_msrs },
		{ "FPU registers", set_fpu },
		{ "debug registers", set_debug } };

	if (vm->state_protected)
		return cf_fail(err, COFFER_ERR_STATE,
			"kvm: the registers of vCPU %u are encrypted", n);
	for (size_t i = 0; i < CF_ARRAY_LEN(steps); i++) {
		long result = steps[i].set(vm, vm->vcpu[n].fd, s);

		if (result < 0)
			return cf_fail_errno(err, (int)-result,
				"kvm: cannot set the %s of vCPU %u",
				steps[i].what, n);
	}
	return COFFER_OK;
}

static void read_sregs(const struct kvm_sregs *k, struct cf_cpu_state *s)
{
	s->seg[CF_SEG_ES] = from_kvm(&k->es);
	s->seg[CF_SEG_CS] = from_kvm(&k->cs);
	s->seg[CF_SEG_SS] = from_kvm(&k->ss);
	s->seg[CF_SEG_DS] = from_kvm(&k->ds);
	s->seg[CF_SEG_FS] = from_kvm(&k->fs);
	s->seg[CF_SEG_GS] = from_kvm(&k->gs);
	s->tr = from_kvm(&k->tr);
	s->ldtr = from_kvm(&k->ldt);
	s->gdtr.base = k->gdt.base;
	s->gdtr.limit = k->gdt.limit;
	s->idtr.base = k->idt.base;
	s->idtr.limit = k->idt.limit;
	s->cr0 = k->cr0;
	s->cr2 = k->cr2;
	s->cr3 = k->cr3;
	s->cr4 = k->cr4;
	s->efer = k->efer;
}

enum coffer_status kvm_get_state(struct cf_vm *vm, unsigned n,
	struct cf_cpu_state *s, struct coffer_error *err)
{
	int fd = vm->vcpu[n].fd;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	long result;

	if (vm->state_protected)
		return cf_fail(err, COFFER_ERR_STATE,
			"kvm: the registers of vCPU %u are encrypted", n);
	*s = (struct cf_cpu_state) { 0 };
	result = cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_GET_REGS, &regs);
	if (result >= 0)
		result = cf_kvm_vcpu_ioctl(vm->kvm, fd, KVM_GET_SREGS, &sregs);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot read the registers of vCPU %u", n);
	for (unsigned i = 0; i < CF_NGPRS; i++)
		s->gpr[i] = *gpr_of(&regs, i);
	s->rip = regs.rip;
	s->rflags = regs.rflags;
	read_sregs(&sregs, s);
	return COFFER_OK;
}
