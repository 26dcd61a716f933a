/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COFFER_DIFFTEST_FILTER_H
#define COFFER_DIFFTEST_FILTER_H

#include <Zydis/Zydis.h>
#include <stdbool.h>

/* May this instruction be in a sequence? */
bool filter(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands);

#endif
