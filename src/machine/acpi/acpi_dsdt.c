/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DSDT: power-off, the PCI root with its windows and interrupt routing,
 * and the ISA devices that drivers look up.
 *
 * Source: ACPI 6.4, sections "\_Sx", "_PRT"; PCI Firmware Specification 3.2.
 */
#include "machine/acpi/acpi_priv.h"

#include "machine/acpi/aml_priv.h"

#define PCI_MEM_FIRST 0xC0000000u
#define PCI_MEM_LAST  0xFEBFFFFFu
#define FIRST_PCI_GSI 20
#define PCI_NSLOTS    32

/* _S5: SLP_TYP 0, which the PM block takes as "off". */
static void sleep_states(struct cf_buf *out)
{
	struct cf_buf p = { 0 };

	for (int i = 0; i < 4; i++)
		cf_aml_int(&p, 0);
	cf_aml_named(out, "_S5_");
	cf_aml_package(out, 4, &p);
}

static void pci_resources(struct cf_buf *dev)
{
	struct cf_buf r = { 0 };

	cf_aml_res_bus(&r, 0, 0xFF);
	cf_aml_res_io(&r, 0xCF8, 8);
	cf_aml_res_io_window(&r, 0, 0xCF7);
	cf_aml_res_io_window(&r, 0xD00, 0xFFFF);
	cf_aml_res_memory_window(&r, 0xA0000, 0xBFFFF);
	cf_aml_res_memory_window(&r, PCI_MEM_FIRST, PCI_MEM_LAST);
	cf_aml_res_end(&r);
	cf_aml_named(dev, "_CRS");
	cf_aml_buffer(dev, &r);
}

/* INTA of slot n goes to pin 20 + n % 4 of the I/O APIC. */
static void pci_routing(struct cf_buf *dev)
{
	struct cf_buf all = { 0 };

	for (unsigned slot = 1; slot < PCI_NSLOTS; slot++) {
		struct cf_buf one = { 0 };

		cf_aml_int(&one, (uint64_t)slot << 16 | 0xFFFF);
		cf_aml_int(&one, 0);
		cf_aml_int(&one, 0);
		cf_aml_int(&one, FIRST_PCI_GSI + slot % 4);
		cf_aml_package(&all, 4, &one);
	}
	cf_aml_named(dev, "_PRT");
	cf_aml_package(dev, PCI_NSLOTS - 1, &all);
}

static void pci_root(struct cf_buf *out)
{
	struct cf_buf dev = { 0 };

	cf_aml_named(&dev, "_HID");
	cf_aml_eisaid(&dev, "PNP0A08");
	cf_aml_named(&dev, "_CID");
	cf_aml_eisaid(&dev, "PNP0A03");
	cf_aml_named(&dev, "_UID");
	cf_aml_int(&dev, 0);
	cf_aml_named(&dev, "_BBN");
	cf_aml_int(&dev, 0);
	pci_resources(&dev);
	pci_routing(&dev);
	cf_aml_device(out, "PCI0", &dev);
}

/* An ISA device with one I/O range and one interrupt. */
static void isa_device(struct cf_buf *out, const char *name, const char *hid,
	unsigned uid, uint16_t port, uint8_t len, unsigned irq)
{
	struct cf_buf dev = { 0 }, r = { 0 };

	cf_aml_named(&dev, "_HID");
	cf_aml_eisaid(&dev, hid);
	cf_aml_named(&dev, "_UID");
	cf_aml_int(&dev, uid);
	cf_aml_named(&dev, "_STA");
	cf_aml_int(&dev, 0x0F);
	cf_aml_res_io(&r, port, len);
	cf_aml_res_irq(&r, irq);
	cf_aml_res_end(&r);
	cf_aml_named(&dev, "_CRS");
	cf_aml_buffer(&dev, &r);
	cf_aml_device(out, name, &dev);
}

/* Reserves the ECAM window, or Linux will not use it. */
static void motherboard(const struct cf_acpi_params *p, struct cf_buf *out)
{
	struct cf_buf dev = { 0 }, r = { 0 };

	cf_aml_named(&dev, "_HID");
	cf_aml_eisaid(&dev, "PNP0C02");
	cf_aml_res_memory(&r, p->ecam_base, p->ecam_len);
	cf_aml_res_io(&r, 0x600, 0x80);
	cf_aml_res_end(&r);
	cf_aml_named(&dev, "_CRS");
	cf_aml_buffer(&dev, &r);
	cf_aml_device(out, "MB__", &dev);
}

void cf_acpi_dsdt(const struct cf_acpi_params *params, struct cf_buf *out)
{
	struct cf_buf sb = { 0 };

	sleep_states(out);
	pci_root(&sb);
	motherboard(params, &sb);
	isa_device(&sb, "COM1", "PNP0501", 1, 0x3F8, 8, 4);
	isa_device(&sb, "RTC_", "PNP0B00", 0, 0x70, 2, 8);
	cf_aml_scope(out, "\\_SB_", &sb);
}
