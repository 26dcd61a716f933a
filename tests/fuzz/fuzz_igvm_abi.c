/* SPDX-License-Identifier: Apache-2.0 */
/* libigvm: every question about whatever file it accepts. */
#include "igvm_input.h"

#include "libigvm/igvm/igvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Reads a buffer to its end; frees every other one, igvm_free the rest. */
static void read_buffer(IgvmHandle file, IgvmHandle buffer)
{
	const uint8_t *p = igvm_get_buffer(file, buffer);
	int32_t n = igvm_get_buffer_size(file, buffer);
	static volatile uint8_t sink CF_UNUSED;

	if (buffer <= 0)
		return;
	if (!p || n <= 0)
		abort();
	for (int32_t i = 0; i < n; i++)
		sink ^= p[i];
	if (buffer % 2)
		igvm_free_buffer(file, buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *p = igvm_input(data, len);
	IgvmHandle file;

	if (!p)
		return 0;
	file = igvm_new_from_binary(p, (uint32_t)len);
	free(p);
	if (file < 0) {
		if (file < IGVMAPI_INVALID_CCA_POLICY_COMPATIBILITY_MASK)
			abort();
		return 0;
	}
	for (IgvmHeaderSection s = 0; s < 3; s++) {
		int32_t n = igvm_header_count(file, s);

		if (n < 0)
			abort();
		for (uint32_t i = 0; i < (uint32_t)n; i++) {
			if (igvm_get_header_type(file, s, i) <= 0)
				abort();
			read_buffer(file, igvm_get_header(file, s, i));
			read_buffer(file, igvm_get_header_data(file, s, i));
		}
	}
	igvm_free(file);
	return 0;
}
