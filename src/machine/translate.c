/* SPDX-License-Identifier: Apache-2.0 */
/* The page walk of a debugger, and guest memory by linear address. */
#include "machine/translate_priv.h"

#include "base/base.h"
#include "machine/machine_priv.h"
#include "sp/sp.h"

#include <inttypes.h>

#define CR0_PG   (1ull << 31)
#define CR4_PSE  (1ull << 4)
#define CR4_PAE  (1ull << 5)
#define CR4_LA57 (1ull << 12)
#define EFER_LMA (1ull << 10)

#define PTE_P  0x1u
#define PTE_PS 0x80u
/* Bits 51:12, the address in an entry of 8 bytes. */
#define PTE_ADDR 0x000ffffffffff000ull

struct walk {
	const struct cf_translate *t;
	uint64_t gva;
	struct coffer_error *err;
	uint64_t entry;
};

static enum coffer_status not_mapped(const struct walk *w, const char *table)
{
	return cf_fail(w->err, COFFER_ERR_ARGUMENT,
		"no page at linear address 0x%" PRIx64
		": its entry in the %s is not present",
		w->gva, table);
}

/* The entry for the address in a table whose entries have `size` bytes. */
static enum coffer_status load(struct walk *w, uint64_t table, uint64_t index,
	unsigned size, const char *name)
{
	uint8_t raw[8] = { 0 };
	enum coffer_status s = w->t->read(
		w->t->opaque, table + index * size, raw, size, w->err);

	if (s)
		return s;
	w->entry = cf_load_le64(raw);
	return w->entry & PTE_P ? COFFER_OK : not_mapped(w, name);
}

static uint64_t address_of(const struct walk *w)
{
	return w->entry & PTE_ADDR & ~w->t->cbit_mask;
}

/* From a table that is indexed by the 9 bits at `shift` down to the page. */
static enum coffer_status walk_wide(
	struct walk *w, uint64_t table, unsigned shift, uint64_t *gpa)
{
	static const char *const names[] = { [12] = "page table",
		[21] = "page directory",
		[30] = "page-directory-pointer table",
		[39] = "PML4",
		[48] = "PML5" };

	for (;; shift -= 9) {
		uint64_t within = ((uint64_t)1 << shift) - 1;
		enum coffer_status s = load(
			w, table, w->gva >> shift & 0x1ff, 8, names[shift]);

		if (s)
			return s;
		if (shift == 12 || (shift <= 30 && w->entry & PTE_PS)) {
			*gpa = (address_of(w) & ~within) | (w->gva & within);
			return COFFER_OK;
		}
		table = address_of(w);
	}
}

/* Four pointers, which have no page size bit, then two levels. */
static enum coffer_status walk_pae(struct walk *w, uint64_t *gpa)
{
	enum coffer_status s = load(w, w->t->state->cr3 & 0xffffffe0,
		w->gva >> 30 & 3, 8, "page-directory-pointer table");

	return s ? s : walk_wide(w, address_of(w), 21, gpa);
}

static enum coffer_status walk_32(struct walk *w, uint64_t *gpa)
{
	enum coffer_status s = load(w, w->t->state->cr3 & 0xfffff000,
		w->gva >> 22 & 0x3ff, 4, "page directory");

	if (s)
		return s;
	if (w->entry & PTE_PS && w->t->state->cr4 & CR4_PSE) {
		*gpa = (w->entry & 0xffc00000) | (w->entry >> 13 & 0xff) << 32 |
			(w->gva & 0x3fffff);
		return COFFER_OK;
	}
	s = load(w, w->entry & 0xfffff000, w->gva >> 12 & 0x3ff, 4,
		"page table");
	if (!s)
		*gpa = (w->entry & 0xfffff000) | (w->gva & 0xfff);
	return s;
}

enum coffer_status cf_translate(const struct cf_translate *t, uint64_t gva,
	uint64_t *gpa, bool *private_page, struct coffer_error *err)
{
	const struct cf_cpu_state *s = t->state;
	struct walk w = { .t = t, .gva = gva, .err = err };
	bool la57 = s->cr4 & CR4_LA57;

	/* Without 8-byte entries there is no C-bit: all is encrypted. */
	*private_page = t->cbit_mask != 0;
	if (!(s->cr0 & CR0_PG)) {
		*gpa = gva;
		return COFFER_OK;
	}
	if (!(s->cr4 & CR4_PAE)) {
		w.gva &= UINT32_MAX;
		return walk_32(&w, gpa);
	}
	if (s->efer & EFER_LMA) {
		enum coffer_status status = walk_wide(&w,
			s->cr3 & PTE_ADDR & ~t->cbit_mask, la57 ? 48 : 39, gpa);

		*private_page = (w.entry & t->cbit_mask) != 0;
		return status;
	}
	w.gva &= UINT32_MAX;
	return walk_pae(&w, gpa);
}

/* --- Memory of a machine by linear address --- */

static bool is_sev(const struct cf_machine *m)
{
	return m->config.platform != CF_PLATFORM_NATIVE;
}

static enum coffer_status refuse(
	const struct cf_machine *m, struct coffer_error *err)
{
	const char *name = cf_platform_name(m->config.platform);

	if (!m->launch.sp)
		return cf_fail(err, COFFER_ERR_STATE,
			"the %s guest was not launched", name);
	if (!m->may_debug)
		return cf_fail(err, COFFER_ERR_STATE,
			"the page tables of a %s guest are encrypted and its "
			"policy forbids debugging (%s)",
			name,
			m->config.platform == CF_PLATFORM_SEV_SNP
				? "bit 19, DEBUG, is clear"
				: "bit 0, NODBG, is set");
	if (!m->launch.sp->ops->dbg_decrypt)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"%s offers no DBG_DECRYPT for a %s guest",
			m->accel->name, name);
	return COFFER_OK;
}

/* Plain text of an encrypted page: the firmware works on blocks of 16. */
static enum coffer_status read_decrypted(struct cf_machine *m, uint64_t gpa,
	uint8_t *out, size_t len, struct coffer_error *err)
{
	size_t skip = (size_t)(gpa & 15);
	size_t all = (skip + len + 15) & ~(size_t)15;
	uint8_t page[CF_PAGE_SIZE + 16];
	enum coffer_status s;

	if (all > sizeof(page))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: more than a page to decrypt at once");
	s = m->launch.sp->ops->dbg_decrypt(
		m->launch.sp, gpa - skip, page, all, err);
	if (!s)
		memcpy(out, page + skip, len);
	cf_wipe(page, sizeof(page));
	return s;
}

static enum coffer_status read_table(void *opaque, uint64_t gpa, void *out,
	size_t len, struct coffer_error *err)
{
	struct cf_machine *m = opaque;

	return is_sev(m) ? read_decrypted(m, gpa, out, len, err)
			 : cf_guest_read(m->memory, gpa, out, len, err);
}

/* Bytes that lie in one page. */
static enum coffer_status read_part(struct cf_machine *m,
	const struct cf_translate *t, uint64_t gva, uint8_t *out, size_t len,
	struct coffer_error *err)
{
	bool private_page;
	uint64_t gpa;
	enum coffer_status s = cf_translate(t, gva, &gpa, &private_page, err);

	if (s)
		return s;
	return private_page ? read_decrypted(m, gpa, out, len, err)
			    : cf_guest_read(m->memory, gpa, out, len, err);
}

enum coffer_status cf_machine_read_virtual(struct cf_machine *m, unsigned vcpu,
	uint64_t gva, void *out, size_t len, struct coffer_error *err)
{
	struct cf_cpu_state state;
	struct cf_translate t = {
		.state = &state, .read = read_table, .opaque = m
	};
	uint8_t *to = out;
	enum coffer_status s = COFFER_OK;

	if (is_sev(m)) {
		t.cbit_mask = (uint64_t)1 << m->config.cbit;
		s = refuse(m, err);
	}
	if (!s)
		s = cf_machine_vcpu_state(m, vcpu, &state, err);
	while (!s && len) {
		size_t part = CF_PAGE_SIZE - (gva & (CF_PAGE_SIZE - 1));

		if (part > len)
			part = len;
		s = read_part(m, &t, gva, to, part, err);
		gva += part;
		to += part;
		len -= part;
	}
	return s;
}
