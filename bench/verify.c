/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying reports whose chain was verified before, against the machine's
 * own rate of P-384 verifications: libcrypto with a key at hand and the
 * digest computed, which is the floor of every verifier.
 *
 * usage: bench_verify FOLDER    (tests/data/owner)
 */
#include "base/base.h"
#include "coffer/verify.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Alternating rounds, the best of each, since the machine may be busy. */
#define SECONDS 0.4
#define ROUNDS  5
#define NOW     1735689600 /* when the certificates of the folder are valid */

static struct coffer_error err;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_verify: %s: %s\n", what, err.msg);
	exit(1);
}

static uint8_t *load(const char *folder, const char *name, size_t *len)
{
	char path[1024];
	uint8_t *data;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	must(cf_read_file(path, 65536, &data, len, &err) == COFFER_OK, name);
	return data;
}

static void add(
	struct coffer_certs *certs, const char *folder, const char *name)
{
	size_t len;
	uint8_t *data = load(folder, name, &len);

	must(coffer_certs_add(certs, data, len, &err) == COFFER_OK, name);
	free(data);
}

/* Raw verifications of one signature per second. */
static double floor_rate(void)
{
	uint8_t digest[48] = { 1 }, sig[128];
	size_t len = sizeof(sig);
	EVP_PKEY *key = EVP_EC_gen("P-384");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	double start, end;
	unsigned n = 0;

	must(EVP_PKEY_sign_init(ctx) == 1 &&
			EVP_PKEY_sign(ctx, sig, &len, digest, 48) == 1 &&
			EVP_PKEY_verify_init(ctx) == 1,
		"P-384");
	for (start = end = now(); end - start < SECONDS; n++) {
		must(EVP_PKEY_verify(ctx, sig, len, digest, 48) == 1,
			"verification");
		end = now();
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return n / (end - start);
}

static double cached_rate(
	const struct coffer_chain *chain, const uint8_t *report, size_t len)
{
	const struct coffer_expectation expected = {
		.measurement = report + 0x90,
		.report_data = report + 0x50,
		.policy = "debug=off",
	};
	struct coffer_verification v;
	double start, end;
	unsigned n = 0;

	for (start = end = now(); end - start < SECONDS; n++) {
		must(coffer_verify_report(chain, report, len, &expected, &v,
			     &err) == COFFER_OK &&
				v.verified,
			"report");
		end = now();
	}
	return n / (end - start);
}

static double whole_rate(const struct coffer_certs *certs,
	const struct coffer_trust *trust, const uint8_t *report, size_t len)
{
	double start, end;
	unsigned n = 0;

	for (start = end = now(); end - start < SECONDS; n++) {
		struct coffer_chain *chain;

		must(coffer_chain_create(certs, report, len, trust, &chain,
			     &err) == COFFER_OK,
			"chain");
		coffer_chain_destroy(chain);
		end = now();
	}
	return n / (end - start);
}

static void keep_best(double *best, double rate)
{
	if (rate > *best)
		*best = rate;
}

int main(int argc, char **argv)
{
	struct coffer_trust trust = { .now = NOW, .simulated = true };
	struct coffer_certs *certs;
	struct coffer_chain *chain;
	double floor = 0, cached = 0, whole = 0;
	uint8_t *root, *report;
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_verify FOLDER\n");
		return 2;
	}
	must(coffer_certs_create(&certs, &err) == COFFER_OK, "set");
	add(certs, argv[1], "vcek.der");
	add(certs, argv[1], "ask_milan.der");
	root = load(argv[1], "ark_milan.der", &trust.root_len);
	trust.root = root;
	report = load(argv[1], "report_v3.bin", &len);
	must(coffer_chain_create(certs, report, len, &trust, &chain, &err) ==
			COFFER_OK,
		"chain");
	for (int i = 0; i < ROUNDS; i++) {
		keep_best(&floor, floor_rate());
		keep_best(&cached, cached_rate(chain, report, len));
		keep_best(&whole, whole_rate(certs, &trust, report, len));
	}
	printf("P-384 verifications              %8.0f /s\n"
	       "reports with a cached chain      %8.0f /s  %3.0f %% of that "
	       "(target 60 %%)\n"
	       "chains, three RSA-4096 each      %8.0f /s\n",
		floor, cached, 100 * cached / floor, whole);
	coffer_chain_destroy(chain);
	coffer_certs_destroy(certs);
	free(root);
	free(report);
	return cached < 0.6 * floor;
}
