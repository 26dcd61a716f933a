/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory accesses that are not a plain TLB hit: first touches, devices, ROM,
 * pages that hold code, and operands that straddle two pages.  Both pages are
 * translated before anything is read or written, so faults are precise.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/debug/watch_priv.h"
#include "accel/soft/world_priv.h"

uint64_t cf_mmio_read(struct vcpu *cpu, uint64_t gpa, unsigned size)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	uint64_t v;

	cf_gate_leave(cpu);
	v = h->mmio_read(h->opaque, cpu->index, gpa, size);
	cf_gate_enter(cpu);
	return v;
}

void cf_mmio_write(
	struct vcpu *cpu, uint64_t gpa, unsigned size, uint64_t value)
{
	const struct cf_accel_host *h = &cpu->vm->host;

	cf_gate_leave(cpu);
	h->mmio_write(h->opaque, cpu->index, gpa, size, value);
	cf_gate_enter(cpu);
}

/* Devices are read and written in the largest natural pieces. */
static unsigned piece(uint64_t gpa, unsigned left)
{
	unsigned n = 8;

	while (n > left || (gpa & (n - 1)))
		n >>= 1;
	return n;
}

static void read_device(
	struct vcpu *cpu, uint64_t gpa, uint8_t *out, unsigned len)
{
	if (len == 1 || len == 2 || len == 4 || len == 8) {
		uint64_t v = cf_mmio_read(cpu, gpa, len);

		memcpy(out, &v, len);
		return;
	}
	while (len) {
		unsigned n = piece(gpa, len);
		uint64_t v = cf_mmio_read(cpu, gpa, n);

		memcpy(out, &v, n);
		gpa += n;
		out += n;
		len -= n;
	}
}

static void write_device(
	struct vcpu *cpu, uint64_t gpa, const uint8_t *in, unsigned len)
{
	bool whole = len == 1 || len == 2 || len == 4 || len == 8;

	while (len) {
		unsigned n = whole ? len : piece(gpa, len);
		uint64_t v = 0;

		memcpy(&v, in, n);
		cf_mmio_write(cpu, gpa, n, v);
		gpa += n;
		in += n;
		len -= n;
	}
}

/* What an operand of this size is to be aligned to.  Those of no power of two
 * are of several parts: x87's 10 bytes, tables. */
static unsigned alignment(unsigned size)
{
	if (size == 10)
		return 8;
	return size & (size - 1) ? 1 : size;
}

/* A watched access, which has not faulted so far. */
static void watch(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned size, bool write)
{
	if (cpu->checks_alignment && (addr & (alignment(size) - 1)))
		cf_raise_error(cpu, op, CF_VEC_AC, 0);
	if (cpu->watch)
		cf_watch_access(cpu, addr, size, write);
	if (cpu->dr_armed & CF_DR_DATA)
		cf_dr_data(cpu, addr, size, write);
}

/* Fill cpu->bounce with where `size` bytes at addr are; returns parts. */
static unsigned place_parts(struct vcpu *cpu, const struct op *op,
	uint64_t addr, unsigned size, unsigned access)
{
	struct cf_bounce *b = &cpu->bounce;
	unsigned first = (unsigned)(0x1000 - (addr & 0xfff)), i;
	unsigned n = size > first ? 2 : 1;
	struct cf_place p;

	if (first > size)
		first = size;
	/* Addresses are checked before any is translated. */
	if (n == 2)
		cf_check_canonical(cpu, op, addr + first);
	for (i = 0; i < n; i++) {
		cf_place(cpu, op, i ? addr + first : addr, access, &p);
		b->gpa[i] = p.gpa;
		b->host[i] = p.host;
		b->rom[i] = p.rom;
		b->code[i] = p.code;
		b->len[i] = i ? size - first : first;
	}
	b->nparts = n;
	if (cf_watched(cpu) && !(access & CF_ACC_SYSTEM))
		watch(cpu, op, addr, size,
			(access & CF_ACC_KIND) == CF_ACC_WRITE);
	return n;
}

static void read_parts(struct vcpu *cpu, uint8_t *out)
{
	struct cf_bounce *b = &cpu->bounce;
	unsigned i;

	for (i = 0; i < b->nparts; i++) {
		if (b->host[i])
			memcpy(out, b->host[i], b->len[i]);
		else
			read_device(cpu, b->gpa[i], out, b->len[i]);
		out += b->len[i];
	}
}

static void write_parts(struct vcpu *cpu, const uint8_t *in)
{
	struct cf_bounce *b = &cpu->bounce;
	unsigned i;

	for (i = 0; i < b->nparts; i++) {
		if (!b->host[i])
			write_device(cpu, b->gpa[i], in, b->len[i]);
		else if (!b->rom[i])
			memcpy(b->host[i], in, b->len[i]);
		if (b->host[i] && !b->rom[i] && b->code[i])
			cf_code_written(cpu, b->gpa[i], b->len[i]);
		in += b->len[i];
	}
}

/* One aligned access must be one access of the host, for other vCPUs. */
static uint64_t load_host(const uint8_t *p, unsigned size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v16, p, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, p, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, p, sizeof(v64));
		return v64;
	}
}

static void store_host(uint8_t *p, unsigned size, uint64_t v)
{
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (size) {
	case 1:
		*p = (uint8_t)v;
		break;
	case 2:
		memcpy(p, &v16, sizeof(v16));
		break;
	case 4:
		memcpy(p, &v32, sizeof(v32));
		break;
	default:
		memcpy(p, &v, sizeof(v));
		break;
	}
}

uint64_t cf_ld_slow(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	struct cf_place p;
	uint64_t v = 0;

	if ((addr & 0xfff) + size <= 0x1000) {
		cf_place(cpu, op, addr, CF_ACC_READ, &p);
		if (cf_watched(cpu))
			watch(cpu, op, addr, size, false);
		if (p.host)
			return load_host(p.host, size);
		return cf_mmio_read(cpu, p.gpa, size) &
			(size == 8 ? UINT64_MAX
				   : ((uint64_t)1 << size * 8) - 1);
	}
	place_parts(cpu, op, addr, size, CF_ACC_READ);
	read_parts(cpu, (uint8_t *)&v);
	return v;
}

void cf_st_slow(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned size, uint64_t v)
{
	struct cf_place p;

	if ((addr & 0xfff) + size > 0x1000) {
		place_parts(cpu, op, addr, size, CF_ACC_WRITE);
		write_parts(cpu, (const uint8_t *)&v);
		return;
	}
	cf_place(cpu, op, addr, CF_ACC_WRITE, &p);
	if (cf_watched(cpu))
		watch(cpu, op, addr, size, true);
	if (!p.host) {
		cf_mmio_write(cpu, p.gpa, size, v);
	} else if (!p.rom) {
		store_host(p.host, size, v);
		if (p.code)
			cf_code_written(cpu, p.gpa, size);
	}
}

void *cf_rmw_slow(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	struct cf_bounce *b = &cpu->bounce;
	unsigned n = place_parts(cpu, op, addr, size, CF_ACC_WRITE);

	if (n == 1 && b->host[0] && !b->rom[0]) {
		b->bounced = false;
		cpu->rmw_pending = b->code[0];
		return b->host[0];
	}
	read_parts(cpu, b->buf);
	b->bounced = true;
	cpu->rmw_pending = true;
	return b->buf;
}

void cf_mem_commit_slow(struct vcpu *cpu)
{
	struct cf_bounce *b = &cpu->bounce;

	cpu->rmw_pending = false;
	if (b->bounced)
		write_parts(cpu, b->buf);
	else
		cf_code_written(cpu, b->gpa[0], b->len[0]);
}

const void *cf_mem_read(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);

	if (cf_tlb_hit(cpu, e->rtag, addr, size))
		return cf_tlb_host(e, addr);
	place_parts(cpu, op, addr, size, CF_ACC_READ);
	if (cpu->bounce.nparts == 1 && cpu->bounce.host[0])
		return cpu->bounce.host[0];
	read_parts(cpu, cpu->bounce.buf);
	return cpu->bounce.buf;
}

void *cf_mem_write(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);
	struct cf_bounce *b = &cpu->bounce;

	if (cf_tlb_hit(cpu, e->wtag, addr, size))
		return cf_tlb_host(e, addr);
	place_parts(cpu, op, addr, size, CF_ACC_WRITE);
	cpu->rmw_pending = true;
	b->bounced = true;
	if (b->nparts == 1 && b->host[0] && !b->rom[0]) {
		b->bounced = false;
		cpu->rmw_pending = b->code[0];
		return b->host[0];
	}
	return b->buf;
}

uint8_t *cf_host_at(
	struct vcpu *cpu, const struct op *op, uint64_t addr, bool write)
{
	const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);
	struct cf_place p;

	/* Pieces of many elements would be seen as one. */
	if (cf_watched(cpu))
		return NULL;
	if (!cf_tlb_hit(cpu, write ? e->wtag : e->rtag, addr, 1)) {
		cf_place(cpu, op, addr, write ? CF_ACC_WRITE : CF_ACC_READ, &p);
		if (!p.host || (write && (p.rom || p.code)))
			return NULL;
		return p.host;
	}
	return cf_tlb_host(e, addr);
}

uint64_t cf_sys_ld(struct vcpu *cpu, uint64_t addr, unsigned size)
{
	const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);
	uint64_t v = 0;

	if (cpu->cpl != 3 && cf_tlb_hit(cpu, e->rtag, addr, size))
		return load_host(cf_tlb_host(e, addr), size);
	place_parts(cpu, NULL, addr, size, CF_ACC_READ | CF_ACC_SYSTEM);
	read_parts(cpu, (uint8_t *)&v);
	return v;
}

void cf_sys_st(struct vcpu *cpu, uint64_t addr, unsigned size, uint64_t v)
{
	place_parts(cpu, NULL, addr, size, CF_ACC_WRITE | CF_ACC_SYSTEM);
	write_parts(cpu, (const uint8_t *)&v);
}
