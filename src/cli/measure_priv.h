/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of coffer measure share. */
#ifndef CF_CLI_MEASURE_PRIV_H
#define CF_CLI_MEASURE_PRIV_H

#include "cli/cli.h"
#include "plan/plan.h"
#include "sp/sp.h"

/* One digest, with the number of vCPUs when it is one of several. */
struct measured {
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;
	unsigned vcpus; /* 0: not known */
};

/* What JSON says beside the digests; zero and NULL: left out. */
struct measure_facts {
	const char *mode;
	enum cf_platform platform;
	const char *file, *profile;
	const char *vmm, *era;
	uint32_t cpuid_signature;
	uint64_t sev_features;
	bool has_policy;
	uint64_t policy;
	bool kernel_hashes;
};

int measure_firmware(const struct cli_args *args);
int measure_igvm(const struct cli_args *args);

/* Print in the form that the options ask for. */
int measure_print(const struct cli_args *args, const struct measure_facts *f,
	const struct measured *m, size_t n);
/* --tik and its companions: what LAUNCH_MEASURE would answer. */
bool measure_wants_hmac(const struct cli_args *args);
struct cf_sev_measure;
/* --nonce: 16 bytes in hex or base64; --api and --build.  False: absent or
 * malformed. */
bool measure_get_nonce(const struct cli_args *args, uint8_t nonce[16]);
bool measure_get_api(const struct cli_args *args, struct cf_sev_measure *m);
int measure_print_hmac(const struct cli_args *args, const uint8_t digest[32],
	bool has_policy, uint64_t policy);

#endif
