/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of many blocks. */
#include "crypto/batch.h"

#include "crypto/crypto.h"

enum coffer_status cf_batch_sha384(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], struct coffer_error *err)
{
	struct cf_hash *h;
	enum coffer_status st = cf_hash_create(CF_HASH_SHA384, &h, err);

	if (st)
		return st;
	for (size_t i = 0; !st && i < n; i++)
		st = cf_hash_once(h, block[i], len, out[i], err);
	cf_hash_destroy(h);
	return st;
}
