/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two functions that say "q35" to firmware: the memory controller hub at
 * 00:00.0 (ECAM base) and the LPC bridge at 00:1f.0 (power management base,
 * interrupt routing).
 *
 * Source: Intel Q35 MCH data sheet (316966), "PCIEXBAR"; ICH9 data sheet
 * (316972), "LPC Interface Bridge Registers".
 */
#include "base/base.h"
#include "machine/pci_priv.h"

#define MCH_PCIEXBAR 0x60
#define MCH_PAM      0x90
#define MCH_SMRAM    0x9D

#define LPC_PMBASE    0x40
#define LPC_ACPI_CNTL 0x44
#define LPC_PIRQ_A    0x60
#define LPC_PIRQ_E    0x68
#define LPC_GEN_PMCON 0xA0
#define LPC_RCBA      0xF0

#define PMBASE_IO      0x1u
#define ACPI_ENABLE    0x80u
#define PIRQ_DISABLED  0x80u
#define DEFAULT_PMBASE 0x600u
#define DEFAULT_ECAM   0xB0000000u

struct cf_q35 {
	struct cf_dev_env env;
	struct cf_pci_dev mch, lpc;
	struct cf_pci *pci;
	struct cf_acpi_pm *pm;
};

/* Bits 2:1 of PCIEXBAR: 256, 128 or 64 MiB. */
static void map_ecam(struct cf_q35 *q)
{
	uint64_t v = cf_load_le64(q->mch.config + MCH_PCIEXBAR);
	unsigned code = v >> 1 & 3;
	uint64_t len = (uint64_t)256 << 20 >> code;
	struct coffer_error err;
	bool on = (v & 1) && code != 3;

	if (cf_pci_map_ecam(
		    q->pci, on ? v & ~(len - 1) & 0xFFFFFFFFFF : 0, len, &err))
		cf_log(q->env.log, CF_LOG_WARN, "%s", err.msg);
}

static void map_pm(struct cf_q35 *q)
{
	uint32_t base = cf_load_le32(q->lpc.config + LPC_PMBASE) & 0xFF80;
	bool on = q->lpc.config[LPC_ACPI_CNTL] & ACPI_ENABLE;
	struct coffer_error err;

	if (cf_acpi_pm_map(q->pm, on ? (uint16_t)base : 0, &err))
		cf_log(q->env.log, CF_LOG_WARN, "%s", err.msg);
}

static void mch_write(void *dev, unsigned offset, unsigned size)
{
	if (offset >= MCH_PCIEXBAR && offset < MCH_PCIEXBAR + 8)
		map_ecam(dev);
}

static void lpc_write(void *dev, unsigned offset, unsigned size)
{
	if (offset >= LPC_PMBASE && offset <= LPC_ACPI_CNTL)
		map_pm(dev);
}

static void init_mch(struct cf_q35 *q)
{
	struct cf_pci_dev *d = &q->mch;

	cf_pci_dev_init(d, "host bridge", 0, 0, 0x8086, 0x29C0, 0x06000002);
	d->dev = q;
	d->on_write = mch_write;
	cf_store_le64(d->writable + MCH_PCIEXBAR, 0xFFC000007);
	memset(d->writable + MCH_PAM, 0x33, 7);
	memset(d->writable + MCH_SMRAM, 0xFF, 2);
}

static void init_lpc(struct cf_q35 *q)
{
	struct cf_pci_dev *d = &q->lpc;

	cf_pci_dev_init(d, "LPC bridge", 31, 0, 0x8086, 0x2918, 0x06010002);
	d->dev = q;
	d->on_write = lpc_write;
	cf_store_le32(d->config + LPC_PMBASE, PMBASE_IO);
	cf_store_le32(d->writable + LPC_PMBASE, 0xFF80);
	d->writable[LPC_ACPI_CNTL] = 0x87;
	memset(d->writable + LPC_PIRQ_A, 0x8F, 4);
	memset(d->writable + LPC_PIRQ_E, 0x8F, 4);
	memset(d->config + LPC_PIRQ_A, PIRQ_DISABLED, 4);
	memset(d->config + LPC_PIRQ_E, PIRQ_DISABLED, 4);
	memset(d->writable + LPC_GEN_PMCON, 0xFF, 4);
	cf_store_le32(d->writable + LPC_RCBA, 0xFFFFC001);
}

enum coffer_status cf_q35_create(const struct cf_dev_env *env,
	struct cf_pci *pci, struct cf_acpi_pm *pm, struct cf_q35 **out,
	struct coffer_error *err)
{
	struct cf_q35 *q = cf_alloc_array(1, sizeof(*q));
	enum coffer_status s;

	if (!q)
		return cf_fail_nomem(err, "the host bridge");
	q->env = *env;
	q->pci = pci;
	q->pm = pm;
	init_mch(q);
	init_lpc(q);
	s = cf_pci_add(pci, &q->mch, err);
	if (s == COFFER_OK)
		s = cf_pci_add(pci, &q->lpc, err);
	if (s)
		free(q);
	else
		*out = q;
	return s;
}

/* After cf_pci_destroy, which still looks at the functions. */
void cf_q35_destroy(struct cf_q35 *q)
{
	free(q);
}

enum coffer_status cf_q35_preset(struct cf_q35 *q, struct coffer_error *err)
{
	cf_store_le64(q->mch.config + MCH_PCIEXBAR, DEFAULT_ECAM | 1);
	cf_store_le32(q->lpc.config + LPC_PMBASE, DEFAULT_PMBASE | PMBASE_IO);
	q->lpc.config[LPC_ACPI_CNTL] = ACPI_ENABLE;
	map_ecam(q);
	return cf_acpi_pm_map(q->pm, DEFAULT_PMBASE, err);
}

int cf_q35_pirq(const struct cf_q35 *q, unsigned n)
{
	uint8_t v = q->lpc.config[n < 4 ? LPC_PIRQ_A + n : LPC_PIRQ_E + n - 4];

	return v & PIRQ_DISABLED ? -1 : v & 15;
}
