/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads file names, one a line, and prints what libigvm says of each: the
 * error, or 1 and a hash over all types, headers and data of directives.
 */
#include "libigvm/igvm/igvm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t hash;

static void add(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
}

static void add_buffer(IgvmHandle file, IgvmHandle buffer)
{
	int32_t n = igvm_get_buffer_size(file, buffer);

	if (buffer < 0) {
		add(&buffer, sizeof(buffer));
		return;
	}
	add(&n, sizeof(n));
	add(igvm_get_buffer(file, buffer), (size_t)n);
}

static void add_section(IgvmHandle file, IgvmHeaderSection section)
{
	int32_t n = igvm_header_count(file, section);

	add(&n, sizeof(n));
	for (uint32_t i = 0; i < (uint32_t)n; i++) {
		int32_t type = igvm_get_header_type(file, section, i);

		add(&type, sizeof(type));
		/* The other library stops the program for these. */
		if (type == IGVM_VHT_ERROR_RANGE)
			continue;
		add_buffer(file, igvm_get_header(file, section, i));
		if (section == IGVM_HEADER_SECTION_DIRECTIVE)
			add_buffer(
				file, igvm_get_header_data(file, section, i));
	}
}

int main(void)
{
	static uint8_t bytes[1 << 20];
	char name[512];

	while (fgets(name, sizeof(name), stdin)) {
		IgvmHandle file;
		size_t n;
		FILE *f;

		name[strcspn(name, "\n")] = 0;
		f = fopen(name, "rb");
		if (!f)
			return 1;
		n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		file = igvm_new_from_binary(bytes, (uint32_t)n);
		if (file < 0) {
			printf("%d\n", file);
			continue;
		}
		hash = UINT64_C(0xcbf29ce484222325);
		for (IgvmHeaderSection s = 0; s < 3; s++)
			add_section(file, s);
		igvm_free(file);
		printf("1 %016" PRIx64 "\n", hash);
	}
	return 0;
}
