/* SPDX-License-Identifier: Apache-2.0 */
/* Break- and watchpoints: see watch_priv.h. */
#include "accel/soft/debug/watch_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/run_priv.h"

#include <stdlib.h>

struct cf_watch {
	unsigned n;
	struct cf_point {
		enum cf_watch_kind kind;
		uint64_t addr, len;
	} point[CF_WATCH_MAX];
	bool hit; /* a data point, by the current instruction */
	uint64_t hit_addr;
	enum cf_watch_kind hit_kind;
	bool resumed; /* go past the breakpoint where we stopped */
	uint64_t resumed_at;
};

static struct cf_point *find(struct cf_watch *w, enum cf_watch_kind kind,
	uint64_t addr, uint64_t len)
{
	unsigned i;

	for (i = 0; i < w->n; i++) {
		if (w->point[i].kind == kind && w->point[i].addr == addr &&
			w->point[i].len == len)
			return &w->point[i];
	}
	return NULL;
}

bool cf_watch_add(
	struct vcpu *cpu, enum cf_watch_kind kind, uint64_t addr, uint64_t len)
{
	struct cf_watch *w = cpu->watch;

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return false;
		cpu->watch = w;
		cf_tlb_flush(cpu);
	}
	if (find(w, kind, addr, len))
		return true;
	if (w->n == CF_WATCH_MAX)
		return false;
	w->point[w->n++] = (struct cf_point) { kind, addr, len };
	return true;
}

bool cf_watch_remove(
	struct vcpu *cpu, enum cf_watch_kind kind, uint64_t addr, uint64_t len)
{
	struct cf_watch *w = cpu->watch;
	struct cf_point *p = w ? find(w, kind, addr, len) : NULL;

	if (!p)
		return false;
	*p = w->point[--w->n];
	if (!w->n)
		cf_watch_clear(cpu);
	return true;
}

void cf_watch_clear(struct vcpu *cpu)
{
	free(cpu->watch);
	cpu->watch = NULL;
}

void cf_watch_access(struct vcpu *cpu, uint64_t addr, unsigned size, bool write)
{
	struct cf_watch *w = cpu->watch;
	unsigned kind = write ? CF_WATCH_WRITE : CF_WATCH_READ, i;

	for (i = 0; i < w->n; i++) {
		const struct cf_point *p = &w->point[i];

		if ((p->kind & kind) &&
			(addr - p->addr < p->len || p->addr - addr < size)) {
			w->hit = true;
			w->hit_addr = p->addr;
			w->hit_kind = p->kind;
		}
	}
}

bool cf_watch_at(struct vcpu *cpu)
{
	struct cf_watch *w = cpu->watch;
	uint64_t rip = cpu->r[CF_R_RIP];
	unsigned i;

	if (!(cpu->mode & CF_MODE_L))
		rip += cpu->seg[CF_SEG_CS].base;
	w->hit = false;
	if (w->resumed && w->resumed_at == rip) {
		w->resumed = false;
		return false;
	}
	for (i = 0; i < w->n; i++) {
		if (w->point[i].kind != CF_WATCH_EXEC ||
			w->point[i].addr != rip)
			continue;
		w->resumed = true;
		w->resumed_at = rip;
		cpu->stop.why = CF_STOP_DEBUG;
		cpu->stop.code = CF_DEBUG_HIT_EXEC;
		cpu->stopping = true;
		return true;
	}
	w->resumed = false;
	return false;
}

bool cf_watch_after(struct vcpu *cpu)
{
	struct cf_watch *w = cpu->watch;

	if (!w->hit)
		return false;
	cpu->stop.code = w->hit_kind == CF_WATCH_WRITE ? CF_DEBUG_HIT_WRITE
		: w->hit_kind == CF_WATCH_READ         ? CF_DEBUG_HIT_READ
						       : CF_DEBUG_HIT_ACCESS;
	cpu->stop.gpa = w->hit_addr;
	return true;
}
