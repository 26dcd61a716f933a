/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of the IGVM code fails once, one after the other: the
 * operation says "nomem", leaves nothing behind and nothing half done.  The
 * linker sends malloc, calloc and realloc of the static libraries here.
 */
#include "test.h"
#include "test_igvm.h"
#include "test_igvmkit.h"

#include <limits.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long countdown = LONG_MAX; /* allocations until one fails */

static bool fails(void)
{
	return countdown != LONG_MAX && countdown-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

static struct coffer_error err;
static uint8_t image[KIT_IMAGE_LEN];
static struct cf_buf file;

typedef enum coffer_status operation(void);

/* Fails allocation 0, 1, ... until the operation needs no more. */
static void exhaust(operation *op)
{
	long n = 0;

	for (;; n++) {
		enum coffer_status status;
		bool failed;

		countdown = n;
		status = op();
		failed = countdown < 0;
		countdown = LONG_MAX;
		if (!failed) {
			assert_int_equal(status, COFFER_OK);
			break;
		}
		assert_int_equal(status, COFFER_ERR_NOMEM);
		assert_int_equal(err.status, COFFER_ERR_NOMEM);
	}
	assert_true(n > 0);
}

static enum coffer_status build_file(void)
{
	const struct cf_build_params p = {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform = { { CF_IGVM_SEV_SNP }, { CF_IGVM_TDX } },
		.nplatforms = 2,
		.vcpus = 3,
		.area[0] = { 0x10000, 0x1000, { { CF_IGVM_MADT, 0 } }, 1 },
		.nareas = 1,
	};
	struct cf_buf out = { 0 };
	enum coffer_status status = cf_build_from_firmware(&p, &out, &err);

	if (status)
		assert_int_equal(out.len, 0);
	cf_buf_finish(&out);
	return status;
}

static enum coffer_status parse_file(void)
{
	struct cf_igvm *f = NULL;
	enum coffer_status status =
		cf_igvm_parse(file.data, file.len, &f, &err);

	cf_igvm_destroy(f);
	return status;
}

static enum coffer_status show_file(void)
{
	struct cf_buf text = { 0 };
	struct cf_igvm *f = NULL;
	enum coffer_status status =
		cf_igvm_parse(file.data, file.len, &f, &err);

	if (!status)
		status = cf_view_text(f, &text, &err);
	cf_igvm_destroy(f);
	cf_buf_finish(&text);
	return status;
}

static void ignore(void *opaque, const struct cf_difference *x)
{
}

static enum coffer_status compare_file(void)
{
	struct cf_igvm *f = NULL;
	enum coffer_status status =
		cf_igvm_parse(file.data, file.len, &f, &err);

	if (!status)
		status = cf_diff_files(f, f, ignore, NULL, &err);
	cf_igvm_destroy(f);
	return status;
}

static enum coffer_status load(void *opaque, const char *name,
	const uint8_t **data, size_t *len, struct coffer_error *e)
{
	*data = file.data;
	*len = file.len;
	return COFFER_OK;
}

/* Memory of json-c comes from its own library and does not fail here. */
static enum coffer_status take_apart_and_build(void)
{
	const struct cf_manifest_files files = { NULL, load };
	struct cf_buf text = { 0 }, again = { 0 };
	struct cf_igvm *f = NULL;
	enum coffer_status status =
		cf_igvm_parse(file.data, file.len, &f, &err);

	if (!status)
		status = cf_manifest_write(f, file.data, "f", &text, &err);
	if (!status)
		status = cf_manifest_read((const char *)text.data, text.len,
			&files, &again, &err);
	cf_igvm_destroy(f);
	cf_buf_finish(&text);
	cf_buf_finish(&again);
	return status;
}

static void test_building(void **state)
{
	exhaust(build_file);
}

static void test_parsing(void **state)
{
	exhaust(parse_file);
}

static void test_showing(void **state)
{
	exhaust(show_file);
}

static void test_comparing(void **state)
{
	exhaust(compare_file);
}

static void test_manifests(void **state)
{
	exhaust(take_apart_and_build);
}

static int make_file(void **state)
{
	kit_image(image);
	igvm_api_test_file(1, &file);
	return 0;
}

static int free_file(void **state)
{
	cf_buf_finish(&file);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_building),
		cmocka_unit_test(test_parsing),
		cmocka_unit_test(test_showing),
		cmocka_unit_test(test_comparing),
		cmocka_unit_test(test_manifests),
	};

	return cmocka_run_group_tests_name(
		"igvm_nomem", tests, make_file, free_file);
}
