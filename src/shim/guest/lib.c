/* SPDX-License-Identifier: Apache-2.0 */
/* Memory functions, printing and a lock for guest code. */
#include "lib.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *was = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return was;
}

void *memset(void *to, int value, size_t n)
{
	void *was = to;

	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(n)
			 : "a"(value)
			 : "memory");
	return was;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

void put_number(uint64_t n)
{
	char digits[20];
	unsigned at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	while (at < sizeof(digits))
		put_char(digits[at++]);
}

void put_hex(uint64_t v, unsigned digits)
{
	while (digits--)
		put_char("0123456789abcdef"[v >> 4 * digits & 15]);
}

void put_bytes(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_hex(p[i], 2);
}

/* Configuration space of the LPC bridge, 00:1f.0. */
#define LPC(reg)    (0x8000F800u | (reg))
#define CONFIG_AT   0xCF8
#define CONFIG_DATA 0xCFC
#define LPC_PMBASE  0x40
#define LPC_CONTROL 0x44
#define ACPI_DECODE 0x80
#define SCI_ENABLE  0x0001
#define SLEEP_NOW   0x2000 /* sleep type 0: soft off */

void acpi_enable(void)
{
	out32(CONFIG_AT, LPC(LPC_PMBASE));
	out32(CONFIG_DATA, PM_BASE | 1);
	out32(CONFIG_AT, LPC(LPC_CONTROL));
	out8(CONFIG_DATA, ACPI_DECODE);
	out16(PM1_CONTROL, SCI_ENABLE);
}

void power_off(void)
{
	acpi_enable();
	out16(PM1_CONTROL, SLEEP_NOW | SCI_ENABLE);
}

void lock_take(struct lock *l)
{
	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE))
		pause();
}

void lock_release(struct lock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}
