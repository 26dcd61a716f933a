/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A named CPU type on top of what KVM supports: features that both have, the
 * type's signature and name, no leaves that the type does not have.
 *
 * Source: APM volume 3 (AMD 24594), appendix E; Linux, KVM API,
 * "KVM_GET_SUPPORTED_CPUID".
 */
#include "accel/kvm/cpuid_priv.h"

#include "base/base.h"
#include "image/image.h"
#include "kvm/uapi.h"

#include <stdio.h>
#include <string.h>

#define MAX_BASIC  0xdu
#define MAX_SEV    0x8000001fu
#define MAX_LATER  0x80000021u
#define X2APIC     (1u << 21)
#define CMP_LEGACY (1u << 1) /* leaf 1's count is of cores */
#define HYPERVISOR (1u << 31)
/* AMD's copies of leaf 1 EDX in leaf 0x80000001, which others lack. */
#define COPIED_EDX 0x0183f3ffu
/* XCR0 bits and what brings them. */
#define XCR0_BASE   0x3u
#define XCR0_AVX    0x4u
#define XCR0_AVX512 0xe0u
#define XCR0_PKRU   0x200u

struct kvm_cpuid_entry2 *kvm_cpuid_find(
	struct kvm_cpuid2 *list, uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < list->nent; i++) {
		struct kvm_cpuid_entry2 *e = &list->entries[i];

		if (e->function == leaf &&
			(!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
				e->index == subleaf))
			return e;
	}
	return NULL;
}

static uint32_t *word_of(struct kvm_cpuid2 *list, enum cf_cpuid_word w)
{
	struct cf_cpuid_place at = cf_cpuid_place_of(w);
	struct kvm_cpuid_entry2 *e = kvm_cpuid_find(list, at.leaf, at.subleaf);

	if (!e)
		return NULL;
	return at.reg == 0    ? &e->eax
		: at.reg == 1 ? &e->ebx
		: at.reg == 2 ? &e->ecx
			      : &e->edx;
}

static bool has(const struct cf_cpu_features *f, const char *name)
{
	enum cf_cpuid_word w;
	uint32_t bit;

	return cf_cpu_feature_find(name, strlen(name), &w, &bit) &&
		f->w[w] & bit;
}

static void clear(struct cf_cpu_features *f, const char *name)
{
	enum cf_cpuid_word w;
	uint32_t bit;

	if (cf_cpu_feature_find(name, strlen(name), &w, &bit))
		f->w[w] &= ~bit;
}

/* As in QEMU under KVM: of a named type nested SVM and MONITOR only when asked
 * for, x2APIC always. */
static void wanted(const struct cf_cpu_spec *spec,
	const struct cf_cpu_features *supported, struct cf_cpu_features *out)
{
	if (cf_cpu_spec_is_host(spec)) {
		*out = *supported;
	} else {
		clear(out, "svm");
		clear(out, "monitor");
		out->w[CF_W_1_ECX] |= supported->w[CF_W_1_ECX] & X2APIC;
		out->w[CF_W_81_ECX] |= supported->w[CF_W_81_ECX] & CMP_LEGACY;
	}
	for (size_t i = 0; i < CF_NWORDS; i++)
		out->w[i] = (out->w[i] | spec->add.w[i]) & ~spec->remove.w[i];
	cf_cpu_feature_close(out);
}

static void read_words(struct kvm_cpuid2 *list, struct cf_cpu_features *out)
{
	for (unsigned i = 0; i < CF_NWORDS; i++) {
		const uint32_t *word = word_of(list, i);

		out->w[i] = word ? *word : 0;
	}
}

static void write_words(
	struct kvm_cpuid2 *list, const struct cf_cpu_features *f)
{
	for (unsigned i = 0; i < CF_NWORDS; i++) {
		uint32_t *word = word_of(list, i);

		if (word && i == CF_W_1_ECX)
			*word = f->w[i] | (*word & HYPERVISOR);
		else if (word)
			*word = f->w[i];
	}
}

/* The state components that XSAVE may hold, and how much room they take. */
static void limit_xsave(
	struct kvm_cpuid2 *list, const struct cf_cpu_features *f)
{
	struct kvm_cpuid_entry2 *e = kvm_cpuid_find(list, 0xd, 0);
	uint32_t xcr0 = XCR0_BASE, size = 576;

	if (!e)
		return;
	if (has(f, "avx"))
		xcr0 |= XCR0_AVX;
	if (has(f, "avx512f"))
		xcr0 |= XCR0_AVX512;
	if (has(f, "pku"))
		xcr0 |= XCR0_PKRU;
	e->eax &= xcr0;
	e->edx = 0;
	for (uint32_t i = 2; i < 32; i++) {
		struct kvm_cpuid_entry2 *part =
			e->eax >> i & 1 ? kvm_cpuid_find(list, 0xd, i) : NULL;

		if (part && part->ebx + part->eax > size)
			size = part->ebx + part->eax;
	}
	e->ecx = size;
	xcr0 = e->eax;
	e = kvm_cpuid_find(list, 0xd, 1);
	if (e)
		e->ecx = e->edx = 0; /* no supervisor components */
	for (uint32_t i = 0; i < list->nent; i++) {
		e = &list->entries[i];
		if (e->function == 0xd && e->index >= 2 &&
			(e->index >= 32 || !(xcr0 >> e->index & 1)))
			e->eax = e->ebx = e->ecx = e->edx = 0;
	}
}

static void drop_leaves(struct kvm_cpuid2 *list, uint32_t max_extended)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->nent; i++) {
		uint32_t leaf = list->entries[i].function;

		if ((leaf > MAX_BASIC && leaf < 0x40000000) ||
			leaf > max_extended)
			continue;
		list->entries[n++] = list->entries[i];
	}
	list->nent = n;
}

static void put_vendor(struct kvm_cpuid_entry2 *e)
{
	static const uint8_t vendor[12] = { 'A', 'u', 't', 'h', 'e', 'n', 't',
		'i', 'c', 'A', 'M', 'D' };

	e->ebx = cf_load_le32(vendor);
	e->edx = cf_load_le32(vendor + 4);
	e->ecx = cf_load_le32(vendor + 8);
}

/* "AMD EPYC-Milan Processor", without the version. */
static void put_brand(struct kvm_cpuid2 *list, const char *name)
{
	uint8_t text[49] = { 0 };
	size_t len = strlen(name);
	const char *version = strstr(name, "-v");

	if (version)
		len = (size_t)(version - name);
	snprintf((char *)text, sizeof(text), "AMD %.*s Processor", (int)len,
		name);
	for (uint32_t i = 0; i < 3; i++) {
		struct kvm_cpuid_entry2 *e =
			kvm_cpuid_find(list, 0x80000002 + i, 0);

		if (!e)
			continue;
		e->eax = cf_load_le32(text + 16 * i);
		e->ebx = cf_load_le32(text + 16 * i + 4);
		e->ecx = cf_load_le32(text + 16 * i + 8);
		e->edx = cf_load_le32(text + 16 * i + 12);
	}
}

static void put_identity(
	struct kvm_cpuid2 *list, const char *name, uint32_t max_extended)
{
	static const uint32_t with_signature[] = { 1, 0x80000001 };
	struct kvm_cpuid_entry2 *e = kvm_cpuid_find(list, 0, 0);
	uint32_t signature = 0;

	if (e) {
		put_vendor(e);
		e->eax = e->eax < MAX_BASIC ? e->eax : MAX_BASIC;
	}
	e = kvm_cpuid_find(list, 0x80000000, 0);
	if (e) {
		put_vendor(e);
		e->eax = e->eax < max_extended ? e->eax : max_extended;
	}
	for (size_t i = 0; cf_cpu_type_signature(name, &signature) && i < 2;
		i++) {
		e = kvm_cpuid_find(list, with_signature[i], 0);
		if (e)
			e->eax = signature;
	}
	put_brand(list, name);
}

enum coffer_status kvm_cpuid_apply_type(const struct cf_cpu_spec *spec,
	struct kvm_cpuid2 *list, struct cf_cpu_features *missing,
	struct coffer_error *err)
{
	struct cf_cpu_features supported, want;
	bool host = cf_cpu_spec_is_host(spec);
	uint32_t max_extended;

	if (!host && !cf_cpu_type_features(spec->name, &want))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-cpu %s: not a known type; there are host, max and "
			"the EPYC types ('coffer run -cpu help')",
			spec->name);
	read_words(list, &supported);
	wanted(spec, &supported, &want);
	for (size_t i = 0; i < CF_NWORDS; i++) {
		missing->w[i] = want.w[i] & ~supported.w[i];
		want.w[i] &= supported.w[i];
	}
	missing->w[CF_W_81_EDX] &= ~COPIED_EDX;
	cf_cpu_feature_close(&want);
	write_words(list, &want);
	limit_xsave(list, &want);
	if (host)
		return COFFER_OK;
	max_extended = want.w[CF_W_821_EAX] ? MAX_LATER : MAX_SEV;
	drop_leaves(list, max_extended);
	put_identity(list, spec->name, max_extended);
	return COFFER_OK;
}
