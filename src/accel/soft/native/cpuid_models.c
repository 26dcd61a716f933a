/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU types.  Names and signatures are QEMU's; features are what the
 * processors of that generation have, as far as the engine knows the bit.
 *
 * Source: APM volume 3 (AMD 24594), appendix E, "Obtaining processor
 * information via the CPUID instruction"; processor programming references
 * 54945 (family 17h), 55898 (family 19h).
 */
#include "accel/soft/native/cpuid_model_priv.h"

#include "base/base.h"
#include "base/log.h"
#include "image/image.h"

#include <cpuid.h>
#include <pthread.h>
#include <string.h>

#define BIT(n) (1u << (n))

/* Leaf 1 ECX. */
#define SSE3   BIT(0)
#define PCLMUL BIT(1)
#define SSSE3  BIT(9)
#define FMA    BIT(12)
#define CX16   BIT(13)
#define SSE41  BIT(19)
#define SSE42  BIT(20)
#define MOVBE  BIT(22)
#define POPCNT BIT(23)
#define AES    BIT(25)
#define F16C   BIT(29)
#define RDRAND BIT(30)
#define BASE_1C                                                                \
	(SSE3 | PCLMUL | SSSE3 | FMA | CX16 | SSE41 | SSE42 | MOVBE | POPCNT | \
		AES | CF_1_ECX_XSAVE | CF_1_ECX_AVX | F16C | RDRAND)
/* XCR0. */
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
/* Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT
 * PSE36 CLFSH MMX FXSR SSE SSE2. */
#define BASE_1D 0x078bfbffu
#define MMX_1D  (BIT(23) | BIT(25) | BIT(26)) /* executed natively */
/* Leaf 7 EBX. */
#define BMI1   BIT(3)
#define AVX2   BIT(5)
#define BMI2   BIT(8)
#define ERMS   BIT(9)
#define RDSEED BIT(18)
#define ADX    BIT(19)
#define CLFOPT BIT(23)
#define CLWB   BIT(24)
#define SHA    BIT(29)
#define BASE_7B                                                            \
	(CF_7_EBX_FSGSBASE | BMI1 | AVX2 | CF_7_EBX_SMEP | BMI2 | RDSEED | \
		ADX | CF_7_EBX_SMAP | CLFOPT | SHA)
#define ROME_7B  (BASE_7B | CLWB)
#define MILAN_7B (ROME_7B | ERMS | CF_7_EBX_INVPCID)
/* Leaf 7 ECX. */
#define VAES       BIT(9)
#define VPCLMUL    BIT(10)
#define RDPID      BIT(22)
#define ROME_7C    (CF_7_ECX_UMIP | RDPID)
#define MILAN_7C   ROME_7C
#define MILAN_7C_2 (MILAN_7C | VAES | VPCLMUL)
/* Leaf 7 EDX. */
#define FSRM BIT(4)
/* Leaf 0xD.1 EAX: XSAVEOPT, XSAVEC, XGETBV with ECX = 1. */
#define BASE_D1 0x7u
/* Leaf 0x80000001 ECX: LAHF, CMP_LEGACY, CR8, ABM, SSE4A, PREFETCHW, TOPOEXT. */
#define LAHF     BIT(0)
#define LEGACY   BIT(1)
#define CR8      BIT(4)
#define ABM      BIT(5)
#define SSE4A    BIT(6)
#define PREFETCH BIT(8)
#define TOPOEXT  BIT(22)
#define BASE_81C (LAHF | LEGACY | CR8 | ABM | SSE4A | PREFETCH | TOPOEXT)
/* Leaf 0x80000001 EDX: SYSCALL, NX, MMXEXT, 1 GiB pages, RDTSCP, LM; the
 * rest repeats leaf 1. */
#define MMXEXT   BIT(22)
#define OWN_81D  (BIT(11) | BIT(20) | BIT(26) | BIT(27) | BIT(29))
#define SAME_81D 0x0183f3ffu
#define BASE_81D (OWN_81D | MMXEXT | (BASE_1D & SAME_81D))

#define NAPLES                                                              \
	{                                                                   \
		{                                                           \
			BASE_1C, BASE_1D, BASE_7B, 0, 0, BASE_D1, BASE_81C, \
				BASE_81D, 0                                 \
		}                                                           \
	}
#define ROME                                                            \
	{                                                               \
		{                                                       \
			BASE_1C, BASE_1D, ROME_7B, ROME_7C, 0, BASE_D1, \
				BASE_81C, BASE_81D, 0                   \
		}                                                       \
	}
#define MILAN(c7)                                                             \
	{                                                                     \
		{                                                             \
			BASE_1C | CF_1_ECX_PCID, BASE_1D, MILAN_7B, c7, FSRM, \
				BASE_D1, BASE_81C, BASE_81D, 0                \
		}                                                             \
	}

#define CACHES(l1i, l1i_ways, l2, l3)                                   \
	{                                                               \
		{ 1, 1, 8, 32, false }, { 1, 2, l1i_ways, l1i, false }, \
			{ 2, 3, 8, l2, false },                         \
		{                                                       \
			3, 3, 16, l3, true                              \
		}                                                       \
	}
#define NAPLES_CACHES CACHES(64, 4, 512, 8192)
#define ROME_CACHES   CACHES(32, 8, 512, 16384)
#define MILAN_CACHES  CACHES(32, 8, 512, 32768)
#define GENOA_CACHES  CACHES(32, 8, 1024, 32768)

#define NAPLES_ROW(n)                                          \
	{                                                      \
		n, "AMD EPYC Processor", NAPLES, NAPLES_CACHES \
	}
#define ROME_ROW(n)                                             \
	{                                                       \
		n, "AMD EPYC-Rome Processor", ROME, ROME_CACHES \
	}
#define MILAN_ROW(n, c7)                                               \
	{                                                              \
		n, "AMD EPYC-Milan Processor", MILAN(c7), MILAN_CACHES \
	}
#define GENOA_ROW(n)                                                           \
	{                                                                      \
		n, "AMD EPYC-Genoa Processor", MILAN(MILAN_7C_2), GENOA_CACHES \
	}

static const struct cf_cpu_model models[] = {
	NAPLES_ROW("EPYC"),
	NAPLES_ROW("EPYC-v1"),
	NAPLES_ROW("EPYC-v2"),
	NAPLES_ROW("EPYC-IBPB"),
	NAPLES_ROW("EPYC-v3"),
	NAPLES_ROW("EPYC-v4"),
	ROME_ROW("EPYC-Rome"),
	ROME_ROW("EPYC-Rome-v1"),
	ROME_ROW("EPYC-Rome-v2"),
	ROME_ROW("EPYC-Rome-v3"),
	MILAN_ROW("EPYC-Milan", MILAN_7C),
	MILAN_ROW("EPYC-Milan-v1", MILAN_7C),
	MILAN_ROW("EPYC-Milan-v2", MILAN_7C_2),
	GENOA_ROW("EPYC-Genoa"),
	GENOA_ROW("EPYC-Genoa-v1"),
	{ "EPYC-Turin", "AMD EPYC-Turin Processor", MILAN(MILAN_7C_2),
		GENOA_CACHES },
	/* All that the engine and the host have; Milan in name. */
	{ "max", "coffer virtual processor", MILAN(MILAN_7C_2), MILAN_CACHES },
};

/* Implemented by the engine on every host. */
static const struct cf_cpu_features by_engine = { {
	CX16 | CF_1_ECX_PCID | CF_1_ECX_XSAVE,
	BASE_1D & ~MMX_1D,
	CF_7_EBX_FSGSBASE | CF_7_EBX_SMEP | ERMS | CF_7_EBX_INVPCID |
		CF_7_EBX_SMAP | CLFOPT | CLWB,
	CF_7_ECX_UMIP | RDPID,
	FSRM,
	BASE_D1,
	LAHF | LEGACY | CR8 | PREFETCH | TOPOEXT,
	OWN_81D | (BASE_1D & ~MMX_1D & SAME_81D),
	0,
} };

/* Executed natively, so that the host must have it too. */
static const struct cf_cpu_features natively = { {
	SSE3 | PCLMUL | SSSE3 | FMA | SSE41 | SSE42 | MOVBE | POPCNT | AES |
		CF_1_ECX_AVX | F16C | RDRAND,
	MMX_1D,
	BMI1 | AVX2 | BMI2 | RDSEED | ADX | SHA,
	VAES | VPCLMUL,
	0,
	0,
	ABM | SSE4A,
	MMXEXT | (MMX_1D & SAME_81D),
	0,
} };

/* The host's processor does not change, and asking it is slow: in a virtual
 * machine each CPUID goes to the hypervisor.  So it is asked once. */
static struct cf_cpu_features host;
static pthread_once_t host_once = PTHREAD_ONCE_INIT;

/* Asked here and not by the compiler's builtin, which has every start of the
 * program ask for all leaves: under a hypervisor each of them is an exit. */
static bool enables_avx(uint32_t leaf_1_ecx)
{
	uint32_t low, high;

	if (!(leaf_1_ecx & CF_1_ECX_OSXSAVE) || !(leaf_1_ecx & CF_1_ECX_AVX))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & (XCR0_SSE | XCR0_AVX)) == (XCR0_SSE | XCR0_AVX);
}

static void ask_host(void)
{
	struct cf_cpu_features *f = &host;
	uint32_t a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d)) {
		f->w[CF_W_1_ECX] = c;
		f->w[CF_W_1_EDX] = d;
	}
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		f->w[CF_W_7_EBX] = b;
		f->w[CF_W_7_ECX] = c;
		f->w[CF_W_7_EDX] = d;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d)) {
		f->w[CF_W_81_ECX] = c;
		/* Intel processors lack AMD's copies of leaf 1. */
		f->w[CF_W_81_EDX] = d | (f->w[CF_W_1_EDX] & SAME_81D) |
			(f->w[CF_W_1_EDX] & BIT(25) ? MMXEXT : 0);
	}
	/* The operating system must have enabled AVX, or it is not there. */
	if (!enables_avx(f->w[CF_W_1_ECX])) {
		f->w[CF_W_1_ECX] &= ~(CF_1_ECX_AVX | FMA | F16C);
		f->w[CF_W_7_EBX] &= ~AVX2;
		f->w[CF_W_7_ECX] &= ~(VAES | VPCLMUL);
	}
}

static uint32_t possible(size_t word)
{
	pthread_once(&host_once, ask_host);
	return by_engine.w[word] | (natively.w[word] & host.w[word]);
}

void cf_cpu_features_offered(const struct cf_cpu_model *m,
	const struct cf_cpu_spec *spec, struct cf_cpu_features *out)
{
	for (size_t i = 0; i < CF_NWORDS; i++) {
		uint32_t want = m->features.w[i];

		if (spec)
			want = (want | spec->add.w[i]) & ~spec->remove.w[i];
		out->w[i] = want & possible(i);
	}
	if (spec)
		cf_cpu_feature_close(out);
}

enum coffer_status cf_cpu_spec_check(const struct cf_cpu_model *m,
	const struct cf_cpu_spec *spec, const struct cf_log *log,
	struct coffer_error *err)
{
	struct cf_cpu_features type = { 0 }, missing;
	char names[200];

	if (spec->enforce && !cf_cpu_type_features(m->name, &type))
		type = m->features; /* "max" */
	for (size_t i = 0; i < CF_NWORDS; i++)
		missing.w[i] = (type.w[i] | spec->add.w[i]) &
			~spec->remove.w[i] & ~possible(i);
	cf_cpu_feature_list(&missing, names, sizeof(names));
	if (!names[0])
		return COFFER_OK;
	if (spec->enforce)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-cpu %s,enforce: the software CPU on this host does "
			"not have: %s",
			m->name, names);
	if (spec->check)
		cf_log(log, CF_LOG_WARN,
			"cpu: %s: the software CPU on this host does not have: "
			"%s",
			m->name, names);
	return COFFER_OK;
}

static enum coffer_status unknown(const char *name, struct coffer_error *err)
{
	CF_CLEANUP(cf_buf_finish) struct cf_buf names = { 0 };

	for (size_t i = 0; i < CF_ARRAY_LEN(models); i++)
		cf_buf_printf(&names, "%s%s", i ? " " : "", models[i].name);
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"cpu: no CPU type \"%.32s\"; known: %s", name,
		names.failed ? "" : cf_buf_text(&names));
}

enum coffer_status cf_cpu_model_find(const char *name,
	const struct cf_cpu_model **out, struct coffer_error *err)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(models); i++) {
		if (strcmp(models[i].name, name) == 0) {
			*out = &models[i];
			return COFFER_OK;
		}
	}
	return unknown(name, err);
}

const char *cf_cpu_model_name(size_t i)
{
	return i < CF_ARRAY_LEN(models) ? models[i].name : NULL;
}

uint32_t cf_cpu_model_signature(const struct cf_cpu_model *m)
{
	uint32_t signature;

	if (cf_cpu_type_signature(m->name, &signature))
		return signature;
	return cf_cpu_signature(25, 1, 1); /* "max" */
}
