/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus and over simple mutations of it: every
 * truncation of small inputs, flipped bits, spliced and repeated parts.  No
 * coverage feedback, but any compiler can build it, and a crash is a crash.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST   ((size_t)1 << 20)
#define MUTATIONS 400

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The target gets a copy of exactly the right size, so that a sanitizer sees
 * the first byte too many. */
static void run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return;
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void mutate(uint8_t *data, size_t len)
{
	unsigned n = 1 + (unsigned)(next_random() % 4);

	while (n-- && len) {
		size_t at = next_random() % len;
		size_t from = next_random() % len;
		size_t part = next_random() % 16;

		switch (next_random() % 4) {
		case 0:
			data[at] ^= (uint8_t)(1u << next_random() % 8);
			break;
		case 1:
			data[at] = (uint8_t)next_random();
			break;
		case 2:
			data[at] = next_random() & 1 ? 0xff : 0;
			break;
		default:
			if (part > len - at)
				part = len - at;
			if (part > len - from)
				part = len - from;
			memmove(data + at, data + from, part);
			break;
		}
	}
}

static void run_input(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	size_t step = len / 256 + 1;

	if (!copy)
		return;
	run(data, len);
	for (size_t cut = 0; cut < len; cut += step)
		run(data, cut);
	for (int i = 0; i < MUTATIONS; i++) {
		memcpy(copy, data, len);
		mutate(copy, len);
		run(copy, next_random() % 8 ? len : next_random() % (len + 1));
	}
	free(copy);
}

static int run_file(const char *path)
{
	static uint8_t data[LARGEST];
	FILE *f = fopen(path, "rbe");
	size_t len;

	if (!f)
		return -1;
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	run_input(data, len);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		fprintf(stderr, "usage: replay CORPUS\n");
		return 2;
	}
	run_input((const uint8_t *)"", 0);
	while ((entry = readdir(dir))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (run_file(path) == 0)
			printf("ok %u - %s\n", ++n, entry->d_name);
	}
	closedir(dir);
	printf("1..%u\n", n);
	return n ? 0 : 1;
}
