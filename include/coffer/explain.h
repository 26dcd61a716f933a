/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why is the digest another one?  From a reported digest and the inputs that
 * one believes in, find the nearest inputs that give it.
 */
#ifndef COFFER_EXPLAIN_H
#define COFFER_EXPLAIN_H

#include "coffer/measure.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a search found; immutable, to be shared as one likes. */
struct coffer_explanation;

/**
 * Search the neighbourhood of a firmware launch: vCPU count, CPU type, VMM,
 * eras, guest features, kernel hashes, endings of the command line, halves of
 * the firmware.
 *
 * believed    the inputs; borrowed for the call.
 * digest      len bytes that the platform reported, 32 or 48.
 * max_vcpus   try up to this many; 0: 64.
 *
 * Returns COFFER_OK with or without a match; COFFER_ERR_ARGUMENT: a digest of
 * another length; and what coffer_measure_firmware returns for bad inputs.
 */
enum coffer_status coffer_explain_firmware(
	const struct coffer_firmware *believed, const uint8_t *digest,
	size_t len, unsigned max_vcpus, struct coffer_explanation **out,
	struct coffer_error *err);

/** The same for an IGVM file; parameters as of coffer_measure_igvm. */
enum coffer_status coffer_explain_igvm(const uint8_t *file, size_t file_len,
	enum coffer_platform platform, const char *profile,
	const uint8_t *digest, size_t len, struct coffer_explanation **out,
	struct coffer_error *err);

/** Frees it and all that was borrowed from it; NULL is fine. */
void coffer_explanation_destroy(struct coffer_explanation *e);

/** Inputs that give the digest: how many, those with the fewest changes
 * first.  0: none of the candidates fits. */
size_t coffer_explanation_matches(const struct coffer_explanation *e);

/**
 * Change i of a match: which assumption, what was believed, what is so.
 * False past the last; a match without changes says that the belief is right.
 * The texts are borrowed until the explanation is destroyed.
 */
bool coffer_explanation_change(const struct coffer_explanation *e, size_t match,
	size_t i, const char **assumption, const char **believed,
	const char **actual);

/** How many candidates were tried, and lines that say which (borrowed until the
 * explanation is destroyed). */
uint64_t coffer_explanation_candidates(const struct coffer_explanation *e);
const char *coffer_explanation_tried(const struct coffer_explanation *e);

#ifdef __cplusplus
}
#endif

#endif
