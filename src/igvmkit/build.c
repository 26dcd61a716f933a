/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IGVM files from firmware images.  Order of the directives: parameters, which
 * some loaders apply before the page in front of them, pages of the image,
 * the pages that its metadata asks for, VP contexts last, since loaders
 * measure them last wherever they stand.
 *
 * Source: buildigvm's output as described in the IGVM notes; for one platform
 * the bytes are the same, except that metadata which the image lacks gives no
 * page at address 0.
 */
#include "igvmkit/build_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <string.h>

/* Address where KVM keeps every VMSA. */
#define VMSA_GPA UINT64_C(0xFFFFFFFFF000)

static const struct kit_platform {
	enum cf_igvm_platform_type type;
	const char *name;
	bool can_build;
	uint64_t policy;
} platforms[] = {
	/* SMT allowed and the bit that must be one. */
	{ CF_IGVM_SEV_SNP, "sev-snp", true, 0x30000 },
	/* No debugging; SEV-ES required. */
	{ CF_IGVM_SEV_ES, "sev-es", true, 0x5 },
	{ CF_IGVM_SEV, "sev", true, 0x1 },
	{ CF_IGVM_NATIVE, "native", true, 0 },
	{ CF_IGVM_TDX, "tdx", true, 0 },
	{ CF_IGVM_VSM_ISOLATION, "vsm", false, 0 },
	{ CF_IGVM_CCA, "cca", false, 0 },
};

static const struct kit_platform *find_platform(enum cf_igvm_platform_type type)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(platforms); i++)
		if (platforms[i].type == type)
			return &platforms[i];
	return NULL;
}

bool cf_kit_platform_from_name(
	const char *name, enum cf_igvm_platform_type *out)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(platforms); i++)
		if (strcmp(platforms[i].name, name) == 0) {
			*out = platforms[i].type;
			return true;
		}
	return false;
}

const char *cf_kit_platform_name(enum cf_igvm_platform_type type)
{
	const struct kit_platform *p = find_platform(type);

	return p ? p->name : "unknown";
}

const struct cf_build_platform *cf_builder_platform(
	const struct cf_builder *b, enum cf_igvm_platform_type type)
{
	for (size_t i = 0; i < b->p->nplatforms; i++)
		if (b->p->platform[i].type == type)
			return &b->p->platform[i];
	return NULL;
}

uint32_t cf_builder_mask(
	const struct cf_builder *b, enum cf_igvm_platform_type type)
{
	const struct cf_build_platform *p = cf_builder_platform(b, type);

	return p ? UINT32_C(1) << (p - b->p->platform) : 0;
}

enum coffer_status cf_builder_pages(struct cf_builder *b, uint32_t mask,
	uint64_t gpa, uint64_t len, const uint8_t *data,
	enum cf_igvm_page_type type, uint32_t flags)
{
	for (uint64_t at = 0; at < len; at += CF_PAGE_SIZE) {
		uint64_t left = len - at;
		struct cf_igvm_header h = {
			.type = CF_IGVM_PAGE_DATA,
			.compatibility_mask = mask,
			.data = data ? data + at : NULL,
			.data_len = !data             ? 0
				: left < CF_PAGE_SIZE ? (size_t)left
						      : CF_PAGE_SIZE,
			.u.page = { .gpa = gpa + at,
				.flags = flags,
				.data_type = (uint16_t)type },
		};
		enum coffer_status status =
			cf_igvm_writer_add(b->w, &h, b->err);

		if (status)
			return status;
	}
	return COFFER_OK;
}

static enum coffer_status add_platforms(struct cf_builder *b)
{
	for (size_t i = 0; i < b->p->nplatforms; i++) {
		const struct cf_build_platform *p = &b->p->platform[i];
		struct cf_igvm_header h = {
			.type = CF_IGVM_SUPPORTED_PLATFORM,
			.compatibility_mask = UINT32_C(1) << i,
			.u.platform = { .platform_type = (uint8_t)p->type,
				.platform_version = 1 },
		};
		enum coffer_status status =
			cf_igvm_writer_add(b->w, &h, b->err);

		if (status)
			return status;
	}
	return COFFER_OK;
}

static enum coffer_status add_policies(struct cf_builder *b)
{
	for (size_t i = 0; i < b->p->nplatforms; i++) {
		const struct cf_build_platform *p = &b->p->platform[i];
		struct cf_igvm_header h = {
			.type = CF_IGVM_GUEST_POLICY,
			.compatibility_mask = UINT32_C(1) << i,
			.u.policy.policy = p->has_policy
				? p->policy
				: find_platform(p->type)->policy,
		};
		enum coffer_status status =
			cf_igvm_writer_add(b->w, &h, b->err);

		if (status)
			return status;
	}
	return COFFER_OK;
}

/* The whole image for all platforms but TDX, which has its own list. */
static enum coffer_status add_firmware(struct cf_builder *b)
{
	uint32_t all = (uint32_t)((UINT64_C(1) << b->p->nplatforms) - 1);
	uint32_t mask = all & ~cf_builder_mask(b, CF_IGVM_TDX);

	if (!mask)
		return COFFER_OK;
	return cf_builder_pages(b, mask, b->ovmf.gpa, b->ovmf.len,
		b->ovmf.bytes, CF_IGVM_PAGE_NORMAL, 0);
}

static enum coffer_status add_sections(struct cf_builder *b, uint32_t type)
{
	static const struct {
		uint32_t section;
		enum cf_igvm_page_type type;
	} kinds[] = {
		{ CF_OVMF_SNP_SECRETS, CF_IGVM_PAGE_SECRETS },
		{ CF_OVMF_CPUID, CF_IGVM_PAGE_CPUID_DATA },
	};
	enum cf_igvm_page_type page = CF_IGVM_PAGE_NORMAL;
	uint32_t mask = cf_builder_mask(b, CF_IGVM_SEV_SNP);
	bool hashes = type == CF_OVMF_SNP_KERNEL_HASHES && b->p->hashes;
	bool found = false;

	for (size_t i = 0; i < CF_ARRAY_LEN(kinds); i++)
		if (kinds[i].section == type)
			page = kinds[i].type;
	for (size_t i = 0; i < b->ovmf.nsections; i++) {
		const struct cf_ovmf_section *s = &b->ovmf.section[i];
		enum coffer_status status;

		if (s->type != type)
			continue;
		found = true;
		if (hashes)
			status = cf_builder_hashes(b, mask, s->gpa, s->size);
		else
			status = cf_builder_pages(
				b, mask, s->gpa, s->size, NULL, page, 0);
		if (status)
			return status;
	}
	if (hashes && !found)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: its SEV metadata has no page for kernel "
			"hashes; build OVMF's AmdSev variant");
	return COFFER_OK;
}

/* What the SEV metadata of the image wants in memory at launch. */
static enum coffer_status add_snp(struct cf_builder *b)
{
	static const uint32_t order[] = { CF_OVMF_SNP_SECRETS, CF_OVMF_SVSM_CAA,
		CF_OVMF_CPUID, CF_OVMF_SNP_SEC_MEM, CF_OVMF_SNP_KERNEL_HASHES };
	enum coffer_status status = COFFER_OK;

	if (!cf_builder_platform(b, CF_IGVM_SEV_SNP))
		return COFFER_OK;
	if (!b->ovmf.has_sev_metadata)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no SEV metadata (\"ASEV\"), which platform "
			"sev-snp needs; build the image for SEV-SNP or leave "
			"that platform out");
	for (size_t i = 0; i < b->ovmf.nsections; i++) {
		const struct cf_ovmf_section *s = &b->ovmf.section[i];
		bool known = false;

		for (size_t k = 0; k < CF_ARRAY_LEN(order); k++)
			known |= order[k] == s->type;
		if (!known)
			return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
				"firmware: SEV metadata section %zu at 0x%x "
				"has unknown type 0x%x",
				i, s->gpa, s->type);
	}
	for (size_t i = 0; !status && i < CF_ARRAY_LEN(order); i++)
		status = add_sections(b, order[i]);
	return status;
}

static enum coffer_status add_vmsas(
	struct cf_builder *b, enum cf_igvm_platform_type type)
{
	const struct cf_build_platform *platform = cf_builder_platform(b, type);
	struct cf_vmsa_params params = {
		.vmm = CF_VMM_QEMU,
		.era = b->p->qemu_vmsa
			? NULL
			: cf_vmsa_era_by_name(CF_VMM_QEMU, "buildigvm"),
		.cpuid_signature = b->p->cpuid_signature,
	};
	enum coffer_status status = COFFER_OK;

	if (!platform)
		return COFFER_OK;
	if (b->p->vcpus > 1 && !b->ovmf.has_reset_eip)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no SEV-ES reset block, which says where "
			"processors after the first start; use 1 vCPU");
	params.sev_features = platform->has_features ? platform->features
						     : type == CF_IGVM_SEV_SNP;
	for (unsigned vp = 0; !status && vp < b->p->vcpus; vp++) {
		struct cf_cpu_state state;
		uint8_t page[4096];
		struct cf_igvm_header h = {
			.type = CF_IGVM_VP_CONTEXT,
			.compatibility_mask = cf_builder_mask(b, type),
			.data = page,
			.data_len = sizeof(page),
			.u.vp_context = { .gpa = VMSA_GPA,
				.vp_index = (uint16_t)vp },
		};

		params.eip = vp ? b->ovmf.reset_eip : CF_RESET_EIP;
		cf_vmsa_initial(&params, &state);
		cf_vmsa_encode(&state, page);
		status = cf_igvm_writer_add(b->w, &h, b->err);
	}
	return status;
}

enum coffer_status cf_builder_vcpus(struct cf_builder *b)
{
	enum coffer_status status = add_vmsas(b, CF_IGVM_SEV_SNP);

	return status ? status : add_vmsas(b, CF_IGVM_SEV_ES);
}

static enum coffer_status check_params(
	const struct cf_build_params *p, struct coffer_error *err)
{
	if (p->nplatforms == 0 || p->nplatforms > CF_BUILD_MAX_PLATFORMS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"build: %zu platforms: must be 1 to %d", p->nplatforms,
			CF_BUILD_MAX_PLATFORMS);
	if (p->vcpus == 0 || p->vcpus > UINT16_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"build: %u vCPUs: must be 1 to 65535", p->vcpus);
	for (size_t i = 0; i < p->nplatforms; i++) {
		const struct kit_platform *k =
			find_platform(p->platform[i].type);

		if (!k || !k->can_build)
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"build: platform %s cannot start firmware "
				"images",
				k ? k->name : "unknown");
		for (size_t j = 0; j < i; j++)
			if (p->platform[j].type == p->platform[i].type)
				return cf_fail(err, COFFER_ERR_ARGUMENT,
					"build: platform %s is given twice",
					k->name);
		if (p->platform[i].has_features &&
			p->platform[i].type == CF_IGVM_SEV_SNP &&
			!(p->platform[i].features & 1))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"build: guest features 0x%" PRIx64
				": bit 0 (SNPActive) must be set on sev-snp",
				p->platform[i].features);
		if (p->platform[i].has_features &&
			p->platform[i].type == CF_IGVM_SEV_ES &&
			p->platform[i].features & 1)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"build: guest features 0x%" PRIx64
				": bit 0 (SNPActive) must be clear on sev-es",
				p->platform[i].features);
	}
	return COFFER_OK;
}

enum coffer_status cf_build_from_firmware(const struct cf_build_params *p,
	struct cf_buf *out, struct coffer_error *err)
{
	static enum coffer_status (*const steps[])(struct cf_builder *) = {
		add_platforms,
		add_policies,
		cf_builder_parameters,
		add_firmware,
		add_snp,
		cf_builder_sev_hashes,
		cf_builder_tdx,
		cf_builder_native,
		cf_builder_vcpus,
	};
	struct cf_builder b = { .p = p, .err = err };
	enum coffer_status status = check_params(p, err);

	if (!status)
		status = cf_ovmf_parse(
			p->firmware, p->firmware_len, &b.ovmf, err);
	if (!status)
		status = cf_igvm_writer_create(
			p->has_native_entry ? 2 : 1, CF_IGVM_X64, &b.w, err);
	for (size_t i = 0; !status && i < CF_ARRAY_LEN(steps); i++)
		status = steps[i](&b);
	if (!status)
		status = cf_igvm_writer_finish(b.w, out, err);
	cf_igvm_writer_destroy(b.w);
	return status;
}
