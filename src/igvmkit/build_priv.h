/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of src/igvmkit: the file that is being composed. */
#ifndef CF_IGVMKIT_BUILD_PRIV_H
#define CF_IGVMKIT_BUILD_PRIV_H

#include "igvmkit/igvmkit.h"

#include "image/image.h"

struct cf_builder {
	const struct cf_build_params *p;
	struct cf_ovmf ovmf;
	struct cf_igvm_writer *w;
	struct coffer_error *err;
};

/* Mask of a platform; 0: not asked for. */
uint32_t cf_builder_mask(
	const struct cf_builder *b, enum cf_igvm_platform_type type);
const struct cf_build_platform *cf_builder_platform(
	const struct cf_builder *b, enum cf_igvm_platform_type type);

/* Pages of one kind from gpa on, len bytes (whole pages); data NULL: pages
 * without data. */
enum coffer_status cf_builder_pages(struct cf_builder *b, uint32_t mask,
	uint64_t gpa, uint64_t len, const uint8_t *data,
	enum cf_igvm_page_type type, uint32_t flags) CF_MUST_CHECK;

/* The pages of the TDX metadata in the image. */
enum coffer_status cf_builder_tdx(struct cf_builder *b) CF_MUST_CHECK;

/* VP contexts of every platform that has some. */
enum coffer_status cf_builder_vcpus(struct cf_builder *b) CF_MUST_CHECK;

/* Parameter areas, their uses and inserts. */
enum coffer_status cf_builder_parameters(struct cf_builder *b) CF_MUST_CHECK;

/* The page at gpa that holds the table of kernel hashes, and what else the
 * range has to hold: zeros. */
enum coffer_status cf_builder_hashes(struct cf_builder *b, uint32_t mask,
	uint64_t gpa, uint64_t size) CF_MUST_CHECK;
/* The same for SEV and SEV-ES, where no metadata lists the page. */
enum coffer_status cf_builder_sev_hashes(struct cf_builder *b) CF_MUST_CHECK;

/* Page tables and context of a native 64-bit entry. */
enum coffer_status cf_builder_native(struct cf_builder *b) CF_MUST_CHECK;

#endif
