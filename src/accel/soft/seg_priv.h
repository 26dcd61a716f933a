/* SPDX-License-Identifier: Apache-2.0 */
/* Segments, descriptors and far transfers of control. */
#ifndef CF_ACCEL_SOFT_SEG_PRIV_H
#define CF_ACCEL_SOFT_SEG_PRIV_H

#include "accel/soft/cpu_priv.h"

struct cf_descriptor {
	uint64_t at; /* linear address of its 8 bytes */
	uint64_t base;
	uint32_t limit;
	uint16_t attr; /* VMCB packing */
	uint64_t raw;
};

/* False: null, or beyond its table. */
bool cf_descriptor_read(
	struct vcpu *cpu, uint16_t sel, struct cf_descriptor *out);
/* Cache base as r[] needs it. */
void cf_seg_set_base(struct vcpu *cpu, unsigned seg, uint64_t base);
/* Put a descriptor into a segment register and mark it accessed. */
void cf_seg_install(
	struct vcpu *cpu, unsigned seg, uint16_t sel, struct cf_descriptor *d);
/* MOV to a segment register other than CS, in any mode; raises. */
void cf_seg_load(struct vcpu *cpu, unsigned seg, uint16_t sel);
/* Segment as real mode loads it. */
void cf_seg_load_real(struct vcpu *cpu, unsigned seg, uint16_t sel);
/* A null segment register. */
void cf_seg_null(struct vcpu *cpu, unsigned seg, uint16_t sel);

/* All segments as virtual-8086 mode has them. */
void cf_seg_load_vm86(struct vcpu *cpu, const uint16_t sel[CF_NSEGS]);
/* Stack of an inner ring from the TSS: returns its pointer, *ss and its
 * descriptor, checked. */
uint64_t cf_inner_stack(struct vcpu *cpu, unsigned cpl, uint16_t *ss,
	struct cf_descriptor *d, uint32_t ext);

/* All with r[RIP] exact; next: address of the following instruction. */
void cf_far_jump(
	struct vcpu *cpu, uint16_t sel, uint64_t offset, uint64_t next);
void cf_far_call(struct vcpu *cpu, uint16_t sel, uint64_t offset, unsigned size,
	uint64_t next);
void cf_far_return(struct vcpu *cpu, unsigned size, uint64_t release);
void cf_iret(struct vcpu *cpu, unsigned size, uint64_t next);

/* task.c: to the task whose TSS is `sel` (checked). */
struct cf_task {
	enum { CF_TASK_JUMP, CF_TASK_CALL, CF_TASK_IRET, CF_TASK_EVENT } how;
	uint16_t sel;
	uint64_t next; /* where the old task goes on */
	bool rf;       /* ... with RF set */
	uint32_t ext;  /* 1: EXT in error codes */
	bool has_error;
	uint32_t error;
};
void cf_task_switch(struct vcpu *cpu, const struct cf_task *t);

/* Deliver an exception or interrupt through IVT or IDT; raises when that
 * faults (the loop makes a double fault of it). */
struct cf_event {
	unsigned vector;
	bool soft;     /* INT n, INT3, INTO: gate privilege is checked */
	bool external; /* sets EXT in error codes of nested faults */
	bool has_error;
	uint32_t error;
	uint64_t rip; /* to be pushed */
	bool rf;      /* push RF set: faults */
};
void cf_deliver(struct vcpu *cpu, const struct cf_event *e);

#endif
