/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify an SNP attestation report with the certificates that came with it.
 * Build: cc verify_report.c $(pkg-config --cflags --libs coffer)
 */
#include <coffer/verify.h>

#include <stdio.h>

static size_t read_file(const char *path, unsigned char *to, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(to, 1, size, f) : 0;

	if (f)
		fclose(f);
	return n;
}

static const char *const verdicts[] = { "not asked", "passed", "failed" };

int main(int argc, char **argv)
{
	static unsigned char report[65536], cert[65536];
	struct coffer_trust trust = { .now = 0 };
	struct coffer_expectation expected = { .policy = "debug=off" };
	struct coffer_verification v;
	struct coffer_certs *certs = NULL;
	struct coffer_chain *chain = NULL;
	struct coffer_error err = {
		.msg = "usage: verify_report REPORT CERT.."
	};
	int status = argc < 3 || coffer_certs_create(&certs, &err);
	size_t len = status ? 0 : read_file(argv[1], report, sizeof(report));

	for (int i = 2; !status && i < argc; i++)
		status = coffer_certs_add(certs, cert,
			read_file(argv[i], cert, sizeof(cert)), &err);
	if (!status)
		status = coffer_chain_create(
			certs, report, len, &trust, &chain, &err);
	if (!status)
		status = coffer_verify_report(
			chain, report, len, &expected, &v, &err);
	coffer_chain_destroy(chain);
	coffer_certs_destroy(certs);
	if (status) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	for (size_t i = 0; i < v.nchecks; i++)
		printf("%s: %s %s\n", v.check[i].name,
			verdicts[v.check[i].verdict], v.check[i].reason);
	printf("%s%s\n", v.verified ? "verified" : "NOT verified",
		v.simulated ? " (SIMULATED)" : "");
	return !v.verified;
}
