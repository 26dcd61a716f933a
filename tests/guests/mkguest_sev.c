/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build helper, the payload for SEV and SEV-ES: it is entered as the boot shim
 * is, in 32-bit mode at 1 MiB; on SEV through the shim's reset page.
 */
#include "mkguest.h"

#include "image/cpu_state.h"
#include "shim/layout.h"
#include "shim/shim_priv.h"

#define SEV_MASK 1u
#define ES_MASK  2u
#define VMSA_GPA UINT64_C(0xFFFFFFFFF000)

static bool add(struct job *j, uint32_t mask, struct cf_igvm_header h)
{
	h.compatibility_mask = mask;
	return cf_igvm_writer_add(j->w, &h, &j->err) == COFFER_OK;
}

static bool add_platform(
	struct job *j, uint32_t mask, uint8_t type, uint64_t policy)
{
	return add(j, mask,
		       (struct cf_igvm_header) {
			       .type = CF_IGVM_SUPPORTED_PLATFORM,
			       .u.platform = { .platform_type = type,
				       .platform_version = 1 } }) &&
		add(j, mask,
			(struct cf_igvm_header) { .type = CF_IGVM_GUEST_POLICY,
				.u.policy.policy = policy });
}

static bool add_page(
	struct job *j, uint32_t mask, uint64_t gpa, const uint8_t *page)
{
	return add(j, mask,
		(struct cf_igvm_header) { .type = CF_IGVM_PAGE_DATA,
			.data = page,
			.data_len = PAGE,
			.u.page = { .gpa = gpa,
				.data_type = CF_IGVM_PAGE_NORMAL } });
}

static struct cf_segment flat(uint16_t selector, uint16_t attrib)
{
	return (struct cf_segment) {
		.selector = selector, .attrib = attrib, .limit = UINT32_MAX
	};
}

static bool add_state(struct job *j)
{
	uint8_t page[PAGE] = { 0 };
	struct cf_cpu_state s;

	cf_cpu_state_reset(&s, 0);
	s.gpr[CF_RDX] = SHIM_SEV_ES;
	s.gpr[CF_RBX] = SHIM_CBIT_HIGH;
	s.rip = BASE;
	s.cr0 = 0x31;    /* PE, ET, NE */
	s.efer = 0x1000; /* SVME */
	for (unsigned i = 0; i < CF_NSEGS; i++)
		s.seg[i] = i == CF_SEG_CS ? flat(8, 0xC9B) : flat(16, 0xC93);
	cf_vmsa_encode(&s, page);
	return add(j, ES_MASK,
		(struct cf_igvm_header) { .type = CF_IGVM_VP_CONTEXT,
			.data = page,
			.data_len = PAGE,
			.u.vp_context.gpa = VMSA_GPA });
}

static bool add_all(struct job *j)
{
	if (!add_platform(j, SEV_MASK, CF_IGVM_SEV, 0x1) ||
		!add_platform(j, ES_MASK, CF_IGVM_SEV_ES, 0x5))
		return false;
	for (size_t at = 0; at < j->len; at += PAGE)
		if (!add_page(j, SEV_MASK | ES_MASK, BASE + at, j->image + at))
			return false;
	return add_page(j, SEV_MASK, SHIM_RESET, cf_shim_reset) && add_state(j);
}

bool build_sev(struct job *j, struct cf_buf *out)
{
	if (!j->len || j->len % PAGE || j->len > BASE) {
		cf_fail(&j->err, COFFER_ERR_FORMAT,
			"not a payload: want whole pages, at most 1 MiB");
		return false;
	}
	return cf_igvm_writer_create(2, CF_IGVM_X64, &j->w, &j->err) ==
		COFFER_OK &&
		add_all(j) &&
		cf_igvm_writer_finish(j->w, out, &j->err) == COFFER_OK;
}
