/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program does with IGVM files as files: compose one from a firmware
 * image or from a description, show one, compare two.  Pure: bytes in, bytes
 * and text out.
 */
#ifndef CF_IGVMKIT_H
#define CF_IGVMKIT_H

#include "base/error.h"
#include "igvm/igvm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;
struct cf_kernel_hashes;

/* Platforms by the names of the command line: "sev-snp", "sev-es", "sev",
 * "native", "tdx", "vsm", "cca"; false if unknown. */
CF_MUST_CHECK bool cf_kit_platform_from_name(
	const char *name, enum cf_igvm_platform_type *out);
const char *cf_kit_platform_name(enum cf_igvm_platform_type type);

#define CF_BUILD_MAX_PLATFORMS 5

/* One platform that the file is to support. */
struct cf_build_platform {
	enum cf_igvm_platform_type type;
	bool has_policy; /* else the platform's usual one */
	uint64_t policy;
	bool has_features; /* SNP and SEV-ES: SEV_FEATURES of the VMSAs */
	uint64_t features;
};

/* A page, or more, that the loader fills in and the guest reads; unmeasured. */
#define CF_BUILD_MAX_AREAS 8
#define CF_BUILD_MAX_USES  10
struct cf_build_area {
	uint64_t gpa, size; /* whole pages */
	struct {
		enum cf_igvm_type type; /* VP_COUNT_PARAMETER, MADT, ... */
		uint32_t offset;
	} use[CF_BUILD_MAX_USES];
	size_t nuses;
};

struct cf_build_params {
	const uint8_t *firmware; /* a flash image that ends at 4 GiB */
	size_t firmware_len;
	/* In the order of the file; the i-th one gets mask 1 << i. */
	struct cf_build_platform platform[CF_BUILD_MAX_PLATFORMS];
	size_t nplatforms;
	unsigned vcpus; /* VMSAs for SNP and SEV-ES; at least 1 */
	/* The VMSAs that QEMU itself would make for this CPU, instead of
	 * buildigvm's, which have no CPU signature. */
	bool qemu_vmsa;
	uint32_t cpuid_signature;
	/* Hashes of kernel, initial RAM disk and command line, for firmware
	 * that checks what it is given to boot; NULL: none. */
	const struct cf_kernel_hashes *hashes;
	struct cf_build_area area[CF_BUILD_MAX_AREAS];
	size_t nareas;
	/* native: start in 64-bit mode at entry, memory below 4 GiB mapped to
	 * itself by 6 pages at page_tables.  Else at the reset vector. */
	bool has_native_entry;
	uint64_t native_entry, page_tables;
};

/* The parameter that a name of the command line stands for ("vp-count",
 * "memory-map", "madt", ...); 0 if unknown. */
uint32_t cf_build_parameter_type(const char *name);

/*
 * Compose a file that starts a firmware image, version 2 with a native entry,
 * else version 1.  Appends it to *out; equal params give equal bytes.  COFFER_ERR_ARGUMENT, _UNSUPPORTED (the image
 * lacks what a platform needs), _FORMAT (of the image), _NOMEM.
 */
enum coffer_status cf_build_from_firmware(const struct cf_build_params *p,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

/* Text for people: tables of the headers, runs of pages merged. */
enum coffer_status cf_view_text(const struct cf_igvm *file, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* JSON for programs: every header with its fields by the specification's
 * names, runs of pages as one entry, registers of VP contexts.  bytes are the
 * file's. */
enum coffer_status cf_view_json(const struct cf_igvm *file,
	const uint8_t *bytes, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* A page for a browser, self-contained: memory map to scale, tables, vCPU
 * states.  name is what the page calls the file. */
enum coffer_status cf_view_html(const struct cf_igvm *file,
	const uint8_t *bytes, size_t len, const char *name, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/*
 * The description ("manifest") of a file: the same without what follows from
 * the rest.  Data is named as parts of the file data_name; a manifest that a
 * person writes can take it from any file or give it in hex.
 */
enum coffer_status cf_manifest_write(const struct cf_igvm *file,
	const uint8_t *bytes, const char *data_name, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* Where the files that a manifest names come from.  The bytes are borrowed
 * and stay valid until cf_manifest_read returns. */
struct cf_manifest_files {
	void *opaque;
	enum coffer_status (*load)(void *opaque, const char *name,
		const uint8_t **data, size_t *len, struct coffer_error *err);
};

/* Build the file that a manifest describes; appends it to *out.  files may be
 * NULL: then no file may be named.  COFFER_ERR_FORMAT says which entry and key
 * is wrong. */
enum coffer_status cf_manifest_read(const char *text, size_t len,
	const struct cf_manifest_files *files, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* One thing that a loader would do differently with two files. */
struct cf_difference {
	int platform;      /* enum cf_igvm_platform_type; -1: of the file */
	const char *what;  /* "file", "platform", "header", "field",
			    * "register", "data", "order" */
	const char *where; /* "page 0xffe00000: 3 bytes from offset 0x10 on" */
	const char *a, *b; /* what each side has */
};

/* Called once per difference; the texts are valid during the call. */
typedef void cf_diff_fn(void *opaque, const struct cf_difference *x);

/* Compare what two files mean: platform masks, file offsets and headers of
 * other platforms do not count, the order of what is measured does. */
enum coffer_status cf_diff_files(const struct cf_igvm *a,
	const struct cf_igvm *b, cf_diff_fn *fn, void *opaque,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
