/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products: names, CPUID, patch levels and the order of the components in
 * TCB_VERSION.  The patch levels are plausible, not those of any release.
 */
#include "sp/soft/soft_priv.h"

#include <string.h>
#include <strings.h>

static const struct product products[CF_SP_NPRODUCTS] = {
	[CF_SP_MILAN] = {
		.name = "Milan",
		.cert_name = "Milan-B1",
		.report_version = UNC_REPORT_VERSION_MILAN,
		.family = 0x19, .model = 0x01, .stepping = 1,
		.cpuid = 0x00A00F11,
		.ark_serial = 0x10000, .ask_serial = 0x10001,
		.asvk_serial = 0x10101,
		.hwid_len = 64,
		.current = { .bl = 4, .tee = 0, .snp = 24, .ucode = 219 },
	},
	[CF_SP_GENOA] = {
		.name = "Genoa",
		.cert_name = "Genoa-B1",
		.report_version = UNC_REPORT_VERSION_GENOA,
		.family = 0x19, .model = 0x11, .stepping = 1,
		.cpuid = 0x00A10F11,
		.ark_serial = 0x20000, .ask_serial = 0x20002,
		.asvk_serial = 0x20102,
		.hwid_len = 64,
		.current = { .bl = 10, .tee = 0, .snp = 23, .ucode = 84 },
	},
	[CF_SP_TURIN] = {
		.name = "Turin",
		.cert_name = "Turin",
		.report_version = UNC_REPORT_VERSION_TURIN,
		.family = 0x1A, .model = 0x02, .stepping = 1,
		.cpuid = 0x00B00F21,
		.ark_serial = 0x30000, .ask_serial = 0x30001,
		.asvk_serial = 0x30101,
		.hwid_len = 8,
		.turin_tcb = true,
		.current = { .fmc = 1, .bl = 2, .tee = 1, .snp = 4,
			.ucode = 70 },
	},
};

const struct product *cf_sp_product(enum cf_sp_product p)
{
	return &products[p];
}

const char *cf_sp_product_name(enum cf_sp_product p)
{
	return products[p].name;
}

bool cf_sp_product_from_name(const char *name, enum cf_sp_product *out)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(products); i++)
		if (strcasecmp(name, products[i].name) == 0) {
			*out = (enum cf_sp_product)i;
			return true;
		}
	return false;
}

/* Byte positions: Milan and Genoa BL, TEE, -, -, -, -, SNP, microcode; Turin
 * FMC, BL, TEE, SNP, -, -, -, microcode. */
uint64_t cf_sp_tcb_encode(const struct product *p, const struct tcb *t)
{
	uint8_t b[8] = { 0 };

	if (p->turin_tcb) {
		b[0] = t->fmc;
		b[1] = t->bl;
		b[2] = t->tee;
		b[3] = t->snp;
	} else {
		b[0] = t->bl;
		b[1] = t->tee;
		b[6] = t->snp;
	}
	b[7] = t->ucode;
	return cf_load_le64(b);
}

bool cf_sp_tcb_decode(const struct product *p, uint64_t v, struct tcb *out)
{
	uint8_t b[8];

	cf_store_le64(b, v);
	*out = (struct tcb) { .ucode = b[7] };
	if (p->turin_tcb) {
		out->fmc = b[0];
		out->bl = b[1];
		out->tee = b[2];
		out->snp = b[3];
	} else {
		out->bl = b[0];
		out->tee = b[1];
		out->snp = b[6];
	}
	return cf_sp_tcb_encode(p, out) == v;
}

bool cf_sp_tcb_le(const struct tcb *a, const struct tcb *b)
{
	return a->fmc <= b->fmc && a->bl <= b->bl && a->tee <= b->tee &&
		a->snp <= b->snp && a->ucode <= b->ucode;
}

/* The component that a name of the key server means. */
static uint8_t *component(
	const struct product *p, struct tcb *t, const char *name)
{
	const struct {
		const char *name;
		uint8_t *value;
	} all[] = {
		{ "blSPL", &t->bl },
		{ "teeSPL", &t->tee },
		{ "snpSPL", &t->snp },
		{ "ucodeSPL", &t->ucode },
		{ "fmcSPL", p->turin_tcb ? &t->fmc : NULL },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].value;
	return NULL;
}

size_t cf_sp_tcb_split(
	enum cf_sp_product product, uint64_t tcb, struct cf_sp_spl out[5])
{
	static const char *const names[] = { "fmcSPL", "blSPL", "teeSPL",
		"snpSPL", "ucodeSPL" };
	const struct product *p = &products[product];
	struct tcb t;
	size_t n = 0;

	(void)cf_sp_tcb_decode(p, tcb, &t);
	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++) {
		const uint8_t *value = component(p, &t, names[i]);

		if (value)
			out[n++] = (struct cf_sp_spl) { names[i], *value };
	}
	return n;
}

bool cf_sp_tcb_set(enum cf_sp_product product, const char *name, uint8_t value,
	uint64_t *tcb)
{
	const struct product *p = &products[product];
	struct tcb t;
	uint8_t *to;

	if (!cf_sp_tcb_decode(p, *tcb, &t))
		return false;
	to = component(p, &t, name);
	if (!to)
		return false;
	*to = value;
	*tcb = cf_sp_tcb_encode(p, &t);
	return true;
}
