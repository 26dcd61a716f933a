/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The synthetic firmware of the launch notes, 8 KiB: tables, five sections of
 * SEV metadata, no code.  SHA-256
 * f182efd9790d41c237137c3fd6f416f30c7ba60469b83a4b63560bac16837d1c.
 * And the loop that mangles such an input field by field.
 */
#ifndef CF_TEST_SYN_H
#define CF_TEST_SYN_H

#include "test.h"

#define SYN_LEN 8192

static inline void put(uint8_t *p, const char *hex)
{
	assert_true(cf_unhex(hex, p, strlen(hex) / 2));
}

/*
 * One field of a valid input overwritten, and what the parser must say of it.
 * A case that expects success has no message.
 */
struct mangle {
	size_t at;
	const char *bytes; /* hexadecimal */
	enum coffer_status status;
	const char *message;
};

typedef enum coffer_status (*mangle_parse)(
	const uint8_t *bytes, size_t len, struct coffer_error *err);

/* Each case alone, on a fresh copy of the good input. */
static inline void assert_mangled(const uint8_t *good, size_t len,
	const struct mangle *cases, size_t n, mangle_parse parse)
{
	uint8_t *bad = malloc(len);

	assert_non_null(bad);
	for (size_t i = 0; i < n; i++) {
		struct coffer_error err = { 0 };

		assert_true(strlen(cases[i].bytes) / 2 <= len - cases[i].at);
		memcpy(bad, good, len);
		put(bad + cases[i].at, cases[i].bytes);
		assert_status(cases[i].status, parse(bad, len, &err));
		if (cases[i].message)
			assert_message(cases[i].message);
	}
	free(bad);
}

static inline void make_syn(uint8_t fw[SYN_LEN])
{
	memset(fw, 0, SYN_LEN);
	put(fw + 0x1000,
		"415345564c0000000100000005000000"
		"000080000020000001000000002080000010000002000000"
		"003080000010000003000000004080000010000004000000"
		"000081000010000010000000");
	put(fw + 0x1f6e,
		"001000001600666588dc4a989847a75e5585a7bf67cc"
		"000c8100000400001a001f3755723b3a044b927b1da6efa8d454"
		"00008100000c00001a0061b32e4c9b7dc34c8081127c90d3d294"
		"04b080001600de71f7007e1acb4f890e68c77e2fb44e"
		"7200de82b596b21ff745baeaa366c55a082d");
}

#endif
