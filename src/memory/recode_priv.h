/* SPDX-License-Identifier: Apache-2.0 */
/* Pages changing between raw bytes and plain text of a key.  All of these are
 * called with the world stopped and the lock held, but peek_raw, which needs
 * the lock alone. */
#ifndef CF_MEMORY_RECODE_PRIV_H
#define CF_MEMORY_RECODE_PRIV_H

#include "memory/memory_priv.h"

bool cf_memory_has_key(const struct cf_memory *mem, unsigned asid);
/* Recode the page in place for a view (0: raw).  False: no such key. */
CF_MUST_CHECK bool cf_memory_flip(
	struct cf_memory *mem, const struct place *at, unsigned view);
/* Say what the bytes of a page are, without touching them. */
void cf_memory_declare(
	struct cf_memory *mem, const struct place *at, unsigned view);
/* The page as the host sees it, without a flip.  out is 4096 bytes. */
CF_MUST_CHECK bool cf_memory_peek_raw(
	const struct cf_memory *mem, const struct place *at, uint8_t *out);

#endif
