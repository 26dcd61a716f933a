/* SPDX-License-Identifier: Apache-2.0 */
/* Where mkguest.c places what the loader fills in. */
#ifndef GUEST_PAYLOAD_H
#define GUEST_PAYLOAD_H

#include <stdint.h>

#define CPUID_PAGE     0x10000
#define SECRETS_PAGE   0x11000
#define PARAMETER_PAGE 0x12000 /* u32: number of vCPUs */

static inline uint32_t vcpu_count(void)
{
	uint32_t n = *(volatile uint32_t *)PARAMETER_PAGE;

	return n ? n : 1;
}

#endif
