/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APICs, one per vCPU, and the messages between them, the I/O APIC and
 * devices.
 */
#ifndef CF_MACHINE_LAPIC_PRIV_H
#define CF_MACHINE_LAPIC_PRIV_H

#include "machine/devices_priv.h"

enum cf_apic_mode { /* delivery modes of ICR, LVT and messages */
	CF_APIC_FIXED = 0,
	CF_APIC_LOWEST = 1,
	CF_APIC_SMI = 2,
	CF_APIC_NMI = 4,
	CF_APIC_INIT = 5,
	CF_APIC_STARTUP = 6,
	CF_APIC_EXTINT = 7,
};

struct cf_apic_message {
	uint32_t dest;
	bool logical, level;
	bool wide; /* dest has 32 bits (x2APIC); 0xFFFFFFFF is everybody */
	enum cf_apic_mode mode;
	uint8_t vector;
};

/* What the APICs ask of the rest of the machine. */
struct cf_apic_hooks {
	void *opaque;
	void (*notify)(void *opaque, unsigned vcpu); /* look at interrupts */
	void (*nmi)(void *opaque, unsigned vcpu);
	void (*init)(void *opaque, unsigned vcpu);
	void (*sipi)(void *opaque, unsigned vcpu, uint8_t vector);
	void (*eoi)(void *opaque, uint8_t vector); /* of a level interrupt */
	bool (*pic_pending)(void *opaque);
	uint8_t (*pic_ack)(void *opaque);
};

struct cf_apics;
enum coffer_status cf_apics_create(const struct cf_dev_env *env, unsigned vcpus,
	const struct cf_apic_hooks *hooks, struct cf_apics **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_apics_destroy(struct cf_apics *a);

/* Bus message (I/O APIC, MSI, IPI). */
void cf_apics_send(struct cf_apics *a, const struct cf_apic_message *m);
/* An MSI is a memory write of 4 bytes; false: not to the APIC's window. */
bool cf_apics_msi(struct cf_apics *a, uint64_t addr, uint32_t data);
/* The 8259's output changed. */
void cf_apics_lint0(struct cf_apics *a);

/* What struct cf_accel_host asks. */
bool cf_apics_pending(struct cf_apics *a, unsigned vcpu);
int cf_apics_take(struct cf_apics *a, unsigned vcpu);
uint64_t cf_apics_cr8(struct cf_apics *a, unsigned vcpu);
void cf_apics_set_cr8(struct cf_apics *a, unsigned vcpu, uint64_t value);
bool cf_apics_msr_read(
	struct cf_apics *a, unsigned vcpu, uint32_t msr, uint64_t *value);
bool cf_apics_msr_write(
	struct cf_apics *a, unsigned vcpu, uint32_t msr, uint64_t value);
/* INIT# on one vCPU. */
void cf_apics_reset_one(struct cf_apics *a, unsigned vcpu);

/* I/O APIC with 24 pins. */
struct cf_ioapic;
enum coffer_status cf_ioapic_create(const struct cf_dev_env *env,
	struct cf_apics *apics, struct cf_ioapic **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_ioapic_destroy(struct cf_ioapic *io);
void cf_ioapic_set(struct cf_ioapic *io, unsigned pin, bool level);
void cf_ioapic_eoi(struct cf_ioapic *io, uint8_t vector);

/* Migration, see devices_priv.h. */
struct cf_state;
void cf_apics_state(struct cf_apics *a, struct cf_state *s);
void cf_ioapic_state(struct cf_ioapic *io, struct cf_state *s);

#endif
