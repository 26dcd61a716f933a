/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug registers.
 *
 * Source: APM volume 2 (AMD 24593), "Software-Debug Resources".
 */
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/mem_priv.h"

enum { ON_EXEC, ON_WRITE, ON_IO, ON_ACCESS };

static bool enabled(const struct vcpu *cpu, unsigned n)
{
	return cpu->dr7 >> (2 * n) & 3;
}

static unsigned kind(const struct vcpu *cpu, unsigned n)
{
	return cpu->dr7 >> (16 + 4 * n) & 3;
}

/* Bytes that it covers; the address is aligned to that. */
static unsigned length(const struct vcpu *cpu, unsigned n)
{
	static const uint8_t bytes[4] = { 1, 2, 8, 4 };

	return bytes[cpu->dr7 >> (18 + 4 * n) & 3];
}

void cf_dr_update(struct vcpu *cpu)
{
	unsigned armed = 0, n;

	for (n = 0; n < 4; n++) {
		if (!enabled(cpu, n))
			continue;
		if (kind(cpu, n) == ON_EXEC)
			armed |= CF_DR_EXEC;
		else if (kind(cpu, n) != ON_IO)
			armed |= CF_DR_DATA;
		else if (cpu->cr4 & CF_CR4_DE)
			armed |= CF_DR_IO;
	}
	/* What is cached is not looked at. */
	if (armed & ~cpu->dr_armed & CF_DR_DATA)
		cf_tlb_flush(cpu);
	cpu->dr_armed = (uint8_t)armed;
	if (armed)
		atomic_store(&cpu->limit, 0);
}

unsigned cf_dr_exec(const struct vcpu *cpu)
{
	uint64_t at = cpu->r[CF_R_RIP];
	unsigned hit = 0, n;

	if (!(cpu->mode & CF_MODE_L))
		at = (at + cpu->seg[CF_SEG_CS].base) & 0xffffffff;
	for (n = 0; n < 4; n++)
		if (enabled(cpu, n) && kind(cpu, n) == ON_EXEC &&
			cpu->dr[n] == at)
			hit |= 1u << n;
	return hit;
}

static bool overlaps(
	const struct vcpu *cpu, unsigned n, uint64_t addr, unsigned size)
{
	unsigned len = length(cpu, n);
	uint64_t first = cpu->dr[n] & ~(uint64_t)(len - 1);

	return addr - first < len || first - addr < size;
}

void cf_dr_data(struct vcpu *cpu, uint64_t addr, unsigned size, bool write)
{
	unsigned n;

	for (n = 0; n < 4; n++) {
		unsigned k = kind(cpu, n);

		if (enabled(cpu, n) &&
			(k == ON_ACCESS || (k == ON_WRITE && write)) &&
			overlaps(cpu, n, addr, size))
			cpu->dr_hit |= (uint8_t)(1u << n);
	}
}

void cf_dr_io(struct vcpu *cpu, unsigned port, unsigned size)
{
	unsigned n;

	for (n = 0; n < 4; n++)
		if (enabled(cpu, n) && kind(cpu, n) == ON_IO &&
			(cpu->cr4 & CF_CR4_DE) && overlaps(cpu, n, port, size))
			cpu->dr_hit |= (uint8_t)(1u << n);
}

void cf_dr_exception(struct vcpu *cpu, uint32_t dr6, bool trap)
{
	/* Which breakpoints matched is told anew; the causes add up. */
	cpu->dr6 = (cpu->dr6 & ~(uint64_t)0xf) | dr6;
	/* The handler may use the registers, and is not recorded. */
	cpu->dr7 &= ~(uint64_t)CF_DR7_GD;
	cpu->dbgctl &= ~(uint64_t)(CF_DEBUGCTL_LBR | CF_DEBUGCTL_BTF);
	cpu->exc = (struct cf_exception) {
		.vector = CF_VEC_DB,
		.trap = trap,
		.cr2 = cpu->cr2,
	};
}
