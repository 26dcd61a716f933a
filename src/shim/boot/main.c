/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot shim: what stands between the launch of a Linux kernel without
 * firmware and the kernel's 64-bit entry.  It accepts the machine's memory,
 * checks what the host says, makes the tables that the kernel wants and
 * leaves.
 */
#include "boot.h"

/* Without MTRRs Linux does without PAT, and without PAT it cannot share pages
 * early. */
#define MSR_MTRR_DEFAULT 0x2FFu
#define MTRR_WRITE_BACK  0x806u /* enabled, default type write-back */

extern const uint8_t vc_stub[], fatal_stubs[];
extern uint8_t idt[32 * 16];
extern uint64_t small_pages[512];
const uintptr_t cpuid_page = SHIM_CPUID;
uint64_t shim_main(uint32_t platform);

static uint8_t ghcb[PAGE] __attribute__((aligned(4096)));
static struct vcpu vcpu;
static uint32_t platform_now;

/* Without a GHCB an encrypted guest has no console. */
void put_char(char c)
{
	if (platform_now < SHIM_SEV_ES || vcpu.ghcb)
		out8(SERIAL_PORT, (uint8_t)c);
}

void give_up(unsigned reason, const char *text)
{
	put_text("coffer shim: ");
	put_text(text);
	put_text("\n");
	if (platform_now >= SHIM_SEV_ES)
		terminate(reason);
	halt_forever();
}

uint64_t param(unsigned offset)
{
	return *(const uint64_t *)(uintptr_t)(SHIM_PARAMS + offset);
}

void map_page(uintptr_t page, bool private_page)
{
	uint64_t c = UINT64_C(1) << C_BIT;

	if (private_page)
		small_pages[page / PAGE] |= c;
	else
		small_pages[page / PAGE] &= ~c;
	__asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
}

static void set_gate(unsigned vector, const uint8_t *handler)
{
	uint64_t at = (uintptr_t)handler;
	uint64_t low =
		(at & 0xFFFF) | UINT64_C(0x8E0000100000) | (at >> 16) << 48;

	memcpy(idt + 16 * vector, &low, 8);
}

/* The platform that the launch measured must be the one that runs. */
static void check_platform(void)
{
	static const uint8_t want[] = { [SHIM_SEV] = STATUS_SEV,
		[SHIM_SEV_ES] = STATUS_SEV | STATUS_ES,
		[SHIM_SNP] = STATUS_SEV | STATUS_ES | STATUS_SNP };
	uint64_t all = STATUS_SEV | STATUS_ES | STATUS_SNP;

	if (platform_now > SHIM_SNP)
		give_up(REASON_FEATURES, "unknown platform");
	if (platform_now == SHIM_NATIVE)
		return; /* the register need not exist */
	if ((rdmsr(MSR_SEV_STATUS) & all) != want[platform_now])
		give_up(REASON_FEATURES, "not the platform of the launch");
}

static void open_ghcb(void)
{
	bool snp = platform_now == SHIM_SNP;

	set_this_vcpu(&vcpu);
	ghcb_negotiate(snp ? 1 : 0);
	if (snp)
		cpuid_check();
	if (snp) {
		pages_make_shared((uintptr_t)ghcb, 1);
		ghcb_register(&vcpu, ghcb);
	} else {
		map_page((uintptr_t)ghcb, false);
		ghcb_use(&vcpu, ghcb);
	}
}

static void close_ghcb(void)
{
	vcpu.ghcb = NULL;
	if (platform_now == SHIM_SNP)
		page_take_back((uintptr_t)ghcb);
}

/* Only SNP's launch encrypts what is not measured. */
static void map_parameters(void)
{
	if (platform_now != SHIM_SEV && platform_now != SHIM_SEV_ES)
		return;
	for (uintptr_t at = SHIM_MEMORY_MAP; at < SHIM_TABLES; at += PAGE)
		map_page(at, false);
}

uint64_t shim_main(uint32_t platform)
{
	static struct memory memory;
	uint64_t rsdp;

	platform_now = platform;
	for (unsigned v = 0; v < 32; v++)
		set_gate(v, v == 29 ? vc_stub : fatal_stubs + 16 * v);
	check_platform();
	if (platform >= SHIM_SEV_ES)
		open_ghcb();
	if (param(SHIM_P_MAGIC) != SHIM_MAGIC)
		give_up(REASON_MEMORY, "no parameters");
	put_text("coffer shim: starting the kernel\n");
	map_parameters();
	memory_read(&memory);
	if (platform == SHIM_SNP)
		memory_accept(&memory);
	rsdp = acpi_make();
	boot_params_fill(&memory, rsdp, platform == SHIM_SNP);
	if (platform == SHIM_SEV_ES)
		processors_hold();
	acpi_enable(); /* as the FADT says */
	wrmsr(MSR_MTRR_DEFAULT, MTRR_WRITE_BACK);
	if (platform >= SHIM_SEV_ES)
		close_ghcb();
	return param(SHIM_P_ENTRY);
}
