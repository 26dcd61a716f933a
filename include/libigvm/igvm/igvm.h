/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libigvm: parse IGVM files.  A drop-in for microsoft/igvm's C library 0.4:
 * same functions, structures, error values and ownership; a file that one
 * refuses, the other refuses with the same error.
 *
 * Files and buffers are numbers ("handles") from one counter that starts at 1
 * and never gives the same one twice; a negative handle is an IgvmResult.
 * Every function may be called from any thread.
 */
#ifndef IGVM_H
#define IGVM_H

#include "igvm_defs.h"

#define IGVM_X64_PAGE_SIZE       4096
#define IGVM_X64_LARGE_PAGE_SIZE 2097152
#define IGVM_X64_1GB_PAGE_SIZE   1073741824

IGVM_ENUM(IgvmResult, int32_t) {
	IGVMAPI_OK = 0,
	IGVMAPI_INVALID_PARAMETER = -1,
	IGVMAPI_NO_DATA = -2,
	IGVMAPI_INVALID_FILE = -3,
	IGVMAPI_INVALID_HANDLE = -4,
	IGVMAPI_NO_PLATFORM_HEADERS = -5,
	IGVMAPI_FILE_DATA_SECTION_TOO_LARGE = -6,
	IGVMAPI_VARIABLE_HEADER_SECTION_TOO_LARGE = -7,
	IGVMAPI_TOTAL_FILE_SIZE_TOO_LARGE = -8,
	IGVMAPI_INVALID_BINARY_PLATFORM_HEADER = -9,
	IGVMAPI_INVALID_BINARY_INITIALIZATION_HEADER = -10,
	IGVMAPI_INVALID_BINARY_DIRECTIVE_HEADER = -11,
	IGVMAPI_MULTIPLE_PLATFORM_HEADERS_WITH_SAME_ISOLATION = -12,
	IGVMAPI_INVALID_PARAMETER_AREA_INDEX = -13,
	IGVMAPI_INVALID_PLATFORM_TYPE = -14,
	IGVMAPI_NO_FREE_COMPATIBILITY_MASKS = -15,
	IGVMAPI_INVALID_FIXED_HEADER = -16,
	IGVMAPI_INVALID_BINARY_VARIABLE_HEADER_SECTION = -17,
	IGVMAPI_INVALID_CHECKSUM = -18,
	IGVMAPI_MULTIPLE_PAGE_TABLE_RELOCATION_HEADERS = -19,
	IGVMAPI_RELOCATION_REGIONS_OVERLAP = -20,
	IGVMAPI_PARAMETER_INSERT_INSIDE_PAGE_TABLE_REGION = -21,
	IGVMAPI_NO_MATCHING_VP_CONTEXT = -22,
	IGVMAPI_PLATFORM_ARCH_UNSUPPORTED = -23,
	IGVMAPI_INVALID_HEADER_ARCH = -24,
	IGVMAPI_UNSUPPORTED_PAGE_SIZE = -25,
	IGVMAPI_INVALID_FIXED_HEADER_ARCH = -26,
	IGVMAPI_MERGE_REVISION = -27,
	IGVMAPI_INVALID_CCA_POLICY_COMPATIBILITY_MASK = -28,
};
IGVM_ENUM_TYPE(IgvmResult, int32_t)

IGVM_ENUM(IgvmHeaderSection, uint32_t) {
	IGVM_HEADER_SECTION_PLATFORM,
	IGVM_HEADER_SECTION_INITIALIZATION,
	IGVM_HEADER_SECTION_DIRECTIVE,
};
IGVM_ENUM_TYPE(IgvmHeaderSection, uint32_t)

typedef int32_t IgvmHandle;

#ifdef __cplusplus
extern "C" {
#endif

/** Parse and validate a file.  data is copied.  Its handle, or an IgvmResult;
 * give it to igvm_free. */
IgvmHandle igvm_new_from_binary(const uint8_t *data, uint32_t len);

/** Free a file and all of its buffers.  Unknown handles are ignored. */
void igvm_free(IgvmHandle file);

/** Number of headers in a section, or an IgvmResult. */
int32_t igvm_header_count(IgvmHandle file, IgvmHeaderSection section);

/** Type of a header (IGVM_VHT_*), or an IgvmResult. */
int32_t igvm_get_header_type(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index);

/** A buffer with a header: IGVM_VHS_VARIABLE_HEADER, the structure of its
 * type, zeros up to a multiple of 8.  file_offset in it is always 0: ask
 * igvm_get_header_data.  A new buffer every time. */
IgvmHandle igvm_get_header(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index);

/** A buffer with the file data of a header; IGVMAPI_NO_DATA if it has none. */
IgvmHandle igvm_get_header_data(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index);

/** The bytes of a buffer, valid until it or its file is freed; NULL for an
 * unknown handle. */
const uint8_t *igvm_get_buffer(IgvmHandle file, IgvmHandle buffer);

/** Size of a buffer, or an IgvmResult. */
int32_t igvm_get_buffer_size(IgvmHandle file, IgvmHandle buffer);

/** Free a buffer.  Unknown handles are ignored. */
void igvm_free_buffer(IgvmHandle file, IgvmHandle buffer);

#ifdef __cplusplus
}
#endif

#endif
