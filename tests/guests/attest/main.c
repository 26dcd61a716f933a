/* SPDX-License-Identifier: Apache-2.0 */
/* attest PORT: waits for one visitor; see attest.h. */
#include "attest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEASUREMENT 0x90
#define DIGEST_LEN  48

void fail(const char *what)
{
	printf("attest: failed: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static void put_hex(FILE *f, const char *word, const uint8_t *p, size_t n)
{
	fprintf(f, "%s ", word);
	while (n--)
		fprintf(f, "%02x", *p++);
	fprintf(f, "\n");
}

/* The next word as bytes; how many, or 0 when it is no hexadecimal text that
 * fits. */
static size_t take_hex(char **at, uint8_t *out, size_t max)
{
	char *word = strsep(at, " \n");
	size_t n = 0;

	for (; word && word[0] && n < max; word += 2, n++)
		if (sscanf(word, "%2hhx", &out[n]) != 1 || !word[1])
			return 0;
	return word && !word[0] ? n : 0;
}

/* One line that starts with `word`; false: there is none. */
static bool take_line(
	FILE *f, const char *word, char *line, size_t len, char **rest)
{
	size_t n = strlen(word);

	if (!fgets(line, (int)len, f) || strncmp(line, word, n) ||
		line[n] != ' ')
		return false;
	*rest = line + n + 1;
	return true;
}

static int visitor(const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	int s = socket(AF_INET, SOCK_STREAM, 0), c;

	if (s < 0 || bind(s, (struct sockaddr *)&at, sizeof(at)) ||
		listen(s, 1))
		fail("cannot listen");
	printf("attest: ready\n");
	c = accept(s, NULL, NULL);
	if (c < 0)
		fail("nobody comes");
	close(s);
	return c;
}

static void prove(FILE *f, int dev, const uint8_t *nonce, const uint8_t *key)
{
	static uint8_t report[2][REPORT_LEN], certs[MAX_CERTS];
	uint8_t data[64];
	size_t len;

	report_data(nonce, key, data);
	get_report(dev, data, report[0]);
	len = get_ext_report(dev, data, report[1], certs);
	put_hex(stdout, "attest: measurement", report[0] + MEASUREMENT,
		DIGEST_LEN);
	put_hex(f, "public", key, KEY_LEN);
	put_hex(f, "report", report[0], REPORT_LEN);
	put_hex(f, "extended", report[1], REPORT_LEN);
	put_hex(f, "certs", certs, len);
	fflush(f);
}

static bool receive(FILE *f, struct opener *o, const uint8_t *nonce)
{
	char line[4 * MAX_SECRET], *rest;
	uint8_t sender[KEY_LEN], iv[IV_LEN], secret[MAX_SECRET + TAG_LEN];
	uint8_t digest[32];
	size_t len;

	if (!take_line(f, "secret", line, sizeof(line), &rest) ||
		take_hex(&rest, sender, sizeof(sender)) != KEY_LEN ||
		take_hex(&rest, iv, sizeof(iv)) != IV_LEN)
		return false;
	len = take_hex(&rest, secret, sizeof(secret));
	if (!opener_open(o, nonce, sender, iv, secret, &len))
		return false;
	sha256(secret, len, digest);
	put_hex(stdout, "attest: secret SHA-256", digest, sizeof(digest));
	return true;
}

int main(int argc, char **argv)
{
	uint8_t key[KEY_LEN], digest[32], nonce[NONCE_LEN];
	char line[128], *rest;
	struct opener *o;
	FILE *in, *out;
	int dev, c;

	setlinebuf(stdout);
	if (argc != 2)
		fail("usage: attest PORT");
	dev = open("/dev/sev-guest", O_RDWR);
	if (dev < 0)
		fail("/dev/sev-guest");
	get_derived_key(dev, key);
	sha256(key, sizeof(key), digest);
	put_hex(stdout, "attest: derived key SHA-256", digest, sizeof(digest));
	c = visitor(argv[1]);
	in = fdopen(c, "r");
	out = fdopen(dup(c), "w");
	if (!in || !out || !take_line(in, "nonce", line, sizeof(line), &rest) ||
		take_hex(&rest, nonce, sizeof(nonce)) != NONCE_LEN)
		fail("the visitor sends no nonce");
	o = opener_create(key);
	prove(out, dev, nonce, key);
	if (!receive(in, o, nonce))
		printf("attest: no secret\n");
	return 0;
}
