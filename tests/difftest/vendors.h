/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel's processors and AMD's do differently.  The engine is of AMD's
 * kind; the host may be of either.
 */
#ifndef COFFER_DIFFTEST_VENDORS_H
#define COFFER_DIFFTEST_VENDORS_H

#include "difftest.h"

/* Do they execute this instruction in the same way? */
bool vendors_agree(const ZydisDecodedInstruction *insn);

/* Did a run end in a fault that only one kind has?  There is nothing to
 * compare then. */
bool vendors_excuse(const struct test_case *c, const struct result *host,
	const struct result *engine);

/* An MMX store that faults has reset the x87 stack before on Intel. */
bool vendors_agree_on_x87(const struct test_case *c, const struct result *host);

/* A masked move that faults: the address of its first byte in the page, or of
 * some element there. */
bool vendors_agree_on_address(
	const struct test_case *c, const struct result *host);

/* The vector registers of a result, settled where the kinds differ. */
struct vectors {
	uint8_t low[256], high[256];
};
void vendors_settle(
	const struct test_case *c, const struct result *r, struct vectors *v);

#endif
