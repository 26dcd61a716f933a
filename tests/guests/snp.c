/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP payload.  It enters through the VMSA of an IGVM file, makes a GHCB,
 * validates memory that the launch did not load, prints through #VC and GHCB,
 * asks the secure processor for a report over a nonce of its own, starts the
 * other vCPUs through AP creation and turns the machine off.
 */
#include "snp.h"

#define ALL_OF_SEV  (STATUS_SEV | STATUS_ES | STATUS_SNP)
#define VMPL1       1u
#define BLOCK       0x8000u /* of the heap, per vCPU */
#define BLOCK_VMSA  0x1000u
#define BLOCK_STACK 0x8000u

extern const uint8_t vc_stub[], fatal_stubs[];
extern uint8_t idt[32 * 16];
extern uint64_t page_table[1024];
const uintptr_t cpuid_page = CPUID_PAGE;
void snp_main(void);

static uint8_t boot_ghcb[PAGE] __attribute__((aligned(4096)));
static uint8_t request[PAGE] __attribute__((aligned(4096)));
static uint8_t response[PAGE] __attribute__((aligned(4096)));
static struct vcpu boot_vcpu;
static struct lock console;
static volatile uint32_t ready;

void put_char(char c)
{
	out8(SERIAL_PORT, (uint8_t)c);
}

void map_page(uintptr_t page, bool private_page)
{
	uint64_t c = UINT64_C(1) << C_BIT;

	if (private_page)
		page_table[page / PAGE] |= c;
	else
		page_table[page / PAGE] &= ~c;
	__asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
}

static void set_gate(unsigned vector, const uint8_t *handler)
{
	uint64_t at = (uintptr_t)handler;
	uint64_t low = (at & 0xFFFF) | 0x8E0000080000 | (at >> 16) << 48;

	memcpy(idt + 16 * vector, &low, 8);
	at >>= 32;
	memcpy(idt + 16 * vector + 8, &at, 8);
}

static void greet(uint32_t number)
{
	lock_take(&console);
	put_text("snp: vcpu ");
	put_number(number);
	put_text(" runs\n");
	lock_release(&console);
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
}

void snp_ap(struct vcpu *v)
{
	set_this_vcpu(v);
	ghcb_register(v, v->ghcb);
	greet(v->number);
	halt_forever();
}

static void start_aps(uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		uintptr_t block = HEAP + i * (uintptr_t)BLOCK;
		struct vcpu *v = (struct vcpu *)(block + 2 * PAGE);

		pages_make_shared(block, 1);
		*v = (struct vcpu) {
			.self = v, .ghcb = (uint8_t *)block, .number = i
		};
		ap_create(i, v, (uint8_t *)(block + BLOCK_VMSA),
			block + BLOCK_STACK);
	}
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < n)
		pause();
}

/* The CPUID instruction itself, which comes back as #VC. */
static void show_cpuid(void)
{
	uint32_t a = 0x8000001F, b, c = 0, d;
	char vendor[13] = { 0 };

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if ((a & 0x1A) != 0x1A || (b & 0x3F) != C_BIT)
		terminate(REASON_CPUID);
	a = 0;
	c = 0;
	__asm__ volatile("cpuid"
			 : "+a"(a), "=b"(*(uint32_t *)vendor),
			 "+c"(*(uint32_t *)(vendor + 8)),
			 "=d"(*(uint32_t *)(vendor + 4)));
	put_text("snp: cpuid ");
	put_text(vendor);
	put_text(", C-bit ");
	put_number(b & 0x3F);
	put_text("\n");
}

static void make_nonce(uint8_t nonce[64])
{
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t v;
		uint8_t good;

		do
			__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(good));
		while (!good);
		memcpy(nonce + i, &v, 8);
	}
}

static void show_report(void)
{
	static uint8_t report[1184];
	uint8_t nonce[64];

	make_nonce(nonce);
	put_text("snp: nonce ");
	put_bytes(nonce, sizeof(nonce));
	put_text("\n");
	pages_make_shared((uintptr_t)request, 1);
	pages_make_shared((uintptr_t)response, 1);
	attest(SECRETS_PAGE, request, response, nonce, report);
	put_text("snp: report ");
	put_bytes(report, sizeof(report));
	put_text("\n");
}

void snp_main(void)
{
	uint32_t n;

	for (unsigned v = 0; v < 32; v++)
		set_gate(v, v == 29 ? vc_stub : fatal_stubs + 16 * v);
	set_this_vcpu(&boot_vcpu);
	if ((rdmsr(MSR_SEV_STATUS) & ALL_OF_SEV) != ALL_OF_SEV)
		terminate(REASON_FEATURES);
	ghcb_negotiate(0x3);
	cpuid_check();
	/* Only VMPL 0 may change what VMPL 1 may do. */
	if (rmpadjust((uintptr_t)boot_ghcb, VMPL1))
		terminate(REASON_VMPL);
	pages_make_shared((uintptr_t)boot_ghcb, 1);
	ghcb_register(&boot_vcpu, boot_ghcb);
	n = vcpu_count();
	put_text("snp: hello through the GHCB\n");
	show_cpuid();
	pages_make_private(HEAP, (HEAP_END - HEAP) / PAGE);
	memset((void *)(uintptr_t)HEAP, 0, HEAP_END - HEAP);
	put_text("snp: validated 2 MiB\n");
	show_report();
	greet(0);
	start_aps(n);
	put_text("snp: ");
	put_number(n);
	put_text(" of ");
	put_number(n);
	put_text(" vcpus ran; off\n");
	power_off();
	halt_forever();
}
