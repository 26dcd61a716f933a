/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual-8086 mode extensions: a virtual interrupt flag for what may not
 * change the real one, and INT n that stays in the 8086 program.
 *
 * Source: APM volume 2 (AMD 24593), "Virtual Interrupts".
 */
#include "accel/soft/insn/vme_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/seg_priv.h"

uint64_t cf_vme_image(const struct vcpu *cpu)
{
	uint64_t fl = cf_rflags(cpu) & ~(uint64_t)CF_FL_IF;

	return fl | CF_FL_IOPL | (cpu->flags & CF_FL_VIF ? CF_FL_IF : 0);
}

uint64_t cf_vme_take(struct vcpu *cpu, uint64_t fl)
{
	if ((fl & CF_FL_TF) || ((fl & CF_FL_IF) && (cpu->flags & CF_FL_VIP)))
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	fl &= ~(uint64_t)CF_FL_VIF;
	return fl | (fl & CF_FL_IF ? CF_FL_VIF : 0);
}

/* Its bit in the map below the I/O bitmap of the TSS is clear: the program
 * handles this interrupt itself. */
static bool is_redirected(struct vcpu *cpu, unsigned vector)
{
	uint64_t map, at;

	if (!(cpu->tr.attr & 8) || cpu->tr.limit < 103)
		return false;
	map = cf_sys_ld(cpu, cpu->tr.base + 102, 2);
	at = map + vector / 8;
	if (at < 32 || at - 32 > cpu->tr.limit)
		return false;
	return !(cf_sys_ld(cpu, cpu->tr.base + at - 32, 1) >> (vector & 7) & 1);
}

bool cf_vme_interrupt(struct vcpu *cpu, unsigned vector, uint64_t next)
{
	bool real_if = (cpu->flags & CF_FL_IOPL) == CF_FL_IOPL;
	uint64_t fl = real_if ? cf_rflags(cpu) : cf_vme_image(cpu);
	uint32_t target;

	if (!(cpu->mode & CF_MODE_VM) || !(cpu->cr4 & CF_CR4_VME) ||
		!is_redirected(cpu, vector))
		return false;
	target = (uint32_t)cf_sys_ld(cpu, vector * 4u, 4);
	cpu->exc_sp = cpu->r[CF_RSP];
	cpu->restore_sp = true;
	cf_push(cpu, NULL, 2, fl);
	cf_push(cpu, NULL, 2, cpu->seg[CF_SEG_CS].sel);
	cf_push(cpu, NULL, 2, next);
	cpu->restore_sp = false;
	cpu->no_trap = true;
	cf_set_rflags(cpu,
		cf_rflags(cpu) &
			~(uint64_t)(CF_FL_TF | CF_FL_NT |
				(real_if ? CF_FL_IF : CF_FL_VIF)));
	cf_seg_load_real(cpu, CF_SEG_CS, (uint16_t)(target >> 16));
	cpu->r[CF_R_RIP] = target & 0xffff;
	cf_update_mode(cpu);
	return true;
}
