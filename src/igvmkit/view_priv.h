/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of src/igvmkit: what the views of a file share. */
#ifndef CF_IGVMKIT_VIEW_PRIV_H
#define CF_IGVMKIT_VIEW_PRIV_H

#include "igvmkit/igvmkit.h"

#include "image/cpu_state.h"

/* Directives that are shown as one: pages that follow each other in the file
 * and in memory and are alike, or one header of another kind. */
struct cf_view_run {
	struct cf_igvm_header first; /* decoded */
	size_t last;                 /* index of the last directive */
	uint64_t gpa, size;          /* of what it covers; size 0: nothing */
};

/* The run that starts at directive `index`; the index after it. */
size_t cf_view_run_at(
	const struct cf_igvm *file, size_t index, struct cf_view_run *out);

const char *cf_view_page_type(unsigned data_type); /* "normal" */

/* "SMT, debug, ABI 1.55": what the bits of a policy mean on a platform; ""
 * when nothing is to be said. */
void cf_view_policy(
	unsigned platform_type, uint64_t policy, struct cf_buf *out);

/* "1.5 MiB", "4 KiB", "17 B". */
void cf_view_size(uint64_t size, char out[32]);

/* How the data of a VP context is to be read. */
enum cf_view_context {
	CF_VIEW_NO_CONTEXT,
	CF_VIEW_VMSA,
	CF_VIEW_NATIVE,
	CF_VIEW_VBS,
	CF_VIEW_CCA,
};
enum cf_view_context cf_view_context_kind(
	const struct cf_igvm *file, const struct cf_igvm_header *h);

/* The registers of a VP context, those that are not zero: calls reg for each
 * with its name and value text, in the order of the context. */
typedef void cf_view_register_fn(
	void *opaque, const char *name, const char *value);
void cf_view_registers(const struct cf_igvm *file,
	const struct cf_igvm_header *h, cf_view_register_fn *reg, void *opaque);

/* The HTML page with "@DATA@" where the JSON goes; made from page.html. */
extern const char cf_view_page[];

#endif
