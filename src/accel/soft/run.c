/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of a vCPU: events, then blocks, until something wants attention.
 *
 * Exceptions unwind to the setjmp here (cf_raise) and are delivered from it; a
 * fault during delivery comes back the same way and becomes a double fault.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/seg_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/debug/trace_priv.h"
#include "accel/soft/world_priv.h"

#include <stdio.h>

void cf_attention(struct vcpu *cpu, uint32_t bits)
{
	atomic_fetch_or(&cpu->attention, bits);
	atomic_store(&cpu->limit, 0);
}

/* Must the loop look at something after every instruction? */
static bool single_stepping(const struct vcpu *cpu)
{
	return cpu->shadow || cpu->stepping || cpu->watch || cpu->dr_armed ||
		(cpu->flags & (CF_FL_TF | CF_FL_RF)) ||
		(cpu->vm->trace & CF_TRACE_SINGLE);
}

/* How far to run without coming back: re-arm after the attention is served. */
static void arm(struct vcpu *cpu)
{
	bool often = single_stepping(cpu) ||
		(cpu->vm->trace & (CF_TRACE_BLOCKS | CF_TRACE_REGISTERS));

	atomic_store(&cpu->limit, often ? 0 : cpu->deadline);
	if (atomic_load(&cpu->attention))
		atomic_store(&cpu->limit, 0);
}

static void stop(struct vcpu *cpu, enum cf_stop why)
{
	cpu->stop.why = why;
	cpu->stopping = true;
}

/* Benign, contributory or page fault: table "Double fault" of the APM. */
static bool contributory(int vector)
{
	return vector == CF_VEC_DE ||
		(vector >= CF_VEC_TS && vector <= CF_VEC_GP) ||
		vector == CF_VEC_VC;
}

static bool doubles(int first, int second)
{
	if (contributory(first))
		return contributory(second);
	return first == CF_VEC_PF &&
		(contributory(second) || second == CF_VEC_PF);
}

static bool is_fault(const struct cf_exception *x)
{
	return !x->trap && x->vector != CF_VEC_DB && x->vector != CF_VEC_NMI;
}

/* An exception right after another takes the time of an instruction, so that
 * a handler that faults for ever uses up its budget. */
static void charge(struct vcpu *cpu)
{
	if (cpu->count == cpu->exc_count)
		cpu->count++;
	cpu->exc_count = cpu->count;
}

/* Deliver cpu->exc; a fault while doing so unwinds to the loop again. */
static void deliver_exception(struct vcpu *cpu)
{
	struct cf_exception *x = &cpu->exc;
	struct cf_event e;

	charge(cpu);
	if (cpu->delivering) {
		if (cpu->delivering_vector == CF_VEC_DF) {
			cf_trace_exception(cpu, x->vector, x->error);
			snprintf(cpu->stop.detail, sizeof(cpu->stop.detail),
				"triple fault: exception %d while delivering "
				"a double fault at rip 0x%llx",
				x->vector,
				(unsigned long long)cpu->r[CF_R_RIP]);
			cf_sev_explain(cpu, cpu->stop.detail,
				sizeof(cpu->stop.detail));
			cpu->delivering = false;
			stop(cpu, CF_STOP_TRIPLE_FAULT);
			return;
		}
		cf_trace_second(cpu, cpu->delivering_vector, x->vector);
		if (doubles(cpu->delivering_vector, x->vector))
			*x = (struct cf_exception) { .vector = CF_VEC_DF,
				.has_error = true };
	}
	cf_trace_exception(cpu, x->vector, x->error);
	if (x->vector == CF_VEC_PF)
		cpu->cr2 = x->cr2;
	cpu->halted = false;
	e = (struct cf_event) {
		.vector = (unsigned)x->vector,
		.soft = x->soft,
		.external = !x->soft,
		.has_error = x->has_error && (cpu->cr0 & CF_CR0_PE),
		.error = x->error,
		.rip = cpu->r[CF_R_RIP],
		.rf = is_fault(x),
	};
	cpu->delivering = true;
	cpu->delivering_vector = (uint8_t)x->vector;
	cf_deliver(cpu, &e);
	cpu->delivering = false;
	cpu->shadow = cpu->ss_shadow = false;
}

static void deliver_interrupt(struct vcpu *cpu, unsigned vector)
{
	const struct cf_event e = {
		.vector = vector,
		.external = true,
		.rip = cpu->r[CF_R_RIP],
	};

	cf_trace_interrupt(cpu, vector);
	cpu->halted = false;
	cpu->delivering = true;
	cpu->delivering_vector = (uint8_t)CF_VEC_DB; /* benign */
	cf_deliver(cpu, &e);
	cpu->delivering = false;
}

void cf_software_interrupt(
	struct vcpu *cpu, unsigned vector, bool privileged, uint64_t next)
{
	const struct cf_event e = {
		.vector = vector,
		.soft = !privileged,
		.rip = next,
	};

	/* INT1 is a #DB already: what waits for one comes with it. */
	if (privileged && cpu->dr_hit) {
		cpu->dr6 = (cpu->dr6 & ~(uint64_t)0xf) | cpu->dr_hit;
		cpu->dr_hit = 0;
	}
	/* A fault is reported at the instruction. */
	cpu->delivering = true;
	cpu->delivering_vector = (uint8_t)CF_VEC_DB; /* benign */
	cf_trace_software(cpu, vector, !privileged);
	cpu->no_trap = true;
	cf_deliver(cpu, &e);
	cpu->delivering = false;
}

/* Nothing to do until an interrupt or a kick. */
static void idle(struct vcpu *cpu)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	bool pending;

	cf_gate_leave(cpu);
	h->idle(h->opaque, cpu->index);
	pending = h->irq_pending(h->opaque, cpu->index);
	cf_gate_enter(cpu);
	if (pending)
		cpu->irq_hint = true;
	else if (cpu->deadline != UINT64_MAX && !atomic_load(&cpu->attention))
		stop(cpu, CF_STOP_BUDGET);
}

/* The requests of others.  False: leave the loop. */
static bool serve_attention(struct vcpu *cpu)
{
	uint32_t att = atomic_exchange(&cpu->attention, 0);

	if (att & CF_ATT_WORLD) {
		cf_gate_leave(cpu);
		cf_gate_enter(cpu);
	}
	if (att & CF_ATT_CODE)
		cf_blocks_take_posted(cpu);
	if (att & CF_ATT_SEV)
		cf_sev_attend(cpu);
	if (att & CF_ATT_INIT)
		cf_vcpu_init_ipi(cpu);
	if (att & CF_ATT_SIPI)
		cf_vcpu_startup_ipi(cpu);
	if (att & CF_ATT_NMI)
		cpu->nmi_pending += atomic_exchange(&cpu->nmis_sent, 0);
	if (cpu->nmi_pending > (cpu->nmi_blocked ? 1 : 2))
		cpu->nmi_pending = cpu->nmi_blocked ? 1 : 2;
	if (att & CF_ATT_IRQ)
		cpu->irq_hint = true;
	if (att & CF_ATT_KICK)
		stop(cpu, CF_STOP_KICK);
	else if (cpu->parked || cpu->wait_sipi)
		stop(cpu, CF_STOP_PARKED);
	return !cpu->stopping;
}

/* Deliver what the guest can take now. */
static void serve_events(struct vcpu *cpu)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	int vector;

	if (cpu->nmi_pending && !cpu->nmi_blocked) {
		cpu->nmi_pending--;
		cpu->nmi_blocked = true;
		deliver_interrupt(cpu, CF_VEC_NMI);
		return;
	}
	if (!cpu->irq_hint || !(cpu->flags & CF_FL_IF))
		return;
	cf_gate_leave(cpu);
	vector = h->irq_take(h->opaque, cpu->index);
	cpu->irq_hint = vector >= 0 && h->irq_pending(h->opaque, cpu->index);
	cf_gate_enter(cpu);
	if (vector >= 0)
		deliver_interrupt(cpu, (unsigned)vector);
}

/* Run the block of one instruction at r[RIP]; true: it branched. */
static bool run_single(struct vcpu *cpu)
{
	uint64_t count = cpu->count, rf = cpu->flags & CF_FL_RF;
	const struct block *b;
	const struct op *op;
	uint64_t next;

	cf_set_mode(cpu, cpu->mode | CF_MODE_SINGLE);
	atomic_store(&cpu->limit, 0);
	b = cf_block_find(cpu);
	cf_trace_block(cpu, b);
	cpu->shadow = cpu->ss_shadow = cpu->no_trap = false;
	cpu->flags &= ~rf;
	next = cpu->r[CF_R_RIP] + b->len;
	op = b->ops;
	while (op)
		op = op->fn(cpu, op);
	cpu->link_op = NULL;
	cf_set_mode(cpu, cpu->mode & ~CF_MODE_SINGLE);
	/* A repeated string instruction that goes on keeps RF. */
	if (cpu->count == count)
		cpu->flags |= rf;
	return cpu->r[CF_R_RIP] != next && cpu->count != count;
}

/* The guest's own debugging: what is to be reported after an instruction;
 * step: it began with TF set. */
static void debug_trap(struct vcpu *cpu, bool step)
{
	uint32_t dr6 = cpu->dr_hit;

	if (step && !cpu->no_trap)
		dr6 |= CF_DR6_BS;
	/* After a load of SS what was hit waits for the next instruction. */
	if (!dr6 || cpu->ss_shadow)
		return;
	cpu->dr_hit = 0;
	cf_dr_exception(cpu, dr6, true);
	deliver_exception(cpu);
}

/* One instruction, for whatever wants to look after each. */
static void step(struct vcpu *cpu)
{
	bool tf = cpu->flags & CF_FL_TF, hit, branched;

	if (cpu->watch && cf_watch_at(cpu))
		return;
	if ((cpu->dr_armed & CF_DR_EXEC) && !(cpu->flags & CF_FL_RF)) {
		unsigned at = cf_dr_exec(cpu);

		if (at) {
			cf_dr_exception(cpu, at, false);
			deliver_exception(cpu);
			return;
		}
	}
	if (!cpu->ss_shadow)
		cpu->dr_hit = 0;
	branched = run_single(cpu);
	hit = cpu->watch && cf_watch_after(cpu);
	if (cpu->stepping && !hit)
		cpu->stop.code = CF_DEBUG_HIT_STEP;
	if (cpu->stepping || hit)
		stop(cpu, CF_STOP_DEBUG);
	debug_trap(cpu, tf && (branched || !(cpu->dbgctl & CF_DEBUGCTL_BTF)));
}

/* Run blocks until the limit or an operation sends us back. */
static void run_blocks(struct vcpu *cpu)
{
	struct block *b = cf_block_find(cpu);
	const struct op *op;

	if (cpu->link_op) {
		/* A straddling block depends on more than its page. */
		if (!b->gpa2)
			((struct op *)(uintptr_t)cpu->link_op)->imm =
				(uint64_t)(uintptr_t)b;
		cpu->link_op = NULL;
	}
	cf_trace_block(cpu, b);
	op = b->ops;
	while (op)
		op = op->fn(cpu, op);
}

static void loop(struct vcpu *cpu)
{
	while (!cpu->stopping) {
		if (CF_LIKELY(cpu->count < atomic_load_explicit(&cpu->limit,
						   memory_order_relaxed) &&
			    !cpu->halted && !cpu->irq_hint &&
			    !cpu->nmi_pending && !cpu->shadow)) {
			run_blocks(cpu);
			continue;
		}
		cpu->link_op = NULL;
		if (!serve_attention(cpu))
			break;
		if (cpu->count >= cpu->deadline) {
			stop(cpu, CF_STOP_BUDGET);
			break;
		}
		if (cpu->dr6_pending) {
			cf_dr_exception(cpu, cpu->dr6_pending, true);
			cpu->dr6_pending = 0;
			deliver_exception(cpu);
		}
		if (!cpu->shadow)
			serve_events(cpu);
		if (cpu->halted) {
			idle(cpu);
			continue;
		}
		arm(cpu);
		if (single_stepping(cpu))
			step(cpu);
		else
			run_blocks(cpu);
	}
}

void cf_vcpu_run(struct vcpu *cpu, uint64_t budget, struct cf_stop_info *out)
{
	jmp_buf unwind;

	cpu->unwind = &unwind;
	cpu->stopping = false;
	cpu->stop = (struct cf_stop_info) { .why = CF_STOP_KICK };
	cpu->deadline = budget > UINT64_MAX - cpu->count - 1
		? UINT64_MAX
		: cpu->count + budget;
	cf_gate_enter(cpu);
	arm(cpu);
	if (setjmp(unwind)) {
		/* A fault or a stop from inside; the mode may be SINGLE. */
		cf_set_mode(cpu, cpu->mode & ~CF_MODE_SINGLE);
		if (!cpu->stopping)
			deliver_exception(cpu);
	}
	loop(cpu);
	cf_gate_leave(cpu);
	cpu->unwind = NULL;
	cpu->stop.rip = cpu->r[CF_R_RIP] +
		(cpu->mode & CF_MODE_L ? 0 : cpu->seg[CF_SEG_CS].base);
	*out = cpu->stop;
}
