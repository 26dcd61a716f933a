/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's own state.  One lock guards all devices; vCPU threads take it
 * for every access, the I/O loop for every round.
 */
#ifndef CF_MACHINE_MACHINE_PRIV_H
#define CF_MACHINE_MACHINE_PRIV_H

#include "accel/accel.h"
#include "machine/acpi/acpi_priv.h"
#include "machine/devices_priv.h"
#include "machine/chips/fw_cfg_priv.h"
#include "machine/chips/lapic_priv.h"
#include "machine/pci_priv.h"
#include "machine/virtio/virtio_priv.h"
#include "memory/memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define CF_TRACE_LEN 16
#define CF_NLINES    24 /* I/O APIC pins */

/* A device access, for the report on a machine that got stuck. */
struct cf_trace_entry {
	bool mmio, write;
	uint8_t size;
	uint8_t vcpu;
	uint32_t repeats;
	uint64_t addr, value;
};

struct cf_vcpu_thread {
	struct cf_machine *m;
	unsigned index;
	pthread_t thread;
	bool started;
	pthread_cond_t cond;
	bool wake;    /* something came while it idled or was parked */
	bool asleep;  /* deterministic mode: waits for an interrupt */
	bool parked;  /* deterministic mode: waits for INIT, SIPI */
	bool running; /* inside the engine */
};

struct cf_gdb_server;

struct cf_machine {
	struct cf_machine_config config;
	pthread_mutex_t lock;
	pthread_mutex_t wake_lock; /* taken last; guards the vCPUs' flags */
	struct cf_bus pio, mmio;
	struct cf_clock clock;
	struct cf_loop loop;
	struct cf_waiter chardev_waiter;
	struct cf_chardev *chardev[CF_MAX_SERIAL + 2];
	int chardev_poll[CF_MAX_SERIAL + 2];
	size_t nchardevs;
	struct cf_dev_env env;
	struct cf_memory *memory;
	uint64_t low_ram; /* RAM from 0 to here, the rest from 4 GiB */

	struct cf_apics *apics;
	struct cf_ioapic *ioapic;
	struct cf_pic *pic;
	struct cf_pit *pit;
	struct cf_rtc *rtc;
	struct cf_hpet *hpet;
	struct cf_i8042 *i8042;
	struct cf_acpi_pm *pm;
	struct cf_serial *serial[CF_MAX_SERIAL];
	struct cf_debugcon *debugcon[2];
	struct cf_debug_exit *debug_exit;
	struct cf_testdev *testdev;
	struct cf_pci *pci;
	struct cf_q35 *q35;
	struct cf_fw_cfg *fw_cfg;
	struct cf_flash *flash[CF_MAX_FLASH];
	struct cf_virtio_dev *virtio[CF_MAX_VIRTIO];
	size_t nvirtio;
	struct cf_acpi_tables acpi;
	/* Who drives each I/O APIC pin: shared lines are or-ed. */
	uint32_t line_drivers[CF_NLINES];

	struct cf_plan_env plan_env;
	struct cf_memory_range ranges[2];
	bool has_firmware;

	const struct cf_accel_ops *accel;
	struct cf_accel_host host;
	struct cf_vm *vm;
	struct cf_vcpu_thread vcpu[CF_MAX_VCPUS];

	/* Time. */
	_Atomic uint64_t start_ns;  /* of the host's clock, real-time mode */
	_Atomic uint64_t frozen_ns; /* the time while paused; 0: it goes on */
	uint64_t skipped_ns; /* idle time that was skipped, icount mode */
	_Atomic uint64_t sleep_until; /* what the I/O loop waits for */
	unsigned polls;               /* reads of a timer in a row ... */
	uint64_t polled;              /* ... of this one */

	uint64_t budget; /* instructions */
	atomic_bool ending, quit_asked;
	/* Guarded by wake_lock; paused_cond: a vCPU came out. */
	atomic_bool paused;
	pthread_cond_t paused_cond;
	/* A debugger's port, and the stop that it has to hear of. */
	struct cf_gdb_server *gdb;
	bool debug_hit;
	unsigned debug_vcpu;
	struct cf_stop_info debug_why;
	/* A launch that waits for LAUNCH_FINISH. */
	struct cf_machine_launch launch;
	bool launch_pending;
	bool may_debug; /* the guest's policy lets the host look in */
	struct cf_machine_result result;
	struct cf_trace_entry trace[CF_TRACE_LEN];
	size_t trace_at;
};

/* host.c: the callbacks of the CPU engine. */
void cf_machine_host_init(struct cf_machine *m);
/* Wake a vCPU thread that idles or is parked. */
void cf_machine_wake(struct cf_machine *m, unsigned vcpu);
/* End the run; lock held.  The first reason counts. */
void cf_machine_end(void *machine, enum cf_end end, uint32_t code);

/* board.c: everything but RAM and vCPUs. */
enum coffer_status cf_board_build(
	struct cf_machine *m, struct coffer_error *err) CF_MUST_CHECK;
void cf_board_finish(struct cf_machine *m);
/* board_files.c */
enum coffer_status cf_board_fill_fw_cfg(
	struct cf_machine *m, struct coffer_error *err) CF_MUST_CHECK;

/* pause.c: what a vCPU thread does around the engine.  enter waits while the
 * machine is paused; false: the run ends.  enter_now does not wait; false: the
 * machine is paused or ends. */
bool cf_machine_enter(struct cf_vcpu_thread *v);
bool cf_machine_enter_now(struct cf_vcpu_thread *v);
void cf_machine_leave(struct cf_vcpu_thread *v);

/* A vCPU came to a break- or watchpoint (from its thread): stop the others
 * too and tell the debugger, who takes it, once, when all stand still. */
void cf_machine_debug_stop(
	struct cf_machine *m, unsigned vcpu, const struct cf_stop_info *why);
bool cf_machine_debug_taken(
	struct cf_machine *m, unsigned *vcpu, struct cf_stop_info *why);

/* gdb_server.c: NULL is fine. */
void cf_gdb_server_event(struct cf_gdb_server *s);
void cf_gdb_server_close(struct cf_machine *m);

/* time.c */
void cf_machine_freeze_clock(struct cf_machine *m, bool frozen);
void cf_machine_clock_init(struct cf_machine *m);

#endif
