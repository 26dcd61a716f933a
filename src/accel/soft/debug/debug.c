/* SPDX-License-Identifier: Apache-2.0 */
/* What a debugger asks of the engine, while no vCPU runs. */
#include "accel/soft/debug/debug_priv.h"

#include "accel/soft/mem_priv.h"
#include "accel/soft/debug/watch_priv.h"
#include "accel/soft/world_priv.h"
#include "base/bytes.h"

static enum cf_watch_kind watch_kind(enum cf_debug_kind kind)
{
	switch (kind) {
	case CF_DEBUG_WRITE:
		return CF_WATCH_WRITE;
	case CF_DEBUG_READ:
		return CF_WATCH_READ;
	case CF_DEBUG_ACCESS:
		return CF_WATCH_ACCESS;
	default:
		return CF_WATCH_EXEC;
	}
}

bool cf_debug_points(
	struct cf_vm *vm, const struct cf_debug_point *points, size_t n)
{
	bool ok = true;

	for (unsigned v = 0; v < vm->nvcpus; v++) {
		struct vcpu *cpu = vm->vcpu[v];

		cf_watch_clear(cpu);
		for (size_t i = 0; i < n; i++)
			ok &= cf_watch_add(cpu, watch_kind(points[i].kind),
				points[i].addr, points[i].len);
	}
	return ok;
}

void cf_debug_step(struct cf_vm *vm, unsigned vcpu, bool on)
{
	vm->vcpu[vcpu]->stepping = on;
}

/* One part inside a page.  What a guest keeps private stays cipher text for a
 * debugger, who is on the host's side, unless the guest's policy lets the
 * secure processor decrypt for it. */
static bool access_part(struct cf_vm *vm, unsigned vcpu, uint64_t addr,
	uint8_t *p, size_t len, bool write)
{
	unsigned asid = vm->config.asid;
	bool private_view;
	uint64_t gpa;

	if (!cf_debug_translate(vm->vcpu[vcpu], addr, &gpa, &private_view))
		return false;
	if (vm->sev && write && !vm->config.debug_policy)
		return false;
	if (vm->sev && private_view && vm->config.debug_policy)
		return (write ? cf_guest_write_private(
					vm->mem, asid, gpa, p, len, NULL)
			      : cf_guest_read_private(vm->mem, asid, gpa, p,
					len, NULL)) == COFFER_OK;
	return (write ? cf_guest_write(vm->mem, gpa, p, len, NULL)
		      : cf_guest_read(vm->mem, gpa, p, len, NULL)) == COFFER_OK;
}

static bool access_all(struct cf_vm *vm, unsigned vcpu, uint64_t addr,
	uint8_t *p, size_t len, bool write)
{
	while (len) {
		size_t part = CF_PAGE_SIZE - (addr & (CF_PAGE_SIZE - 1));

		if (part > len)
			part = len;
		if (!access_part(vm, vcpu, addr, p, part, write))
			return false;
		addr += part;
		p += part;
		len -= part;
	}
	return true;
}

bool cf_debug_read(
	struct cf_vm *vm, unsigned vcpu, uint64_t addr, void *p, size_t len)
{
	return access_all(vm, vcpu, addr, p, len, false);
}

bool cf_debug_write(struct cf_vm *vm, unsigned vcpu, uint64_t addr,
	const void *p, size_t len)
{
	/* access_part() only reads from p when it writes to the guest. */
	return access_all(vm, vcpu, addr, (uint8_t *)(uintptr_t)p, len, true);
}
