/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SEV-ES or SNP guest that says anything to its hypervisor: MSR protocol
 * values, GHCB pages, page states, save areas for other vCPUs, IPIs, in any
 * order, against the hypervisor's side of the soft engine.  What it must keep:
 * an answer through the page is marked valid and is one of three kinds.
 */
#include "fuzz.h"

#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"
#include "accel/soft/world_priv.h"
#include "base/base.h"
#include "sp/sp.h"

#include <stdlib.h>

#define PAGE   4096u
#define NPAGES 64u
#define RAM    ((uint64_t)NPAGES * PAGE)
#define LARGE  CF_RMP_LARGE /* where and how long memory for 2 MiB pages is */
#define VCPUS  2u
#define ASID   1u
#define CBIT   51u

static struct cf_cursor input;

/* Bytes of the input, zeros behind its end. */
static uint64_t take(unsigned n)
{
	uint64_t v = 0;
	uint8_t byte;

	for (unsigned i = 0; i < n && cf_take_u8(&input, &byte); i++)
		v |= (uint64_t)byte << 8 * i;
	return v;
}

static uint64_t clock_ns(void *opaque, unsigned vcpu)
{
	return 1000;
}

/* The secure processor answers what the input says. */
static enum coffer_status guest_request(struct cf_sp_guest *g, uint64_t request,
	uint64_t response, uint32_t *fw_status, struct coffer_error *err)
{
	uint64_t how = take(1);

	*fw_status = (uint32_t)(how & 0x3F);
	return how & 0x80
		? cf_fail(err, COFFER_ERR_ARGUMENT, "fuzz: not this time")
		: COFFER_OK;
}

static const struct cf_sp_guest_ops sp_ops = { .guest_request = guest_request };
static struct cf_sp_guest sp = { .ops = &sp_ops };

/* The host's certificates: the input says whether there are any.  They must
 * not stay locked. */
static int locked;

static enum cf_certs certs_lock(void *opaque, const uint8_t **data, size_t *len)
{
	static const uint8_t table[5000];

	*data = table;
	*len = sizeof(table);
	switch (take(1)) {
	case 1:
		return CF_CERTS_BUSY;
	case 2:
		return CF_CERTS_FAILED;
	default:
		locked++;
		return CF_CERTS_OK;
	}
}

static void certs_unlock(void *opaque)
{
	locked--;
}

static const struct cf_cert_source cert_source = { .lock = certs_lock,
	.unlock = certs_unlock };

/* One VM of each platform, made once. */
static struct cf_vm *make_vm(enum cf_platform platform)
{
	static const struct cf_accel_host host = { .clock_ns = clock_ns };
	static const uint8_t key[CF_VEK_LEN] = { 7 };
	struct coffer_error err;
	const struct cf_accel_ops *soft = cf_accel_soft(&err);
	struct cf_vm_config c = { .platform = platform,
		.vcpus = VCPUS,
		.host = &host,
		.sp = &sp,
		.asid = ASID,
		.cbit = CBIT,
		.sev_features = platform == CF_PLATFORM_SEV_SNP,
		.certs = &cert_source };
	struct cf_vm *vm;

	if (!soft || cf_memory_create(&c.memory, &err) ||
		cf_memory_add(c.memory, 0, RAM, CF_REGION_RAM, "ram", &err) ||
		cf_memory_add(
			c.memory, LARGE, LARGE, CF_REGION_RAM, "large", &err) ||
		cf_memory_set_key(c.memory, ASID, key, &err) ||
		(platform == CF_PLATFORM_SEV_SNP &&
			cf_rmp_enable(c.memory, &err)) ||
		soft->vm_create(&c, &vm, &err))
		abort();
	return vm;
}

static void reset(struct cf_vm *vm)
{
	static const uint8_t zeros[PAGE];
	struct coffer_error err;

	cf_sev_vm_finish(vm);
	if (cf_sev_vm_init(vm, &err))
		abort();
	if (vm->snp)
		cf_rmp_reset(vm->mem);
	/* What is in the large memory does not matter. */
	for (uint64_t gpa = 0; gpa < RAM; gpa += PAGE)
		if (cf_guest_write(vm->mem, gpa, zeros, PAGE, &err))
			abort();
	for (unsigned i = 0; i < VCPUS; i++) {
		struct vcpu *cpu = vm->vcpu[i];

		cpu->parked = cpu->wait_sipi = i != 0;
		cpu->nmi_blocked = false;
		atomic_store(&cpu->attention, 0);
		cf_sev_vcpu_init(cpu);
	}
	vm->config.faults = (struct cf_faults) { 0 };
}

static uint64_t take_page(void)
{
	return take(1) % (NPAGES + 1) * PAGE; /* one is outside memory */
}

static bool exit_now(struct vcpu *cpu)
{
	struct cf_ghcb_outcome out = { 0 };

	cf_ghcb_exit(cpu, &out);
	if (locked || (out.stop && !memchr(out.text, 0, sizeof(out.text))))
		abort();
	return !out.stop;
}

static bool valid_bit(const uint8_t *page, unsigned field)
{
	return page[GHCB_VALID + field / 64] >> (field / 8 & 7) & 1;
}

static void check_answer(struct vcpu *cpu, uint64_t gpa)
{
	struct cf_rmp_entry e;
	struct coffer_error err;
	uint8_t page[PAGE];

	/* A private page of SNP cannot be answered in; a vCPU that waits for
	 * its start-up IPI is answered when that comes. */
	if (cpu->vm->snp && (!cf_rmp_get(cpu->vm->mem, gpa, &e) || e.assigned))
		return;
	if (cf_guest_read(cpu->vm->mem, gpa, page, PAGE, &err))
		return;
	if (!valid_bit(page, GHCB_INFO1) || !valid_bit(page, GHCB_INFO2) ||
		cf_load_le32(page + GHCB_INFO1) > 2)
		abort();
}

static const uint64_t codes[] = { 0x27, 0x37, 0x6E, 0x6F, 0x72, 0x76, 0x7B,
	0x7C, 0x81, 0x87, 0x89, 0x8A, 0x8B, 0x80000001, 0x80000002, 0x80000003,
	0x80000004, 0x80000005, 0x80000010, 0x80000011, 0x80000012, 0x80000013,
	0x80000014, 0x80000017, 0x80000018, 0x8000FFFD, 0x8000FFFE,
	0x8000FFFF };

static void put(uint8_t *page, unsigned field, uint64_t v, bool valid)
{
	cf_store_le64(page + field, v);
	if (valid)
		page[GHCB_VALID + field / 64] |=
			(uint8_t)(1u << (field / 8 & 7));
}

/* A page with an event's fields; the buffer stays as it is. */
static void fill_page(struct cf_vm *vm, uint64_t gpa)
{
	static const uint16_t fields[] = { GHCB_INFO1, GHCB_INFO2, GHCB_SCRATCH,
		GHCB_RAX, GHCB_RBX, GHCB_RCX, GHCB_RDX, GHCB_XCR0, GHCB_CPL };
	uint8_t page[GHCB_BUFFER] = { 0 };
	uint8_t which = (uint8_t)take(1);
	uint16_t missing = (uint16_t)take(2);
	uint8_t wide = (uint8_t)take(1);
	struct coffer_error err;

	put(page, GHCB_CODE,
		which < CF_ARRAY_LEN(codes) ? codes[which] : take(8),
		!(missing & 0x8000));
	for (unsigned i = 0; i < CF_ARRAY_LEN(fields); i++) {
		uint64_t v = take(wide >> (i & 7) & 1 ? 8 : 3);

		if (fields[i] == GHCB_SCRATCH && !(v & 1))
			v = gpa + GHCB_BUFFER + (v & 0xFF8) / 2;
		put(page, fields[i], v, !(missing >> i & 1));
	}
	if (cf_guest_write(vm->mem, gpa, page, sizeof(page), &err))
		return; /* private, or outside */
}

static bool page_exit(struct vcpu *cpu, bool fill)
{
	uint64_t gpa = take_page();
	uint8_t how = (uint8_t)take(1);
	struct coffer_error err;
	uint8_t version[6] = { 2, 0 };

	if (fill)
		fill_page(cpu->vm, gpa);
	if (how & 2)
		version[0] = how >> 2;
	if (fill &&
		cf_guest_write(cpu->vm->mem, gpa + GHCB_VERSION, version,
			sizeof(version), &err))
		return true;
	if (!(how & 1)) {
		cpu->ghcb_msr = gpa | 0x012;
		if (!exit_now(cpu))
			return false;
	}
	cpu->ghcb_msr = gpa;
	if (!exit_now(cpu))
		return false;
	/* A hypervisor that tampers with memory may hit the answer, too. */
	if (gpa < RAM && !(cpu->vm->config.faults.kinds & CF_FAULTS_MEMORY))
		check_answer(cpu, gpa);
	return true;
}

/* What PVALIDATE and RMPADJUST of a guest would have made of a page. */
static void set_page(struct cf_vm *vm)
{
	uint64_t gpa = take_page();
	uint8_t how = (uint8_t)take(1);
	struct cf_rmp_entry e = { .assigned = how & 1,
		.validated = how >> 1 & 1,
		.vmsa = how >> 2 & 1,
		.immutable = how >> 3 & 1,
		.asid = how & 1 ? ASID : 0,
		.gpa = gpa,
		.perms = { how >> 4 } };

	if (vm->snp && !cf_rmp_set(vm->mem, gpa, &e))
		return;
}

static void write_memory(struct cf_vm *vm, bool private_view)
{
	uint64_t gpa = take(2) * 8 % RAM;
	uint8_t bytes[8];
	struct coffer_error err;
	enum coffer_status s;

	cf_store_le64(bytes, take(8));
	s = private_view
		? cf_guest_write_private(vm->mem, ASID, gpa, bytes, 8, &err)
		: cf_guest_write(vm->mem, gpa, bytes, 8, &err);
	(void)s; /* refused is fine */
	if (private_view)
		cf_tamper_written(vm, gpa);
}

/* A save area that VMRUN likes, in a page marked as one. */
static void make_vmsa(struct cf_vm *vm)
{
	uint64_t gpa = take_page();
	struct cf_cpu_state s;
	uint8_t page[PAGE];
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.vmsa = true,
		.asid = ASID,
		.gpa = gpa };
	struct coffer_error err;

	cf_cpu_state_reset(&s, 0);
	s.efer = 0x1000 ^ take(2);
	s.cr0 ^= take(4);
	s.cr4 = take(3);
	s.rip = take(8);
	s.sev_features = 1 ^ take(1);
	cf_vmsa_encode(&s, page);
	if (cf_guest_write_private(vm->mem, ASID, gpa, page, PAGE, &err) ||
		!vm->snp || !cf_rmp_set(vm->mem, gpa, &e))
		return;
}

/* On the vCPU's own thread, inside the guest. */
static void event(struct cf_vm *vm)
{
	uint8_t how = (uint8_t)take(1);
	struct vcpu *cpu = vm->vcpu[how & 1];

	cf_gate_enter(cpu);
	switch (how >> 1 & 3) {
	case 0:
		(void)cf_sev_init_ipi(cpu);
		break;
	case 1:
		if (cpu->wait_sipi)
			(void)cf_sev_startup_ipi(cpu);
		break;
	default:
		cf_sev_attend(cpu);
		break;
	}
	cf_gate_leave(cpu);
}

static bool step(struct cf_vm *vm)
{
	uint8_t op = (uint8_t)take(1);
	struct vcpu *cpu = vm->vcpu[op >> 7];

	switch (op & 7) {
	case 0:
		cpu->ghcb_msr = take(8);
		return !(cpu->ghcb_msr & 0xFFF) || exit_now(cpu);
	case 1:
		write_memory(vm, false);
		return true;
	case 2:
		set_page(vm);
		return true;
	case 3:
		write_memory(vm, true);
		return true;
	case 4:
		make_vmsa(vm);
		return true;
	case 5:
		event(vm);
		return true;
	case 6: /* a page as it is */
		return page_exit(cpu, false);
	default:
		return page_exit(cpu, true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cf_vm *vms[2];
	struct cf_vm *vm;
	uint8_t how;

	if (!vms[0]) {
		vms[0] = make_vm(CF_PLATFORM_SEV_ES);
		vms[1] = make_vm(CF_PLATFORM_SEV_SNP);
	}
	input = (struct cf_cursor) { .at = data, .left = size };
	how = (uint8_t)take(1);
	vm = vms[how & 1];
	reset(vm);
	if (how & 2)
		vm->config.faults.kinds =
			(unsigned)take(2) & ((1u << CF_NFAULTS) - 1);
	for (unsigned n = 0; input.left && n < 500; n++)
		if (!step(vm))
			break;
	return 0;
}
