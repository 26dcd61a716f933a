/* SPDX-License-Identifier: Apache-2.0 */
/* Product lines and the two layouts of TCB_VERSION. */
#include "owner/report.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[CF_PRODUCT_UNKNOWN] = "unknown",
	[CF_PRODUCT_MILAN] = "Milan",
	[CF_PRODUCT_GENOA] = "Genoa",
	[CF_PRODUCT_TURIN] = "Turin",
};

const char *cf_product_name(enum cf_product p)
{
	return p < CF_ARRAY_LEN(names) ? names[p] : names[0];
}

enum cf_product cf_product_from_name(const char *name)
{
	size_t len = strcspn(name, "-");

	for (size_t i = 1; i < CF_ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return (enum cf_product)i;
	return CF_PRODUCT_UNKNOWN;
}

/* Bergamo and Siena are of Genoa's line. */
enum cf_product cf_product_from_cpuid(uint8_t family, uint8_t model)
{
	if (family == 0x19 && model <= 0x0F)
		return CF_PRODUCT_MILAN;
	if (family == 0x19 &&
		((model >= 0x10 && model <= 0x1F) ||
			(model >= 0xA0 && model <= 0xAF)))
		return CF_PRODUCT_GENOA;
	if (family == 0x1A && model <= 0x11)
		return CF_PRODUCT_TURIN;
	return CF_PRODUCT_UNKNOWN;
}

size_t cf_product_chip_id_len(enum cf_product p)
{
	return p == CF_PRODUCT_TURIN ? 8 : CF_CHIP_ID_LEN;
}

struct cf_tcb cf_tcb_decode(enum cf_product p, const uint8_t raw[8])
{
	if (p == CF_PRODUCT_TURIN)
		return (struct cf_tcb) {
			.fmc = raw[0],
			.boot_loader = raw[1],
			.tee = raw[2],
			.snp = raw[3],
			.microcode = raw[7],
		};
	return (struct cf_tcb) {
		.boot_loader = raw[0],
		.tee = raw[1],
		.snp = raw[6],
		.microcode = raw[7],
	};
}

void cf_tcb_encode(enum cf_product p, const struct cf_tcb *t, uint8_t raw[8])
{
	memset(raw, 0, 8);
	raw[7] = t->microcode;
	if (p == CF_PRODUCT_TURIN) {
		raw[0] = t->fmc;
		raw[1] = t->boot_loader;
		raw[2] = t->tee;
		raw[3] = t->snp;
	} else {
		raw[0] = t->boot_loader;
		raw[1] = t->tee;
		raw[6] = t->snp;
	}
}

bool cf_tcb_at_least(const struct cf_tcb *have, const struct cf_tcb *want)
{
	return have->fmc >= want->fmc &&
		have->boot_loader >= want->boot_loader &&
		have->tee >= want->tee && have->snp >= want->snp &&
		have->microcode >= want->microcode;
}

bool cf_tcb_equal(const struct cf_tcb *a, const struct cf_tcb *b)
{
	return cf_tcb_at_least(a, b) && cf_tcb_at_least(b, a);
}

void cf_tcb_text(
	enum cf_product p, const struct cf_tcb *t, char *out, size_t size)
{
	char fmc[16] = "";

	if (p == CF_PRODUCT_TURIN)
		snprintf(fmc, sizeof(fmc), "FMC %u, ", t->fmc);
	snprintf(out, size, "%sboot loader %u, TEE %u, SNP %u, microcode %u",
		fmc, t->boot_loader, t->tee, t->snp, t->microcode);
}

const char *cf_report_tcb_name(enum cf_report_tcb which)
{
	static const char *const tcbs[] = {
		[CF_TCB_CURRENT] = "current",
		[CF_TCB_REPORTED] = "reported",
		[CF_TCB_COMMITTED] = "committed",
		[CF_TCB_LAUNCH] = "launch",
	};

	return which < CF_ARRAY_LEN(tcbs) ? tcbs[which] : "unknown";
}
