/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash chip, as a guest drives it.
 *
 * Expected values: JEDEC JESD68.01 (CFI), the command set of Intel's 28F128J3,
 * and what OVMF's driver looks for.
 */
#include "test.h"

#include "base/state.h"
#include "machine/backend/block.h"
#include "machine/devices_priv.h"
#include "memory/memory.h"

#include <unistd.h>

#define SIZE 0x3000u /* three blocks */
#define BASE (CF_4GIB - SIZE)

static struct coffer_error err;

struct bench {
	struct cf_bus mmio;
	struct cf_memory *mem;
	struct cf_dev_env env;
	struct cf_block block;
	uint8_t file[SIZE];
	bool block_fails;
	struct cf_flash *flash;
};

static struct bench *bench_of(struct cf_block *b)
{
	return CF_CONTAINER_OF(b, struct bench, block);
}

static enum coffer_status block_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *e)
{
	assert_true(cf_range_ok(offset, len, SIZE));
	memcpy(out, bench_of(b)->file + offset, len);
	return COFFER_OK;
}

static enum coffer_status block_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *e)
{
	assert_true(cf_range_ok(offset, len, SIZE));
	if (bench_of(b)->block_fails)
		return cf_fail(e, COFFER_ERR_SYSTEM, "full");
	memcpy(bench_of(b)->file + offset, in, len);
	return COFFER_OK;
}

static const struct cf_block_ops block_ops = {
	.read = block_read,
	.write = block_write,
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_ok(cf_memory_create(&b->mem, &err));
	b->env = (struct cf_dev_env) { .mmio = &b->mmio, .mem = b->mem };
	b->block = (struct cf_block) { &block_ops, SIZE };
	for (unsigned i = 0; i < SIZE; i++)
		b->file[i] = (uint8_t)(i * 7 + (i >> 8));
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	cf_flash_destroy(b->flash);
	assert_int_equal(b->mmio.nranges, 0);
	cf_memory_destroy(b->mem);
	free(b);
	return 0;
}

static void plug(struct bench *b, bool readonly)
{
	assert_ok(cf_flash_create(
		&b->env, &b->block, readonly, CF_4GIB, &b->flash, &err));
}

static void wr(struct bench *b, uint64_t offset, uint8_t v)
{
	cf_bus_write(&b->mmio, 0, BASE + offset, 1, v);
}

static uint8_t rd(struct bench *b, uint64_t offset)
{
	return (uint8_t)cf_bus_read(&b->mmio, 0, BASE + offset, 1);
}

/* What a vCPU finds: the bytes, or no memory but the device. */
static bool in_place(struct bench *b)
{
	return cf_memory_page(b->mem, BASE, 0, NULL) != NULL;
}

static uint8_t byte_at(struct bench *b, uint64_t offset)
{
	uint8_t v;

	assert_ok(cf_guest_read(b->mem, BASE + offset, &v, 1, &err));
	assert_int_equal(v, b->file[offset]); /* written through */
	return v;
}

static void test_flash_is_memory_until_it_is_written(void **state)
{
	struct bench *b = *state;
	enum cf_region_kind kind;
	const uint8_t *page;

	plug(b, false);
	page = cf_memory_page(b->mem, BASE + 0x1000, 0, &kind);
	assert_memory_equal(page, b->file + 0x1000, 0x1000);
	assert_int_equal(kind, CF_REGION_FLASH);
	wr(b, 5, 0x70);
	assert_false(in_place(b));
	wr(b, 5, 0xFF);
	assert_true(in_place(b));
}

/* OVMF asks whether it has flash: status reads as 0 once it was cleared. */
static void test_flash_answers_the_question_of_ovmf(void **state)
{
	struct bench *b = *state;

	plug(b, false);
	wr(b, 0, 0x50);
	assert_true(in_place(b));
	assert_int_equal(byte_at(b, 0), b->file[0]);
	wr(b, 0, 0x70);
	assert_int_equal(rd(b, 0), 0x00);
	wr(b, 0, 0xFF);
	assert_true(in_place(b));
}

static void test_flash_programs_bytes(void **state)
{
	struct bench *b = *state;

	plug(b, false);
	wr(b, 0x1234, 0x40);
	assert_false(in_place(b));
	wr(b, 0x1234, 0xA5);
	assert_int_equal(rd(b, 0), 0x80); /* ready, no error */
	wr(b, 0x2FFF, 0x10);
	wr(b, 0x2FFF, 0x10); /* data, no command */
	assert_int_equal(rd(b, 0), 0x80);
	wr(b, 0, 0xFF);
	assert_true(in_place(b));
	assert_int_equal(byte_at(b, 0x1234), 0xA5);
	assert_int_equal(byte_at(b, 0x2FFF), 0x10);
	assert_int_equal(byte_at(b, 0x1235), (uint8_t)(0x1235 * 7 + 0x12));
}

static void test_flash_erases_one_block(void **state)
{
	struct bench *b = *state;
	uint8_t before = b->file[0x0FFF], behind = b->file[0x2000];

	plug(b, false);
	wr(b, 0x1800, 0x20);
	wr(b, 0x1800, 0xD0);
	assert_int_equal(rd(b, 0), 0x80);
	for (unsigned i = 0x1000; i < 0x2000; i++)
		assert_int_equal(byte_at(b, i), 0xFF);
	assert_int_equal(byte_at(b, 0x0FFF), before);
	assert_int_equal(byte_at(b, 0x2000), behind);
	/* Not confirmed: nothing but an error of the sequence. */
	wr(b, 0, 0x20);
	wr(b, 0, 0xFF);
	assert_int_equal(rd(b, 0), 0xB0);
	assert_int_equal(byte_at(b, 0x0FFF), before);
}

static void test_flash_programs_its_buffer(void **state)
{
	struct bench *b = *state;
	uint8_t kept = b->file[0x1102];

	plug(b, false);
	wr(b, 0x1100, 0xE8);
	assert_int_equal(rd(b, 0x1100) & 0x80, 0x80);
	wr(b, 0x1100, 2); /* three bytes, with a hole */
	wr(b, 0x1100, 1);
	wr(b, 0x1101, 2);
	wr(b, 0x11FF, 3);
	assert_int_equal(byte_at(b, 0x1100), (uint8_t)(0x1100 * 7 + 0x11));
	wr(b, 0x1100, 0xD0);
	assert_int_equal(rd(b, 0), 0x80);
	assert_int_equal(byte_at(b, 0x1100), 1);
	assert_int_equal(byte_at(b, 0x1101), 2);
	assert_int_equal(byte_at(b, 0x1102), kept);
	assert_int_equal(byte_at(b, 0x11FF), 3);
}

static void test_flash_keeps_the_buffer_inside_its_window(void **state)
{
	struct bench *b = *state;
	uint8_t last = b->file[0x10FF], next = b->file[0x1100];

	plug(b, false);
	wr(b, 0x10FF, 0xE8);
	wr(b, 0x10FF, 255);
	wr(b, 0x10FF, 1);
	wr(b, 0x1100, 2); /* past the window: given up */
	assert_int_equal(rd(b, 0), 0xB0);
	wr(b, 0, 0xD0); /* a command that there is not */
	assert_int_equal(byte_at(b, 0x10FF), last);
	assert_int_equal(byte_at(b, 0x1100), next);
	/* As many bytes at one place as were announced, at most. */
	wr(b, 0, 0xE8);
	wr(b, 0, 255);
	for (unsigned i = 0; i < 256; i++)
		wr(b, 0x10FF, (uint8_t)i);
	wr(b, 0, 0x00); /* not confirmed */
	assert_int_equal(rd(b, 0) & 0x30, 0x30);
	assert_int_equal(byte_at(b, 0x10FF), last);
}

static void test_flash_tells_what_it_is(void **state)
{
	struct bench *b = *state;

	plug(b, false);
	wr(b, 0, 0x90);
	assert_int_equal(rd(b, 0), 0x89);
	assert_int_equal(rd(b, 1), 0x18);
	wr(b, 0x55, 0x98);
	assert_int_equal(rd(b, 0x10), 'Q');
	assert_int_equal(rd(b, 0x11), 'R');
	assert_int_equal(rd(b, 0x12), 'Y');
	assert_int_equal(rd(b, 0x13), 1);
	assert_int_equal(rd(b, 0x27), 14); /* 2^14 hold three blocks */
	assert_int_equal(rd(b, 0x2A), 8);
	assert_int_equal(rd(b, 0x2C), 1);
	assert_int_equal(rd(b, 0x2D), 2);  /* three blocks */
	assert_int_equal(rd(b, 0x2F), 16); /* of 16 * 256 bytes */
	assert_int_equal(rd(b, 0x31), 'P');
	assert_int_equal(rd(b, 0xFF), 0);
	wr(b, 0, 0xFF);
	assert_true(in_place(b));
}

static void test_flash_that_is_read_only_reports_errors(void **state)
{
	struct bench *b = *state;
	uint8_t was = b->file[0];

	plug(b, true);
	wr(b, 0, 0x10);
	wr(b, 0, (uint8_t)~was);
	assert_int_equal(rd(b, 0), 0x90);
	wr(b, 0, 0x50);
	wr(b, 0, 0x20);
	wr(b, 0, 0xD0);
	assert_int_equal(rd(b, 0), 0xA0);
	assert_int_equal(byte_at(b, 0), was);
}

static void test_flash_reports_a_file_that_cannot_be_written(void **state)
{
	struct bench *b = *state;

	plug(b, false);
	b->block_fails = true;
	wr(b, 0, 0x10);
	wr(b, 0, 1);
	assert_int_equal(rd(b, 0), 0x90);
}

/* A store of several bytes reaches the chip as cycles of its 8-bit bus. */
static void test_flash_takes_wide_accesses_byte_by_byte(void **state)
{
	struct bench *b = *state;

	plug(b, false);
	cf_bus_write(&b->mmio, 0, BASE + 0x10, 2, 0xA540);
	assert_int_equal(byte_at(b, 0x11), 0xA5);
	assert_int_equal(cf_bus_read(&b->mmio, 0, BASE, 4), 0x80808080);
}

static void test_flash_refuses_sizes_that_do_not_fit(void **state)
{
	static const uint64_t bad[] = { 0, 512, 0x1200, CF_FLASH_MAX + 4096 };
	struct bench *b = *state;

	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		b->block.size = bad[i];
		assert_int_equal(cf_flash_create(&b->env, &b->block, false,
					 CF_4GIB, &b->flash, &err),
			COFFER_ERR_FORMAT);
	}
	b->block.size = 0x2000; /* no room below the first chip */
	assert_int_equal(
		cf_flash_create(&b->env, &b->block, false,
			CF_4GIB - CF_FLASH_MAX + 0x1000, &b->flash, &err),
		COFFER_ERR_FORMAT);
	b->block.size = SIZE;
}

/* A chip whose buffer is being filled goes on in another machine, and what it
 * holds is in the other's file. */
static void test_flash_is_saved_and_loaded(void **state)
{
	struct bench *b = *state;
	struct cf_buf out = { 0 };
	struct cf_state save = { .out = &out }, load = { .loading = true };
	uint8_t bytes[SIZE];

	plug(b, false);
	wr(b, 0x1100, 0xE8);
	wr(b, 0x1100, 1);
	wr(b, 0x1101, 2);
	cf_flash_state(b->flash, &save);
	assert_true(cf_state_ok(&save));
	assert_ok(cf_guest_read(b->mem, BASE, bytes, SIZE, &err));
	cf_flash_destroy(b->flash);
	cf_memory_destroy(b->mem);
	assert_ok(cf_memory_create(&b->mem, &err));
	b->env.mem = b->mem;
	memset(b->file, 0, SIZE);
	plug(b, false);
	assert_ok(cf_guest_write(b->mem, BASE, bytes, SIZE, &err));
	load.in = cf_cursor(out.data, out.len);
	cf_flash_state(b->flash, &load);
	assert_true(cf_state_ok(&load) && cf_at_end(&load.in));
	/* What comes later in the stream may still be bad. */
	assert_true(cf_is_zero(b->file, SIZE));
	assert_ok(cf_flash_store(b->flash, &err));
	assert_memory_equal(b->file, bytes, SIZE);
	assert_false(in_place(b));
	wr(b, 0x1100, 1);
	wr(b, 0x1100, 0xD0);
	assert_int_equal(rd(b, 0), 0x80);
	assert_int_equal(byte_at(b, 0x1100), 1);
	assert_int_equal(byte_at(b, 0x1101), 2);
	/* Any byte of it wrong is refused or harmless; cut short, refused. */
	for (size_t i = 0; i < out.len; i++) {
		struct cf_state s = { .loading = true };

		out.data[i] ^= 0xFF;
		s.in = cf_cursor(out.data, out.len);
		cf_flash_state(b->flash, &s);
		if (cf_state_ok(&s))
			for (unsigned n = 0; n < 600; n++)
				wr(b, SIZE - 1, 0xD0);
		out.data[i] ^= 0xFF;
		s = (struct cf_state) { .loading = true,
			.in = cf_cursor(out.data, i) };
		cf_flash_state(b->flash, &s);
		assert_false(cf_state_ok(&s));
	}
	cf_buf_finish(&out);
}

static void test_block_copy_is_never_written_back(void **state)
{
	char path[] = "/tmp/coffer_flash_XXXXXX";
	int fd = mkstemp(path);
	struct cf_block *copy;
	char text[512] = "old", got[512];

	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	assert_ok(cf_block_open_copy(path, &copy, &err));
	assert_int_equal(copy->size, 512);
	assert_ok(copy->ops->write(copy, 0, "new", 3, &err));
	assert_ok(copy->ops->read(copy, 0, got, sizeof(got), &err));
	assert_string_equal(got, "new");
	assert_int_equal(copy->ops->read(copy, 1, got, sizeof(got), &err),
		COFFER_ERR_ARGUMENT);
	assert_int_equal(copy->ops->write(copy, 510, "abc", 3, &err),
		COFFER_ERR_ARGUMENT);
	cf_block_destroy(copy);
	assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(got));
	assert_string_equal(got, "old");
	assert_int_equal(ftruncate(fd, (off_t)128 << 20), 0);
	assert_int_equal(
		cf_block_open_copy(path, &copy, &err), COFFER_ERR_UNSUPPORTED);
	close(fd);
	unlink(path);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_flash_is_memory_until_it_is_written),
		T(test_flash_answers_the_question_of_ovmf),
		T(test_flash_programs_bytes),
		T(test_flash_erases_one_block),
		T(test_flash_programs_its_buffer),
		T(test_flash_keeps_the_buffer_inside_its_window),
		T(test_flash_tells_what_it_is),
		T(test_flash_that_is_read_only_reports_errors),
		T(test_flash_reports_a_file_that_cannot_be_written),
		T(test_flash_takes_wide_accesses_byte_by_byte),
		T(test_flash_refuses_sizes_that_do_not_fit),
		T(test_flash_is_saved_and_loaded),
		cmocka_unit_test(test_block_copy_is_never_written_back),
	};

	return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
