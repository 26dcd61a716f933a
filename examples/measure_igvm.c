/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print the launch digest that an SNP platform must report for an IGVM file.
 * Build: cc measure_igvm.c $(pkg-config --cflags --libs coffer)
 */
#include <coffer/measure.h>

#include <stdio.h>
#include <stdlib.h>

static unsigned char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL;
	long size;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > 0) {
		rewind(f);
		data = malloc((size_t)size);
		*len = data ? fread(data, 1, (size_t)size, f) : 0;
	}
	fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	struct coffer_digest digest;
	struct coffer_error err;
	unsigned char *file;
	size_t len = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: measure_igvm FILE\n");
		return 2;
	}
	file = read_file(argv[1], &len);
	if (!file) {
		perror(argv[1]);
		return 1;
	}
	if (coffer_measure_igvm(
		    file, len, COFFER_SEV_SNP, "spec", &digest, &err)) {
		fprintf(stderr, "%s: %s\n", argv[1], err.msg);
		free(file);
		return 1;
	}
	for (size_t i = 0; i < digest.len; i++)
		printf("%02x", digest.bytes[i]);
	printf("\n");
	free(file);
	return 0;
}
