/* SPDX-License-Identifier: Apache-2.0 */
/* A multiboot kernel; what is accepted must lie inside the file. */
#include "fuzz.h"

#include "image/multiboot.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_multiboot k;

	if (cf_multiboot_parse(data, size, &k, NULL))
		return 0;
	if (!cf_multiboot_is(data, size) || k.header_at > size - 12 ||
		!k.elf.nsegments)
		abort();
	for (size_t i = 0; i < k.elf.nsegments; i++) {
		const struct cf_elf_segment *g = &k.elf.segment[i];

		if (g->len > size ||
			(size_t)(g->bytes - data) > size - g->len ||
			g->mem_len < g->len)
			abort();
	}
	return 0;
}
