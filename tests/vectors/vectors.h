/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table-driven test of cases.tsv: every row has a kind, every kind has a
 * handler, and a handler compares what the library gives with the expected
 * column.  A row fails with a message; there is no way to skip one.
 */
#ifndef CF_TEST_VECTORS_H
#define CF_TEST_VECTORS_H

#include "base/base.h"

struct vector_row {
	const char *folder; /* where input names start */
	const char *id, *kind, *inputs, *parameters, *expected;
};

struct vector_kind {
	const char *kind;
	/* True: passed.  False: *why says what does not match. */
	bool (*run)(const struct vector_row *row, struct cf_buf *why);
};

/* One table per folder of the library; each ends with a NULL kind. */
extern const struct vector_kind vector_owner_kinds[];
extern const struct vector_kind vector_sev_kinds[];

/* The i-th input file, read; data is owned.  False with *why filled. */
bool vector_input(const struct vector_row *row, size_t i, uint8_t **data,
	size_t *len, struct cf_buf *why);
size_t vector_ninputs(const struct vector_row *row);
/* A name of an input, without its folder; "" past the last. */
void vector_input_name(
	const struct vector_row *row, size_t i, char *out, size_t size);

/* The value of "name=value" in a list separated by "; " (also ", " and " "
 * where the row uses them: `separators`). */
bool vector_field(const char *list, const char *separators, const char *name,
	char *out, size_t size);
/* The field as n bytes of hex, or as a number. */
bool vector_hex(const char *list, const char *name, uint8_t *out, size_t n);
bool vector_u64(const char *list, const char *name, uint64_t *out);
/* The field in base64; *out is to be finished. */
bool vector_base64(const char *list, const char *name, struct cf_buf *out);

/* Compare and explain: "name: X, want Y". */
bool vector_same_hex(struct cf_buf *why, const char *name, const uint8_t *has,
	const uint8_t *want, size_t n);
/* Compare field `name` of the expected list with these bytes. */
bool vector_expect_hex(const struct vector_row *row, struct cf_buf *why,
	const char *name, const uint8_t *has, size_t n);
bool vector_expect_u64(const struct vector_row *row, struct cf_buf *why,
	const char *name, uint64_t has);
/* Every field name of the expected list is one of these. */
bool vector_known_fields(const struct vector_row *row, struct cf_buf *why,
	const char *const *names);

bool vector_fail(struct cf_buf *why, const char *fmt, ...) CF_PRINTF(2, 3);

#endif
