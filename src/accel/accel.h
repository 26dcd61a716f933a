/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU engines behind one interface.  `soft` runs guest code in software, with
 * the SEV architecture; `kvm` runs it with /dev/kvm.  The machine gives an
 * engine its memory and a table of callbacks (ports, MMIO, interrupts,
 * clock), and the engine gives back one kind of answer: why it stopped.
 */
#ifndef CF_ACCEL_H
#define CF_ACCEL_H

#include "base/error.h"
#include "base/log.h"
#include "image/cpu_state.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_cpu_spec;
struct cf_kvm_vm;
struct cf_memory;
struct cf_sp_guest;
struct cf_state;

#define CF_MAX_VCPUS 64

/*
 * What an engine needs of the machine.  Called from vCPU threads; the machine
 * does its own locking.  size is 1, 2, 4 or 8 bytes (ports: 1, 2, 4).
 */
struct cf_accel_host {
	void *opaque;
	uint32_t (*pio_read)(
		void *opaque, unsigned vcpu, uint16_t port, unsigned size);
	void (*pio_write)(void *opaque, unsigned vcpu, uint16_t port,
		unsigned size, uint32_t value);
	/* Addresses outside memory; a machine without a device there reads
	 * all ones and drops writes. */
	uint64_t (*mmio_read)(
		void *opaque, unsigned vcpu, uint64_t gpa, unsigned size);
	void (*mmio_write)(void *opaque, unsigned vcpu, uint64_t gpa,
		unsigned size, uint64_t value);
	/* The next interrupt that this vCPU should take, acknowledged, or -1.
	 * Asked only when the guest can take one and after a kick. */
	int (*irq_take)(void *opaque, unsigned vcpu);
	/* Is there one?  For wake-ups and interrupt windows. */
	bool (*irq_pending)(void *opaque, unsigned vcpu);
	/* CR8 and the APIC's own MSRs (APIC base, x2APIC). */
	uint64_t (*cr8_read)(void *opaque, unsigned vcpu);
	void (*cr8_write)(void *opaque, unsigned vcpu, uint64_t value);
	/* False: no such MSR, #GP. */
	bool (*msr_read)(
		void *opaque, unsigned vcpu, uint32_t msr, uint64_t *value);
	bool (*msr_write)(
		void *opaque, unsigned vcpu, uint32_t msr, uint64_t value);
	/* HLT, or a wait loop: return when the vCPU has something to do or is
	 * kicked; advances the clock in deterministic mode. */
	void (*idle)(void *opaque, unsigned vcpu);
	/* A vCPU has done nothing but PAUSE for a while: wait a little, or
	 * until it has something to do. */
	void (*relax)(void *opaque, unsigned vcpu);
	/* The engine itself gave a vCPU that idles or came back PARKED
	 * something to do (AP creation, a stop of the world): idle() returns,
	 * a parked vCPU is run again.  From any thread. */
	void (*wake)(void *opaque, unsigned vcpu);
	/* Virtual nanoseconds; the TSC is derived from it. */
	uint64_t (*clock_ns)(void *opaque, unsigned vcpu);
};

/*
 * The certificates for extended guest requests of SNP guests, as the table of
 * the GHCB specification.  lock() keeps them from being changed, together with
 * the key that signs reports, until unlock(), which follows CF_CERTS_OK only;
 * from any vCPU's thread.
 */
enum cf_certs {
	CF_CERTS_OK,
	CF_CERTS_BUSY, /* being changed: the guest is to try again */
	CF_CERTS_FAILED,
};
struct cf_cert_source {
	void *opaque;
	/* *data stays valid until unlock(). */
	enum cf_certs (*lock)(void *opaque, const uint8_t **data, size_t *len);
	void (*unlock)(void *opaque);
};

struct cf_cpu_model; /* CPUID of a named CPU type, see accel/soft */

/* What the soft engine traces, in QEMU's forms (docs/cpu.md). */
#define CF_TRACE_BLOCKS     0x01u /* every executed block: slow */
#define CF_TRACE_EXCEPTIONS 0x02u /* and interrupts */
#define CF_TRACE_CODE       0x04u /* blocks as they are decoded */
#define CF_TRACE_REGISTERS  0x08u /* before each block */
#define CF_TRACE_SINGLE     0x10u /* blocks of one instruction */

struct cf_trace_range {
	uint64_t first, last; /* linear addresses */
};
struct cf_trace_config {
	unsigned what; /* CF_TRACE_* */
	/* Gets whole lines, one or more; called from vCPU threads. */
	void (*write)(void *opaque, const char *text, size_t len);
	void *opaque;
	/* Blocks and registers only from here; none: from everywhere. */
	const struct cf_trace_range *range;
	size_t nranges;
};

/* What the hypervisor of the soft engine does wrong on purpose, so that a
 * guest's defences can be tried. */
#define CF_FAULT_FEATURES    0x001u /* offers no SNP */
#define CF_FAULT_REGISTER    0x002u /* refuses every GHCB page */
#define CF_FAULT_PSC         0x004u /* says that pages are converted; they are not */
#define CF_FAULT_VALIDATE    0x008u /* takes each validation back at once */
#define CF_FAULT_CPUID       0x010u /* answers that there is no SEV */
#define CF_FAULT_REQUEST     0x020u /* keeps messages from the processor */
#define CF_FAULT_CBIT        0x040u /* lies about where the C-bit is */
#define CF_FAULT_REPLAY      0x080u /* puts an old copy of a page back */
#define CF_FAULT_FLIP        0x100u /* flips the C-bit of one translation */
#define CF_FAULT_CPUID_PAGE  0x200u /* leaves SEV out of the CPUID page */
#define CF_FAULT_CPUID_VALUE 0x400u /* a feature too many in the CPUID page */
#define CF_FAULT_WRITE       0x800u /* writes into a private page */
#define CF_NFAULTS           12
#define CF_FAULTS_SNP                                          \
	(CF_FAULT_PSC | CF_FAULT_VALIDATE | CF_FAULT_REQUEST | \
		CF_FAULT_CPUID_PAGE | CF_FAULT_CPUID_VALUE) /* of SNP alone */
#define CF_FAULT_NAMES                                                      \
	"features, register, psc, validate, cpuid, request, cbit, replay, " \
	"flip, cpuid-page, cpuid-value or write"

struct cf_faults {
	unsigned kinds;            /* CF_FAULT_* */
	uint32_t skip[CF_NFAULTS]; /* how often each is not committed first */
};
/* Add the fault that the text names: "psc", or "psc@100" to skip the first
 * 100 occasions.  False: no such fault. */
CF_MUST_CHECK bool cf_faults_add(
	struct cf_faults *faults, const char *text, size_t len);
/* The faults of the CPUID page, which is made before there is a VM. */
void cf_faults_cpuid_page(const struct cf_faults *faults, uint8_t page[4096]);

struct cf_vm_config {
	enum cf_platform platform;
	unsigned vcpus;
	struct cf_memory *memory;         /* kept */
	const struct cf_accel_host *host; /* kept */
	const struct cf_log *log;         /* kept; NULL: none */
	struct cf_sp_guest *sp;           /* kept; NULL: plain guest */
	unsigned asid;                    /* key slot of the guest */
	const char *cpu_model;            /* "EPYC-Milan" */
	/* With features added and taken away; kept.  NULL: cpu_model as it is
	 * (`soft`), all that the host supports (`kvm`). */
	const struct cf_cpu_spec *cpu;
	uint64_t tsc_hz;
	unsigned cbit;                /* C-bit position */
	uint64_t sev_features;        /* of the launched VMSAs */
	struct cf_trace_config trace; /* `soft` only */
	/* RDRAND and RDSEED give the numbers of this seed; `soft` only. */
	bool seeded;
	uint64_t seed;
	/* For extended guest requests; kept; NULL: none. */
	const struct cf_cert_source *certs;
	struct cf_faults faults; /* `soft` only */
	/* The guest's policy permits debugging.  `soft` then shows a debugger
	 * the registers of an encrypted save area and private memory, as
	 * DBG_DECRYPT of them would, and writes both. */
	bool debug_policy;
	/* `kvm` only: the open VM, SEV already initialised; kept. */
	struct cf_kvm_vm *kvm;
};

/* Why cf_vcpu_run came back. */
enum cf_stop {
	CF_STOP_KICK,   /* somebody called kick() */
	CF_STOP_BUDGET, /* the instruction budget is used up */
	CF_STOP_TRIPLE_FAULT,
	CF_STOP_GUEST_TERM,  /* GHCB termination request; see detail */
	CF_STOP_DEBUG,       /* breakpoint, watchpoint or single step */
	CF_STOP_PARKED,      /* vCPU waits for INIT/SIPI or AP creation */
	CF_STOP_UNSUPPORTED, /* the engine cannot go on; detail says why */
};

struct cf_stop_info {
	enum cf_stop why;
	uint64_t rip;     /* linear address where it stopped */
	uint64_t code;    /* GUEST_TERM: the GHCB MSR; DEBUG: CF_DEBUG_HIT_* */
	uint64_t gpa;     /* where a fatal access went, if any; DEBUG: the
			   * linear address of the watched bytes */
	char detail[448]; /* one line for a person; may be empty */
};

/* Break- and watchpoints of a debugger, by linear address. */
enum cf_debug_kind {
	CF_DEBUG_EXEC,
	CF_DEBUG_WRITE,
	CF_DEBUG_READ,
	CF_DEBUG_ACCESS, /* read or written */
};
struct cf_debug_point {
	enum cf_debug_kind kind;
	uint64_t addr;
	uint64_t len; /* bytes; EXEC: 1 */
};
#define CF_DEBUG_HIT_STEP   0x1u
#define CF_DEBUG_HIT_EXEC   0x2u
#define CF_DEBUG_HIT_WRITE  0x4u
#define CF_DEBUG_HIT_READ   0x8u
#define CF_DEBUG_HIT_ACCESS 0x10u

struct cf_vm;

struct cf_accel_ops {
	const char *name; /* "soft", "kvm" */
	/* The engine brings PIC, PIT, IOAPIC and LAPICs: the machine builds
	 * none and drives interrupt lines through irq_line. */
	bool has_irqchip;
	/* The VM, with its vCPUs' states, must exist before the launch: KVM
	 * builds and measures VMSAs from registers.  Otherwise it is created
	 * after LAUNCH_FINISH and loads what was launched. */
	bool vm_before_launch;
	void (*irq_line)(struct cf_vm *vm, unsigned gsi, bool level);
	enum coffer_status (*vm_create)(const struct cf_vm_config *config,
		struct cf_vm **out, struct coffer_error *err);
	void (*vm_destroy)(struct cf_vm *vm);
	/* State of a vCPU that is not running.  For a vCPU with encrypted
	 * state, get fails with COFFER_ERR_STATE once launched (but see
	 * debug_policy). */
	enum coffer_status (*set_state)(struct cf_vm *vm, unsigned vcpu,
		const struct cf_cpu_state *s, struct coffer_error *err);
	enum coffer_status (*get_state)(struct cf_vm *vm, unsigned vcpu,
		struct cf_cpu_state *s, struct coffer_error *err);
	/* A parked vCPU runs nothing until start (SIPI and friends). */
	void (*park)(struct cf_vm *vm, unsigned vcpu, bool parked);
	/* Run until something stops it or about `budget` instructions are
	 * executed (UINT64_MAX: no limit).  One thread per vCPU. */
	void (*run)(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
		struct cf_stop_info *out);
	/* From any thread: leave run soon, or look at interrupts again. */
	void (*kick)(struct cf_vm *vm, unsigned vcpu);
	void (*notify_irq)(struct cf_vm *vm, unsigned vcpu);
	/* APIC messages, from any thread. */
	void (*init)(struct cf_vm *vm, unsigned vcpu);
	void (*sipi)(struct cf_vm *vm, unsigned vcpu, uint8_t vector);
	void (*nmi)(struct cf_vm *vm, unsigned vcpu);
	uint64_t (*instructions)(struct cf_vm *vm, unsigned vcpu);
	/* All of a vCPU that stands still, in a stream; NULL: this engine
	 * cannot.  Loading checks what it takes. */
	void (*vcpu_state)(struct cf_vm *vm, unsigned vcpu, struct cf_state *s);
	/* For a debugger, while no vCPU runs; all NULL: not supported.
	 * points replaces those that were set (copied).  step: run() comes
	 * back after one instruction of this vCPU.  Memory is read and
	 * written by linear address, without side effects; false: not
	 * mapped, or a device. */
	CF_MUST_CHECK bool (*debug_points)(struct cf_vm *vm,
		const struct cf_debug_point *points, size_t n);
	void (*debug_step)(struct cf_vm *vm, unsigned vcpu, bool on);
	CF_MUST_CHECK bool (*debug_read)(struct cf_vm *vm, unsigned vcpu,
		uint64_t addr, void *p, size_t len);
	CF_MUST_CHECK bool (*debug_write)(struct cf_vm *vm, unsigned vcpu,
		uint64_t addr, const void *p, size_t len);
};

/* The page that SNP's launch page type CPUID holds: what the software CPU of
 * this model answers. */
struct cf_cpuid_page_params {
	const char *cpu_model;
	const struct cf_cpu_spec *cpu; /* NULL: the type as it is */
	enum cf_platform platform;
	unsigned cbit, vcpus;
	uint64_t tsc_hz;
};
enum coffer_status cf_accel_cpuid_page(const struct cf_cpuid_page_params *p,
	uint8_t page[4096], struct coffer_error *err) CF_MUST_CHECK;

/* The same from what KVM offers a guest of this type. */
enum coffer_status cf_accel_kvm_cpuid_page(struct cf_kvm_vm *kvm,
	const struct cf_cpuid_page_params *p, uint8_t page[4096],
	struct coffer_error *err) CF_MUST_CHECK;

/* NULL with the reason in *err when this machine cannot run it. */
const struct cf_accel_ops *cf_accel_soft(struct coffer_error *err);
const struct cf_accel_ops *cf_accel_kvm(struct coffer_error *err);
/* The table itself, whether or not this host has /dev/kvm: for a VM that is
 * opened on another kernel than the running one (struct cf_kvm_sys). */
const struct cf_accel_ops *cf_accel_kvm_ops(void);

#endif
