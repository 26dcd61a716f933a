/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the faults that the hypervisor commits on request. */
#include "accel/accel.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned bit;
} faults[] = {
	{ "features", CF_FAULT_FEATURES },
	{ "register", CF_FAULT_REGISTER },
	{ "psc", CF_FAULT_PSC },
	{ "validate", CF_FAULT_VALIDATE },
	{ "cpuid", CF_FAULT_CPUID },
	{ "request", CF_FAULT_REQUEST },
};

bool cf_accel_fault_from_name(const char *name, size_t len, unsigned *out)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(faults); i++)
		if (strlen(faults[i].name) == len &&
			memcmp(faults[i].name, name, len) == 0) {
			*out = faults[i].bit;
			return true;
		}
	return false;
}
