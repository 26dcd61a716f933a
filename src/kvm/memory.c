/* SPDX-License-Identifier: Apache-2.0 */
/* Memory slots, guest_memfd, pinning, and private/shared conversion. */
#include "kvm/kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"
#include "memory/memory.h"

#include <errno.h>
#include <inttypes.h>

static enum coffer_status set_plain_slot(struct cf_kvm_vm *vm, uint32_t n,
	const struct cf_region *r, uint8_t *hva, struct coffer_error *err)
{
	struct kvm_userspace_memory_region region = {
		.slot = n,
		.flags = r->kind == CF_REGION_RAM ? 0 : KVM_MEM_READONLY,
		.guest_phys_addr = r->gpa,
		.memory_size = r->len,
		.userspace_addr = (uintptr_t)hva,
	};
	long result = cf_kvm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);

	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot give '%s' at 0x%" PRIx64 " to the VM",
			r->name, r->gpa);
	return COFFER_OK;
}

/* SNP: private pages live in a guest_memfd, which cannot be read-only. */
static enum coffer_status set_snp_slot(struct cf_kvm_vm *vm, uint32_t n,
	const struct cf_region *r, uint8_t *hva, struct coffer_error *err)
{
	struct cf_kvm_create_guest_memfd create = { .size = r->len };
	struct cf_kvm_userspace_memory_region2 region = {
		.slot = n,
		.flags = CF_KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = r->gpa,
		.memory_size = r->len,
		.userspace_addr = (uintptr_t)hva,
	};
	long fd = cf_kvm_ioctl(vm, CF_KVM_CREATE_GUEST_MEMFD, &create);
	long result;

	if (fd < 0)
		return cf_fail_errno(
			err, (int)-fd, "kvm: no guest_memfd for '%s'", r->name);
	vm->slot[n].memfd = (int)fd;
	region.guest_memfd = (uint32_t)fd;
	result = cf_kvm_ioctl(vm, CF_KVM_SET_USER_MEMORY_REGION2, &region);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot give '%s' at 0x%" PRIx64 " to the VM",
			r->name, r->gpa);
	return COFFER_OK;
}

/* SEV and SEV-ES: cipher text must not move, so memory is pinned. */
static enum coffer_status pin(struct cf_kvm_vm *vm, struct kvm_slot *slot,
	const char *name, struct coffer_error *err)
{
	struct kvm_enc_region region = {
		.addr = (uintptr_t)slot->hva,
		.size = slot->len,
	};
	long result = cf_kvm_ioctl(vm, KVM_MEMORY_ENCRYPT_REG_REGION, &region);

	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot pin '%s' (%" PRIu64
			" MiB); raise the memlock limit",
			name, slot->len >> 20);
	slot->is_pinned = true;
	return COFFER_OK;
}

static enum coffer_status set_slot(struct cf_kvm_vm *vm, struct cf_memory *mem,
	const struct cf_region *r, struct coffer_error *err)
{
	uint32_t n = (uint32_t)vm->nslots;
	struct kvm_slot *slot = &vm->slot[n];
	enum cf_region_kind kind;
	enum coffer_status status;

	*slot = (struct kvm_slot) {
		.gpa = r->gpa,
		.len = r->len,
		.hva = cf_memory_page(mem, r->gpa, 0, &kind),
		.memfd = -1,
	};
	vm->nslots++;
	if (vm->generation == CF_KVM_SEV_SNP)
		return set_snp_slot(vm, n, r, slot->hva, err);
	status = set_plain_slot(vm, n, r, slot->hva, err);
	if (status || vm->generation == CF_KVM_PLAIN)
		return status;
	return pin(vm, slot, r->name, err);
}

/* Flash that answers itself has no slot: reads exit, as writes always do. */
static void hide_flash(void *opaque, uint64_t gpa, bool hidden)
{
	struct cf_kvm_vm *vm = opaque;
	const struct kvm_slot *slot = vm->slot;
	struct cf_region r = {
		.gpa = gpa, .kind = CF_REGION_FLASH, .name = "flash"
	};
	struct coffer_error err;

	while (slot < vm->slot + vm->nslots && slot->gpa != gpa)
		slot++;
	if (slot == vm->slot + vm->nslots)
		return;
	r.len = hidden ? 0 : slot->len;
	if (set_plain_slot(
		    vm, (uint32_t)(slot - vm->slot), &r, slot->hva, &err))
		cf_log(vm->log, CF_LOG_ERROR, "%s", err.msg);
}

enum coffer_status cf_kvm_set_memory(
	struct cf_kvm_vm *vm, struct cf_memory *mem, struct coffer_error *err)
{
	cf_memory_set_sync(mem,
		&(struct cf_memory_sync) {
			.opaque = vm, .hidden = hide_flash });
	if (cf_memory_nregions(mem) > KVM_MAX_SLOTS)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kvm: %zu memory regions, at most %d are supported",
			cf_memory_nregions(mem), KVM_MAX_SLOTS);
	for (size_t i = 0; i < cf_memory_nregions(mem); i++) {
		enum coffer_status status;
		struct cf_region r;

		cf_memory_region(mem, i, &r);
		status = set_slot(vm, mem, &r, err);
		if (status)
			return status;
	}
	return COFFER_OK;
}

static bool in_slots(const struct cf_kvm_vm *vm, uint64_t gpa, uint64_t len)
{
	for (size_t i = 0; i < vm->nslots; i++) {
		const struct kvm_slot *s = &vm->slot[i];

		if (gpa >= s->gpa && cf_range_ok(gpa - s->gpa, len, s->len))
			return true;
	}
	return false;
}

enum coffer_status cf_kvm_convert(struct cf_kvm_vm *vm, uint64_t gpa,
	uint64_t len, bool private_pages, struct coffer_error *err)
{
	struct cf_kvm_memory_attributes a = {
		.address = gpa,
		.size = len,
		.attributes = private_pages ? CF_KVM_ATTRIBUTE_PRIVATE : 0,
	};
	long result;

	if (!len || !cf_is_aligned(gpa | len, CF_PAGE_SIZE))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kvm: the guest converts 0x%" PRIx64 "+0x%" PRIx64
			", which is not whole pages",
			gpa, len);
	if (!in_slots(vm, gpa, len)) {
		if (!private_pages)
			return COFFER_OK;
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kvm: the guest makes 0x%" PRIx64 "+0x%" PRIx64
			" private, which is not memory",
			gpa, len);
	}
	result = cf_kvm_ioctl(vm, CF_KVM_SET_MEMORY_ATTRIBUTES, &a);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot make 0x%" PRIx64 "+0x%" PRIx64 " %s", gpa,
			len, private_pages ? "private" : "shared");
	return COFFER_OK;
}
