/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A q35-like PC: memory, interrupt controllers, timers, serial ports, PCI and
 * what firmware and kernels look for.  The program describes it in a struct,
 * creates it, loads something into it (a launch plan, a firmware image or a
 * Linux kernel) and runs it until it ends.
 *
 * Devices live in this folder, one file each; the board that joins them is one
 * function in board.c.
 */
#ifndef CF_MACHINE_H
#define CF_MACHINE_H

#include "accel/accel.h"
#include "base/error.h"
#include "base/log.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_block;
struct cf_buf;
struct cf_chardev;
struct cf_machine;
struct cf_memory;
struct cf_sp_finish;
struct cf_sp_guest;
struct cf_launch_params;

#define CF_MAX_SERIAL 4
#define CF_MAX_DRIVES 8
#define CF_MAX_NICS   4
#define CF_MAX_FLASH  2
#define CF_FLASH_MAX  (16u << 20) /* bytes of all chips, below 4 GiB */

#define CF_MACHINE_TSC_HZ 1000000000u

/* A disk, opened by the caller (block.h); kept. */
struct cf_drive_config {
	struct cf_block *block;
	bool readonly;
};

/* A flash chip, opened by the caller; kept.  The first ends at 4 GiB, the
 * second below it. */
struct cf_flash_config {
	struct cf_block *block;
	bool readonly;
};

/* A network card on a user-mode network. */
struct cf_nic_config {
	uint8_t mac[6];
	const char *hostfwd[8]; /* "tcp:127.0.0.1:8080-:80"; NULL ends */
	bool restricted;        /* no way out of the virtual network */
};

struct cf_machine_config {
	enum cf_platform platform;
	uint64_t memory; /* bytes of RAM, whole MiB */
	unsigned vcpus;
	const char *cpu_model;
	const struct cf_cpu_spec *cpu; /* kept; NULL: the type as it is */
	unsigned cbit; /* C-bit position, for confidential guests */
	const struct cf_accel_ops *accel;
	struct cf_kvm_vm *kvm; /* with the kvm engine; kept */
	bool paused;           /* run waits for cf_machine_resume first */
	/* Serial ports and debug console; NULL: no such device. */
	struct cf_chardev *serial[CF_MAX_SERIAL];
	struct cf_chardev *debugcon;
	uint16_t debugcon_port; /* 0x402 */
	bool debug_exit;        /* isa-debug-exit */
	uint16_t debug_exit_port, debug_exit_size;
	bool testdev;               /* pc-testdev */
	bool rng;                   /* virtio-rng */
	struct cf_chardev *console; /* virtio console; NULL: none */
	struct cf_drive_config drive[CF_MAX_DRIVES];
	size_t ndrives;
	struct cf_flash_config flash[CF_MAX_FLASH];
	size_t nflash;
	struct cf_nic_config nic[CF_MAX_NICS];
	size_t nnics;
	/* Deterministic mode: one thread, time counts instructions, each of
	 * 1 << icount_shift nanoseconds; the RTC starts at rtc_seconds. */
	bool icount;
	unsigned icount_shift;
	int64_t rtc_seconds; /* seconds since 1970; -1: the host's time */
	bool seeded;         /* random numbers of the guest are ... */
	uint64_t seed;       /* ... made from this, not the host's */
	struct cf_trace_config trace; /* of the software CPU; kept */
	struct cf_faults faults;      /* see accel/accel.h */
	const struct cf_log *log;     /* kept; NULL: none */
};

enum coffer_status cf_machine_create(const struct cf_machine_config *config,
	struct cf_machine **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_machine_destroy(struct cf_machine *m); /* NULL is fine */
/* The ACPI table that describes the machine's devices; the same for every
 * machine.  Returns owned (cf_buf_finish). */
enum coffer_status cf_machine_dsdt(
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
/* End the CPU engine alone, before what it was given (sp) is destroyed and
 * while memory is still there.  NULL is fine. */
void cf_machine_end_vm(struct cf_machine *m);

struct cf_memory *cf_machine_memory(struct cf_machine *m);
/* What IGVM parameters are filled from; borrowed, valid until destroy. */
const struct cf_plan_env *cf_machine_env(struct cf_machine *m);

/* Memory for the firmware pages of a plan (near 4 GiB); before a secure
 * processor is bound to the memory and before cf_machine_load_plan. */
enum coffer_status cf_machine_add_plan_memory(struct cf_machine *m,
	const struct cf_plan *plan, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Load from a plan.  sp and finish: for confidential platforms, both kept until
 * cf_machine_end_vm; NULL loads a native plan in plain text.
 */
struct cf_machine_launch {
	const struct cf_plan *plan;
	struct cf_sp_guest *sp;
	const struct cf_launch_params *params;
	const struct cf_sp_finish *finish;
	unsigned asid;
	const struct cf_cert_source *certs; /* kept; may be NULL */
};
enum coffer_status cf_machine_load_plan(struct cf_machine *m,
	const struct cf_machine_launch *launch,
	struct coffer_error *err) CF_MUST_CHECK;
/* LAUNCH_FINISH of a confidential guest; run does it when nobody did.  Between
 * load and this the owner may have a secret injected.  Later calls do nothing. */
enum coffer_status cf_machine_finish_launch(
	struct cf_machine *m, struct coffer_error *err) CF_MUST_CHECK;

/* Load a firmware image so that it ends at 4 GiB, as ROM. */
enum coffer_status cf_machine_load_firmware(struct cf_machine *m,
	const uint8_t *image, size_t len,
	struct coffer_error *err) CF_MUST_CHECK;

/* Start a plain guest from its flash chips. */
enum coffer_status cf_machine_start_flash(
	struct cf_machine *m, struct coffer_error *err) CF_MUST_CHECK;

/* Give a kernel to the firmware through fw_cfg, or, without firmware, load it
 * and enter it directly.  initrd and append may be NULL.  A multiboot kernel
 * takes modules, not the initrd. */
#define CF_MAX_MODULES 8
struct cf_kernel_module {
	const uint8_t *bytes;
	size_t len;
	const char *text; /* a string for the kernel */
};
struct cf_kernel_config {
	const uint8_t *kernel, *initrd;
	size_t kernel_len, initrd_len;
	const struct cf_kernel_module *module;
	size_t nmodules;
	const char *append;
	const char *name; /* of the file: a multiboot kernel's first word */
};
enum coffer_status cf_machine_load_kernel(struct cf_machine *m,
	const struct cf_kernel_config *kernel, bool has_firmware,
	struct coffer_error *err) CF_MUST_CHECK;

/* Why a run ended. */
enum cf_end {
	CF_END_NONE,
	CF_END_POWEROFF,   /* ACPI S5 */
	CF_END_RESET,      /* the guest asked for a reset */
	CF_END_DEBUG_EXIT, /* isa-debug-exit; code holds the value */
	CF_END_QUIT,       /* cf_machine_quit */
	CF_END_BUDGET,     /* the instruction limit */
	CF_END_FAILED,     /* a vCPU cannot go on; see stop */
};
struct cf_machine_result {
	enum cf_end end;
	uint32_t code;
	unsigned vcpu;            /* FAILED: which */
	struct cf_stop_info stop; /* FAILED: why */
};

/* Run until the guest or cf_machine_quit ends it.  max_instructions limits
 * all vCPUs together, UINT64_MAX: no limit.  COFFER_ERR_SYSTEM when threads
 * cannot be started. */
enum coffer_status cf_machine_run(struct cf_machine *m,
	uint64_t max_instructions, struct cf_machine_result *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* From any thread or a signal handler. */
void cf_machine_quit(struct cf_machine *m);

/* From any thread but a vCPU's: stop all vCPUs and time, and go on.  pause
 * returns when no vCPU runs.  is_running is false before the first resume of a
 * machine that started paused, and after the end. */
void cf_machine_pause(struct cf_machine *m);
void cf_machine_resume(struct cf_machine *m);
bool cf_machine_is_running(struct cf_machine *m);
/* Press the ACPI power button; the guest may or may not obey. */
void cf_machine_power_button(struct cf_machine *m);
/* An NMI to every vCPU, as the button that some servers have. */
void cf_machine_nmi(struct cf_machine *m);
/* As the guest's own reset: the run ends with CF_END_RESET. */
void cf_machine_reset(struct cf_machine *m);

/* Serve GDB's remote protocol on "tcp:[ADDRESS]:PORT" (no address: this
 * machine only) or "unix:PATH", on a thread of its own, until the machine is
 * destroyed.  COFFER_ERR_UNSUPPORTED for engines that cannot be debugged. */
enum coffer_status cf_machine_gdb(struct cf_machine *m, const char *spec,
	struct coffer_error *err) CF_MUST_CHECK;

/* After a run: registers of a vCPU (COFFER_ERR_STATE when they are encrypted)
 * and the last device accesses, as text for a person. */
enum coffer_status cf_machine_vcpu_state(struct cf_machine *m, unsigned vcpu,
	struct cf_cpu_state *out, struct coffer_error *err) CF_MUST_CHECK;
/* Memory by linear address through the page tables of a vCPU, while the
 * machine stands still.  COFFER_ERR_ARGUMENT: nothing is mapped there;
 * COFFER_ERR_STATE: registers or page tables are encrypted and the guest's
 * policy forbids debugging; with a policy that permits it, encrypted pages are
 * decrypted by the secure processor. */
enum coffer_status cf_machine_read_virtual(struct cf_machine *m, unsigned vcpu,
	uint64_t gva, void *out, size_t len,
	struct coffer_error *err) CF_MUST_CHECK;
uint64_t cf_machine_instructions(struct cf_machine *m, unsigned vcpu);
void cf_machine_describe(struct cf_machine *m, struct cf_buf *out);

#endif
