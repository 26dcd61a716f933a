/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IGVM format in C: constants and structures of the file, with the names
 * and layouts of microsoft/igvm's C library 0.4.  Numbers in a file are
 * little-endian.
 *
 * Two structures do not have the layout of the file, there as here, and must
 * be read field by field: IGVM_VHS_VP_CONTEXT (the same offsets, but 20 bytes
 * in a file) and IgvmVbsVpContextRegister (packed, 32 bytes in a file).
 */
#ifndef IGVM_DEFS_H
#define IGVM_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An enumeration whose values are stored in an integer type. */
#ifdef __cplusplus
#define IGVM_ENUM(name, type) enum name : type
#define IGVM_ENUM_TYPE(name, type)
#else
#define IGVM_ENUM(name, type)      enum name
#define IGVM_ENUM_TYPE(name, type) typedef type name;
#endif

#ifndef IGVM_MAGIC_VALUE
#define IGVM_MAGIC_VALUE 0x4D564749 /* "IGVM" */
#endif
#define IGVM_FORMAT_VERSION_1 1
#define IGVM_FORMAT_VERSION_2 2
#define IGVM_PAGE_SIZE_4K     4096

/* Set in a type: who does not know the type may skip the header. */
#ifndef IGVM_VHT_OPTIONAL_BIT
#define IGVM_VHT_OPTIONAL_BIT 0x80000000
#endif

#define IGVM_NATIVE_PLATFORM_VERSION        1
#define IGVM_VSM_ISOLATION_PLATFORM_VERSION 1
#define IGVM_SEV_SNP_PLATFORM_VERSION       1
#define IGVM_TDX_PLATFORM_VERSION           1
#define IGVM_SEV_PLATFORM_VERSION           1
#define IGVM_SEV_ES_PLATFORM_VERSION        1
#define IGVM_CCA_PLATFORM_VERSION           1

/* IGVM_VHS_RELOCATABLE_REGION.flags */
#define IGVM_VHF_RELOCATABLE_REGION_IS_VTL2    1
#define IGVM_VHF_RELOCATABLE_REGION_APPLY_PC   2
#define IGVM_VHF_RELOCATABLE_REGION_APPLY_RIP  2
#define IGVM_VHF_RELOCATABLE_REGION_APPLY_GDTR 4

/* IGVM_VHS_CCA_POLICY, both attribute masks */
#define CCA_POLICY_ATTR_DEBUG 1
#define CCA_POLICY_ATTR_MEC   2

/* A flags structure as a number. */
#define IGVM_UINT32_FLAGS_VALUE(x) *((uint32_t *)&(x))

/* The type of a variable header. */
IGVM_ENUM(IgvmVariableHeaderType, uint32_t) {
	IGVM_INVALID = 0x0,
	IGVM_VHT_SUPPORTED_PLATFORM = 0x1,
	IGVM_VHT_GUEST_POLICY = 0x101,
	IGVM_VHT_RELOCATABLE_REGION = 0x102,
	IGVM_VHT_PAGE_TABLE_RELOCATION_REGION = 0x103,
	IGVM_VHT_CCA_POLICY = 0x106,
	IGVM_VHT_PARAMETER_AREA = 0x301,
	IGVM_VHT_PAGE_DATA = 0x302,
	IGVM_VHT_PARAMETER_INSERT = 0x303,
	IGVM_VHT_VP_CONTEXT = 0x304,
	IGVM_VHT_REQUIRED_MEMORY = 0x305,
	IGVM_RESERVED_DO_NOT_USE = 0x306,
	IGVM_VHT_VP_COUNT_PARAMETER = 0x307,
	IGVM_VHT_SRAT = 0x308,
	IGVM_VHT_MADT = 0x309,
	IGVM_VHT_MMIO_RANGES = 0x30A,
	IGVM_VHT_SNP_ID_BLOCK = 0x30B,
	IGVM_VHT_MEMORY_MAP = 0x30C,
	IGVM_VHT_ERROR_RANGE = 0x30D,
	IGVM_VHT_COMMAND_LINE = 0x30E,
	IGVM_VHT_SLIT = 0x30F,
	IGVM_VHT_PPTT = 0x310,
	IGVM_VHT_VBS_MEASUREMENT = 0x311,
	IGVM_VHT_DEVICE_TREE = 0x312,
	IGVM_VHT_ENVIRONMENT_INFO_PARAMETER = 0x313,
};
IGVM_ENUM_TYPE(IgvmVariableHeaderType, uint32_t)

IGVM_ENUM(IgvmPlatformType, uint8_t) {
	IGVM_PLATFORM_TYPE_NATIVE = 0,
	IGVM_PLATFORM_TYPE_VSM_ISOLATION = 1,
	IGVM_PLATFORM_TYPE_SEV_SNP = 2,
	IGVM_PLATFORM_TYPE_TDX = 3,
	IGVM_PLATFORM_TYPE_SEV = 4,
	IGVM_PLATFORM_TYPE_SEV_ES = 5,
	IGVM_PLATFORM_TYPE_CCA = 6,
};
IGVM_ENUM_TYPE(IgvmPlatformType, uint8_t)

/* How a page is presented to the platform. */
IGVM_ENUM(IgvmPageDataType, uint16_t) {
	IGVM_PAGE_DATA_TYPE_NORMAL = 0,
	IGVM_PAGE_DATA_TYPE_SECRETS = 1,
	IGVM_PAGE_DATA_TYPE_CPUID_DATA = 2,
	IGVM_PAGE_DATA_TYPE_CPUID_XF = 3,
};
IGVM_ENUM_TYPE(IgvmPageDataType, uint16_t)

IGVM_ENUM(IgvmMemoryMapEntryType, uint16_t) {
	IGVM_MEMORY_MAP_ENTRY_TYPE_MEMORY = 0,
	IGVM_MEMORY_MAP_ENTRY_TYPE_PLATFORM_RESERVED = 1,
	IGVM_MEMORY_MAP_ENTRY_TYPE_PERSISTENT = 2,
	IGVM_MEMORY_MAP_ENTRY_TYPE_VTL2_PROTECTABLE = 3,
	IGVM_MEMORY_MAP_ENTRY_TYPE_SPECIFIC_PURPOSE = 4,
	IGVM_MEMORY_MAP_ENTRY_TYPE_HIDDEN = 5,
};
IGVM_ENUM_TYPE(IgvmMemoryMapEntryType, uint16_t)

/* 0 SHA-256, 1 SHA-512, 2 SHA-384.  No names: those of the reference header
 * ("SHA256") collide with libcrypto's. */
typedef uint8_t CcaHashAlgorithm;
typedef uint8_t CcaLfaPolicy; /* 0 disallow, 1 allow */

typedef struct {
	uint32_t is_2mb_page : 1;
	uint32_t unmeasured : 1;
	uint32_t reserved : 30;
} IgvmPageDataFlags;

typedef struct {
	uint32_t vtl2_protectable : 1;
	uint32_t reserved : 31;
} IgvmRequiredMemoryFlags;

typedef struct {
	uint16_t is_shared : 1;
	uint16_t reserved : 15;
} IgvmMemoryMapEntryFlags;

/* What ENVIRONMENT_INFO_PARAMETER deposits. */
typedef struct {
	uint32_t memory_is_shared : 1;
	uint32_t reserved : 31;
} IgvmEnvironmentInfo;

typedef uint64_t IGVM_U64_LE;
typedef uint32_t IGVM_U32_LE;

/* Start of every file, version 1. */
typedef struct IGVM_FIXED_HEADER {
	uint32_t magic;
	uint32_t format_version;
	uint32_t variable_header_offset;
	uint32_t variable_header_size;
	uint32_t total_file_size;
	uint32_t checksum;
} IGVM_FIXED_HEADER;

/* In front of every variable header; length counts what follows. */
typedef struct IGVM_VHS_VARIABLE_HEADER {
	IgvmVariableHeaderType typ;
	uint32_t length;
} IGVM_VHS_VARIABLE_HEADER;

typedef struct IGVM_VHS_SUPPORTED_PLATFORM {
	uint32_t compatibility_mask;
	uint8_t highest_vtl;
	IgvmPlatformType platform_type;
	uint16_t platform_version;
	uint64_t shared_gpa_boundary;
} IGVM_VHS_SUPPORTED_PLATFORM;

typedef struct IGVM_VHS_GUEST_POLICY {
	uint64_t policy;
	uint32_t compatibility_mask;
	uint32_t reserved;
} IGVM_VHS_GUEST_POLICY;

typedef struct IGVM_VHS_CCA_POLICY {
	uint32_t compatibility_mask;
	uint32_t reserved;
	uint64_t attributes_required_zeroes;
	uint64_t attributes_required_ones;
	CcaHashAlgorithm hash_algorithm;
	CcaLfaPolicy lfa_policy;
	uint8_t reserved2[6];
} IGVM_VHS_CCA_POLICY;

typedef struct IGVM_VHS_RELOCATABLE_REGION {
	uint32_t compatibility_mask;
	uint16_t vp_index;
	uint8_t vtl;
	uint8_t flags;
	uint64_t relocation_alignment;
	uint64_t relocation_region_gpa;
	uint64_t relocation_region_size;
	uint64_t minimum_relocation_gpa;
	uint64_t maximum_relocation_gpa;
} IGVM_VHS_RELOCATABLE_REGION;

typedef struct IGVM_VHS_PAGE_TABLE_RELOCATION {
	uint32_t compatibility_mask;
	uint16_t vp_index;
	uint8_t vtl;
	uint8_t reserved;
	uint64_t gpa;
	uint64_t size;
	uint64_t used_size;
} IGVM_VHS_PAGE_TABLE_RELOCATION;

typedef struct IGVM_VHS_PARAMETER_AREA {
	uint64_t number_of_bytes;
	uint32_t parameter_area_index;
	uint32_t file_offset;
} IGVM_VHS_PARAMETER_AREA;

typedef struct IGVM_VHS_PAGE_DATA {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t file_offset;
	IgvmPageDataFlags flags;
	IgvmPageDataType data_type;
	uint16_t reserved;
} IGVM_VHS_PAGE_DATA;

typedef struct IGVM_VHS_PARAMETER_INSERT {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t parameter_area_index;
} IGVM_VHS_PARAMETER_INSERT;

/* VP_COUNT, SRAT, MADT and all others that fill a parameter area. */
typedef struct IGVM_VHS_PARAMETER {
	uint32_t parameter_area_index;
	uint32_t byte_offset;
} IGVM_VHS_PARAMETER;

typedef struct IGVM_VHS_VP_CONTEXT {
	IGVM_U64_LE gpa;
	uint32_t compatibility_mask;
	uint32_t file_offset;
	uint16_t vp_index;
	uint16_t reserved;
} IGVM_VHS_VP_CONTEXT;

typedef struct IgvmVbsVpContextHeader {
	uint32_t register_count;
} IgvmVbsVpContextHeader;

typedef struct IgvmVbsVpContextRegister {
	uint8_t vtl;
	IGVM_U32_LE register_name;
	uint8_t mbz[11];
	uint8_t register_value[16];
} IgvmVbsVpContextRegister;

typedef struct IGVM_VHS_REQUIRED_MEMORY {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t number_of_bytes;
	IgvmRequiredMemoryFlags flags;
	uint32_t reserved;
} IGVM_VHS_REQUIRED_MEMORY;

typedef struct IGVM_VHS_MEMORY_RANGE {
	uint64_t starting_gpa_page_number;
	uint64_t number_of_pages;
} IGVM_VHS_MEMORY_RANGE;

typedef struct IGVM_VHS_MMIO_RANGES {
	IGVM_VHS_MEMORY_RANGE mmio_ranges[2];
} IGVM_VHS_MMIO_RANGES;

typedef struct IGVM_VHS_SNP_ID_BLOCK_SIGNATURE {
	uint8_t r_comp[72];
	uint8_t s_comp[72];
} IGVM_VHS_SNP_ID_BLOCK_SIGNATURE;

typedef struct IGVM_VHS_SNP_ID_BLOCK_PUBLIC_KEY {
	uint32_t curve;
	uint32_t reserved;
	uint8_t qx[72];
	uint8_t qy[72];
} IGVM_VHS_SNP_ID_BLOCK_PUBLIC_KEY;

typedef struct IGVM_VHS_SNP_ID_BLOCK {
	uint32_t compatibility_mask;
	uint8_t author_key_enabled;
	uint8_t reserved[3];
	uint8_t ld[48];
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t version;
	uint32_t guest_svn;
	uint32_t id_key_algorithm;
	uint32_t author_key_algorithm;
	IGVM_VHS_SNP_ID_BLOCK_SIGNATURE id_key_signature;
	IGVM_VHS_SNP_ID_BLOCK_PUBLIC_KEY id_public_key;
	IGVM_VHS_SNP_ID_BLOCK_SIGNATURE author_key_signature;
	IGVM_VHS_SNP_ID_BLOCK_PUBLIC_KEY author_public_key;
} IGVM_VHS_SNP_ID_BLOCK;

typedef struct IGVM_VHS_VBS_MEASUREMENT {
	uint32_t compatibility_mask;
	uint32_t version;
	uint32_t product_id;
	uint32_t module_id;
	uint32_t security_version;
	uint32_t policy_flags;
	uint32_t boot_digest_algo; /* 1 SHA-256 */
	uint32_t signing_algo;     /* 1 ECDSA P-384 */
	uint8_t boot_measurement_digest[64];
	uint8_t signature[256];
	uint8_t public_key[512];
} IGVM_VHS_VBS_MEASUREMENT;

/* One entry of what MEMORY_MAP deposits. */
typedef struct IGVM_VHS_MEMORY_MAP_ENTRY {
	uint64_t starting_gpa_page_number;
	uint64_t number_of_pages;
	IgvmMemoryMapEntryType entry_type;
	uint16_t flags;
	uint32_t reserved;
} IGVM_VHS_MEMORY_MAP_ENTRY;

typedef struct IGVM_VHS_ERROR_RANGE {
	uint64_t gpa;
	uint32_t compatibility_mask;
	uint32_t size_bytes;
} IGVM_VHS_ERROR_RANGE;

#endif
