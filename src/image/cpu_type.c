/* SPDX-License-Identifier: Apache-2.0 */
/* Named CPU types and the CPUID signature of each. */
#include "image/image.h"

#include "base/base.h"

struct cpu_type {
	const char *name;
	uint8_t family, model, stepping;
};

/* QEMU's names; the numbers are those of its CPU models. */
static const struct cpu_type cpu_types[] = {
	{ "EPYC", 23, 1, 2 },
	{ "EPYC-v1", 23, 1, 2 },
	{ "EPYC-v2", 23, 1, 2 },
	{ "EPYC-IBPB", 23, 1, 2 },
	{ "EPYC-v3", 23, 1, 2 },
	{ "EPYC-v4", 23, 1, 2 },
	{ "EPYC-Rome", 23, 49, 0 },
	{ "EPYC-Rome-v1", 23, 49, 0 },
	{ "EPYC-Rome-v2", 23, 49, 0 },
	{ "EPYC-Rome-v3", 23, 49, 0 },
	{ "EPYC-Milan", 25, 1, 1 },
	{ "EPYC-Milan-v1", 25, 1, 1 },
	{ "EPYC-Milan-v2", 25, 1, 1 },
	{ "EPYC-Genoa", 25, 17, 0 },
	{ "EPYC-Genoa-v1", 25, 17, 0 },
	{ "EPYC-Turin", 26, 0, 0 },
};

/* APM volume 3, "CPUID Fn0000_0001_EAX": families above 15 are stored as 15
 * plus an extension, the model's high four bits apart from its low ones. */
uint32_t cf_cpu_signature(unsigned family, unsigned model, unsigned stepping)
{
	unsigned extended = family > 0xf ? family - 0xf : 0;
	unsigned base = family > 0xf ? 0xf : family;

	return (extended & 0xff) << 20 | ((model >> 4) & 0xf) << 16 |
		base << 8 | (model & 0xf) << 4 | (stepping & 0xf);
}

bool cf_cpu_type_signature(const char *name, uint32_t *out)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(cpu_types); i++) {
		const struct cpu_type *t = &cpu_types[i];

		if (strcmp(t->name, name) != 0)
			continue;
		*out = cf_cpu_signature(t->family, t->model, t->stepping);
		return true;
	}
	return false;
}

const char *cf_cpu_type_name(size_t i)
{
	return i < CF_ARRAY_LEN(cpu_types) ? cpu_types[i].name : NULL;
}
