/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypt a disk's passphrase for a SEV guest whose measurement was verified.
 * Build: cc build_secret.c $(pkg-config --cflags --libs coffer)
 */
#include <coffer/owner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_exactly(const char *path, unsigned char *to, size_t n)
{
	FILE *f = fopen(path, "rb");
	int ok = f && fread(to, 1, n, f) == n;

	if (f)
		fclose(f);
	return ok;
}

static int write_all(const char *path, const unsigned char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	int ok = f && fwrite(p, 1, n, f) == n;

	return (f && fclose(f) == 0) && ok;
}

int main(int argc, char **argv)
{
	unsigned char tek[16], tik[16], measurement[48], header[52], *payload;
	struct coffer_secret disk = {
		.guid = "736869e5-84f0-4973-92ec-06879ce3da0b", /* LUKS */
	};
	struct coffer_error err;
	size_t len;
	int ok;

	if (argc != 7 || !read_exactly(argv[1], tek, sizeof(tek)) ||
		!read_exactly(argv[2], tik, sizeof(tik)) ||
		!read_exactly(argv[3], measurement, sizeof(measurement))) {
		fprintf(stderr,
			"usage: build_secret TEK TIK MEASUREMENT "
			"PASSPHRASE HEADER PAYLOAD\n");
		return 2;
	}
	disk.data = (const unsigned char *)argv[4];
	disk.len = strlen(argv[4]) + 1; /* the guest wants the NUL */
	if (coffer_secret_packet(tek, tik, measurement, &disk, 1, header,
		    &payload, &len, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	ok = write_all(argv[5], header, sizeof(header)) &&
		write_all(argv[6], payload, len);
	free(payload);
	return !ok;
}
