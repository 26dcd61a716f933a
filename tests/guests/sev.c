/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload for SEV and SEV-ES.  It comes in like the boot shim, whose entry
 * it shares, looks at its processor, at one page through both views, and turns
 * the machine off; on SEV-ES it does all that through #VC and the GHCB.
 */
#include "../layout.h"
#include "sev.h"

extern const uint8_t vc_stub[], fatal_stubs[];
extern uint8_t idt[32 * 16];
extern uint64_t small_pages[512];
const uintptr_t cpuid_page = 0; /* asks the hypervisor */
uint64_t shim_main(uint32_t platform);

static uint8_t ghcb[PAGE] __attribute__((aligned(4096)));
static uint8_t page[PAGE] __attribute__((aligned(4096)));
static struct vcpu vcpu;

void put_char(char c)
{
	out8(SERIAL_PORT, (uint8_t)c);
}

void map_page(uintptr_t at, bool private_page)
{
	uint64_t c = UINT64_C(1) << C_BIT;

	if (private_page)
		small_pages[at / PAGE] |= c;
	else
		small_pages[at / PAGE] &= ~c;
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static void set_gate(unsigned vector, const uint8_t *handler)
{
	uint64_t at = (uintptr_t)handler;
	uint64_t low =
		(at & 0xFFFF) | UINT64_C(0x8E0000100000) | (at >> 16) << 48;

	memcpy(idt + 16 * vector, &low, 8);
}

static void open_ghcb(void)
{
	set_this_vcpu(&vcpu);
	ghcb_negotiate(0);
	map_page((uintptr_t)ghcb, false);
	ghcb_use(&vcpu, ghcb);
}

static void show_cpuid(void)
{
	uint32_t a = 0x8000001F, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	put_text("sev: cpuid says SEV ");
	put_number(a >> 1 & 1);
	put_text(", SEV-ES ");
	put_number(a >> 3 & 1);
	put_text(", C-bit ");
	put_number(b & 0x3F);
	put_text("\n");
}

static bool all(const volatile uint8_t *p, uint8_t value)
{
	for (unsigned i = 0; i < PAGE; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* The same bytes through both views, and noise that a shared write leaves. */
static void compare_views(void)
{
	bool differ, same, noise;

	memset(page, 0x5A, sizeof(page));
	map_page((uintptr_t)page, false);
	differ = !all(page, 0x5A);
	map_page((uintptr_t)page, true);
	same = all(page, 0x5A);
	map_page((uintptr_t)page, false);
	memset(page, 0xA5, 16);
	map_page((uintptr_t)page, true);
	noise = page[0] != 0x5A && page[0] != 0xA5 && page[16] == 0x5A;
	put_text(differ ? "sev: the shared view is cipher text\n"
			: "sev: the shared view is plain text\n");
	put_text(same ? "sev: the private view is plain text\n"
		      : "sev: the private view is lost\n");
	put_text(noise ? "sev: a shared write is noise\n"
		       : "sev: a shared write is no noise\n");
}

uint64_t shim_main(uint32_t platform)
{
	uint64_t want =
		platform == SHIM_SEV_ES ? STATUS_SEV | STATUS_ES : STATUS_SEV;

	for (unsigned v = 0; v < 32; v++)
		set_gate(v, v == 29 ? vc_stub : fatal_stubs + 16 * v);
	if (rdmsr(MSR_SEV_STATUS) != want)
		halt_forever();
	if (platform == SHIM_SEV_ES)
		open_ghcb();
	put_text("sev: hello in 64-bit mode\n");
	show_cpuid();
	compare_views();
	put_text("sev: off\n");
	power_off();
	halt_forever();
}
