/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF kernel; what is accepted must lie inside the file. */
#include "fuzz.h"

#include "image/elf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_elf e;

	if (cf_elf_parse(data, size, &e, NULL))
		return 0;
	if (!e.nsegments || e.nsegments > CF_ELF_MAX_SEGMENTS)
		abort();
	for (size_t i = 0; i < e.nsegments; i++) {
		const struct cf_elf_segment *g = &e.segment[i];

		if (g->bytes < data || g->len > size ||
			(size_t)(g->bytes - data) > size - g->len ||
			g->mem_len < g->len ||
			g->mem_len > UINT64_MAX - g->paddr)
			abort();
	}
	return 0;
}
