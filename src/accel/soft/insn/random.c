/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RDRAND and RDSEED for runs that are to repeat themselves: a counter through
 * a mixing function (splitmix64), seeded by the user.  Not for secrets; the
 * host's own instructions are used otherwise.
 */
#include "accel/soft/insn/ops_sys_priv.h"

static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

const struct op *cf_op_random(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_set_size(cpu, op->dst, op->size, next(&cpu->random));
	cf_flags_set_status(cpu, CF_FL_CF);
	return cf_sys_done(cpu, op);
}
