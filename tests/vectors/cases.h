/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared test vectors, one row of cases.tsv at a time.  A handler checks
 * all rows of one kind; each area keeps its handlers in a file of its own.
 */
#ifndef CF_TEST_CASES_H
#define CF_TEST_CASES_H

#include "test.h"

#include "base/file.h"

struct vcase {
	const char *id, *kind, *inputs, *parameters, *expected;
	bool skipped; /* set by case_skip */
};

struct case_handler {
	const char *kind;
	void (*check)(struct vcase *v);
};

/* Lists end with a NULL kind. */
extern const struct case_handler measure_cases[];
extern const struct case_handler igvm_cases[];
extern const struct case_handler launch_cases[];

/* Skip the row; why is printed. */
void case_skip(struct vcase *v, const char *fmt, ...) CF_PRINTF(2, 3);

/* "key=value" or "key(note)=value" of a parameter text, up to the next ';',
 * without quotes; false when there is none. */
bool case_param(const char *text, const char *key, char *out, size_t size);
uint64_t case_number(const struct vcase *v, const char *key,
	uint64_t fallback); /* what follows the digits is ignored */

/*
 * Input `i` of a row as a mapping: a file of the vectors, or a file of a
 * Debian package from the guest cache whose SHA-256 is compared.  False when
 * there is no such input; skips the row (and returns false) when a Debian
 * file is not there in that version.
 */
bool case_input(struct vcase *v, size_t i, struct cf_mapping *out);
/* The input whose name holds `part`. */
bool case_input_named(
	struct vcase *v, const char *part, struct cf_mapping *out);

/* The digest in hex equals the text. */
void case_assert_hex(const uint8_t *p, size_t n, const char *want);

#endif
