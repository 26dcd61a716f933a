/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composing the IGVM file of a Linux kernel without firmware.  Everything
 * that decides what runs is measured: shim, kernel, initial RAM disk, command
 * line, setup header, DSDT and where they all are.  The host's memory map and
 * MADT are parameters, which the shim checks.
 */
#include "shim/shim.h"

#include "base/base.h"
#include "shim/build_priv.h"
#include "shim/layout.h"
#include "shim/shim_priv.h"

#include <inttypes.h>

#define PAGE       4096u
#define LARGE_PAGE UINT64_C(0x200000)
#define KERNEL_64  0x200 /* the 64-bit entry's offset */

/* Fields of boot_params that a boot loader fills in. */
#define ZP_TYPE_OF_LOADER 0x210
#define ZP_LOADFLAGS      0x211
#define ZP_CODE32_START   0x214
#define ZP_RAMDISK        0x218
#define ZP_RAMDISK_LEN    0x21C
#define ZP_CMDLINE        0x228
#define LOADER_UNKNOWN    0xFF

enum area { AREA_MEMORY_MAP, AREA_MADT };

static const struct cf_shim_rule rules[] = {
	{ CF_IGVM_NATIVE, SHIM_NATIVE, 0 },
	{ CF_IGVM_SEV, SHIM_SEV, 0x1 },
	{ CF_IGVM_SEV_ES, SHIM_SEV_ES, 0x5 },
	{ CF_IGVM_SEV_SNP, SHIM_SNP, 0x30000 },
};

const struct cf_shim_rule *cf_shim_rule_of(enum cf_igvm_platform_type type)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(rules); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

static enum coffer_status check(struct cf_shim_job *j)
{
	const struct cf_shim_params *p = j->p;
	size_t cmdline = p->append ? strlen(p->append) : 0;

	if (!p->nplatforms || p->nplatforms > CF_SHIM_MAX_PLATFORMS)
		return cf_fail(j->err, COFFER_ERR_ARGUMENT,
			"shim: want 1 to %d platforms", CF_SHIM_MAX_PLATFORMS);
	for (size_t i = 0; i < p->nplatforms; i++)
		if (!cf_shim_rule_of(p->platform[i].type))
			return cf_fail(j->err, COFFER_ERR_UNSUPPORTED,
				"shim: platform %s: the shim starts kernels "
				"on SEV_SNP, SEV_ES, SEV and NATIVE",
				cf_igvm_platform_name(p->platform[i].type));
	if (!(j->bz.xloadflags & CF_BZIMAGE_KERNEL_64))
		return cf_fail(j->err, COFFER_ERR_UNSUPPORTED,
			"kernel: no 64-bit entry (xloadflags 0x%x)",
			j->bz.xloadflags);
	if (cmdline > j->bz.cmdline_size || cmdline >= PAGE)
		return cf_fail(j->err, COFFER_ERR_ARGUMENT,
			"command line: %zu characters, the kernel takes %u",
			cmdline, j->bz.cmdline_size);
	if (j->vcpus > CF_SHIM_MAX_VCPUS)
		return cf_fail(j->err, COFFER_ERR_ARGUMENT,
			"shim: %u vCPUs, at most %d", j->vcpus,
			CF_SHIM_MAX_VCPUS);
	if (p->dsdt_len > SHIM_DSDT_MAX)
		return cf_fail(j->err, COFFER_ERR_ARGUMENT,
			"DSDT: %zu bytes, at most %d", p->dsdt_len,
			SHIM_DSDT_MAX);
	if (cf_shim_image_len > SHIM_IMAGE_MAX || cf_shim_reset_len != PAGE ||
		cf_shim_hold_len != PAGE)
		return cf_fail(j->err, COFFER_ERR_INTERNAL,
			"shim: image of %zu bytes", cf_shim_image_len);
	return COFFER_OK;
}

/* The kernel where it likes to be, the RAM disk behind it. */
static enum coffer_status place(struct cf_shim_job *j)
{
	uint64_t align = j->bz.kernel_alignment;
	uint64_t need = j->bz.init_size;

	if (need < j->bz.kernel_len)
		need = j->bz.kernel_len;
	j->kernel = j->bz.pref_address;
	if (j->kernel < SHIM_RESERVED || !cf_is_pow2(align) ||
		!cf_is_aligned(j->kernel, align) || j->kernel > UINT32_MAX)
		return cf_fail(j->err, COFFER_ERR_UNSUPPORTED,
			"kernel: preferred address 0x%" PRIx64
			" is not one that the shim can use",
			j->kernel);
	j->kernel_end = cf_align_up(j->kernel + need, LARGE_PAGE);
	j->initrd = j->kernel_end;
	j->initrd_end = j->initrd + j->p->initrd_len;
	if (j->p->initrd_len > UINT32_MAX ||
		j->initrd_end - 1 > j->bz.initrd_addr_max)
		return cf_fail(j->err, COFFER_ERR_UNSUPPORTED,
			"initrd: ends at 0x%" PRIx64
			", the kernel wants it below 0x%x",
			j->initrd_end, j->bz.initrd_addr_max);
	return COFFER_OK;
}

bool cf_shim_add(struct cf_shim_job *j, uint32_t mask, struct cf_igvm_header h)
{
	h.compatibility_mask = mask;
	return cf_igvm_writer_add(j->w, &h, j->err) == COFFER_OK;
}

static bool add_page(struct cf_shim_job *j, uint32_t mask, uint64_t gpa,
	enum cf_igvm_page_type type, const uint8_t *page)
{
	return cf_shim_add(j, mask,
		(struct cf_igvm_header) { .type = CF_IGVM_PAGE_DATA,
			.data = page,
			.data_len = page ? PAGE : 0,
			.u.page = {
				.gpa = gpa, .data_type = (uint16_t)type } });
}

/* Zeros are given as data, which the file holds once: loaders differ in how
 * they measure pages without. */
static const uint8_t zeros[PAGE];

/* Bytes as measured pages, the last one filled up with zeros. */
static bool add_bytes(
	struct cf_shim_job *j, uint64_t gpa, const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n; at += PAGE) {
		uint8_t last[PAGE] = { 0 };
		const uint8_t *page = p + at;

		if (n - at < PAGE) {
			memcpy(last, page, n - at);
			page = last;
		}
		if (!add_page(j, j->all, gpa + at, CF_IGVM_PAGE_NORMAL, page))
			return false;
	}
	return true;
}

static bool add_platforms(struct cf_shim_job *j)
{
	const struct cf_shim_params *p = j->p;

	for (size_t i = 0; i < p->nplatforms; i++) {
		struct cf_igvm_header h = {
			.type = CF_IGVM_SUPPORTED_PLATFORM
		};

		h.u.platform.platform_type = (uint8_t)p->platform[i].type;
		h.u.platform.platform_version = 1;
		if (!cf_shim_add(j, 1u << i, h))
			return false;
	}
	for (size_t i = 0; i < p->nplatforms; i++) {
		struct cf_igvm_header h = { .type = CF_IGVM_GUEST_POLICY };

		h.u.policy.policy = p->platform[i].has_policy
			? p->platform[i].policy
			: cf_shim_rule_of(p->platform[i].type)->policy;
		if (p->platform[i].type != CF_IGVM_NATIVE &&
			!cf_shim_add(j, 1u << i, h))
			return false;
	}
	return true;
}

static void make_params(
	const struct cf_shim_job *j, size_t dsdt_len, uint8_t *page)
{
	const uint64_t range[][2] = {
		{ SHIM_BASE, SHIM_END },
		{ j->kernel, cf_align_up(j->kernel + j->bz.kernel_len, PAGE) },
		{ j->initrd, cf_align_up(j->initrd_end, PAGE) },
	};
	size_t n = j->p->initrd_len ? 3 : 2;

	cf_store_le64(page + SHIM_P_MAGIC, SHIM_MAGIC);
	cf_store_le64(page + SHIM_P_ENTRY, j->kernel + KERNEL_64);
	cf_store_le64(page + SHIM_P_DSDT_LEN, dsdt_len);
	cf_store_le64(page + SHIM_P_KERNEL_END, j->kernel_end);
	cf_store_le64(page + SHIM_P_PROCESSORS, j->vcpus);
	cf_store_le64(page + SHIM_P_NRANGES, n);
	for (size_t i = 0; i < n; i++) {
		cf_store_le64(page + SHIM_P_RANGES + 16 * i, range[i][0]);
		cf_store_le64(page + SHIM_P_RANGES + 16 * i + 8, range[i][1]);
	}
}

static void make_zero_page(const struct cf_shim_job *j, uint8_t *page)
{
	memcpy(page + CF_BZIMAGE_HEADER, j->bz.bytes + CF_BZIMAGE_HEADER,
		j->bz.header_end - CF_BZIMAGE_HEADER);
	page[ZP_TYPE_OF_LOADER] = LOADER_UNKNOWN;
	page[ZP_LOADFLAGS] |= CF_BZIMAGE_LOADED_HIGH;
	cf_store_le32(page + ZP_CODE32_START, (uint32_t)j->kernel);
	if (j->p->initrd_len) {
		cf_store_le32(page + ZP_RAMDISK, (uint32_t)j->initrd);
		cf_store_le32(
			page + ZP_RAMDISK_LEN, (uint32_t)j->p->initrd_len);
	}
	cf_store_le32(page + ZP_CMDLINE, SHIM_CMDLINE);
}

/* A DSDT with nothing but \_S5: soft off is sleep type 0. */
static size_t make_dsdt(uint8_t out[64])
{
	static const uint8_t aml[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06,
		0x04, 0, 0, 0, 0 };
	size_t len = 36 + sizeof(aml);
	uint8_t sum = 0;

	memset(out, 0, 64);
	memcpy(out, "DSDT", 4);
	cf_store_le32(out + 4, (uint32_t)len);
	out[8] = 2;
	memcpy(out + 10, "COFFERSHIM    ", 14);
	cf_store_le32(out + 24, 1);
	memcpy(out + 28, "CFFR", 4);
	cf_store_le32(out + 32, 1);
	memcpy(out + 36, aml, sizeof(aml));
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + out[i]);
	out[9] = (uint8_t)-sum;
	return len;
}

/* Everything from SHIM_BASE to SHIM_END is loaded, without holes, so that it
 * is one range of validated pages. */
static bool add_shim(struct cf_shim_job *j)
{
	uint8_t params[PAGE] = { 0 }, zero_page[PAGE] = { 0 }, dsdt[64];
	const uint8_t *own_dsdt = j->p->dsdt;
	size_t dsdt_len = j->p->dsdt_len;
	const char *append = j->p->append ? j->p->append : "";

	if (!own_dsdt) {
		dsdt_len = make_dsdt(dsdt);
		own_dsdt = dsdt;
	}
	make_params(j, dsdt_len, params);
	make_zero_page(j, zero_page);
	if (!add_bytes(j, SHIM_BASE, cf_shim_image, cf_shim_image_len))
		return false;
	for (uint64_t at = SHIM_BASE + cf_align_up(cf_shim_image_len, PAGE);
		at < SHIM_PARAMS; at += PAGE)
		if (!add_page(j, j->all, at, CF_IGVM_PAGE_NORMAL, zeros))
			return false;
	if (!add_bytes(j, SHIM_PARAMS, params, PAGE) ||
		!add_bytes(j, SHIM_ZERO_PAGE, zero_page, PAGE) ||
		!add_bytes(j, SHIM_CMDLINE, (const uint8_t *)append,
			strlen(append) + 1) ||
		!add_bytes(j, SHIM_DSDT, own_dsdt, dsdt_len))
		return false;
	for (uint64_t at = SHIM_DSDT + cf_align_up(dsdt_len, PAGE);
		at < SHIM_CPUID; at += PAGE)
		if (!add_page(j, j->all, at, CF_IGVM_PAGE_NORMAL, zeros))
			return false;
	return true;
}

/* Pages that somebody else fills in. */
static bool add_filled(struct cf_shim_job *j)
{
	const struct {
		uint64_t gpa;
		uint64_t len;
		uint32_t type;
	} area[] = {
		[AREA_MEMORY_MAP] = { SHIM_MEMORY_MAP, PAGE,
			CF_IGVM_MEMORY_MAP },
		[AREA_MADT] = { SHIM_MADT, SHIM_MADT_MAX, CF_IGVM_MADT },
	};

	if (j->snp &&
		(!add_page(j, j->snp, SHIM_CPUID, CF_IGVM_PAGE_CPUID_DATA,
			 NULL) ||
			!add_page(j, j->snp, SHIM_SECRETS, CF_IGVM_PAGE_SECRETS,
				NULL)))
		return false;
	for (uint32_t i = 0; i < CF_ARRAY_LEN(area); i++) {
		struct cf_igvm_header h = { .type = CF_IGVM_PARAMETER_AREA };

		h.u.parameter_area.number_of_bytes = area[i].len;
		h.u.parameter_area.index = i;
		if (!cf_shim_add(j, j->all, h))
			return false;
		h = (struct cf_igvm_header) { .type = area[i].type };
		h.u.parameter.index = i;
		if (!cf_shim_add(j, j->all, h))
			return false;
		h = (struct cf_igvm_header) {
			.type = CF_IGVM_PARAMETER_INSERT
		};
		h.u.parameter_insert.gpa = area[i].gpa;
		h.u.parameter_insert.index = i;
		if (!cf_shim_add(j, j->all, h))
			return false;
	}
	for (uint64_t at = SHIM_TABLES; at < SHIM_END; at += PAGE)
		if (!add_page(j, j->all, at, CF_IGVM_PAGE_NORMAL, zeros))
			return false;
	return true;
}

static bool add_all(struct cf_shim_job *j)
{
	return add_platforms(j) && add_shim(j) &&
		add_bytes(j, j->kernel, j->bz.bytes + j->bz.setup_len,
			j->bz.kernel_len) &&
		(!j->p->initrd_len ||
			add_bytes(j, j->initrd, j->p->initrd,
				j->p->initrd_len)) &&
		add_filled(j) &&
		(!j->sev ||
			add_page(j, j->sev, SHIM_RESET, CF_IGVM_PAGE_NORMAL,
				cf_shim_reset)) &&
		(!j->es ||
			add_page(j, j->es, SHIM_RESET, CF_IGVM_PAGE_NORMAL,
				cf_shim_hold)) &&
		cf_shim_add_states(j);
}

enum coffer_status cf_shim_build(const struct cf_shim_params *p,
	struct cf_buf *out, struct coffer_error *err)
{
	struct cf_shim_job j = {
		.p = p, .err = err, .vcpus = p->vcpus ? p->vcpus : 1
	};
	enum coffer_status status =
		cf_bzimage_parse(p->kernel, p->kernel_len, &j.bz, err);

	if (status == COFFER_OK)
		status = check(&j);
	if (status == COFFER_OK)
		status = place(&j);
	if (status != COFFER_OK)
		return status;
	j.all = (1u << p->nplatforms) - 1;
	for (size_t i = 0; i < p->nplatforms; i++) {
		if (p->platform[i].type == CF_IGVM_SEV_SNP)
			j.snp = 1u << i;
		else if (p->platform[i].type == CF_IGVM_SEV)
			j.sev = 1u << i;
		else if (p->platform[i].type == CF_IGVM_SEV_ES)
			j.es = 1u << i;
	}
	status = cf_igvm_writer_create(2, CF_IGVM_X64, &j.w, err);
	if (status != COFFER_OK)
		return status;
	if (add_all(&j))
		status = cf_igvm_writer_finish(j.w, out, err);
	else
		status = err->status;
	cf_igvm_writer_destroy(j.w);
	return status;
}
