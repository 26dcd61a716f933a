/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build helper: turns a payload's flat image into an IGVM file.
 *
 *	mkguest native|sev|snp IMAGE OUT
 *
 * The image is linked at 1 MiB (guest.ld) and starts with a header that says
 * where the guest begins.  The file gets its pages, the pages that the loader
 * fills in (lib.h) and the state of the first vCPU.
 */
#include "mkguest.h"

#include "image/cpu_state.h"

#include <stdio.h>
#include <string.h>

#define CPUID      0x10000u
#define SECRETS    0x11000u
#define PARAMETER  0x12000u
#define HEAP       0x200000u
#define HEAP_LEN   0x200000u
#define MASK       1u
#define VMSA_GPA   UINT64_C(0xFFFFFFFFF000)
#define SNP_POLICY UINT64_C(0x30000)
#define C_BIT      51
#define MAGIC      "GUEST64"

/* Offsets of the image's first page. */
enum {
	HEADER_ENTRY = 8,
	HEADER_CR3 = 16,
	HEADER_GDT = 24,
	HEADER_GDT_LIMIT = 32,
	HEADER_STACK = 40,
	HEADER_LEN = 48,
};

static bool add(struct job *j, struct cf_igvm_header h)
{
	h.compatibility_mask = MASK;
	return cf_igvm_writer_add(j->w, &h, &j->err) == COFFER_OK;
}

static bool add_page(struct job *j, uint64_t gpa, enum cf_igvm_page_type type,
	const uint8_t *data)
{
	return add(j,
		(struct cf_igvm_header) { .type = CF_IGVM_PAGE_DATA,
			.data = data,
			.data_len = data ? PAGE : 0,
			.u.page = {
				.gpa = gpa, .data_type = (uint16_t)type } });
}

static bool add_platform(struct job *j)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.u.platform = {
			.platform_type =
				j->snp ? CF_IGVM_SEV_SNP : CF_IGVM_NATIVE,
			.platform_version = 1,
		} };

	if (!add(j, h))
		return false;
	if (!j->snp)
		return true;
	return add(j,
		(struct cf_igvm_header) { .type = CF_IGVM_GUEST_POLICY,
			.u.policy.policy = SNP_POLICY });
}

static bool add_image(struct job *j)
{
	for (size_t at = 0; at < j->len; at += PAGE) {
		const uint8_t *p = j->image + at;

		/* Zeros as data, too: loaders differ in how they measure
		 * pages without. */
		if (!add_page(j, BASE + at, CF_IGVM_PAGE_NORMAL, p))
			return false;
	}
	return true;
}

/* For SNP, what firmware and processor fill in. */
static bool add_special_pages(struct job *j)
{
	return !j->snp ||
		(add_page(j, CPUID, CF_IGVM_PAGE_CPUID_DATA, NULL) &&
			add_page(j, SECRETS, CF_IGVM_PAGE_SECRETS, NULL));
}

/* The number of vCPUs.  Before all pages: QEMU's loader holds pages back until
 * their run ends, so parameters between pages are measured before them. */
static bool add_parameters(struct job *j)
{
	return add(j,
		       (struct cf_igvm_header) { .type = CF_IGVM_PARAMETER_AREA,
			       .u.parameter_area.number_of_bytes = PAGE }) &&
		add(j,
			(struct cf_igvm_header) {
				.type = CF_IGVM_VP_COUNT_PARAMETER }) &&
		add(j,
			(struct cf_igvm_header) {
				.type = CF_IGVM_PARAMETER_INSERT,
				.u.parameter_insert.gpa = PARAMETER });
}

static struct cf_segment segment(uint16_t selector, uint16_t attrib)
{
	return (struct cf_segment) {
		.selector = selector, .attrib = attrib, .limit = 0xFFFFFFFF
	};
}

/* 64-bit mode with the image's page tables and descriptors. */
static void entry_state(const struct job *j, struct cf_cpu_state *s)
{
	cf_cpu_state_reset(s, 0);
	s->gpr[CF_RDX] = 0;
	s->rip = cf_load_le64(j->image + HEADER_ENTRY);
	s->gpr[CF_RSP] = cf_load_le64(j->image + HEADER_STACK);
	s->cr3 = cf_load_le64(j->image + HEADER_CR3);
	s->gdtr.base = cf_load_le64(j->image + HEADER_GDT);
	s->gdtr.limit = cf_load_le32(j->image + HEADER_GDT_LIMIT);
	for (unsigned i = 0; i < CF_NSEGS; i++)
		s->seg[i] =
			i == CF_SEG_CS ? segment(8, 0xA9B) : segment(16, 0xC93);
	s->cr0 = 0x80000033; /* PG NE ET MP PE */
	s->cr4 = 0x20;       /* PAE */
	s->efer = 0x0D00;    /* NXE LMA LME */
	if (j->snp) {
		s->cr3 |= UINT64_C(1) << C_BIT;
		s->efer |= 0x1000; /* SVME, which VMRUN wants */
		s->sev_features = 1;
	}
}

static bool add_state(struct job *j)
{
	uint8_t page[PAGE] = { 0 };
	struct cf_cpu_state s;

	entry_state(j, &s);
	if (j->snp)
		cf_vmsa_encode(&s, page);
	else
		cf_native_context_encode(&s, page);
	return add(j,
		(struct cf_igvm_header) { .type = CF_IGVM_VP_CONTEXT,
			.data = page,
			.data_len = PAGE,
			.u.vp_context.gpa = j->snp ? VMSA_GPA : 0 });
}

/* Memory that the guest itself converts and validates. */
static bool add_required(struct job *j)
{
	return add(j,
		(struct cf_igvm_header) { .type = CF_IGVM_REQUIRED_MEMORY,
			.u.required_memory = {
				.gpa = HEAP,
				.number_of_bytes = HEAP_LEN,
			} });
}

static bool build(struct job *j, struct cf_buf *out)
{
	if (j->len < PAGE || j->len % PAGE || j->len > HEAP - BASE ||
		memcmp(j->image, MAGIC, sizeof(MAGIC))) {
		cf_fail(&j->err, COFFER_ERR_FORMAT,
			"not a payload: want whole pages with a header, at "
			"most 1 MiB");
		return false;
	}
	return cf_igvm_writer_create(j->snp ? 1 : 2, CF_IGVM_X64, &j->w,
		       &j->err) == COFFER_OK &&
		add_platform(j) && add_required(j) && add_parameters(j) &&
		add_image(j) && add_special_pages(j) && add_state(j) &&
		cf_igvm_writer_finish(j->w, out, &j->err) == COFFER_OK;
}

int main(int argc, char **argv)
{
	struct job j = { .snp = argc == 4 && !strcmp(argv[1], "snp") };
	bool sev = argc == 4 && !strcmp(argv[1], "sev");
	struct cf_mapping m = { 0 };
	struct cf_buf out = { 0 };
	bool ok;

	if (argc != 4 || (!j.snp && !sev && strcmp(argv[1], "native"))) {
		fprintf(stderr, "usage: mkguest native|sev|snp IMAGE OUT\n");
		return 2;
	}
	ok = cf_map_file(argv[2], &m, &j.err) == COFFER_OK;
	j.image = m.data;
	j.len = m.len;
	ok = ok && (sev ? build_sev(&j, &out) : build(&j, &out)) &&
		cf_write_file(argv[3], 0644, out.data, out.len, &j.err) ==
			COFFER_OK;
	if (!ok)
		fprintf(stderr, "mkguest: %s\n", j.err.msg);
	cf_igvm_writer_destroy(j.w);
	cf_buf_finish(&out);
	cf_unmap_file(&m);
	return ok ? 0 : 1;
}
