/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the board needs of each device: how to make it, how to end it, and the
 * calls between devices.  Everything is called with the machine's lock held.
 * Every destroy takes NULL and removes the device's ranges and timers.
 */
#ifndef CF_MACHINE_DEVICES_PRIV_H
#define CF_MACHINE_DEVICES_PRIV_H

#include "base/log.h"
#include "machine/bus_priv.h"
#include "machine/loop_priv.h"
#include "machine/machine.h"

/* What a device may use of its machine. */
struct cf_dev_env {
	struct cf_bus *pio, *mmio;
	struct cf_clock *clock;
	struct cf_memory *mem;
	struct cf_loop *loop;
	const struct cf_log *log;
	/* The guest asked for the end of the run. */
	void (*end)(void *opaque, enum cf_end end, uint32_t code);
	void *opaque;
};

struct cf_chardev;

/* 16550A serial port; chardev may be NULL. */
struct cf_serial;
enum coffer_status cf_serial_create(const struct cf_dev_env *env, uint16_t port,
	const struct cf_irq *irq, struct cf_chardev *chardev,
	struct cf_serial **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_serial_destroy(struct cf_serial *s);

/* Debug console: OUT prints, IN reads 0xE9. */
struct cf_debugcon;
enum coffer_status cf_debugcon_create(const struct cf_dev_env *env,
	uint16_t port, struct cf_chardev *chardev, struct cf_debugcon **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_debugcon_destroy(struct cf_debugcon *d);

/* isa-debug-exit: a write of v ends the run with code v << 1 | 1. */
struct cf_debug_exit;
enum coffer_status cf_debug_exit_create(const struct cf_dev_env *env,
	uint16_t port, uint16_t len, struct cf_debug_exit **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_debug_exit_destroy(struct cf_debug_exit *d);

/* pc-testdev: ports 0xE0-0xE3 (echo), 0xE4 (flush a page), 0x2000-0x2017 (drive
 * ISA lines), 64 KiB that are read and written through the device. */
struct cf_testdev;
enum coffer_status cf_testdev_create(const struct cf_dev_env *env,
	const struct cf_irq lines[24], struct cf_testdev **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_testdev_destroy(struct cf_testdev *d);

/* 8259 pair.  output: to LINT0 of the boot processor. */
struct cf_pic;
enum coffer_status cf_pic_create(const struct cf_dev_env *env,
	const struct cf_irq *output, struct cf_pic **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_pic_destroy(struct cf_pic *p);
void cf_pic_set(struct cf_pic *p, unsigned line, bool level);
bool cf_pic_pending(const struct cf_pic *p);
uint8_t cf_pic_ack(struct cf_pic *p); /* the vector */

/* 8254 timer with port 0x61. */
struct cf_pit;
enum coffer_status cf_pit_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, struct cf_pit **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_pit_destroy(struct cf_pit *p);
/* The HPET takes over or gives back the legacy interrupts. */
void cf_pit_set_muted(struct cf_pit *p, bool muted);

/* MC146818 clock with 128 bytes of CMOS; seconds since 1970. */
struct cf_rtc;
enum coffer_status cf_rtc_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, int64_t seconds, struct cf_rtc **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_rtc_destroy(struct cf_rtc *r);
void cf_rtc_set_cmos(struct cf_rtc *r, uint8_t index, uint8_t value);

/* i8042 with a keyboard that has no keys, and port 0x92. */
struct cf_i8042;
enum coffer_status cf_i8042_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, struct cf_i8042 **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_i8042_destroy(struct cf_i8042 *k);

/* ACPI power management block: PM1, PM timer, GPE0. */
struct cf_acpi_pm;
enum coffer_status cf_acpi_pm_create(const struct cf_dev_env *env,
	const struct cf_irq *sci, struct cf_acpi_pm **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_acpi_pm_destroy(struct cf_acpi_pm *p);
/* Where the LPC bridge decodes it; base 0: nowhere. */
enum coffer_status cf_acpi_pm_map(struct cf_acpi_pm *p, uint16_t base,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_acpi_pm_enable(struct cf_acpi_pm *p); /* SCI_EN, no firmware ran */
void cf_acpi_pm_power_button(struct cf_acpi_pm *p);

/* HPET with three timers; line(s) are I/O APIC pins. */
struct cf_hpet;
enum coffer_status cf_hpet_create(const struct cf_dev_env *env,
	const struct cf_irq lines[24], struct cf_pit *pit, struct cf_hpet **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_hpet_destroy(struct cf_hpet *h);

/* Flash chip with the contents of block, which is kept and written through; its
 * memory ends at `end`. */
struct cf_flash;
enum coffer_status cf_flash_create(const struct cf_dev_env *env,
	struct cf_block *block, bool readonly, uint64_t end,
	struct cf_flash **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_flash_destroy(struct cf_flash *f);
/* The file takes what the memory holds, which came from another machine: when
 * all of the stream is good, not before. */
enum coffer_status cf_flash_store(
	struct cf_flash *f, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Migration (migrate.c): each device walks over its state to save or to load it
 * (base/state.h).  Lines and buses are not touched: what a device drives is
 * part of the state of what it drives.
 */
struct cf_state;
void cf_serial_state(struct cf_serial *s, struct cf_state *st);
void cf_testdev_state(struct cf_testdev *d, struct cf_state *s);
void cf_pic_state(struct cf_pic *p, struct cf_state *s);
void cf_pit_state(struct cf_pit *p, struct cf_state *s);
void cf_rtc_state(struct cf_rtc *r, struct cf_state *s);
void cf_hpet_state(struct cf_hpet *h, struct cf_state *s);
void cf_i8042_state(struct cf_i8042 *k, struct cf_state *s);
void cf_flash_state(struct cf_flash *f, struct cf_state *s);
void cf_acpi_pm_state(struct cf_acpi_pm *p, struct cf_state *s);

#endif
