/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variable headers as tables: each type with its size and the data it
 * owns, each field with its place on disk, its place in struct
 * cf_igvm_header and the rule that binds it alone.
 *
 * Source: microsoft/igvm, igvm_defs 0.4, structures IGVM_VHS_*.
 */
#include "igvm/igvm_priv.h"

#include "base/compiler.h"

#define IN(path) offsetof(struct cf_igvm_header, u.path)
#define NOWHERE  0
#define IN_MASK  offsetof(struct cf_igvm_header, compatibility_mask)
#define MASK(at)                                                      \
	{                                                             \
		"compatibility_mask", at, 4, IN_MASK, CF_IGVM_MASK, 0 \
	}
#define OFFSET(at)                                                    \
	{                                                             \
		"file_offset", at, 4, NOWHERE, CF_IGVM_FILE_OFFSET, 0 \
	}
#define RESERVED(at, size)                                     \
	{                                                      \
		"reserved", at, size, NOWHERE, CF_IGVM_ZERO, 0 \
	}
#define BYTES(name, at, path)                                            \
	{                                                                \
#name, at, sizeof(((struct cf_igvm_header *)0)->u.path), \
			IN(path), CF_IGVM_BYTES, 0                       \
	}

static const struct cf_igvm_field platform[] = {
	{ "compatibility_mask", 0x0, 4, IN_MASK, CF_IGVM_ONE_BIT, 0 },
	{ "highest_vtl", 0x4, 1, IN(platform.highest_vtl), CF_IGVM_MAX, 2 },
	{ "platform_type", 0x5, 1, IN(platform.platform_type), CF_IGVM_MAX,
		CF_IGVM_CCA },
	{ "platform_version", 0x6, 2, IN(platform.platform_version),
		CF_IGVM_EQUAL, 1 },
	{ "shared_gpa_boundary", 0x8, 8, IN(platform.shared_gpa_boundary),
		CF_IGVM_ANY_GPA, 0 },
};

static const struct cf_igvm_field guest_policy[] = {
	{ "policy", 0x0, 8, IN(policy.policy), CF_IGVM_FLAGS, 0 },
	MASK(0x8),
	RESERVED(0xC, 4),
};

static const struct cf_igvm_field relocatable[] = {
	MASK(0x0),
	{ "vp_index", 0x4, 2, IN(relocatable.vp_index), CF_IGVM_FREE, 0 },
	{ "vtl", 0x6, 1, IN(relocatable.vtl), CF_IGVM_MAX, 2 },
	{ "flags", 0x7, 1, IN(relocatable.flags), CF_IGVM_FLAGS, 0 },
	{ "relocation_alignment", 0x8, 8, IN(relocatable.alignment),
		CF_IGVM_SIZE, 0 },
	{ "relocation_region_gpa", 0x10, 8, IN(relocatable.gpa),
		CF_IGVM_ANY_GPA, 0 },
	{ "relocation_region_size", 0x18, 8, IN(relocatable.size), CF_IGVM_SIZE,
		0 },
	{ "minimum_relocation_gpa", 0x20, 8, IN(relocatable.minimum_gpa),
		CF_IGVM_ANY_GPA, 0 },
	{ "maximum_relocation_gpa", 0x28, 8, IN(relocatable.maximum_gpa),
		CF_IGVM_ANY_GPA, 0 },
};

static const struct cf_igvm_field page_table[] = {
	MASK(0x0),
	{ "vp_index", 0x4, 2, IN(page_table.vp_index), CF_IGVM_FREE, 0 },
	{ "vtl", 0x6, 1, IN(page_table.vtl), CF_IGVM_MAX, 2 },
	RESERVED(0x7, 1),
	{ "gpa", 0x8, 8, IN(page_table.gpa), CF_IGVM_GPA, 0 },
	{ "size", 0x10, 8, IN(page_table.size), CF_IGVM_SIZE, 0 },
	{ "used_size", 0x18, 8, IN(page_table.used_size), CF_IGVM_SIZE, 0 },
};

static const struct cf_igvm_field corim[] = {
	MASK(0x0),
	OFFSET(0x4),
	{ "size_bytes", 0x8, 4, NOWHERE, CF_IGVM_DATA_LEN, 0 },
	RESERVED(0xC, 4),
};

static const struct cf_igvm_field cca_policy[] = {
	MASK(0x0),
	RESERVED(0x4, 4),
	{ "attributes_required_zeroes", 0x8, 8, IN(cca_policy.required_zeroes),
		CF_IGVM_FLAGS, 0 },
	{ "attributes_required_ones", 0x10, 8, IN(cca_policy.required_ones),
		CF_IGVM_FLAGS, 0 },
	{ "hash_algorithm", 0x18, 1, IN(cca_policy.hash_algorithm),
		CF_IGVM_MAX_BY_SPEC, 2 },
	{ "lfa_policy", 0x19, 1, IN(cca_policy.lfa_policy), CF_IGVM_MAX_BY_SPEC,
		1 },
	{ "reserved2", 0x1A, 2, NOWHERE, CF_IGVM_ZERO, 0 },
	{ "reserved3", 0x1C, 4, NOWHERE, CF_IGVM_ZERO, 0 },
};

static const struct cf_igvm_field parameter_area[] = {
	{ "number_of_bytes", 0x0, 8, IN(parameter_area.number_of_bytes),
		CF_IGVM_SIZE, 0 },
	{ "parameter_area_index", 0x8, 4, IN(parameter_area.index),
		CF_IGVM_FREE, 0 },
	OFFSET(0xC),
};

static const struct cf_igvm_field page_data[] = {
	{ "gpa", 0x0, 8, IN(page.gpa), CF_IGVM_GPA, 0 },
	MASK(0x8),
	OFFSET(0xC),
	{ "flags", 0x10, 4, IN(page.flags), CF_IGVM_FLAGS, 0 },
	{ "data_type", 0x14, 2, IN(page.data_type), CF_IGVM_MAX,
		CF_IGVM_PAGE_CPUID_XF },
	RESERVED(0x16, 2),
};

static const struct cf_igvm_field parameter_insert[] = {
	{ "gpa", 0x0, 8, IN(parameter_insert.gpa), CF_IGVM_GPA, 0 },
	MASK(0x8),
	{ "parameter_area_index", 0xC, 4, IN(parameter_insert.index),
		CF_IGVM_FREE, 0 },
};

static const struct cf_igvm_field parameter[] = {
	{ "parameter_area_index", 0x0, 4, IN(parameter.index), CF_IGVM_FREE,
		0 },
	{ "byte_offset", 0x4, 4, IN(parameter.byte_offset), CF_IGVM_FREE, 0 },
};

static const struct cf_igvm_field vp_context[] = {
	{ "gpa", 0x0, 8, IN(vp_context.gpa), CF_IGVM_ANY_GPA, 0 },
	MASK(0x8),
	OFFSET(0xC),
	{ "vp_index", 0x10, 2, IN(vp_context.vp_index), CF_IGVM_FREE, 0 },
	{ "reserved", 0x12, 2, NOWHERE, CF_IGVM_IGNORED, 0 },
};

static const struct cf_igvm_field required_memory[] = {
	{ "gpa", 0x0, 8, IN(required_memory.gpa), CF_IGVM_GPA, 0 },
	MASK(0x8),
	{ "number_of_bytes", 0xC, 4, IN(required_memory.number_of_bytes),
		CF_IGVM_SIZE, 0 },
	{ "flags", 0x10, 4, IN(required_memory.flags), CF_IGVM_FLAGS, 0 },
	RESERVED(0x14, 4),
};

static const struct cf_igvm_field error_range[] = {
	{ "gpa", 0x0, 8, IN(error_range.gpa), CF_IGVM_GPA, 0 },
	MASK(0x8),
	{ "size_bytes", 0xC, 4, IN(error_range.size_bytes), CF_IGVM_FREE, 0 },
};

static const struct cf_igvm_field snp_id_block[] = {
	MASK(0x0),
	{ "author_key_enabled", 0x4, 1, IN(snp_id_block.author_key_enabled),
		CF_IGVM_FREE, 0 },
	BYTES(reserved, 0x5, snp_id_block.reserved),
	BYTES(ld, 0x8, snp_id_block.ld),
	BYTES(family_id, 0x38, snp_id_block.family_id),
	BYTES(image_id, 0x48, snp_id_block.image_id),
	{ "version", 0x58, 4, IN(snp_id_block.version), CF_IGVM_FREE, 0 },
	{ "guest_svn", 0x5C, 4, IN(snp_id_block.guest_svn), CF_IGVM_FREE, 0 },
	{ "id_key_algorithm", 0x60, 4, IN(snp_id_block.id_key_algorithm),
		CF_IGVM_FREE, 0 },
	{ "author_key_algorithm", 0x64, 4,
		IN(snp_id_block.author_key_algorithm), CF_IGVM_FREE, 0 },
	BYTES(id_key_signature, 0x68, snp_id_block.id_key_signature),
	BYTES(id_public_key, 0xF8, snp_id_block.id_public_key),
	BYTES(author_key_signature, 0x190, snp_id_block.author_key_signature),
	BYTES(author_public_key, 0x220, snp_id_block.author_public_key),
};

static const struct cf_igvm_field vbs_measurement[] = {
	MASK(0x0),
	{ "version", 0x4, 4, IN(vbs_measurement.version), CF_IGVM_FREE, 0 },
	{ "product_id", 0x8, 4, IN(vbs_measurement.product_id), CF_IGVM_FREE,
		0 },
	{ "module_id", 0xC, 4, IN(vbs_measurement.module_id), CF_IGVM_FREE, 0 },
	{ "security_version", 0x10, 4, IN(vbs_measurement.security_version),
		CF_IGVM_FREE, 0 },
	{ "policy_flags", 0x14, 4, IN(vbs_measurement.policy_flags),
		CF_IGVM_FLAGS, 0 },
	{ "boot_digest_algo", 0x18, 4, IN(vbs_measurement.boot_digest_algo),
		CF_IGVM_FREE, 0 },
	{ "signing_algo", 0x1C, 4, IN(vbs_measurement.signing_algo),
		CF_IGVM_FREE, 0 },
	BYTES(boot_measurement_digest, 0x20,
		vbs_measurement.boot_measurement_digest),
	BYTES(signature, 0x60, vbs_measurement.signature),
	BYTES(public_key, 0x160, vbs_measurement.public_key),
};

#define TYPE(type, size, data, fields)                         \
	{                                                      \
		CF_IGVM_##type, "IGVM_VHT_" #type, size, data, \
			CF_ARRAY_LEN(fields), fields           \
	}

static const struct cf_igvm_type_info types[] = {
	TYPE(SUPPORTED_PLATFORM, 16, CF_IGVM_NO_DATA, platform),
	TYPE(GUEST_POLICY, 16, CF_IGVM_NO_DATA, guest_policy),
	TYPE(RELOCATABLE_REGION, 48, CF_IGVM_NO_DATA, relocatable),
	TYPE(PAGE_TABLE_RELOCATION_REGION, 32, CF_IGVM_NO_DATA, page_table),
	TYPE(CORIM_DOCUMENT, 16, CF_IGVM_DATA_BLOB, corim),
	TYPE(CORIM_SIGNATURE, 16, CF_IGVM_DATA_BLOB, corim),
	TYPE(CCA_POLICY, 32, CF_IGVM_NO_DATA, cca_policy),
	TYPE(PARAMETER_AREA, 16, CF_IGVM_DATA_AREA, parameter_area),
	TYPE(PAGE_DATA, 24, CF_IGVM_DATA_PAGE, page_data),
	TYPE(PARAMETER_INSERT, 16, CF_IGVM_NO_DATA, parameter_insert),
	TYPE(VP_CONTEXT, 20, CF_IGVM_DATA_CONTEXT, vp_context),
	TYPE(REQUIRED_MEMORY, 24, CF_IGVM_NO_DATA, required_memory),
	TYPE(VP_COUNT_PARAMETER, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(SRAT, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(MADT, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(MMIO_RANGES, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(SNP_ID_BLOCK, 696, CF_IGVM_NO_DATA, snp_id_block),
	TYPE(MEMORY_MAP, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(ERROR_RANGE, 16, CF_IGVM_NO_DATA, error_range),
	TYPE(COMMAND_LINE, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(SLIT, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(PPTT, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(VBS_MEASUREMENT, 864, CF_IGVM_NO_DATA, vbs_measurement),
	TYPE(DEVICE_TREE, 8, CF_IGVM_NO_DATA, parameter),
	TYPE(ENVIRONMENT_INFO_PARAMETER, 8, CF_IGVM_NO_DATA, parameter),
};

const struct cf_igvm_type_info *cf_igvm_type_row(size_t i)
{
	return i < CF_ARRAY_LEN(types) ? &types[i] : NULL;
}

const struct cf_igvm_type_info *cf_igvm_type_info(uint32_t type)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}
