/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target defines; libFuzzer's interface. */
#ifndef CF_FUZZ_H
#define CF_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Takes any bytes, never crashes, leaks nothing; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
