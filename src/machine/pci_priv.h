/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI: one bus, reached through ports 0xCF8/0xCFC and through ECAM where the
 * host bridge maps it.  Base address registers of devices are put on the
 * buses as the guest programs them.
 */
#ifndef CF_MACHINE_PCI_PRIV_H
#define CF_MACHINE_PCI_PRIV_H

#include "machine/devices_priv.h"

#define CF_PCI_CONFIG_LEN 256
#define CF_PCI_NBARS      6
#define CF_PCI_MAX_DEVS   32
#define CF_PCI_FIRST_CAP  0x40

#define CF_PCI_COMMAND        0x04
#define CF_PCI_COMMAND_IO     0x1u
#define CF_PCI_COMMAND_MEM    0x2u
#define CF_PCI_COMMAND_MASTER 0x4u
#define CF_PCI_COMMAND_INTX   0x400u /* INTx off */
#define CF_PCI_STATUS         0x06
#define CF_PCI_STATUS_INTX    0x08u
#define CF_PCI_STATUS_CAPS    0x10u
#define CF_PCI_BAR0           0x10
#define CF_PCI_CAPS           0x34
#define CF_PCI_INT_LINE       0x3C
#define CF_PCI_INT_PIN        0x3D

struct cf_pci_bar {
	uint64_t size; /* power of two; 0: none */
	bool io, wide; /* wide: 64-bit, takes the next register too */
	const struct cf_io_ops *ops;
	void *dev;
	uint64_t mapped; /* where it is on a bus now */
	bool is_mapped;
};

struct cf_pci;

/* One function.  Embedded in the device's state; the device fills config,
 * writable, bar and on_write before cf_pci_add. */
struct cf_pci_dev {
	const char *name;
	uint8_t slot, function;
	uint8_t config[CF_PCI_CONFIG_LEN];
	uint8_t writable[CF_PCI_CONFIG_LEN]; /* bits that a guest can set */
	struct cf_pci_bar bar[CF_PCI_NBARS];
	void *dev;
	/* After a write to [offset, offset + size); may be NULL. */
	void (*on_write)(void *dev, unsigned offset, unsigned size);
	struct cf_pci *bus;
	bool intx; /* level of its interrupt pin */
	uint8_t last_cap;
	uint16_t cap_end;
};

enum coffer_status cf_pci_create(const struct cf_dev_env *env,
	struct cf_pci **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_pci_destroy(struct cf_pci *p);
/* dev is kept until cf_pci_destroy. */
enum coffer_status cf_pci_add(struct cf_pci *p, struct cf_pci_dev *dev,
	struct coffer_error *err) CF_MUST_CHECK;
/* Identification and standard registers of a new function. */
void cf_pci_dev_init(struct cf_pci_dev *d, const char *name, unsigned slot,
	unsigned function, uint16_t vendor, uint16_t device,
	uint32_t class_rev);
/* Add a capability, body without its two header bytes; returns its offset, 0
 * when there is no room. */
unsigned cf_pci_add_cap(
	struct cf_pci_dev *d, uint8_t id, const uint8_t *body, size_t body_len);
/* Map or unmap the ECAM window. */
enum coffer_status cf_pci_map_ecam(struct cf_pci *p, uint64_t base,
	uint64_t len, struct coffer_error *err) CF_MUST_CHECK;
/* Without firmware: give every BAR an address and enable decoding. */
void cf_pci_assign(struct cf_pci *p);

/* INTx pins go to these lines: line(opaque, slot, level). */
void cf_pci_set_intx_sink(struct cf_pci *p,
	void (*sink)(void *opaque, unsigned slot, bool level), void *opaque);
void cf_pci_set_intx(struct cf_pci_dev *d, bool level);
bool cf_pci_is_master(const struct cf_pci_dev *d);

/* Host bridge and LPC bridge of q35; pm is mapped where PMBASE says. */
struct cf_q35;
enum coffer_status cf_q35_create(const struct cf_dev_env *env,
	struct cf_pci *pci, struct cf_acpi_pm *pm, struct cf_q35 **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_q35_destroy(struct cf_q35 *q);
/* Set the registers as firmware would. */
enum coffer_status cf_q35_preset(
	struct cf_q35 *q, struct coffer_error *err) CF_MUST_CHECK;
/* The ISA line that PIRQ n (0: A .. 7: H) is routed to; -1: none. */
int cf_q35_pirq(const struct cf_q35 *q, unsigned n);

/* Migration, see devices_priv.h. */
struct cf_state;
/* All functions: registers and where their BARs lie. */
void cf_pci_state(struct cf_pci *p, struct cf_state *s);

#endif
