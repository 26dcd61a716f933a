/* SPDX-License-Identifier: Apache-2.0 */
/* The boot shim as bytes: a flat image of whole pages for SHIM_BASE. */
#ifndef CF_SHIM_PRIV_H
#define CF_SHIM_PRIV_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t cf_shim_image[];
extern const size_t cf_shim_image_len;
/* One page each for SHIM_RESET: plain SEV, SEV-ES. */
extern const uint8_t cf_shim_reset[];
extern const size_t cf_shim_reset_len;
extern const uint8_t cf_shim_hold[];
extern const size_t cf_shim_hold_len;

#endif
