/* SPDX-License-Identifier: Apache-2.0 */
/* #VC: the instructions that the hypervisor would intercept, done through the
 * CPUID page and the GHCB. */
#include "sev.h"

#define VC_CPUID 0x72u
#define VC_IOIO  0x7Bu
#define VC_MSR   0x7Cu
#define VC_PAGE  0x404u /* private, but not validated */

#define LEAF_SEV 0x8000001Fu
#define SEV_ALL  0x1Au /* SEV, SEV-ES, SEV-SNP */

struct frame {
	uint64_t gpr[16]; /* RAX RCX RDX RBX RSP RBP RSI RDI R8 .. R15 */
	uint64_t error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};
void vc_handle(struct frame *f);
void fatal_exception(unsigned vector) __attribute__((noreturn));

enum { RAX, RCX, RDX, RBX };

void fatal_exception(unsigned vector)
{
	terminate(REASON_EXCEPTION + vector);
}

void cpuid_lookup(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	const uint8_t *page = (const uint8_t *)cpuid_page;
	uint32_t count = *(const uint32_t *)page;

	if (count > 64)
		terminate(REASON_CPUID);
	memset(out, 0, 16);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t *e = (const uint32_t *)(page + 16 + 48 * i);

		if (e[0] != leaf || e[1] != subleaf)
			continue;
		memcpy(out, e + 6, 16);
		return;
	}
}

void cpuid_check(void)
{
	uint32_t out[4];

	cpuid_lookup(LEAF_SEV, 0, out);
	if ((out[0] & SEV_ALL) != SEV_ALL)
		terminate(REASON_CPUID);
	if ((out[1] & 0x3F) != C_BIT)
		terminate(REASON_CBIT);
}

/* SEV-ES has no CPUID page: the hypervisor answers. */
static void cpuid_ask(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	ghcb_clear();
	ghcb_set(GHCB_RAX, leaf);
	ghcb_set(GHCB_RCX, subleaf);
	ghcb_set(GHCB_XCR0, 1);
	ghcb_exit(VC_CPUID, 0, 0, REASON_CPUID);
	out[0] = (uint32_t)ghcb_get(GHCB_RAX, REASON_CPUID);
	out[1] = (uint32_t)ghcb_get(GHCB_RBX, REASON_CPUID);
	out[2] = (uint32_t)ghcb_get(GHCB_RCX, REASON_CPUID);
	out[3] = (uint32_t)ghcb_get(GHCB_RDX, REASON_CPUID);
}

static void do_cpuid(struct frame *f)
{
	uint32_t leaf = (uint32_t)f->gpr[RAX], subleaf = (uint32_t)f->gpr[RCX];
	uint32_t out[4];

	if (cpuid_page)
		cpuid_lookup(leaf, subleaf, out);
	else
		cpuid_ask(leaf, subleaf, out);
	f->gpr[RAX] = out[0];
	f->gpr[RBX] = out[1];
	f->gpr[RCX] = out[2];
	f->gpr[RDX] = out[3];
	f->rip += 2;
}

static void do_ioio(struct frame *f)
{
	const uint8_t *code = (const uint8_t *)f->rip;
	unsigned len = 1, size = 4, op;
	uint64_t mask, port;
	bool in;

	if (*code == 0x66) {
		size = 2;
		len++;
		code++;
	}
	op = *code;
	if ((op & 0xF4) != 0xE4) /* E4..E7, EC..EF */
		terminate(REASON_IOIO);
	if (!(op & 1))
		size = 1;
	in = !(op & 2);
	port = f->gpr[RDX] & 0xFFFF;
	if (!(op & 8)) {
		port = code[1];
		len++;
	}
	mask = size == 4 ? 0xFFFFFFFF : (1u << 8 * size) - 1;
	ghcb_clear();
	ghcb_set(GHCB_RAX, in ? 0 : f->gpr[RAX] & mask);
	ghcb_exit(VC_IOIO, port << 16 | size << 4 | in, 0, REASON_IOIO);
	if (in)
		f->gpr[RAX] = (size == 4 ? 0 : f->gpr[RAX] & ~mask) |
			(ghcb_get(GHCB_RAX, REASON_IOIO) & mask);
	f->rip += len;
}

static void do_msr(struct frame *f)
{
	bool write = ((const uint8_t *)f->rip)[1] == 0x30;

	ghcb_clear();
	ghcb_set(GHCB_RCX, f->gpr[RCX]);
	if (write) {
		ghcb_set(GHCB_RAX, f->gpr[RAX]);
		ghcb_set(GHCB_RDX, f->gpr[RDX]);
	}
	ghcb_exit(VC_MSR, write, 0, REASON_VC);
	if (!write) {
		f->gpr[RAX] = (uint32_t)ghcb_get(GHCB_RAX, REASON_VC);
		f->gpr[RDX] = (uint32_t)ghcb_get(GHCB_RDX, REASON_VC);
	}
	f->rip += 2;
}

void vc_handle(struct frame *f)
{
	switch (f->error_code) {
	case VC_CPUID:
		do_cpuid(f);
		break;
	case VC_IOIO:
		do_ioio(f);
		break;
	case VC_MSR:
		do_msr(f);
		break;
	case VC_PAGE:
		terminate(REASON_NOT_VALIDATED);
	default:
		terminate(REASON_VC);
	}
}
