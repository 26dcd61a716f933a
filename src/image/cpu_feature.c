/* SPDX-License-Identifier: Apache-2.0 */
/* Names of CPUID's feature bits, where they are, and what needs what. */
#include "image/cpu_feature.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EAX, EBX, ECX, EDX };

static const struct cf_cpuid_place places[CF_NWORDS] = {
	[CF_W_1_ECX] = { 1, 0, ECX },
	[CF_W_1_EDX] = { 1, 0, EDX },
	[CF_W_7_EBX] = { 7, 0, EBX },
	[CF_W_7_ECX] = { 7, 0, ECX },
	[CF_W_7_EDX] = { 7, 0, EDX },
	[CF_W_D1_EAX] = { 0xd, 1, EAX },
	[CF_W_81_ECX] = { 0x80000001, 0, ECX },
	[CF_W_81_EDX] = { 0x80000001, 0, EDX },
	[CF_W_88_EBX] = { 0x80000008, 0, EBX },
	[CF_W_71_EAX] = { 7, 1, EAX },
	[CF_W_87_EDX] = { 0x80000007, 0, EDX },
	[CF_W_8A_EDX] = { 0x8000000a, 0, EDX },
	[CF_W_821_EAX] = { 0x80000021, 0, EAX },
	[CF_W_6_EAX] = { 6, 0, EAX },
};

/* By bit; a second name follows a blank; NULL: none. */
static const char *const names[CF_NWORDS][32] = {
	[CF_W_1_ECX] = { [0] = "pni sse3",
		[1] = "pclmulqdq",
		[3] = "monitor",
		[9] = "ssse3",
		[12] = "fma",
		[13] = "cx16",
		[17] = "pcid",
		[19] = "sse4.1 sse4-1",
		[20] = "sse4.2 sse4-2",
		[21] = "x2apic",
		[22] = "movbe",
		[23] = "popcnt",
		[24] = "tsc-deadline",
		[25] = "aes",
		[26] = "xsave",
		[28] = "avx",
		[29] = "f16c",
		[30] = "rdrand",
		[31] = "hypervisor" },
	[CF_W_1_EDX] = { [0] = "fpu",
		[1] = "vme",
		[2] = "de",
		[3] = "pse",
		[4] = "tsc",
		[5] = "msr",
		[6] = "pae",
		[7] = "mce",
		[8] = "cx8",
		[9] = "apic",
		[11] = "sep",
		[12] = "mtrr",
		[13] = "pge",
		[14] = "mca",
		[15] = "cmov",
		[16] = "pat",
		[17] = "pse36",
		[19] = "clflush",
		[23] = "mmx",
		[24] = "fxsr",
		[25] = "sse",
		[26] = "sse2",
		[28] = "ht" },
	[CF_W_7_EBX] = { [0] = "fsgsbase",
		[1] = "tsc-adjust",
		[3] = "bmi1",
		[5] = "avx2",
		[7] = "smep",
		[8] = "bmi2",
		[9] = "erms",
		[10] = "invpcid",
		[16] = "avx512f",
		[17] = "avx512dq",
		[18] = "rdseed",
		[19] = "adx",
		[20] = "smap",
		[21] = "avx512ifma",
		[23] = "clflushopt",
		[24] = "clwb",
		[28] = "avx512cd",
		[29] = "sha-ni",
		[30] = "avx512bw",
		[31] = "avx512vl" },
	[CF_W_7_ECX] = { [1] = "avx512vbmi avx512-vbmi",
		[2] = "umip",
		[3] = "pku",
		[6] = "avx512-vbmi2",
		[8] = "gfni",
		[9] = "vaes",
		[10] = "vpclmulqdq",
		[11] = "avx512vnni",
		[12] = "avx512bitalg",
		[14] = "avx512-vpopcntdq",
		[16] = "la57",
		[22] = "rdpid",
		[27] = "movdiri",
		[28] = "movdir64b" },
	[CF_W_7_EDX] = { [4] = "fsrm",
		[8] = "avx512-vp2intersect",
		[26] = "spec-ctrl",
		[27] = "stibp",
		[29] = "arch-capabilities",
		[31] = "ssbd" },
	[CF_W_D1_EAX] = { [0] = "xsaveopt",
		[1] = "xsavec",
		[2] = "xgetbv1",
		[3] = "xsaves" },
	[CF_W_81_ECX] = { [0] = "lahf-lm",
		[1] = "cmp-legacy",
		[2] = "svm",
		[3] = "extapic",
		[4] = "cr8legacy",
		[5] = "abm",
		[6] = "sse4a",
		[7] = "misalignsse",
		[8] = "3dnowprefetch",
		[9] = "osvw",
		[10] = "ibs",
		[12] = "skinit",
		[13] = "wdt",
		[17] = "tce",
		[22] = "topoext",
		[23] = "perfctr-core",
		[24] = "perfctr-nb" },
	[CF_W_81_EDX] = { [11] = "syscall",
		[20] = "nx",
		[22] = "mmxext",
		[25] = "fxsr-opt",
		[26] = "pdpe1gb",
		[27] = "rdtscp",
		[29] = "lm" },
	[CF_W_88_EBX] = { [0] = "clzero",
		[2] = "xsaveerptr",
		[9] = "wbnoinvd",
		[12] = "ibpb",
		[14] = "ibrs",
		[15] = "amd-stibp",
		[17] = "stibp-always-on",
		[24] = "amd-ssbd",
		[25] = "virt-ssbd",
		[26] = "amd-no-ssb",
		[28] = "amd-psfd" },
	[CF_W_71_EAX] = { [4] = "avx-vnni", [5] = "avx512-bf16" },
	[CF_W_87_EDX] = { [8] = "invtsc" },
	[CF_W_8A_EDX] = { [0] = "npt",
		[1] = "lbrv",
		[3] = "nrip-save",
		[4] = "tsc-scale",
		[5] = "vmcb-clean",
		[6] = "flushbyasid",
		[10] = "pause-filter",
		[12] = "pfthreshold",
		[15] = "v-vmsave-vmload",
		[16] = "vgif",
		[25] = "vnmi",
		[28] = "svme-addr-chk" },
	[CF_W_821_EAX] = { [0] = "no-nested-data-bp",
		[2] = "lfence-always-serializing",
		[6] = "null-sel-clr-base",
		[8] = "auto-ibrs",
		[20] = "prefetchi" },
	[CF_W_6_EAX] = { [2] = "arat" },
};

/* The features on the right need the one on the left. */
static const struct {
	const char *name, *needed_by;
} needs[] = {
	{ "xsave", "avx xsaveopt xsavec xgetbv1 xsaves pku" },
	{ "avx", "f16c fma avx2 vaes vpclmulqdq avx-vnni" },
	{ "avx2", "avx512f" },
	{ "avx512f",
		"avx512dq avx512ifma avx512cd avx512bw avx512vl avx512vbmi "
		"avx512-vbmi2 avx512vnni avx512bitalg avx512-vpopcntdq "
		"avx512-bf16 avx512-vp2intersect" },
	{ "svm",
		"npt lbrv nrip-save tsc-scale vmcb-clean flushbyasid "
		"pause-filter pfthreshold v-vmsave-vmload vgif vnmi "
		"svme-addr-chk" },
};

struct cf_cpuid_place cf_cpuid_place_of(enum cf_cpuid_word word)
{
	return places[word];
}

static bool same_name(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && !(a[i] == '-' && b[i] == '_'))
			return false;
	return true;
}

/* Is it one of the names that blanks separate? */
static bool is_one_of(const char *all, const char *name, size_t len)
{
	while (*all) {
		size_t n = strcspn(all, " ");

		if (n == len && same_name(all, name, len))
			return true;
		all += n + (all[n] == ' ');
	}
	return false;
}

bool cf_cpu_feature_find(
	const char *name, size_t len, enum cf_cpuid_word *word, uint32_t *bit)
{
	for (unsigned w = 0; w < CF_NWORDS; w++)
		for (unsigned i = 0; i < 32; i++)
			if (names[w][i] && is_one_of(names[w][i], name, len)) {
				*word = w;
				*bit = UINT32_C(1) << i;
				return true;
			}
	return false;
}

const char *cf_cpu_feature_name(enum cf_cpuid_word word, unsigned bit)
{
	return bit < 32 ? names[word][bit] : NULL;
}

static int print_bit(unsigned w, unsigned bit, char *out, size_t len)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	const char *name = names[w][bit];

	if (name)
		return snprintf(
			out, len, "%.*s", (int)strcspn(name, " "), name);
	return snprintf(out, len, "cpuid-0x%" PRIx32 "-%s-bit%u",
		places[w].leaf, regs[places[w].reg], bit);
}

void cf_cpu_feature_list(const struct cf_cpu_features *f, char *out, size_t len)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < CF_NWORDS * 32; i++) {
		unsigned w = i / 32, bit = i % 32;
		char one[48];
		int n;

		if (!(f->w[w] >> bit & 1))
			continue;
		n = print_bit(w, bit, one, sizeof(one));
		if (n < 0 || at + (size_t)n + 5 > len) {
			snprintf(out + at, len - at, "...");
			return;
		}
		at += (size_t)snprintf(
			out + at, len - at, "%s%s", at ? " " : "", one);
	}
}

void cf_cpu_feature_close(struct cf_cpu_features *f)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(needs); i++) {
		const char *p = needs[i].needed_by;
		enum cf_cpuid_word w;
		uint32_t bit;

		if (!cf_cpu_feature_find(
			    needs[i].name, strlen(needs[i].name), &w, &bit) ||
			f->w[w] & bit)
			continue;
		while (*p) {
			size_t n = strcspn(p, " ");

			if (cf_cpu_feature_find(p, n, &w, &bit))
				f->w[w] &= ~bit;
			p += n + (p[n] == ' ');
		}
	}
}
