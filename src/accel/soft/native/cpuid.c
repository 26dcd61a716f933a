/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID leaf by leaf.  Topology: one socket, one thread a core, APIC id =
 * number of the vCPU.
 *
 * Source: APM volume 3 (AMD 24594), appendix E.
 */
#include "accel/soft/native/cpuid_model_priv.h"

#include "accel/soft/native/fpu_priv.h"
#include "base/bytes.h"

#include <string.h>

#define MAX_BASIC      0xdu
#define MAX_HYPERVISOR 0x40000000u
#define MAX_EXTENDED   0x8000001eu
#define MAX_SEV        0x8000001fu

#define CR4_OSXSAVE ((uint64_t)1 << 18)
/* VME PVI TSD DE PSE PAE MCE PGE OSFXSR OSXMMEXCPT */
#define CR4_BASE     0x6ffu
#define CR4_PCE      0x100u
#define CR4_UMIP     ((uint64_t)1 << 11)
#define CR4_FSGSBASE ((uint64_t)1 << 16)
#define CR4_PCIDE    ((uint64_t)1 << 17)
#define CR4_SMEP     ((uint64_t)1 << 20)
#define CR4_SMAP     ((uint64_t)1 << 21)

enum { EAX, EBX, ECX, EDX };

static bool is_sev(const struct cf_cpuid_env *env)
{
	return env->platform == CF_PLATFORM_SEV ||
		env->platform == CF_PLATFORM_SEV_ES ||
		env->platform == CF_PLATFORM_SEV_SNP;
}

/* Twelve characters in EBX, EDX, ECX, as vendor leaves have them. */
static void put_vendor(uint32_t out[4], const char text[13])
{
	out[EBX] = cf_load_le32((const uint8_t *)text);
	out[EDX] = cf_load_le32((const uint8_t *)text + 4);
	out[ECX] = cf_load_le32((const uint8_t *)text + 8);
}

/* Bits that it takes to number n things. */
static unsigned id_bits(unsigned n)
{
	unsigned bits = 0;

	while (n > 1u << bits)
		bits++;
	return bits;
}

static void leaf_1(const struct cf_cpuid_env *env,
	const struct cf_cpu_features *f, uint32_t out[4])
{
	out[EAX] = cf_cpu_model_signature(env->model);
	out[EBX] = env->vcpu << 24 | (env->vcpus & 0xff) << 16 | 8 << 8;
	out[ECX] = f->w[CF_W_1_ECX] | 1u << 31; /* under a hypervisor */
	if (env->cr4 & CR4_OSXSAVE)
		out[ECX] |= CF_1_ECX_OSXSAVE;
	out[EDX] = f->w[CF_W_1_EDX];
	if (env->apic_off)
		out[EDX] &= ~CF_1_EDX_APIC;
	if (env->vcpus > 1)
		out[EDX] |= 1u << 28; /* HTT: EBX's count is valid */
}

/* Extended topology: threads of a core, then cores. */
static void leaf_b(
	const struct cf_cpuid_env *env, uint32_t subleaf, uint32_t out[4])
{
	out[ECX] = subleaf & 0xff;
	out[EDX] = env->vcpu;
	if (subleaf == 0) {
		out[EBX] = 1;
		out[ECX] |= 1 << 8;
	} else if (subleaf == 1) {
		out[EAX] = id_bits(env->vcpus);
		out[EBX] = env->vcpus;
		out[ECX] |= 2 << 8;
	}
}

static uint32_t xsave_size(uint64_t xcr0)
{
	return xcr0 & CF_XCR0_AVX ? CF_FPU_AREA_LEN : CF_FPU_YMM_HIGH;
}

static void leaf_d(const struct cf_cpuid_env *env,
	const struct cf_cpu_features *f, uint32_t subleaf, uint32_t out[4])
{
	uint64_t offered = cf_cpuid_xcr0(env);

	if (!offered)
		return;
	if (subleaf == 0) {
		out[EAX] = (uint32_t)offered;
		out[EBX] = xsave_size(env->xcr0);
		out[ECX] = xsave_size(offered);
	} else if (subleaf == 1) {
		out[EAX] = f->w[CF_W_D1_EAX];
		out[EBX] = xsave_size(env->xcr0);
	} else if (subleaf == 2 && (offered & CF_XCR0_AVX)) {
		out[EAX] = CF_FPU_AREA_LEN - CF_FPU_YMM_HIGH;
		out[EBX] = CF_FPU_YMM_HIGH;
	}
}

static void brand(const struct cf_cpu_model *m, uint32_t part, uint32_t out[4])
{
	uint8_t text[48] = { 0 };

	memcpy(text, m->brand, strlen(m->brand));
	for (size_t i = 0; i < 4; i++)
		out[i] = cf_load_le32(text + 16 * part + 4 * i);
}

static void leaf_80000005(const struct cf_cpu_model *m, uint32_t out[4])
{
	const struct cf_cpu_cache *d = &m->cache[0], *i = &m->cache[1];

	/* 64 entries, fully associative, for both page sizes and kinds. */
	out[EAX] = out[EBX] = 0xff40ff40;
	out[ECX] = d->kib << 24 | (uint32_t)d->ways << 16 | 1 << 8 | 64;
	out[EDX] = i->kib << 24 | (uint32_t)i->ways << 16 | 1 << 8 | 64;
}

/* The code for an associativity in leaf 0x80000006. */
static uint32_t ways_code(unsigned ways)
{
	return ways == 16 ? 8 : 6; /* 6: 8 ways */
}

static void leaf_80000006(const struct cf_cpu_model *m, uint32_t out[4])
{
	const struct cf_cpu_cache *l2 = &m->cache[2], *l3 = &m->cache[3];

	out[EAX] = out[EBX] = 0x64006400; /* 1024 entries, 8 ways */
	out[ECX] = l2->kib << 16 | ways_code(l2->ways) << 12 | 1 << 8 | 64;
	out[EDX] =
		(l3->kib / 512) << 18 | ways_code(l3->ways) << 12 | 1 << 8 | 64;
}

static void leaf_80000008(const struct cf_cpuid_env *env,
	const struct cf_cpu_features *f, uint32_t out[4])
{
	out[EAX] = 48 << 8 | 48; /* linear and physical address bits */
	out[EBX] = f->w[CF_W_88_EBX];
	out[ECX] = id_bits(env->vcpus) << 12 | (env->vcpus - 1);
}

static void leaf_8000001d(
	const struct cf_cpuid_env *env, uint32_t subleaf, uint32_t out[4])
{
	const struct cf_cpu_cache *c;
	uint32_t sharing;

	if (subleaf >= CF_CPU_NCACHES)
		return;
	c = &env->model->cache[subleaf];
	sharing = c->shared ? env->vcpus : 1;
	out[EAX] = (sharing - 1) << 14 | 1 << 8 | (uint32_t)c->level << 5 |
		c->type;
	out[EBX] = (c->ways - 1u) << 22 | 63;
	out[ECX] = c->kib * 1024 / c->ways / 64 - 1;
	out[EDX] = c->level == 3 ? 1 : 2; /* L2 and below are inclusive */
}

static void leaf_8000001f(const struct cf_cpuid_env *env, uint32_t out[4])
{
	const uint32_t sev = 1u << 1, es = 1u << 3, snp = 1u << 4;
	const uint32_t vmpl = 1u << 5, coherent = 1u << 10;

	if (!is_sev(env))
		return;
	out[EAX] = sev | coherent;
	out[EBX] = env->cbit | 1 << 6; /* one address bit is used up */
	if (env->platform != CF_PLATFORM_SEV)
		out[EAX] |= es;
	if (env->platform == CF_PLATFORM_SEV_SNP) {
		out[EAX] |= snp | vmpl;
		out[EBX] |= 4 << 12; /* VMPLs */
	}
}

static void basic(const struct cf_cpuid_env *env,
	const struct cf_cpu_features *f, uint32_t leaf, uint32_t subleaf,
	uint32_t out[4])
{
	switch (leaf) {
	case 0:
		out[EAX] = MAX_BASIC;
		put_vendor(out, "AuthenticAMD");
		break;
	case 1:
		leaf_1(env, f, out);
		break;
	case 6:
		out[EAX] = 1 << 2; /* the APIC timer always runs */
		break;
	case 7:
		if (subleaf)
			break;
		out[EBX] = f->w[CF_W_7_EBX];
		out[ECX] = f->w[CF_W_7_ECX];
		out[EDX] = f->w[CF_W_7_EDX];
		break;
	case 0xb:
		leaf_b(env, subleaf, out);
		break;
	case 0xd:
		leaf_d(env, f, subleaf, out);
		break;
	default:
		break;
	}
}

static void extended(const struct cf_cpuid_env *env,
	const struct cf_cpu_features *f, uint32_t leaf, uint32_t subleaf,
	uint32_t out[4])
{
	switch (leaf) {
	case 0x80000000:
		out[EAX] = is_sev(env) ? MAX_SEV : MAX_EXTENDED;
		put_vendor(out, "AuthenticAMD");
		break;
	case 0x80000001:
		out[EAX] = cf_cpu_model_signature(env->model);
		out[ECX] = f->w[CF_W_81_ECX];
		out[EDX] = f->w[CF_W_81_EDX];
		break;
	case 0x80000002:
	case 0x80000003:
	case 0x80000004:
		brand(env->model, leaf - 0x80000002, out);
		break;
	case 0x80000005:
		leaf_80000005(env->model, out);
		break;
	case 0x80000006:
		leaf_80000006(env->model, out);
		break;
	case 0x80000007:
		out[EDX] = 1 << 8; /* the TSC never changes its rate */
		break;
	case 0x80000008:
		leaf_80000008(env, f, out);
		break;
	case 0x8000001d:
		leaf_8000001d(env, subleaf, out);
		break;
	case 0x8000001e:
		out[EAX] = env->vcpu;
		out[EBX] = env->vcpu & 0xff;
		break;
	case 0x8000001f:
		leaf_8000001f(env, out);
		break;
	default:
		break;
	}
}

void cf_cpuid(const struct cf_cpuid_env *env, uint32_t leaf, uint32_t subleaf,
	uint32_t out[4])
{
	struct cf_cpu_features f;

	memset(out, 0, 4 * sizeof *out);
	if (leaf == MAX_HYPERVISOR) {
		out[EAX] = MAX_HYPERVISOR;
		put_vendor(out, "CofferCoffer");
		return;
	}
	cf_cpu_features_offered(env->model, env->spec, &f);
	if (leaf >= 0x80000000)
		extended(env, &f, leaf, subleaf, out);
	else
		basic(env, &f, leaf, subleaf, out);
}

uint64_t cf_cpuid_xcr0(const struct cf_cpuid_env *env)
{
	struct cf_cpu_features f;

	cf_cpu_features_offered(env->model, env->spec, &f);
	if (!(f.w[CF_W_1_ECX] & CF_1_ECX_XSAVE))
		return 0;
	return CF_XCR0_X87 | CF_XCR0_SSE |
		(f.w[CF_W_1_ECX] & CF_1_ECX_AVX ? CF_XCR0_AVX : 0);
}

bool cf_cpuid_invpcid(const struct cf_cpuid_env *env)
{
	struct cf_cpu_features f;

	cf_cpu_features_offered(env->model, env->spec, &f);
	return f.w[CF_W_7_EBX] & CF_7_EBX_INVPCID;
}

uint64_t cf_cpuid_cr4(const struct cf_cpuid_env *env)
{
	struct cf_cpu_features f;
	uint64_t cr4 = CR4_BASE | CR4_PCE;

	cf_cpu_features_offered(env->model, env->spec, &f);
	if (f.w[CF_W_1_ECX] & CF_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE;
	if (f.w[CF_W_1_ECX] & CF_1_ECX_PCID)
		cr4 |= CR4_PCIDE;
	if (f.w[CF_W_7_EBX] & CF_7_EBX_FSGSBASE)
		cr4 |= CR4_FSGSBASE;
	if (f.w[CF_W_7_EBX] & CF_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (f.w[CF_W_7_EBX] & CF_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (f.w[CF_W_7_ECX] & CF_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	return cr4;
}
