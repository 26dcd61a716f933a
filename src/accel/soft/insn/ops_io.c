/* SPDX-License-Identifier: Apache-2.0 */
/* Ports. */
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/world_priv.h"

void cf_check_io(struct vcpu *cpu, unsigned port, unsigned size)
{
	uint64_t map, bits;

	/* Virtual-8086 mode asks the bitmap whatever the I/O level is. */
	if (!(cpu->mode & CF_MODE_VM) &&
		(!(cpu->mode & CF_MODE_PE) ||
			cpu->cpl <= (cpu->flags & CF_FL_IOPL) >> 12))
		return;
	/* The permission bitmap of a 32- or 64-bit TSS. */
	if ((cpu->tr.attr & CF_SEG_TYPE) < 8 || cpu->tr.limit < 103)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	map = cf_sys_ld(cpu, cpu->tr.base + 102, 2);
	if (map + port / 8 + 1 > cpu->tr.limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	bits = cf_sys_ld(cpu, cpu->tr.base + map + port / 8, 2);
	if (bits >> (port & 7) & ((1u << size) - 1))
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

uint32_t cf_pio_read(struct vcpu *cpu, unsigned port, unsigned size)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	uint32_t v;

	if (CF_UNLIKELY(cpu->dr_armed & CF_DR_IO))
		cf_dr_io(cpu, port, size);
	cf_gate_leave(cpu);
	v = h->pio_read(h->opaque, cpu->index, (uint16_t)port, size);
	cf_gate_enter(cpu);
	return v;
}

void cf_pio_write(
	struct vcpu *cpu, unsigned port, unsigned size, uint32_t value)
{
	const struct cf_accel_host *h = &cpu->vm->host;

	if (CF_UNLIKELY(cpu->dr_armed & CF_DR_IO))
		cf_dr_io(cpu, port, size);
	cf_gate_leave(cpu);
	h->pio_write(h->opaque, cpu->index, (uint16_t)port, size, value);
	cf_gate_enter(cpu);
}

/* aux 1: port in imm, else DX. */
static unsigned port_of(const struct vcpu *cpu, const struct op *op)
{
	return op->aux ? (unsigned)op->imm : cf_get16(cpu, CF_RDX * 8);
}

const struct op *cf_op_in(struct vcpu *cpu, const struct op *op)
{
	unsigned port = port_of(cpu, op);

	cf_sys_begin(cpu, op);
	cf_check_io(cpu, port, op->size);
	cf_intercept(cpu, CF_EXIT_IOIO);
	cf_set_size(
		cpu, CF_RAX * 8, op->size, cf_pio_read(cpu, port, op->size));
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_out(struct vcpu *cpu, const struct op *op)
{
	unsigned port = port_of(cpu, op);

	cf_sys_begin(cpu, op);
	cf_check_io(cpu, port, op->size);
	cf_intercept(cpu, CF_EXIT_IOIO);
	cf_pio_write(cpu, port, op->size,
		(uint32_t)cf_get_size(cpu, CF_RAX * 8, op->size));
	return cf_sys_done(cpu, op);
}
