/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel image; what is accepted must keep what the header promises. */
#include "fuzz.h"

#include "image/bzimage.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_bzimage k;

	if (cf_bzimage_parse(data, size, &k, NULL))
		return 0;
	if (k.setup_len + k.kernel_len != size || k.header_end > k.setup_len ||
		k.payload_len > k.kernel_len ||
		k.payload_offset > k.kernel_len - k.payload_len)
		abort();
	return 0;
}
