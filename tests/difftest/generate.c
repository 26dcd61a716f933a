/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random cases.  An instruction is random bytes in the rough form of one,
 * decoded by Zydis and kept if the filter allows it.  Its memory operand is
 * either absolute or through a base register, loaded just before it; string
 * instructions get their registers the same way.
 */
#include "difftest.h"
#include "filter.h"

#include <string.h>

#define STATUS 0x8d5u
#define DF     0x400u

struct bytes {
	bool compat; /* no REX, eight registers */
	uint8_t b[MAX_INSN_LEN];
	size_t n;
	size_t rex_at;  /* the byte with these bits */
	uint8_t rex_xb; /* to clear, for no index and base: REX.X and B, */
	uint8_t vex_xb; /* or to set: VEX holds them inverted */
};

static void put(struct bytes *o, unsigned v)
{
	o->b[o->n++] = (uint8_t)v;
}

static void put_n(struct bytes *o, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(o, (unsigned)(v >> 8 * i & 0xff));
}

static bool chance(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

/* Mostly inside, sometimes over the page boundary or the end. */
static uint64_t scratch_address(struct random *r)
{
	uint64_t at = SCRATCH_AT + random_below(r, SCRATCH_LEN - 64);

	if (chance(r, 5))
		return SCRATCH_AT + 0x1000 - random_below(r, 32);
	if (chance(r, 2))
		return SCRATCH_AT + SCRATCH_LEN - random_below(r, 32);
	return chance(r, 70) ? at & ~(uint64_t)31 : at;
}

static void mov_imm32(struct bytes *o, unsigned reg, uint64_t v)
{
	if (reg >= 8)
		put(o, 0x41);
	put(o, 0xb8 + (reg & 7));
	put_n(o, v, 4);
}

/* ModRM (and what follows) for memory; prepares registers in *pre. */
static void memory_form(
	struct random *r, struct bytes *pre, struct bytes *o, unsigned rex)
{
	unsigned reg = (unsigned)random_below(r, 8) << 3;
	unsigned base = (unsigned)random_below(r, 8);
	uint64_t at = scratch_address(r);
	unsigned full = base | (rex & 1) << 3;

	/* Absolute: SIB without registers.  Also in place of RSP, and of R12
   * as base and index at once. */
	if (chance(r, 40) || full == 4 || (full == 12 && (rex & 2))) {
		/* Without B too: Zydis 4.0 takes it, with a prefix 67, for
     * a base register. */
		o->b[o->rex_at] &= (uint8_t)~o->rex_xb;
		o->b[o->rex_at] |= o->vex_xb;
		put(o, reg | 4);
		put(o, 0x25);
		put_n(o, at, 4);
		return;
	}
	int8_t disp = (int8_t)random_below(r, 256);

	if ((base & 7) == 4 || chance(r, 30)) { /* base + index * scale */
		unsigned index = 4; /* none, unless REX.X makes it R12 */
		unsigned scale = (unsigned)random_below(r, 4);
		uint64_t n = random_below(r, 16);

		if (rex & 2) {
			mov_imm32(pre, 12, n);
			at -= n << scale;
		}
		mov_imm32(pre, full, at - (uint64_t)disp);
		put(o, 0x44 | reg);
		put(o, scale << 6 | index << 3 | base);
		put(o, (uint8_t)disp);
		return;
	}
	mov_imm32(pre, full, at - (uint64_t)disp);
	put(o, 0x40 | reg | base);
	put(o, (uint8_t)disp);
}

static void operand_form(
	struct random *r, struct bytes *pre, struct bytes *o, unsigned rex)
{
	if (chance(r, 55))
		put(o, 0xc0 | (unsigned)random_below(r, 64));
	else
		memory_form(r, pre, o, rex);
}

static void immediate(struct random *r, struct bytes *o)
{
	uint64_t v = random_next(r);

	put_n(o, chance(r, 30) ? v & 0x3f : v, 8);
}

static void vex_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	/* Without R and X set it would be LES in 32-bit code. */
	unsigned rxb = o->compat ? 0 : (unsigned)random_below(r, 8);
	unsigned map = 1 + (unsigned)random_below(r, 3);
	unsigned last = (unsigned)random_below(r, 256);

	if (chance(r, 40) || o->compat)
		last |= 0x40;
	if (chance(r, 40))
		last |= 0x78; /* no second source */
	put(o, 0xc4);
	o->rex_at = o->n;
	o->vex_xb = 0x60;
	put(o, (rxb ^ 7) << 5 | map);
	put(o, last);
	put(o, (unsigned)random_below(r, 256));
	operand_form(r, pre, o, rxb);
	immediate(r, o);
}

/* One that is no prefix. */
static unsigned opcode(struct random *r, bool compat)
{
	for (;;) {
		unsigned v = (unsigned)random_below(r, 256);

		if (((v & 0xf0) != 0x40 || compat) && (v & 0xe7) != 0x26 &&
			(v & 0xfc) != 0x64 && v != 0xf0 && v != 0xf2 &&
			v != 0xf3)
			return v;
	}
}

static void legacy_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	static const uint8_t repeats[] = { 0xf2, 0xf3 };
	static const uint8_t segments[] = { 0x26, 0x2e, 0x36, 0x3e };
	unsigned map = (unsigned)random_below(r, 100);
	unsigned rex = chance(r, 50) ? (unsigned)random_below(r, 16) : 0;

	if (o->compat)
		rex = 0;

	if (chance(r, 4))
		put(o, segments[random_below(r, 4)]);
	if (chance(r, 25))
		put(o, 0x66);
	if (chance(r, 2) && !o->compat)
		put(o, 0x67);
	if (chance(r, 8))
		put(o, 0xf0);
	else if (chance(r, 25))
		put(o, repeats[random_below(r, 2)]);
	if (rex) {
		o->rex_at = o->n;
		o->rex_xb = 3;
		put(o, 0x40 | rex);
	}
	if (map < 45) {
		put(o, opcode(r, o->compat));
	} else if (map < 55) { /* x87 */
		put(o, 0xd8 + (unsigned)random_below(r, 8));
	} else {
		put(o, 0x0f);
		if (map >= 85)
			put(o, map < 93 ? 0x38 : 0x3a);
		put(o, (unsigned)random_below(r, 256));
	}
	operand_form(r, pre, o, rex);
	immediate(r, o);
}

static const uint8_t string_ops[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac,
	0xad, 0xae, 0xaf };

static void string_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	static const uint8_t repeats[] = { 0xf2, 0xf3 };

	mov_imm32(pre, 6, scratch_address(r));
	mov_imm32(pre, 7, scratch_address(r));
	mov_imm32(pre, 1, random_below(r, 100));
	if (chance(r, 20))
		put(o, 0x66);
	if (chance(r, 70))
		put(o, repeats[random_below(r, 2)]);
	if (chance(r, 40) && !o->compat)
		put(o, 0x48);
	put(o, string_ops[random_below(r, sizeof string_ops)]);
}

/* ENTER and LEAVE with RBP on the stack.  An ENTER that faults may have
 * written below RSP or not, so it must not. */
static void frame_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	mov_imm32(pre, 5, STACK_AT + 0x400 + random_below(r, 0x200));
	if (chance(r, 20))
		put(o, 0x66);
	if (chance(r, 40)) {
		put(o, 0xc9);
		return;
	}
	mov_imm32(pre, 4, STACK_AT + 0x800);
	put(o, 0xc8);
	put_n(o, random_below(r, 0x100), 2);
	put(o, (unsigned)random_below(r, chance(r, 50) ? 1 : 64));
}

/* A gather whose index register holds one small number in all elements; what
 * the mask selects depends on the sign bits that are there. */
static void gather_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	static const uint8_t spread[] = { 0xc5, 0xf9, 0x6e, 0xc0, /* vmovd */
		0xc4, 0xe2, 0x7d, 0x58, 0xc0 }; /* vpbroadcastd ymm0, xmm0 */
	unsigned wide = (unsigned)random_below(r, 2) << 7;
	unsigned length = (unsigned)random_below(r, 2) << 2;
	unsigned mask = 1 + (unsigned)random_below(r, o->compat ? 7 : 15);

	mov_imm32(pre, 0, random_below(r, 16));
	for (size_t i = 0; i < sizeof spread; i++)
		put(pre, spread[i]);
	mov_imm32(pre, 3, SCRATCH_AT + random_below(r, SCRATCH_LEN));
	put(o, 0xc4);
	put(o, (o->compat || chance(r, 50) ? 0x80 : 0) | 0x60 | 2);
	put(o, wide | (~mask & 15) << 3 | length | 1);
	put(o, 0x90 + (unsigned)random_below(r, 4));
	put(o, (unsigned)random_below(r, 8) << 3 | 4);
	put(o, (unsigned)random_below(r, 4) << 6 | 3); /* ymm0, rbx */
}

/* PUSH imm32; POPFQ with flags that concern the guest alone. */
static void popf_form(struct random *r, struct bytes *pre, struct bytes *o)
{
	put(pre, 0x68);
	put_n(pre, random_next(r) & (STATUS | DF), 4);
	put(o, 0x9d);
}

/* Over the next step: Jcc, LOOP, JRCXZ, JMP with an 8-bit displacement that
 * assemble() fills in. */
static void jump_form(struct random *r, struct bytes *o)
{
	unsigned kind = (unsigned)random_below(r, 10);

	if (kind == 0)
		put(o, 0xe0 + (unsigned)random_below(r, 4));
	else if (kind == 1)
		put(o, 0xeb);
	else
		put(o, 0x70 + (unsigned)random_below(r, 16));
	put(o, 0);
}

static ZydisDecoder decoder(bool compat)
{
	ZydisDecoder d;

	if (compat)
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
			ZYDIS_STACK_WIDTH_32);
	else
		ZydisDecoderInit(
			&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	return d;
}

static bool is_shift(ZydisInstructionCategory c)
{
	return c == ZYDIS_CATEGORY_SHIFT || c == ZYDIS_CATEGORY_ROTATE;
}

static void step_flags(struct step *s, const ZydisDecodedInstruction *insn)
{
	const ZydisAccessedFlags *f = insn->cpu_flags;

	s->tested = s->undefined = s->defined = 0;
	if (insn->mnemonic == ZYDIS_MNEMONIC_PUSHF ||
		insn->mnemonic == ZYDIS_MNEMONIC_PUSHFQ ||
		insn->mnemonic == ZYDIS_MNEMONIC_PUSHFD)
		s->tested = STATUS;
	if (!f)
		return;
	s->tested |= f->tested & STATUS;
	s->undefined = f->undefined & STATUS;
	s->defined =
		(f->modified | f->set_0 | f->set_1) & STATUS & ~f->undefined;
	if (insn->meta.category == ZYDIS_CATEGORY_STRINGOP)
		s->defined = 0; /* with a prefix it may run zero times */
	if (is_shift(insn->meta.category)) {
		/* A count of zero leaves all flags, one above 1 leaves OF
     * undefined. */
		s->undefined |= s->defined & 0x800;
		s->defined = 0;
	}
}

static bool uses_mmx(
	const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *ops)
{
	for (size_t i = 0; i < insn->operand_count; i++)
		if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			ZydisRegisterGetClass(ops[i].reg.value) ==
				ZYDIS_REGCLASS_MMX)
			return true;
	return false;
}

bool step_init(bool compat, struct step *s, const uint8_t *bytes, size_t len,
	size_t prepared)
{
	ZydisDecoder d = decoder(compat);
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
		    &d, bytes + prepared, len - prepared, &insn, ops)))
		return false;
	memcpy(s->bytes, bytes, prepared + insn.length);
	s->len = (uint8_t)(prepared + insn.length);
	s->prepared = (uint8_t)prepared;
	s->mnemonic = insn.mnemonic;
	s->sha = insn.meta.isa_ext == ZYDIS_ISA_EXT_SHA;
	s->x87 = insn.meta.category == ZYDIS_CATEGORY_X87_ALU;
	s->mmx = uses_mmx(&insn, ops);
	s->jump = insn.meta.category == ZYDIS_CATEGORY_COND_BR ||
		insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
	step_flags(s, &insn);
	/* Only the short jumps that assemble() knows how to aim. */
	if (s->jump)
		return prepared == 0 && insn.length == 2 && bytes[1] == 0;
	/* From their own generators, with registers or flags prepared. */
	if (insn.meta.category == ZYDIS_CATEGORY_STRINGOP)
		return prepared == 15;
	if (insn.meta.isa_ext == ZYDIS_ISA_EXT_AVX2GATHER)
		return prepared == 19 && __builtin_cpu_supports("avx2");
	if (insn.mnemonic == ZYDIS_MNEMONIC_ENTER)
		return prepared == 10 && bytes[5] == 0xbc;
	if (insn.mnemonic == ZYDIS_MNEMONIC_POPFQ ||
		insn.mnemonic == ZYDIS_MNEMONIC_POPFD)
		return prepared == 5 && bytes[0] == 0x68;
	return filter(&insn, ops);
}

static bool try_step(struct random *r, bool compat, struct step *s)
{
	struct bytes pre = { .compat = compat }, body = { .compat = compat };
	unsigned kind = (unsigned)random_below(r, 100);

	/* Only a third of the random forms is an instruction at all. */
	if (kind < 2)
		string_form(r, &pre, &body);
	else if (kind < 3 && chance(r, 30))
		popf_form(r, &pre, &body);
	else if (kind < 3 && chance(r, 20))
		gather_form(r, &pre, &body);
	else if (kind < 3 && chance(r, 30))
		frame_form(r, &pre, &body);
	else if (kind < 5)
		jump_form(r, &body);
	else if (kind < 35)
		vex_form(r, &pre, &body);
	else
		legacy_form(r, &pre, &body);
	memcpy(pre.b + pre.n, body.b, body.n);
	return step_init(compat, s, pre.b, pre.n + body.n, pre.n);
}

/* These mostly end a sequence; a few of them are enough. */
static bool rare(const struct step *s)
{
	switch (s->mnemonic) {
	case ZYDIS_MNEMONIC_CLI:
	case ZYDIS_MNEMONIC_STI:
	case ZYDIS_MNEMONIC_UD2:
		return true;
	default:
		return false;
	}
}

static bool named(const struct step *s, const char *only)
{
	const char *name = ZydisMnemonicGetString(s->mnemonic);

	return !only || (name && strncmp(name, only, strlen(only)) == 0);
}

/* Registers hold small numbers, all ones, addresses or anything. */
static uint64_t random_value(struct random *r)
{
	uint64_t v = random_next(r);

	switch (random_below(r, 6)) {
	case 0:
		return v & 0xff;
	case 1:
		return (uint64_t)0 - (v & 0xff);
	case 2:
		return (uint64_t)1 << (v & 63);
	case 3:
		return v >> (v & 63);
	default:
		return v;
	}
}

static void random_bytes(struct random *r, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = random_value(r);

		memcpy(p + i, &v, 8);
	}
}

/* Half of the vectors hold ordinary floating-point numbers. */
static void random_vectors(struct random *r, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		random_bytes(r, p + i, 16);
		double d[2] = { (double)(int64_t)random_next(r) / 65536,
			1 / (1 + (double)random_below(r, 1000)) };
		float f[4] = { (float)d[0], (float)d[1], -1.5f, 1e20f };

		if (chance(r, 25))
			memcpy(p + i, d, 16);
		else if (chance(r, 33))
			memcpy(p + i, f, 16);
	}
}

static void random_fpu(struct random *r, struct state *s)
{
	uint16_t fcw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	if (chance(r, 30))
		fcw = (uint16_t)(0x7f | (random_next(r) & 0xf00));
	if (chance(r, 5))
		fcw = (uint16_t)(fcw & ~(random_next(r) & 0x3f));
	if (chance(r, 30))
		mxcsr ^= (uint32_t)random_next(r) & 0xe07f;
	if (chance(r, 5))
		mxcsr ^= (uint32_t)random_next(r) & 0x1f80;
	memcpy(s->fx, &fcw, 2);
	s->fx[4] = (uint8_t)(chance(r, 50) ? random_next(r) : 0);
	uint16_t fsw = (uint16_t)(random_below(r, 8) << 11);

	memcpy(s->fx + 2, &fsw, 2);
	memcpy(s->fx + 24, &mxcsr, 4);
	for (size_t i = 0; i < 8; i++) {
		uint64_t m = random_next(r) | (uint64_t)1 << 63;
		uint16_t e = (uint16_t)(0x3fff - 20 + random_below(r, 40));

		if (chance(r, 10))
			e = (uint16_t)random_next(r);
		memcpy(s->fx + 32 + 16 * i, &m, 8);
		memcpy(s->fx + 40 + 16 * i, &e, 2);
	}
	random_vectors(r, s->fx + 160, 256);
	random_vectors(r, s->high, 256);
}

static void random_state(struct random *r, struct state *s)
{
	for (size_t i = 0; i < 16; i++)
		s->gpr[i] = random_value(r);
	s->gpr[4] = STACK_AT + STACK_LEN / 2;
	s->rflags = (random_next(r) & STATUS) | 0x202;
	if (chance(r, 10))
		s->rflags |= DF;
	random_fpu(r, s);
	random_bytes(r, s->scratch, 256);
	random_vectors(r, s->scratch + 256, SCRATCH_LEN - 256);
	memset(s->stack, 0x5a, STACK_LEN);
}

bool track_flags(const struct test_case *c, uint32_t *undefined)
{
	uint32_t u = 0;

	for (size_t i = 0; i < c->nsteps; i++) {
		const struct step *s = &c->step[i];
		/* What may be jumped over defines nothing for sure. */
		bool maybe = i > 0 && c->step[i - 1].jump;

		if (s->tested & u)
			return false;
		if (!maybe)
			u &= ~s->defined;
		u |= s->undefined;
	}
	*undefined = u;
	return true;
}

void generate(
	struct test_case *c, uint64_t seed, size_t nsteps, const char *only)
{
	struct random r = { .s = seed * 0x2545f4914f6cdd1du };
	uint32_t undefined;

	memset(c, 0, sizeof *c);
	c->seed = seed;
	c->compat = seed % 4 == 3;
	random_state(&r, &c->start);
	for (size_t i = 0; c->compat && i < 8; i++)
		c->start.gpr[i] &= UINT32_MAX;
	while (c->nsteps < nsteps) {
		struct step *s = &c->step[c->nsteps];

		if (!try_step(&r, c->compat, s) || !named(s, only))
			continue;
		if (!only && rare(s) && !chance(&r, 10))
			continue;
		c->nsteps++;
		if (!track_flags(c, &undefined))
			c->nsteps--;
	}
}

size_t assemble(const struct test_case *c, uint8_t out[SLOT_LEN])
{
	size_t n = 0;

	memset(out, 0xcc, SLOT_LEN);
	for (size_t i = 0; i < c->nsteps; i++) {
		const struct step *s = &c->step[i];

		if (n + s->len + 1 > SLOT_LEN)
			break;
		memcpy(out + n, s->bytes, s->len);
		n += s->len;
		if (s->jump && i + 1 < c->nsteps)
			out[n - 1] = c->step[i + 1].len;
		else if (s->jump)
			out[n - 1] = 0;
	}
	return n;
}
