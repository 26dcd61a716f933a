/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page walk: no paging, 32-bit, PAE and 4-level tables, with accessed and
 * dirty bits set atomically.
 *
 * Tables are always read through the private view of a SEV guest; the C-bit
 * of the last entry says how the page itself is seen (APM volume 2, "Memory
 * Encryption and page tables").
 */
#include "accel/soft/mem_priv.h"
#include "accel/soft/sev/sev_priv.h"

#define PTE_P  0x1u
#define PTE_W  0x2u
#define PTE_U  0x4u
#define PTE_A  0x20u
#define PTE_D  0x40u
#define PTE_PS 0x80u
#define PTE_NX ((uint64_t)1 << 63)

#define PF_P    0x1u
#define PF_W    0x2u
#define PF_U    0x4u
#define PF_RSVD 0x8u
#define PF_I    0x10u

struct step {
	void *at; /* the entry, on the host */
	uint64_t entry;
	bool wide; /* 8 bytes */
};

/* The entry at a guest physical address; false: no memory there. */
static bool load_entry(
	struct vcpu *cpu, uint64_t gpa, bool wide, struct step *s)
{
	uint8_t *page = cf_page_host(cpu, gpa, cf_view_asid(cpu, true), NULL);

	if (!page)
		return false;
	s->at = page + (gpa & 0xfff);
	s->wide = wide;
	if (wide)
		s->entry = __atomic_load_n((uint64_t *)s->at, __ATOMIC_RELAXED);
	else
		s->entry = __atomic_load_n((uint32_t *)s->at, __ATOMIC_RELAXED);
	return true;
}

/* False: the entry changed meanwhile, walk again. */
static bool set_entry_bits(struct step *s, uint64_t bits)
{
	if ((s->entry & bits) == bits)
		return true;
	if (s->wide) {
		uint64_t old = s->entry;

		return __atomic_compare_exchange_n((uint64_t *)s->at, &old,
			old | bits, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	}
	uint32_t old = (uint32_t)s->entry;

	return __atomic_compare_exchange_n((uint32_t *)s->at, &old,
		old | (uint32_t)bits, false, __ATOMIC_SEQ_CST,
		__ATOMIC_RELAXED);
}

struct walker {
	struct vcpu *cpu;
	uint64_t addr;
	struct step step[4];
	unsigned nsteps;
	bool w, u, nx; /* allowed by all levels; nx: by none forbidden */
	uint64_t gpa;
	uint64_t leaf;
	unsigned shift;
};

/* Bits that must be 0 in an 8-byte entry that maps 1 << shift bytes. */
static bool reserved_bits(
	const struct vcpu *cpu, uint64_t e, unsigned shift, bool leaf)
{
	uint64_t bad = ~cpu->vm->phys_mask & 0x000ffffffffff000u;

	bad &= ~cpu->vm->cbit_mask;
	if (!(cpu->efer & CF_EFER_NXE))
		bad |= PTE_NX;
	if (leaf && shift > 12)
		bad |= (((uint64_t)1 << shift) - 1) & ~(uint64_t)0x1fff;
	return e & bad;
}

/* One 8-byte level.  Returns 0 to go on, 1 done, -1 not present, -2 reserved. */
static int level8(struct walker *k, uint64_t table, unsigned shift)
{
	struct step *s = &k->step[k->nsteps++];
	uint64_t e;
	bool leaf;

	if (!load_entry(
		    k->cpu, table + (k->addr >> shift & 0x1ff) * 8, true, s))
		return -1;
	e = s->entry;
	if (!(e & PTE_P))
		return -1;
	leaf = shift == 12 || (shift <= 30 && (e & PTE_PS));
	if (reserved_bits(k->cpu, e, shift, leaf) ||
		(shift == 39 && (e & PTE_PS)))
		return -2;
	k->w &= (e & PTE_W) != 0;
	k->u &= (e & PTE_U) != 0;
	k->nx |= (e & PTE_NX) != 0;
	if (!leaf)
		return 0;
	k->leaf = e;
	k->shift = shift;
	k->gpa = (e & k->cpu->vm->phys_mask & ~k->cpu->vm->cbit_mask &
			 ~(((uint64_t)1 << shift) - 1)) |
		(k->addr & (((uint64_t)1 << shift) - 1));
	return 1;
}

static uint64_t table_of(const struct vcpu *cpu, uint64_t e)
{
	return e & cpu->vm->phys_mask & ~cpu->vm->cbit_mask & CF_PAGE_MASK;
}

static int walk_4level(struct walker *k)
{
	uint64_t table = table_of(k->cpu, k->cpu->cr3);
	unsigned shift;
	int r = 0;

	for (shift = 39; shift >= 12 && r == 0; shift -= 9) {
		r = level8(k, table, shift);
		table = table_of(k->cpu, k->step[k->nsteps - 1].entry);
	}
	return r;
}

static int walk_pae(struct walker *k)
{
	struct step top;
	uint64_t table = k->cpu->cr3 & 0xffffffe0u;
	int r;

	/* The four top entries have no permissions and no accessed bit. */
	if (!load_entry(k->cpu, table + (k->addr >> 30 & 3) * 8, true, &top) ||
		!(top.entry & PTE_P))
		return -1;
	r = level8(k, table_of(k->cpu, top.entry), 21);
	if (r == 0)
		r = level8(k, table_of(k->cpu, k->step[0].entry), 12);
	return r;
}

static int walk_32(struct walker *k)
{
	struct step *s = &k->step[k->nsteps++];
	uint64_t e;

	if (!load_entry(k->cpu,
		    (k->cpu->cr3 & 0xfffff000u) + (k->addr >> 22 & 0x3ff) * 4,
		    false, s))
		return -1;
	e = s->entry;
	if (!(e & PTE_P))
		return -1;
	k->w &= (e & PTE_W) != 0;
	k->u &= (e & PTE_U) != 0;
	if ((e & PTE_PS) && (k->cpu->cr4 & CF_CR4_PSE)) {
		if (e & 0x200000)
			return -2;
		k->leaf = e;
		k->shift = 22;
		k->gpa = (e & 0xffc00000u) | (e >> 13 & 0xff) << 32 |
			(k->addr & 0x3fffff);
		return 1;
	}
	s = &k->step[k->nsteps++];
	if (!load_entry(k->cpu, (e & 0xfffff000u) + (k->addr >> 12 & 0x3ff) * 4,
		    false, s))
		return -1;
	e = s->entry;
	if (!(e & PTE_P))
		return -1;
	k->w &= (e & PTE_W) != 0;
	k->u &= (e & PTE_U) != 0;
	k->leaf = e;
	k->gpa = (e & 0xfffff000u) | (k->addr & 0xfff);
	return 1;
}

static bool permitted(const struct vcpu *cpu, const struct walker *k,
	unsigned access, bool user)
{
	unsigned kind = access & CF_ACC_KIND;

	if (kind == CF_ACC_FETCH) {
		if (k->nx)
			return false;
		if (user)
			return k->u;
		return !(k->u && (cpu->cr4 & CF_CR4_SMEP));
	}
	if (user)
		return k->u && (kind == CF_ACC_READ || k->w);
	if (k->u && (cpu->cr4 & CF_CR4_SMAP) &&
		((access & CF_ACC_SYSTEM) || !(cpu->flags & CF_FL_AC)))
		return false;
	return kind == CF_ACC_READ || k->w || !(cpu->cr0 & CF_CR0_WP);
}

static bool flat(struct vcpu *cpu, uint64_t addr, struct cf_walk *out)
{
	*out = (struct cf_walk) {
		.gpa = addr,
		.writable = true,
		.private_view = true,
	};
	return true;
}

/* Accessed bits on all levels, dirty on the last; false: walk again. */
static bool mark(struct walker *k, unsigned access)
{
	unsigned i;

	for (i = 0; i < k->nsteps; i++) {
		uint64_t bits = PTE_A;

		if (i + 1 == k->nsteps &&
			(access & CF_ACC_KIND) == CF_ACC_WRITE)
			bits |= PTE_D;
		if (!set_entry_bits(&k->step[i], bits))
			return false;
	}
	return true;
}

bool cf_walk(struct vcpu *cpu, uint64_t addr, unsigned access, bool user,
	bool set_bits, struct cf_walk *out)
{
	struct walker k;
	unsigned kind = access & CF_ACC_KIND;
	bool long_tables = cpu->efer & CF_EFER_LMA;
	bool pae = cpu->cr4 & CF_CR4_PAE;
	int r;

	if (!(cpu->cr0 & CF_CR0_PG))
		return flat(cpu, addr, out);
	do {
		k = (struct walker) {
			.cpu = cpu, .addr = addr, .w = true, .u = true
		};
		if (long_tables)
			r = walk_4level(&k);
		else
			r = pae ? walk_pae(&k) : walk_32(&k);
		out->error =
			(kind == CF_ACC_WRITE ? PF_W : 0) | (user ? PF_U : 0);
		if (kind == CF_ACC_FETCH &&
			((pae && (cpu->efer & CF_EFER_NXE)) ||
				(cpu->cr4 & CF_CR4_SMEP)))
			out->error |= PF_I;
		if (r == -2)
			out->error |= PF_P | PF_RSVD;
		if (r < 0)
			return false;
		if (!permitted(cpu, &k, access, user)) {
			out->error |= PF_P;
			return false;
		}
	} while (set_bits && !mark(&k, access));
	out->gpa = k.gpa;
	out->shift = k.shift;
	out->private_view = cpu->vm->cbit_mask &&
		(!pae || (k.leaf & cpu->vm->cbit_mask) || kind == CF_ACC_FETCH);
	if (kind != CF_ACC_FETCH)
		out->private_view =
			cf_tampered_view(cpu, k.gpa, out->private_view);
	out->writable = (k.w || (!user && !(cpu->cr0 & CF_CR0_WP))) &&
		((k.leaf & PTE_D) || kind == CF_ACC_WRITE);
	return true;
}
