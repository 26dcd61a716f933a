/* SPDX-License-Identifier: Apache-2.0 */
/* What a vCPU came out of KVM_RUN for, and what the machine does about it. */
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The exit union's fields that Debian 12's header lacks, by offset. */
#define EXIT_UNION 0x20

void *kvm_exit_data(struct kvm_run *run)
{
	return (uint8_t *)run + EXIT_UNION;
}

static uint64_t exit_u64(const struct kvm_run *run, size_t offset)
{
	return cf_load_le64((const uint8_t *)run + EXIT_UNION + offset);
}

static bool stop(struct cf_stop_info *out, enum cf_stop why, const char *fmt,
	...) CF_PRINTF(3, 4);

static bool stop(
	struct cf_stop_info *out, enum cf_stop why, const char *fmt, ...)
{
	va_list ap;

	out->why = why;
	va_start(ap, fmt);
	vsnprintf(out->detail, sizeof(out->detail), fmt, ap);
	va_end(ap);
	return false;
}

static void handle_io(struct cf_vm *vm, unsigned n, struct kvm_run *run)
{
	const struct cf_accel_host *h = vm->config.host;
	uint8_t *at = (uint8_t *)run + run->io.data_offset;
	unsigned size = run->io.size;

	for (uint32_t i = 0; i < run->io.count; i++, at += size) {
		uint32_t value = 0;

		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, at, size);
			h->pio_write(h->opaque, n, run->io.port, size, value);
		} else {
			value = h->pio_read(h->opaque, n, run->io.port, size);
			memcpy(at, &value, size);
		}
	}
}

static void handle_mmio(struct cf_vm *vm, unsigned n, struct kvm_run *run)
{
	const struct cf_accel_host *h = vm->config.host;
	uint64_t value = 0;

	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, run->mmio.len);
		h->mmio_write(h->opaque, n, run->mmio.phys_addr, run->mmio.len,
			value);
	} else {
		value = h->mmio_read(
			h->opaque, n, run->mmio.phys_addr, run->mmio.len);
		memcpy(run->mmio.data, &value, run->mmio.len);
	}
}

/* KVM_HC_MAP_GPA_RANGE: the guest changes the state of its pages. */
static bool handle_hypercall(
	struct cf_vm *vm, struct kvm_run *run, struct cf_stop_info *out)
{
	struct coffer_error err;
	uint64_t len;
	bool bad;

	if (run->hypercall.nr != CF_KVM_HC_MAP_GPA_RANGE)
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: hypercall %" PRIu64 " was not asked for",
			(uint64_t)run->hypercall.nr);
	bad = __builtin_mul_overflow(
		run->hypercall.args[1], CF_PAGE_SIZE, &len);
	run->hypercall.ret = bad ||
		cf_kvm_convert(vm->kvm, run->hypercall.args[0], len,
			run->hypercall.args[2] & CF_KVM_MAP_GPA_ENCRYPTED,
			&err) != COFFER_OK;
	if (run->hypercall.ret)
		cf_log(vm->config.log, CF_LOG_WARN, "%s",
			bad ? "kvm: a page range that wraps" : err.msg);
	return true;
}

/* The guest touched a page in the other state: an implicit conversion. */
static bool handle_memory_fault(
	struct cf_vm *vm, struct kvm_vcpu *v, struct cf_stop_info *out)
{
	uint64_t flags = exit_u64(v->run, 0), gpa = exit_u64(v->run, 8);
	uint64_t size = exit_u64(v->run, 16);
	struct coffer_error err;

	out->gpa = gpa;
	if (flags & ~CF_KVM_MEMORY_FAULT_PRIVATE)
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: memory fault at 0x%" PRIx64
			" with unknown flags 0x%" PRIx64,
			gpa, flags);
	v->fault_repeats = v->fault_gpa == gpa ? v->fault_repeats + 1 : 0;
	v->fault_gpa = gpa;
	if (v->fault_repeats > 1000)
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: the guest faults at 0x%" PRIx64
			" however the page is converted",
			gpa);
	if (cf_kvm_convert(vm->kvm, gpa, size,
		    flags & CF_KVM_MEMORY_FAULT_PRIVATE, &err))
		return stop(out, CF_STOP_UNSUPPORTED, "%s", err.msg);
	return true;
}

static bool handle_system_event(struct kvm_run *run, struct cf_stop_info *out)
{
	uint32_t type = run->system_event.type;

	if (type == CF_KVM_SYSTEM_EVENT_SEV_TERM) {
		out->code = exit_u64(run, 8);
		return stop(out, CF_STOP_GUEST_TERM,
			"the guest asked to be terminated: set %" PRIu64
			" code %" PRIu64,
			out->code >> 12 & 15, out->code >> 16 & 255);
	}
	if (type == KVM_SYSTEM_EVENT_SHUTDOWN || type == KVM_SYSTEM_EVENT_RESET)
		return stop(out, CF_STOP_TRIPLE_FAULT, "kvm: system event %s",
			type == KVM_SYSTEM_EVENT_RESET ? "reset" : "shutdown");
	return stop(
		out, CF_STOP_UNSUPPORTED, "kvm: system event %" PRIu32, type);
}

static bool handle_error(struct cf_vm *vm, struct kvm_vcpu *v, long result,
	struct cf_stop_info *out)
{
	if (result == -EINTR || result == -EAGAIN)
		return true; /* a kick; the loop looks */
	if ((result == -EFAULT || result == -EHWPOISON) &&
		v->run->exit_reason == CF_KVM_EXIT_MEMORY_FAULT)
		return handle_memory_fault(vm, v, out);
	return stop(out, CF_STOP_UNSUPPORTED, "kvm: KVM_RUN failed: %s",
		strerror((int)-result));
}

bool kvm_handle_exit(
	struct cf_vm *vm, unsigned n, long result, struct cf_stop_info *out)
{
	const struct cf_accel_host *h = vm->config.host;
	struct kvm_vcpu *v = &vm->vcpu[n];

	if (result < 0)
		return handle_error(vm, v, result, out);
	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vm, n, v->run);
		return true;
	case KVM_EXIT_MMIO:
		handle_mmio(vm, n, v->run);
		return true;
	case KVM_EXIT_HLT:
		h->idle(h->opaque, n);
		return true;
	case KVM_EXIT_INTR:
		return true;
	case KVM_EXIT_HYPERCALL:
		return handle_hypercall(vm, v->run, out);
	case KVM_EXIT_SYSTEM_EVENT:
		return handle_system_event(v->run, out);
	case CF_KVM_EXIT_SNP_REQ_CERTS:
		return kvm_handle_req_certs(vm, v, out);
	case KVM_EXIT_SHUTDOWN:
		return stop(out, CF_STOP_TRIPLE_FAULT, "kvm: triple fault");
	case KVM_EXIT_DEBUG:
		out->code = v->run->debug.arch.dr6;
		out->rip = v->run->debug.arch.pc;
		return stop(out, CF_STOP_DEBUG, "debug exception");
	case KVM_EXIT_FAIL_ENTRY:
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: the processor refused to enter the guest, "
			"reason 0x%" PRIx64,
			(uint64_t)v->run->fail_entry
				.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: internal error, suberror %" PRIu32
			" (1: an instruction that it cannot emulate)",
			v->run->internal.suberror);
	default:
		return stop(out, CF_STOP_UNSUPPORTED,
			"kvm: exit reason %" PRIu32 " is not handled",
			v->run->exit_reason);
	}
}
