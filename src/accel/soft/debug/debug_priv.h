/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger's part of struct cf_accel_ops. */
#ifndef CF_ACCEL_SOFT_DEBUG_PRIV_H
#define CF_ACCEL_SOFT_DEBUG_PRIV_H

#include "accel/accel.h"

bool cf_debug_points(
	struct cf_vm *vm, const struct cf_debug_point *points, size_t n);
void cf_debug_step(struct cf_vm *vm, unsigned vcpu, bool on);
bool cf_debug_read(
	struct cf_vm *vm, unsigned vcpu, uint64_t addr, void *p, size_t len);
bool cf_debug_write(struct cf_vm *vm, unsigned vcpu, uint64_t addr,
	const void *p, size_t len);

#endif
