/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan for a firmware image as a VMM launches it without an IGVM file:
 * the image below 4 GiB, what its SEV metadata asks for, and one VMSA per
 * vCPU.  How VMMs differ in this is a table.
 *
 * Sources: QEMU, target/i386/sev.c; sev-snp-measure for EC2, GCE and SVSM.
 */
#include "plan/plan.h"

#include "base/base.h"

#include <inttypes.h>

/* What a VMM does with the sections of the SEV metadata. */
struct section_rules {
	enum cf_page_type
		sec_mem;      /* memory that the firmware wants validated */
	bool cpuid_last;      /* CPUID pages go after all other sections */
	bool unknown_is_zero; /* else a section of unknown type is refused */
};

static const struct section_rules rules_of[] = {
	[CF_VMM_QEMU] = { CF_PAGE_ZERO, false, true },
	[CF_VMM_EC2] = { CF_PAGE_ZERO, true, false },
	[CF_VMM_GCE] = { CF_PAGE_UNMEASURED, false, false },
	[CF_VMM_KRUN] = { CF_PAGE_ZERO, false, false },
	[CF_VMM_SVSM] = { CF_PAGE_ZERO, false, true },
};

struct builder {
	const struct cf_firmware_params *p;
	const struct section_rules *rules;
	struct cf_plan *plan;
	struct coffer_error *err;
};

static enum coffer_status add_range(struct builder *b, const char *what,
	size_t index, uint64_t gpa, uint64_t len, const uint8_t *data,
	enum cf_page_type type)
{
	const struct cf_step step = {
		.kind = CF_STEP_RANGE,
		.origin = { .what = what, .index = index },
		.gpa = gpa,
		.len = len,
		.data = data,
		.type = type,
	};

	return cf_plan_add(b->plan, &step, b->err);
}

/* On SEV the table alone is launched, at the address that the firmware names.
 */
static enum coffer_status add_hash_table(struct builder *b)
{
	const struct cf_ovmf *o = b->p->ovmf;
	uint8_t *table;

	if (!o->has_hash_table || o->hash_table_size < CF_KERNEL_HASHES_LEN)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"Kernel specified but OVMF doesn't support kernel/"
			"initrd/cmdline measurement: the firmware has no hash "
			"table area; use an AmdSev build");
	table = cf_plan_alloc(b->plan, CF_KERNEL_HASHES_LEN);
	if (!table)
		return cf_fail_nomem(b->err, "the kernel hashes");
	cf_kernel_hashes_table(b->p->hashes, table);
	return add_range(b, "kernel hashes", SIZE_MAX, o->hash_table_gpa,
		CF_KERNEL_HASHES_LEN, table, CF_PAGE_NORMAL);
}

/* On SNP the page around the table is launched; a section of more than a page
 * is nothing that a loader knows to fill. */
static enum coffer_status add_hash_page(
	struct builder *b, size_t index, const struct cf_ovmf_section *s)
{
	const struct cf_ovmf *o = b->p->ovmf;
	uint8_t *page;

	if (!b->p->hashes)
		return add_range(b, "firmware section", index, s->gpa, s->size,
			NULL, CF_PAGE_ZERO);
	if (s->size != CF_PAGE_SIZE)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware section %zu: kernel hashes of 0x%" PRIx32
			" bytes, must be one page",
			index, s->size);
	if (!o->has_hash_table || o->hash_table_gpa < s->gpa ||
		!cf_range_ok(o->hash_table_gpa - s->gpa, CF_KERNEL_HASHES_LEN,
			s->size))
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware section %zu: the hash table at 0x%" PRIx32
			" is not inside its page 0x%" PRIx32,
			index, o->hash_table_gpa, s->gpa);
	page = cf_plan_alloc(b->plan, s->size);
	if (!page)
		return cf_fail_nomem(b->err, "the kernel hashes");
	cf_kernel_hashes_table(
		b->p->hashes, page + (o->hash_table_gpa - s->gpa));
	return add_range(b, "firmware section", index, s->gpa, s->size, page,
		CF_PAGE_NORMAL);
}

static enum coffer_status add_section(
	struct builder *b, size_t index, const struct cf_ovmf_section *s)
{
	enum cf_page_type type;

	switch (s->type) {
	case CF_OVMF_SNP_SEC_MEM:
		type = b->rules->sec_mem;
		break;
	case CF_OVMF_SNP_SECRETS:
		type = CF_PAGE_SECRETS;
		break;
	case CF_OVMF_CPUID:
		type = CF_PAGE_CPUID;
		break;
	case CF_OVMF_SVSM_CAA:
		type = CF_PAGE_ZERO;
		break;
	case CF_OVMF_SNP_KERNEL_HASHES:
		return add_hash_page(b, index, s);
	default:
		if (!b->rules->unknown_is_zero)
			return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
				"firmware section %zu: type 0x%" PRIx32
				": not known how %s treats it",
				index, s->type, cf_vmm_name(b->p->vmm));
		type = CF_PAGE_ZERO;
	}
	return add_range(
		b, "firmware section", index, s->gpa, s->size, NULL, type);
}

static enum coffer_status add_sections(
	struct builder *b, const struct cf_ovmf *tables)
{
	bool late[2] = { false, true };
	size_t passes = b->rules->cpuid_last ? 2 : 1;

	for (size_t pass = 0; pass < passes; pass++)
		for (size_t i = 0; i < tables->nsections; i++) {
			const struct cf_ovmf_section *s = &tables->section[i];
			bool is_late = passes == 2 && s->type == CF_OVMF_CPUID;
			enum coffer_status st;

			if (is_late != late[pass])
				continue;
			st = add_section(b, i, s);
			if (st)
				return st;
		}
	return COFFER_OK;
}

static enum coffer_status check_hashes_section(struct builder *b)
{
	const struct cf_ovmf *o = b->p->ovmf;

	if (!b->p->hashes)
		return COFFER_OK;
	for (size_t i = 0; i < o->nsections; i++)
		if (o->section[i].type == CF_OVMF_SNP_KERNEL_HASHES)
			return COFFER_OK;
	return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
		"Kernel specified but OVMF metadata doesn't include "
		"SNP_KERNEL_HASHES section; use an AmdSev build");
}

/* One page per distinct state: all APs are equal. */
static const uint8_t *make_vmsa(struct builder *b, uint64_t eip)
{
	const struct cf_vmsa_params params = {
		.vmm = b->p->vmm,
		.era = b->p->era,
		.cpuid_signature = b->p->cpuid_signature,
		.sev_features = b->p->sev_features,
		.eip = eip,
	};
	struct cf_cpu_state state;
	uint8_t *page = cf_plan_alloc(b->plan, CF_PAGE_SIZE);

	if (!page)
		return NULL;
	cf_vmsa_initial(&params, &state);
	cf_vmsa_encode(&state, page);
	return page;
}

static enum coffer_status add_vcpus(
	struct builder *b, uint64_t bsp_eip, uint64_t ap_eip)
{
	const uint8_t *bsp = make_vmsa(b, bsp_eip);
	const uint8_t *ap = b->p->vcpus > 1 ? make_vmsa(b, ap_eip) : bsp;

	if (!bsp || !ap)
		return cf_fail_nomem(b->err, "the initial vCPU state");
	for (unsigned i = 0; i < b->p->vcpus; i++) {
		const struct cf_step step = {
			.kind = CF_STEP_VCPU,
			.origin = { .what = "vCPU", .index = i },
			.gpa = CF_KVM_VMSA_GPA,
			.len = CF_PAGE_SIZE,
			.data = i ? ap : bsp,
			.vp_index = (uint16_t)i,
			.format = CF_VCPU_VMSA,
		};
		enum coffer_status st = cf_plan_add(b->plan, &step, b->err);

		if (st)
			return st;
	}
	return COFFER_OK;
}

static enum coffer_status add_firmware_vcpus(struct builder *b)
{
	const struct cf_ovmf *o = b->p->ovmf;

	if (b->p->vcpus > 1 && !o->has_reset_eip)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no SEV-ES reset block, so it cannot start "
			"more than one vCPU (%u asked for)",
			b->p->vcpus);
	return add_vcpus(b, CF_RESET_EIP, o->reset_eip);
}

static enum coffer_status build_sev(struct builder *b)
{
	const struct cf_ovmf *o = b->p->ovmf;
	enum coffer_status st = COFFER_OK;

	if (!b->p->skip_firmware_pages)
		st = add_range(b, "firmware", SIZE_MAX, o->gpa, o->len,
			o->bytes, CF_PAGE_NORMAL);
	if (!st && b->p->hashes)
		st = add_hash_table(b);
	if (!st && b->p->platform == CF_PLATFORM_SEV_ES)
		st = add_firmware_vcpus(b);
	return st;
}

static enum coffer_status build_snp(struct builder *b)
{
	const struct cf_ovmf *o = b->p->ovmf;
	enum coffer_status st = check_hashes_section(b);

	if (!st && !o->has_sev_metadata)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no SEV metadata, so SNP cannot launch it; "
			"give OVMF.fd or the code half of a build with SEV, "
			"not variables");
	if (!st && !b->p->skip_firmware_pages)
		st = add_range(b, "firmware", SIZE_MAX, o->gpa, o->len,
			o->bytes, CF_PAGE_NORMAL);
	if (!st)
		st = add_sections(b, o);
	if (!st)
		st = add_firmware_vcpus(b);
	return st;
}

/* The SVSM image lies below the variables, which lie below the firmware code;
 * its own tables count, and all vCPUs enter it. */
static enum coffer_status build_svsm(struct builder *b)
{
	const struct cf_firmware_params *p = b->p;
	const struct cf_ovmf *o = p->ovmf;
	uint64_t base, below;
	enum coffer_status st;

	if (p->hashes)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"svsm: kernel hashes are not launched with an SVSM");
	if (!p->svsm_tables->has_svsm_info)
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"svsm: no SVSM info entry in the image's table");
	if (cf_add_overflow_u64(p->svsm_vars_size, p->svsm_len, &below) ||
		below > o->gpa)
		return cf_fail(b->err, COFFER_ERR_ARGUMENT,
			"svsm: variables of %zu bytes and image of %zu bytes "
			"have no room below the firmware at 0x%" PRIx64,
			p->svsm_vars_size, p->svsm_len, o->gpa);
	base = o->gpa - below;
	st = add_range(b, "firmware", SIZE_MAX, o->gpa, o->len, o->bytes,
		CF_PAGE_NORMAL);
	if (!st)
		st = add_range(b, "SVSM image", SIZE_MAX, base, p->svsm_len,
			p->svsm, CF_PAGE_NORMAL);
	if (!st)
		st = add_sections(b, p->svsm_tables);
	if (!st)
		st = add_vcpus(b, base + p->svsm_tables->svsm_entry_offset,
			base + p->svsm_tables->svsm_entry_offset);
	return st;
}

static enum coffer_status build(struct builder *b)
{
	const struct cf_firmware_params *p = b->p;

	if ((size_t)p->vmm >= CF_ARRAY_LEN(rules_of))
		return cf_fail(
			b->err, COFFER_ERR_ARGUMENT, "firmware: no such VMM");
	b->rules = &rules_of[p->vmm];
	if (p->vcpus == 0 || p->vcpus > UINT16_MAX)
		return cf_fail(b->err, COFFER_ERR_ARGUMENT,
			"firmware: %u vCPUs, must be from 1 to %d", p->vcpus,
			UINT16_MAX);
	switch (p->platform) {
	case CF_PLATFORM_NATIVE:
		return add_range(b, "firmware", SIZE_MAX, p->ovmf->gpa,
			p->ovmf->len, p->ovmf->bytes, CF_PAGE_NORMAL);
	case CF_PLATFORM_SEV:
	case CF_PLATFORM_SEV_ES:
		return build_sev(b);
	case CF_PLATFORM_SEV_SNP:
		return p->svsm ? build_svsm(b) : build_snp(b);
	default:
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: platform %s is launched from IGVM files "
			"only",
			cf_platform_name(p->platform));
	}
}

enum coffer_status cf_plan_from_firmware(const struct cf_firmware_params *p,
	struct cf_plan **out, struct coffer_error *err)
{
	struct builder b = { .p = p, .err = err };
	enum coffer_status st;

	b.plan = cf_alloc_array(1, sizeof(*b.plan));
	if (!b.plan)
		return cf_fail_nomem(err, "the launch plan");
	b.plan->platform = p->platform;
	b.plan->has_policy = p->has_policy;
	b.plan->policy = p->policy;
	st = build(&b);
	if (!st)
		st = cf_plan_check(b.plan, err);
	if (st)
		cf_plan_destroy(b.plan);
	else
		*out = b.plan;
	return st;
}
