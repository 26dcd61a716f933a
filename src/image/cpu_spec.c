/* SPDX-License-Identifier: Apache-2.0 */
/* What QEMU's CPU types have, and the value of -cpu. */
#include "image/cpu_feature.h"

#include "base/base.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

#define NAPLES                                                               \
	"fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat " \
	"pse36 clflush mmx fxsr sse sse2 pni pclmulqdq monitor ssse3 fma "   \
	"cx16 sse4.1 sse4.2 movbe popcnt aes xsave avx f16c rdrand syscall " \
	"nx mmxext fxsr-opt pdpe1gb rdtscp lm lahf-lm svm cr8legacy abm "    \
	"sse4a misalignsse 3dnowprefetch osvw topoext fsgsbase bmi1 avx2 "   \
	"smep bmi2 rdseed adx smap clflushopt sha-ni xsaveopt xsavec "       \
	"xgetbv1 arat npt nrip-save "
#define NAPLES_3 NAPLES "ibpb perfctr-core clzero xsaveerptr xsaves "
#define ROME                                                              \
	NAPLES "clwb umip rdpid perfctr-core clzero xsaveerptr wbnoinvd " \
	       "ibpb amd-stibp xsaves "
#define ROME_2 ROME "ibrs amd-ssbd "
#define MILAN \
	ROME "pcid invpcid erms pku fsrm ibrs amd-ssbd xsaves svme-addr-chk "
#define MILAN_2                                                             \
	MILAN "vaes vpclmulqdq stibp-always-on amd-psfd no-nested-data-bp " \
	      "lfence-always-serializing null-sel-clr-base "
#define GENOA                                                           \
	MILAN_2 "x2apic avx512f avx512dq avx512ifma avx512cd avx512bw " \
		"avx512vl avx512vbmi avx512-vbmi2 gfni avx512vnni "     \
		"avx512bitalg avx512-vpopcntdq avx512-bf16 la57 auto-ibrs vnmi "
#define TURIN GENOA "avx-vnni movdiri movdir64b avx512-vp2intersect prefetchi "

/* The longest name that begins the type's name counts. */
static const struct {
	const char *name, *features;
} types[] = {
	{ "EPYC", NAPLES },
	{ "EPYC-v2", NAPLES "ibpb " },
	{ "EPYC-IBPB", NAPLES "ibpb " },
	{ "EPYC-v3", NAPLES_3 },
	{ "EPYC-v4", NAPLES_3 },
	{ "EPYC-Rome", ROME },
	{ "EPYC-Rome-v2", ROME_2 },
	{ "EPYC-Rome-v3", ROME_2 },
	{ "EPYC-Milan", MILAN },
	{ "EPYC-Milan-v2", MILAN_2 },
	{ "EPYC-Genoa", GENOA },
	{ "EPYC-Turin", TURIN },
};

/* AMD's copies of leaf 1 EDX in leaf 0x80000001. */
#define COPIED_EDX 0x0183f3ffu

/* False: a name in the table above that is none. */
static bool add_names(const char *p, struct cf_cpu_features *f)
{
	while (*p) {
		size_t n = strcspn(p, " ");
		enum cf_cpuid_word w;
		uint32_t bit;

		if (!cf_cpu_feature_find(p, n, &w, &bit))
			return false;
		f->w[w] |= bit;
		p += n + (p[n] == ' ');
	}
	f->w[CF_W_81_EDX] |= f->w[CF_W_1_EDX] & COPIED_EDX;
	return true;
}

bool cf_cpu_type_features(const char *name, struct cf_cpu_features *out)
{
	uint32_t signature;
	size_t best = 0, i, found = 0;

	*out = (struct cf_cpu_features) { 0 };
	if (!cf_cpu_type_signature(name, &signature))
		return false;
	for (i = 0; i < CF_ARRAY_LEN(types); i++) {
		size_t n = strlen(types[i].name);

		if (strncmp(types[i].name, name, n) == 0 && n > best) {
			best = n;
			found = i;
		}
	}
	return best && add_names(types[found].features, out);
}

bool cf_cpu_spec_is_host(const struct cf_cpu_spec *spec)
{
	return strcmp(spec->name, "host") == 0 ||
		strcmp(spec->name, "max") == 0;
}

static bool is_word(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(p, word, n) == 0;
}

/* "on", "off"; a word alone means on. */
static enum coffer_status take_switch(const char *p, size_t n, const char *eq,
	bool *on, struct coffer_error *err)
{
	const char *value = eq ? eq + 1 : NULL;
	size_t len = eq ? (size_t)(p + n - value) : 0;

	if (!eq || is_word(value, len, "on") || is_word(value, len, "true"))
		*on = true;
	else if (is_word(value, len, "off") || is_word(value, len, "false"))
		*on = false;
	else
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-cpu %.*s: '%.*s' is not on or off", (int)n, p,
			(int)len, value);
	return COFFER_OK;
}

static enum coffer_status take_feature(struct cf_cpu_spec *spec,
	const char *name, size_t len, bool on, struct coffer_error *err)
{
	enum cf_cpuid_word w;
	uint32_t bit;

	if (!cf_cpu_feature_find(name, len, &w, &bit))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-cpu: no CPU feature '%.*s'", (int)len, name);
	/* The last word about a feature counts. */
	spec->add.w[w] &= ~bit;
	spec->remove.w[w] &= ~bit;
	*(on ? &spec->add.w[w] : &spec->remove.w[w]) |= bit;
	return COFFER_OK;
}

/* "+x", "-x", "x=on", "x", "check", "enforce". */
static enum coffer_status take_part(struct cf_cpu_spec *spec, const char *p,
	size_t n, struct coffer_error *err)
{
	const char *eq = memchr(p, '=', n);
	size_t name = eq ? (size_t)(eq - p) : n;
	enum coffer_status s;
	bool on = false;

	if (n && (*p == '+' || *p == '-'))
		return take_feature(spec, p + 1, n - 1, *p == '+', err);
	s = take_switch(p, n, eq, &on, err);
	if (s)
		return s;
	if (is_word(p, name, "enforce"))
		spec->enforce = on;
	else if (is_word(p, name, "check"))
		spec->check = on;
	else
		return take_feature(spec, p, name, on, err);
	return COFFER_OK;
}

enum coffer_status cf_cpu_spec_parse(
	const char *text, struct cf_cpu_spec *out, struct coffer_error *err)
{
	size_t n = strcspn(text, ",");
	enum coffer_status s = COFFER_OK;

	*out = (struct cf_cpu_spec) { .check = true };
	if (!n || n >= sizeof(out->name))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-cpu: '%.40s' does not begin with a CPU type", text);
	memcpy(out->name, text, n);
	while (!s && text[n] == ',') {
		text += n + 1;
		n = strcspn(text, ",");
		s = take_part(out, text, n, err);
	}
	return s;
}
