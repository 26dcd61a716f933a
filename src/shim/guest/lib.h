/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What code that runs as a guest uses: port and MSR instructions, memory
 * functions that the compiler calls, and printing.  Freestanding; general
 * registers only.  The boot shim and the test payloads are made with it.
 */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_PORT 0x3F8

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Print through the payload's own console. */
void put_char(char c); /* the payload defines it */
void put_text(const char *text);
void put_number(uint64_t n); /* decimal */
void put_hex(uint64_t v, unsigned digits);
void put_bytes(const uint8_t *p, size_t n); /* hex, no separators */

/* What firmware does on a q35: let the LPC bridge decode the ACPI registers at
 * PM_BASE; then they are in ACPI mode, and the machine can be turned off. */
#define PM_BASE     0x600
#define PM1_CONTROL (PM_BASE + 4)
void acpi_enable(void);
void power_off(void);

/* One line at a time from several vCPUs. */
struct lock {
	volatile uint32_t taken;
};
void lock_take(struct lock *l);
void lock_release(struct lock *l);

static inline void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

__attribute__((noreturn)) static inline void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

#endif
