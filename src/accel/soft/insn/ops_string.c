/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions.  A repeated MOVS or STOS works in pieces that stay
 * inside one page on each side; after each piece registers are up to date, so
 * a fault or an interrupt is precise and the instruction goes on later.
 *
 * op: size of the element, src bytes of the address size, aux prefix.
 */
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/sev/sev_priv.h"

#define REP 1u /* REP or REPE; REPNE is 2 */

static CF_ALWAYS_INLINE uint64_t reg(
	const struct vcpu *cpu, const struct op *op, unsigned r)
{
	return cf_get_size(cpu, r * 8, op->src);
}

static CF_ALWAYS_INLINE void set_reg(
	struct vcpu *cpu, const struct op *op, unsigned r, uint64_t v)
{
	/* A 32-bit address size clears the upper half. */
	cf_set_size(cpu, r * 8, op->src, v);
}

static uint64_t source(
	struct vcpu *cpu, const struct op *op, uint64_t off, unsigned n)
{
	return cf_linear(cpu, op, op->seg, off, n, false);
}

static uint64_t destination(struct vcpu *cpu, const struct op *op, uint64_t off,
	unsigned n, bool write)
{
	return cf_linear(cpu, op, CF_SEG_ES, off, n, write);
}

static int64_t step_of(const struct vcpu *cpu, const struct op *op)
{
	return cpu->flags & CF_FL_DF ? -(int64_t)op->size : op->size;
}

/* Elements up to the end of the page that addr is on, at most n. */
static uint64_t in_page(uint64_t addr, unsigned size, uint64_t n)
{
	uint64_t left = (0x1000 - (addr & 0xfff)) / size;

	return n < left ? n : left;
}

/* Elements before the offset wraps at the address size. */
static uint64_t before_wrap(const struct op *op, uint64_t off, uint64_t n)
{
	uint64_t left;

	if (op->src == 8)
		return n;
	left = (cf_size_mask(op->src) - off + 1) / op->size;
	return n < left ? n : left;
}

/* Registers after k elements forward. */
static void advance(
	struct vcpu *cpu, const struct op *op, bool si, bool di, uint64_t k)
{
	uint64_t n = (uint64_t)step_of(cpu, op) * k;

	if (si)
		set_reg(cpu, op, CF_RSI, reg(cpu, op, CF_RSI) + n);
	if (di)
		set_reg(cpu, op, CF_RDI, reg(cpu, op, CF_RDI) + n);
	if (op->aux)
		set_reg(cpu, op, CF_RCX, reg(cpu, op, CF_RCX) - k);
}

/* Somebody wants attention: leave, to come back to the same instruction. */
static bool interrupted(const struct vcpu *cpu)
{
	return cpu->count >=
		atomic_load_explicit(&cpu->limit, memory_order_relaxed);
}

/* Copy as ascending elements do: a short distance repeats a pattern. */
static void copy_up(uint8_t *to, const uint8_t *from, size_t len, size_t size)
{
	size_t i;

	if (to <= from || (size_t)(to - from) >= len) {
		memmove(to, from, len);
		return;
	}
	for (i = 0; i < len; i += size)
		memmove(to + i, from + i, size);
}

/* One piece of MOVS on plain memory; 0: do one element the slow way. */
static uint64_t movs_piece(struct vcpu *cpu, const struct op *op, uint64_t n)
{
	uint64_t si = reg(cpu, op, CF_RSI), di = reg(cpu, op, CF_RDI);
	uint64_t from, to;
	uint8_t *hf, *ht;

	if ((cpu->flags & CF_FL_DF) || n < 2)
		return 0;
	n = before_wrap(op, si, before_wrap(op, di, n));
	if (!n)
		return 0;
	if (n > 0x1000)
		n = 0x1000;
	from = source(cpu, op, si, op->size);
	to = destination(cpu, op, di, op->size, true);
	n = in_page(from, op->size, in_page(to, op->size, n));
	if (n < 2 || !(cpu->mode & CF_MODE_L))
		/* Limits are checked for each element. */
		return 0;
	hf = cf_host_at(cpu, op, from, false);
	ht = cf_host_at(cpu, op, to, true);
	/* Filling for the second may have dropped the first. */
	if (!hf || !ht || cf_host_at(cpu, op, from, false) != hf)
		return 0;
	copy_up(ht, hf, n * op->size, op->size);
	return n;
}

static void movs_one(struct vcpu *cpu, const struct op *op)
{
	uint64_t from = source(cpu, op, reg(cpu, op, CF_RSI), op->size);
	uint64_t v = cf_ld(cpu, op, from, op->size);

	cf_st(cpu, op,
		destination(cpu, op, reg(cpu, op, CF_RDI), op->size, true),
		op->size, v);
}

const struct op *cf_op_movs(struct vcpu *cpu, const struct op *op)
{
	uint64_t n, k;

	if (!op->aux) {
		movs_one(cpu, op);
		advance(cpu, op, true, true, 1);
		return cf_next(cpu, op);
	}
	while ((n = reg(cpu, op, CF_RCX))) {
		k = movs_piece(cpu, op, n);
		if (!k) {
			movs_one(cpu, op);
			k = 1;
		}
		advance(cpu, op, true, true, k);
		if (n != k && interrupted(cpu))
			return cf_leave_before(cpu, op);
	}
	return cf_next(cpu, op);
}

static void fill(uint8_t *to, size_t n, unsigned size, uint64_t v)
{
	size_t i;

	if (size == 1 || v == 0) {
		memset(to, (int)(v & 0xff), n * size);
		return;
	}
	for (i = 0; i < n; i++)
		memcpy(to + i * size, &v, size);
}

static uint64_t stos_piece(struct vcpu *cpu, const struct op *op, uint64_t n)
{
	uint64_t di = reg(cpu, op, CF_RDI), to;
	uint64_t v = cf_get_size(cpu, CF_RAX * 8, op->size);
	uint8_t *ht;

	if ((cpu->flags & CF_FL_DF) || n < 2 || !(cpu->mode & CF_MODE_L))
		return 0;
	n = before_wrap(op, di, n);
	if (n < 2)
		return 0;
	to = destination(cpu, op, di, op->size, true);
	n = in_page(to, op->size, n);
	if (n < 2)
		return 0;
	ht = cf_host_at(cpu, op, to, true);
	if (!ht)
		return 0;
	fill(ht, n, op->size, v);
	return n;
}

static void stos_one(struct vcpu *cpu, const struct op *op)
{
	cf_st(cpu, op,
		destination(cpu, op, reg(cpu, op, CF_RDI), op->size, true),
		op->size, cf_get_size(cpu, CF_RAX * 8, op->size));
}

const struct op *cf_op_stos(struct vcpu *cpu, const struct op *op)
{
	uint64_t n, k;

	if (!op->aux) {
		stos_one(cpu, op);
		advance(cpu, op, false, true, 1);
		return cf_next(cpu, op);
	}
	while ((n = reg(cpu, op, CF_RCX))) {
		k = stos_piece(cpu, op, n);
		if (!k) {
			stos_one(cpu, op);
			k = 1;
		}
		advance(cpu, op, false, true, k);
		if (n != k && interrupted(cpu))
			return cf_leave_before(cpu, op);
	}
	return cf_next(cpu, op);
}

const struct op *cf_op_lods(struct vcpu *cpu, const struct op *op)
{
	while (!op->aux || reg(cpu, op, CF_RCX)) {
		uint64_t v = cf_ld(cpu, op,
			source(cpu, op, reg(cpu, op, CF_RSI), op->size),
			op->size);

		cf_set_size(cpu, CF_RAX * 8, op->size, v);
		advance(cpu, op, true, false, 1);
		if (!op->aux)
			break;
		if (interrupted(cpu) && reg(cpu, op, CF_RCX))
			return cf_leave_before(cpu, op);
	}
	return cf_next(cpu, op);
}

static void compare(struct vcpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
	switch (size) {
	case 1:
		cf_cmp8(cpu, (uint8_t)a, (uint8_t)b);
		break;
	case 2:
		cf_cmp16(cpu, (uint16_t)a, (uint16_t)b);
		break;
	case 4:
		cf_cmp32(cpu, (uint32_t)a, (uint32_t)b);
		break;
	default:
		cf_cmp64(cpu, a, b);
		break;
	}
}

/* SCAS (si false) and CMPS: until the count or the comparison ends it. */
static const struct op *scan(struct vcpu *cpu, const struct op *op, bool si)
{
	while (!op->aux || reg(cpu, op, CF_RCX)) {
		uint64_t a, b;
		bool zf;

		if (si)
			a = cf_ld(cpu, op,
				source(cpu, op, reg(cpu, op, CF_RSI), op->size),
				op->size);
		else
			a = cf_get_size(cpu, CF_RAX * 8, op->size);
		b = cf_ld(cpu, op,
			destination(
				cpu, op, reg(cpu, op, CF_RDI), op->size, false),
			op->size);
		compare(cpu, op->size, a, b);
		advance(cpu, op, si, true, 1);
		zf = cpu->fl & CF_FL_ZF << 8;
		if (!op->aux || zf != (op->aux == REP))
			break;
		if (interrupted(cpu) && reg(cpu, op, CF_RCX))
			return cf_leave_before(cpu, op);
	}
	return cf_next(cpu, op);
}

const struct op *cf_op_scas(struct vcpu *cpu, const struct op *op)
{
	return scan(cpu, op, false);
}

const struct op *cf_op_cmps(struct vcpu *cpu, const struct op *op)
{
	return scan(cpu, op, true);
}

/*
 * INS and OUTS end their block: RIP is exact, and one element is done at a
 * time, so an ES guest's #VC comes at the instruction.
 */
const struct op *cf_op_ins(struct vcpu *cpu, const struct op *op)
{
	unsigned port = cf_get16(cpu, CF_RDX * 8);

	cf_sys_begin(cpu, op);
	cf_check_io(cpu, port, op->size);
	cf_intercept(cpu, CF_EXIT_IOIO);
	while (!op->aux || reg(cpu, op, CF_RCX)) {
		uint64_t to = destination(
			cpu, NULL, reg(cpu, op, CF_RDI), op->size, true);
		/* The port is read only when the store will succeed. */
		void *p = cf_rmw(cpu, NULL, to, op->size);
		uint32_t v = cf_pio_read(cpu, port, op->size);

		memcpy(p, &v, op->size);
		cf_mem_commit(cpu);
		advance(cpu, op, false, true, 1);
		if (!op->aux)
			break;
		if (interrupted(cpu) && reg(cpu, op, CF_RCX))
			return NULL;
	}
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_outs(struct vcpu *cpu, const struct op *op)
{
	unsigned port = cf_get16(cpu, CF_RDX * 8);

	cf_sys_begin(cpu, op);
	cf_check_io(cpu, port, op->size);
	cf_intercept(cpu, CF_EXIT_IOIO);
	while (!op->aux || reg(cpu, op, CF_RCX)) {
		uint64_t v = cf_ld(cpu, NULL,
			cf_linear(cpu, NULL, op->seg, reg(cpu, op, CF_RSI),
				op->size, false),
			op->size);

		cf_pio_write(cpu, port, op->size, (uint32_t)v);
		advance(cpu, op, true, false, 1);
		if (!op->aux)
			break;
		if (interrupted(cpu) && reg(cpu, op, CF_RCX))
			return NULL;
	}
	return cf_sys_done(cpu, op);
}
