/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU features: the CPUID registers that hold them, their names as QEMU spells
 * them, what QEMU's CPU types have, and -cpu's value "TYPE,+x,-y,enforce".
 *
 * Sources: APM volume 3 (AMD 24594), appendix E; processor programming
 * references 54945, 55898, 55901; QEMU's CPU types by name.
 */
#ifndef CF_IMAGE_CPU_FEATURE_H
#define CF_IMAGE_CPU_FEATURE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The registers that hold feature bits. */
enum cf_cpuid_word {
	CF_W_1_ECX,
	CF_W_1_EDX,
	CF_W_7_EBX,
	CF_W_7_ECX,
	CF_W_7_EDX,
	CF_W_D1_EAX,
	CF_W_81_ECX, /* 0x80000001 */
	CF_W_81_EDX,
	CF_W_88_EBX,  /* 0x80000008 */
	CF_W_71_EAX,  /* 7, subleaf 1 */
	CF_W_87_EDX,  /* 0x80000007 */
	CF_W_8A_EDX,  /* 0x8000000A: nested SVM */
	CF_W_821_EAX, /* 0x80000021 */
	CF_W_6_EAX,
	CF_NWORDS,
};

struct cf_cpu_features {
	uint32_t w[CF_NWORDS];
};

struct cf_cpuid_place {
	uint32_t leaf, subleaf;
	unsigned reg; /* 0 EAX to 3 EDX */
};
struct cf_cpuid_place cf_cpuid_place_of(enum cf_cpuid_word word);

/* A feature by name; '_' and '-' are the same.  False: no such name. */
CF_MUST_CHECK bool cf_cpu_feature_find(
	const char *name, size_t len, enum cf_cpuid_word *word, uint32_t *bit);
/* "avx512f"; NULL: the bit has no name. */
const char *cf_cpu_feature_name(enum cf_cpuid_word word, unsigned bit);
/* Names of the bits, a blank between them; unnamed ones by leaf and number.
 * Cut with "..." when there is no room. */
void cf_cpu_feature_list(
	const struct cf_cpu_features *f, char *out, size_t len);
/* Take away what cannot be without something that is missing (AVX2 without
 * AVX). */
void cf_cpu_feature_close(struct cf_cpu_features *f);

/* What the type of that name has.  False: no such type. */
CF_MUST_CHECK bool cf_cpu_type_features(
	const char *name, struct cf_cpu_features *out);

/* -cpu's value. */
struct cf_cpu_spec {
	char name[32]; /* of the type, "host" and "max" too */
	struct cf_cpu_features add, remove;
	bool check;   /* say what the host lacks; on, as in QEMU */
	bool enforce; /* refuse to start when it lacks something */
};
enum coffer_status cf_cpu_spec_parse(const char *text, struct cf_cpu_spec *out,
	struct coffer_error *err) CF_MUST_CHECK;
bool cf_cpu_spec_is_host(const struct cf_cpu_spec *spec);

#endif
