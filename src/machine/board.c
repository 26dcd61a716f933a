/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board: which devices there are and what joins them.  cf_board_build is
 * one list, read from top to bottom; cf_board_finish is the same list from
 * bottom to top, and takes a board that was built in part.
 */
#include "machine/machine_priv.h"

#include "base/base.h"
#include "machine/backend/block.h"
#include "machine/backend/chardev.h"

#include <time.h>

#define FIRST_PCI_PIN 20
#define KEYBOARD_LINE 1
#define RTC_LINE      8
#define SCI_LINE      9
#define NO_LINE       UINT32_MAX

#define DEBUGCON_QEMU_PORT 0xE9
#define DEBUGCON_OVMF_PORT 0x402
#define FIRST_VIRTIO_SLOT  2

static const struct {
	uint16_t port;
	unsigned line;
} serial_ports[CF_MAX_SERIAL] = {
	{ 0x3F8, 4 },
	{ 0x2F8, 3 },
	{ 0x3E8, 4 },
	{ 0x2E8, 3 },
};

/* A pin of the I/O APIC, shared by up to 32 drivers. */
static void drive(
	struct cf_machine *m, unsigned pin, unsigned driver, bool level)
{
	uint32_t *all = &m->line_drivers[pin];

	*all = level ? *all | 1u << driver : *all & ~(1u << driver);
	if (m->accel->has_irqchip) {
		if (m->vm)
			m->accel->irq_line(m->vm, pin, *all != 0);
		return;
	}
	cf_ioapic_set(m->ioapic, pin, *all != 0);
}

/* ISA line n goes to the 8259s and to the I/O APIC, where line 0 is pin 2. */
static void set_isa(void *opaque, unsigned line, bool level)
{
	struct cf_machine *m = opaque;

	if (m->pic)
		cf_pic_set(m->pic, line, level);
	drive(m, line == 0 ? 2 : line, 0, level);
}

/* A pin by its I/O APIC number, from the HPET or a test device. */
static void set_pin(void *opaque, unsigned pin, bool level)
{
	struct cf_machine *m = opaque;

	if (pin == 2 && m->pic)
		cf_pic_set(m->pic, 0, level);
	else if (pin < 16 && m->pic)
		cf_pic_set(m->pic, pin, level);
	drive(m, pin, 1, level);
}

/* INTA of a PCI slot; with 8259s, also where firmware routed the PIRQ. */
static void set_intx(void *opaque, unsigned slot, bool level)
{
	struct cf_machine *m = opaque;
	unsigned pirq = 4 + slot % 4;
	int line = m->q35 ? cf_q35_pirq(m->q35, pirq) : -1;

	if (line >= 0 && m->pic)
		cf_pic_set(m->pic, (unsigned)line, level);
	drive(m, FIRST_PCI_PIN + slot % 4, slot, level);
}

static void set_lint0(void *opaque, unsigned line, bool level)
{
	struct cf_machine *m = opaque;

	if (level)
		cf_apics_lint0(m->apics);
}

static void hook_notify(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;

	if (m->vm)
		m->accel->notify_irq(m->vm, vcpu);
	cf_machine_wake(m, vcpu);
}

static void hook_nmi(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;

	if (m->vm)
		m->accel->nmi(m->vm, vcpu);
	cf_machine_wake(m, vcpu);
}

static void hook_init(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;

	if (m->vm)
		m->accel->init(m->vm, vcpu);
	cf_machine_wake(m, vcpu);
}

static void hook_sipi(void *opaque, unsigned vcpu, uint8_t vector)
{
	struct cf_machine *m = opaque;

	if (m->vm)
		m->accel->sipi(m->vm, vcpu, vector);
	cf_machine_wake(m, vcpu);
}

static void hook_eoi(void *opaque, uint8_t vector)
{
	struct cf_machine *m = opaque;

	cf_ioapic_eoi(m->ioapic, vector);
}

static bool hook_pic_pending(void *opaque)
{
	const struct cf_machine *m = opaque;

	return m->pic && cf_pic_pending(m->pic);
}

static uint8_t hook_pic_ack(void *opaque)
{
	struct cf_machine *m = opaque;

	return cf_pic_ack(m->pic);
}

static struct cf_irq isa_line(struct cf_machine *m, unsigned line)
{
	return (struct cf_irq) { set_isa, m, line };
}

/* Interrupt controllers and PIT, unless the engine brings them. */
static enum coffer_status build_interrupts(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct cf_apic_hooks hooks = { m, hook_notify, hook_nmi,
		hook_init, hook_sipi, hook_eoi, hook_pic_pending,
		hook_pic_ack };
	struct cf_irq lint0 = { set_lint0, m, 0 }, timer = isa_line(m, 0);
	struct cf_irq pins[CF_NLINES];
	enum coffer_status s;

	if (m->accel->has_irqchip)
		return COFFER_OK;
	for (unsigned i = 0; i < CF_NLINES; i++)
		pins[i] = (struct cf_irq) { set_pin, m, i };
	if ((s = cf_apics_create(
		     &m->env, m->config.vcpus, &hooks, &m->apics, err)) ||
		(s = cf_ioapic_create(&m->env, m->apics, &m->ioapic, err)) ||
		(s = cf_pic_create(&m->env, &lint0, &m->pic, err)) ||
		(s = cf_pit_create(&m->env, &timer, &m->pit, err)))
		return s;
	return cf_hpet_create(&m->env, pins, m->pit, &m->hpet, err);
}

static enum coffer_status build_legacy(
	struct cf_machine *m, struct coffer_error *err)
{
	struct cf_irq rtc = isa_line(m, RTC_LINE), sci = isa_line(m, SCI_LINE);
	struct cf_irq keyboard = isa_line(m, KEYBOARD_LINE);
	int64_t seconds = m->config.rtc_seconds;
	enum coffer_status s;

	if (seconds < 0)
		seconds = time(NULL);
	if ((s = cf_rtc_create(&m->env, &rtc, seconds, &m->rtc, err)) ||
		(s = cf_i8042_create(&m->env, &keyboard, &m->i8042, err)) ||
		(s = cf_acpi_pm_create(&m->env, &sci, &m->pm, err)))
		return s;
	for (size_t i = 0; i < CF_MAX_SERIAL && s == COFFER_OK; i++) {
		struct cf_irq irq = isa_line(m, serial_ports[i].line);

		if (m->config.serial[i])
			s = cf_serial_create(&m->env, serial_ports[i].port,
				&irq, m->config.serial[i], &m->serial[i], err);
	}
	return s;
}

static enum coffer_status build_test_devices(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct cf_machine_config *c = &m->config;
	struct cf_irq pins[CF_NLINES];
	enum coffer_status s = COFFER_OK;

	for (unsigned i = 0; i < CF_NLINES; i++)
		pins[i] = (struct cf_irq) { set_pin, m, i };
	if (c->debugcon && c->debugcon_port)
		s = cf_debugcon_create(&m->env, c->debugcon_port, c->debugcon,
			&m->debugcon[0], err);
	else if (c->debugcon &&
		(s = cf_debugcon_create(&m->env, DEBUGCON_OVMF_PORT,
			 c->debugcon, &m->debugcon[0], err)) == COFFER_OK)
		s = cf_debugcon_create(&m->env, DEBUGCON_QEMU_PORT, c->debugcon,
			&m->debugcon[1], err);
	if (s == COFFER_OK && c->debug_exit)
		s = cf_debug_exit_create(&m->env, c->debug_exit_port,
			c->debug_exit_size, &m->debug_exit, err);
	if (s == COFFER_OK && c->testdev)
		s = cf_testdev_create(&m->env, pins, &m->testdev, err);
	return s;
}

static enum coffer_status build_pci(
	struct cf_machine *m, struct coffer_error *err)
{
	enum coffer_status s = cf_pci_create(&m->env, &m->pci, err);

	if (s)
		return s;
	cf_pci_set_intx_sink(m->pci, set_intx, m);
	return cf_q35_create(&m->env, m->pci, m->pm, &m->q35, err);
}

/* Put a device on the next slot; the transport owns it from here on. */
static enum coffer_status add_virtio(struct cf_machine *m,
	const struct cf_virtio_device *d, struct coffer_error *err)
{
	enum coffer_status s;

	if (m->nvirtio == CF_MAX_VIRTIO) {
		d->ops->destroy(d->self);
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: more than %d virtio devices", CF_MAX_VIRTIO);
	}
	s = cf_virtio_pci_create(&m->env, m->pci, m->apics,
		FIRST_VIRTIO_SLOT + (unsigned)m->nvirtio, d->ops, d->self,
		d->features, &m->virtio[m->nvirtio], err);
	if (s) {
		d->ops->destroy(d->self);
		return s;
	}
	*d->transport = m->virtio[m->nvirtio++];
	return COFFER_OK;
}

static enum coffer_status add_disk(
	struct cf_machine *m, unsigned i, struct coffer_error *err)
{
	const struct cf_drive_config *c = &m->config.drive[i];
	struct cf_virtio_device d;
	enum coffer_status s =
		cf_virtio_blk_create(c->block, c->readonly, i, &d, err);

	return s ? s : add_virtio(m, &d, err);
}

static enum coffer_status build_virtio(
	struct cf_machine *m, struct coffer_error *err)
{
	struct cf_virtio_device d;
	enum coffer_status s = COFFER_OK;

	for (unsigned i = 0; i < m->config.ndrives && s == COFFER_OK; i++)
		s = add_disk(m, i, err);
	for (size_t i = 0; i < m->config.nnics && s == COFFER_OK; i++) {
		s = cf_virtio_net_create(&m->env, &m->config.nic[i], &d, err);
		if (s == COFFER_OK)
			s = add_virtio(m, &d, err);
	}
	if (s == COFFER_OK && m->config.console) {
		s = cf_virtio_console_create(m->config.console, &d, err);
		if (s == COFFER_OK)
			s = add_virtio(m, &d, err);
	}
	if (s == COFFER_OK && m->config.rng) {
		s = cf_virtio_rng_create(
			m->config.seeded ? &m->config.seed : NULL, &d, err);
		if (s == COFFER_OK)
			s = add_virtio(m, &d, err);
	}
	return s;
}

/* Memory sizes for firmware that finds no e820 file, and fw_cfg. */
static enum coffer_status build_firmware_interface(
	struct cf_machine *m, struct coffer_error *err)
{
	struct cf_acpi_params acpi = { .vcpus = m->config.vcpus,
		.ecam_base = CF_ACPI_ECAM_BASE,
		.ecam_len = CF_ACPI_ECAM_LEN };
	uint64_t above_16m =
		m->low_ram > 16 << 20 ? m->low_ram - (16 << 20) : 0;
	uint64_t high = m->config.memory - m->low_ram;
	enum coffer_status s;

	for (unsigned i = 0; i < 2; i++)
		cf_rtc_set_cmos(m->rtc, (uint8_t)(0x34 + i),
			(uint8_t)(above_16m >> (16 + 8 * i)));
	for (unsigned i = 0; i < 3; i++)
		cf_rtc_set_cmos(m->rtc, (uint8_t)(0x5B + i),
			(uint8_t)(high >> (16 + 8 * i)));
	cf_rtc_set_cmos(m->rtc, 0x5F, (uint8_t)(m->config.vcpus - 1));
	if ((s = cf_acpi_build(&acpi, &m->acpi, err)) ||
		(s = cf_fw_cfg_create(&m->env, &m->fw_cfg, err)))
		return s;
	return cf_board_fill_fw_cfg(m, err);
}

static enum coffer_status build_flash(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct cf_flash_config *c = m->config.flash;
	uint64_t end = CF_4GIB;
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < m->config.nflash && s == COFFER_OK; i++) {
		s = cf_flash_create(&m->env, c[i].block, c[i].readonly, end,
			&m->flash[i], err);
		end -= c[i].block->size;
	}
	return s;
}

enum coffer_status cf_board_build(
	struct cf_machine *m, struct coffer_error *err)
{
	enum coffer_status s;

	if ((s = build_interrupts(m, err)) || (s = build_legacy(m, err)) ||
		(s = build_test_devices(m, err)) || (s = build_pci(m, err)) ||
		(s = build_virtio(m, err)) || (s = build_flash(m, err)) ||
		(s = build_firmware_interface(m, err)))
		return s;
	return COFFER_OK;
}

void cf_board_finish(struct cf_machine *m)
{
	cf_fw_cfg_destroy(m->fw_cfg);
	cf_acpi_finish(&m->acpi);
	for (size_t i = 0; i < CF_MAX_FLASH; i++)
		cf_flash_destroy(m->flash[i]);
	cf_pci_destroy(m->pci);
	for (size_t i = 0; i < m->nvirtio; i++)
		cf_virtio_pci_destroy(m->virtio[i]);
	cf_q35_destroy(m->q35);
	cf_testdev_destroy(m->testdev);
	cf_debug_exit_destroy(m->debug_exit);
	cf_debugcon_destroy(m->debugcon[1]);
	cf_debugcon_destroy(m->debugcon[0]);
	for (size_t i = 0; i < CF_MAX_SERIAL; i++)
		cf_serial_destroy(m->serial[i]);
	cf_acpi_pm_destroy(m->pm);
	cf_i8042_destroy(m->i8042);
	cf_rtc_destroy(m->rtc);
	cf_hpet_destroy(m->hpet);
	cf_pit_destroy(m->pit);
	cf_pic_destroy(m->pic);
	cf_ioapic_destroy(m->ioapic);
	cf_apics_destroy(m->apics);
}
