/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native payload: entered in 64-bit mode by the native context of an IGVM
 * file.  It prints on the serial port, starts the other processors with
 * INIT and SIPI, hears from each of them, and turns the machine off.
 */
#include "lib.h"
#include "payload.h"

#define APIC        0xFEE00000u
#define APIC_ID     0x020
#define APIC_SVR    0x0F0
#define APIC_ICR    0x300
#define ICR_BUSY    0x1000u
#define ICR_OTHERS  0x000C0000u /* all but self */
#define ICR_INIT    0x4500u
#define ICR_STARTUP 0x4600u
#define TRAMPOLINE  0x8000u

extern const uint8_t trampoline[], trampoline_end[];
extern volatile uint32_t ap_number;
void native_main(void);
void native_ap(uint32_t number);

static struct lock console;
static volatile uint32_t ready;

void put_char(char c)
{
	while (!(in8(SERIAL_PORT + 5) & 0x20))
		pause();
	out8(SERIAL_PORT, (uint8_t)c);
}

static volatile uint32_t *apic(uint32_t reg)
{
	return (volatile uint32_t *)(uintptr_t)(APIC + reg);
}

static void greet(uint32_t number)
{
	lock_take(&console);
	put_text("native: vcpu ");
	put_number(number);
	put_text(" apic ");
	put_number(*apic(APIC_ID) >> 24);
	put_text(" runs\n");
	lock_release(&console);
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
}

static void send(uint32_t command)
{
	*apic(APIC_ICR) = command;
	while (*apic(APIC_ICR) & ICR_BUSY)
		pause();
}

void native_ap(uint32_t number)
{
	*apic(APIC_SVR) = 0x1FF;
	greet(number);
	halt_forever();
}

void native_main(void)
{
	uint32_t n = vcpu_count();

	put_text("native: hello in 64-bit mode\n");
	*apic(APIC_SVR) = 0x1FF;
	greet(0);
	if (n > 1) {
		memcpy((void *)(uintptr_t)TRAMPOLINE, trampoline,
			(size_t)(trampoline_end - trampoline));
		send(ICR_OTHERS | ICR_INIT);
		send(ICR_OTHERS | ICR_STARTUP | TRAMPOLINE >> 12);
	}
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < n)
		pause();
	put_text("native: ");
	put_number(n);
	put_text(" of ");
	put_number(n);
	put_text(" vcpus ran; off\n");
	power_off();
	halt_forever();
}
