/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board with every device, set up by accesses as a guest makes them, saved
 * and loaded: what a guest reads afterwards is the same, and so is the stream
 * that the second board saves.  Streams that are cut, changed or another
 * machine's are refused.
 */
#include "test.h"

#include "migrate_board.h"

#include "crypto/crypto.h"

#include <pthread.h>
#include <unistd.h>

static struct coffer_error err;
static struct board a, b;
static struct board_stream stream;

static void out(
	const struct cf_accel_host *h, uint16_t port, unsigned size, uint32_t v)
{
	h->pio_write(h->opaque, 0, port, size, v);
}

static uint32_t in(const struct cf_accel_host *h, uint16_t port, unsigned size)
{
	return h->pio_read(h->opaque, 0, port, size);
}

static void mmio(
	const struct cf_accel_host *h, uint64_t gpa, unsigned size, uint64_t v)
{
	h->mmio_write(h->opaque, 0, gpa, size, v);
}

static uint64_t mmio_in(
	const struct cf_accel_host *h, uint64_t gpa, unsigned size)
{
	return h->mmio_read(h->opaque, 0, gpa, size);
}

static void config(const struct cf_accel_host *h, unsigned slot, unsigned at,
	unsigned size, uint32_t v)
{
	out(h, 0xCF8, 4, 0x80000000u | slot << 11 | at);
	out(h, 0xCFC, size, v);
}

/* Every device away from its reset state. */
static void program(struct cf_vm *vm)
{
	const struct cf_accel_host *h = vm->host;

	vm->registers[0] = 5300017; /* it has run for a while */
	vm->registers[1] = 0x1122334455667788;
	out(h, 0x3FB, 1, 0x83); /* serial: divisor, line, interrupts */
	out(h, 0x3F8, 1, 0x0C);
	out(h, 0x3FB, 1, 0x03);
	out(h, 0x3F9, 1, 0x05);
	out(h, 0x3FF, 1, 0x5A);
	out(h, 0x20, 1, 0x11); /* PIC in the middle of its set-up */
	out(h, 0x21, 1, 0x30);
	out(h, 0xA0, 1, 0x0B);
	out(h, 0x43, 1, 0x34); /* PIT 0: mode 2, 0x1234 */
	out(h, 0x40, 1, 0x34);
	out(h, 0x40, 1, 0x12);
	out(h, 0x61, 1, 1);
	out(h, 0x70, 1, 0x0B); /* RTC: binary, periodic */
	out(h, 0x71, 1, 0x46);
	out(h, 0x70, 1, 0x40);
	out(h, 0x71, 1, 0x77);
	out(h, 0x64, 1, 0x60);         /* i8042: waits for a byte */
	mmio(h, 0xFEE000F0, 4, 0x1FF); /* APIC: on, timer */
	mmio(h, 0xFEE003E0, 4, 0x0B);
	mmio(h, 0xFEE00320, 4, 0x20050);
	mmio(h, 0xFEE00380, 4, 1000000);
	mmio(h, 0xFEE00080, 4, 0x20);
	mmio(h, 0xFEC00000, 4, 0x12); /* I/O APIC: pin 1 */
	mmio(h, 0xFEC00010, 4, 0x10031);
	mmio(h, 0xFED00010, 8, 1); /* HPET: on, timer 0 periodic */
	mmio(h, 0xFED00100, 8, 0x4C);
	mmio(h, 0xFED00108, 8, 100000);
	out(h, 0xE0, 4, 0xCAFE0001); /* test device */
	mmio(h, 0xFF00FFF8, 8, 0x0123456789ABCDEF);
	config(h, 0, 0x60, 4, 0xB0000001); /* ECAM */
	config(h, 31, 0x40, 4, 0x601);     /* power management */
	config(h, 31, 0x44, 1, 0x80);
	out(h, 0x602, 2, 0x100);
	out(h, 0x604, 2, 1);
	config(h, 2, 0x10, 4, 0xC0000000); /* the disk */
	config(h, 2, 0x14, 4, 0xC0010000);
	config(h, 2, 0x04, 2, 7);
	mmio(h, 0xC0000014, 1, 3);
	mmio(h, 0xC0000016, 2, 0);
	mmio(h, 0xC0000018, 2, 8);
	mmio(h, 0xC0000020, 4, 0x1000);
	mmio(h, 0xC0010000, 4, 0xFEE00000);
	out(h, 0x510, 2, 0x19); /* fw_cfg: inside the directory */
	in(h, 0x511, 1);
	in(h, 0x511, 1);
	assert_ok(cf_guest_write(vm->mem, 0x12345, "here", 4, &err));
	vm->registers[0] += 12345; /* time passes */
	vm->registers[2] = 1;
}

/* What the guest finds. */
static void look(const struct cf_accel_host *h, uint64_t seen[32])
{
	size_t n = 0;

	memset(seen, 0, 32 * sizeof(seen[0]));
	seen[n++] = in(h, 0x3FF, 1);
	seen[n++] = in(h, 0x3FB, 1);
	seen[n++] = in(h, 0x61, 1);
	out(h, 0x43, 1, 0);
	seen[n++] = in(h, 0x40, 1);
	seen[n++] = in(h, 0x40, 1);
	out(h, 0x70, 1, 0x40);
	seen[n++] = in(h, 0x71, 1);
	out(h, 0x70, 1, 0x0B);
	seen[n++] = in(h, 0x71, 1);
	seen[n++] = mmio_in(h, 0xFEE00390, 4);
	seen[n++] = mmio_in(h, 0xFEE00080, 4);
	seen[n++] = mmio_in(h, 0xFEC00010, 4);
	seen[n++] = mmio_in(h, 0xFED000F0, 8);
	seen[n++] = mmio_in(h, 0xFED00108, 8);
	seen[n++] = in(h, 0xE0, 4);
	seen[n++] = mmio_in(h, 0xFF00FFF8, 8);
	seen[n++] = mmio_in(h, 0xB0000060, 4); /* ECAM is mapped */
	seen[n++] = in(h, 0x602, 2);
	seen[n++] = in(h, 0x608, 4);
	seen[n++] = mmio_in(h, 0xC0000018, 2); /* the BAR is */
	seen[n++] = mmio_in(h, 0xC0000020, 4);
	seen[n++] = mmio_in(h, 0xC0010000, 4);
	seen[n++] = in(h, 0x511, 1);
	seen[n++] = (uint64_t)h->irq_take(h->opaque, 0);
	assert_true(n <= 32);
}

static enum coffer_status save(struct board *from, struct board_stream *to)
{
	struct cf_migrate_channel c = board_channel(to);

	to->at = to->buf.len = 0;
	return cf_machine_save(from->m, &c, NULL, &err);
}

static enum coffer_status load(struct board *to, struct board_stream *from)
{
	struct cf_migrate_channel c = board_channel(from);

	from->at = 0;
	return cf_machine_load(to->m, &c, &err);
}

static int setup(void **state)
{
	stream = (struct board_stream) { 0 };
	if (!board_create(&a))
		return -1;
	program(board_vm);
	if (save(&a, &stream))
		return -1;
	return board_create(&b) ? 0 : -1;
}

static int teardown(void **state)
{
	board_destroy(&a);
	board_destroy(&b);
	cf_buf_finish(&stream.buf);
	return 0;
}

static void test_migrated_board_is_the_same_to_the_guest(void **state)
{
	struct cf_vm *here = board_vm;
	uint64_t before[32], after[32];
	uint8_t bytes[4];

	assert_ok(load(&b, &stream));
	assert_int_equal(here->registers[1], 0x1122334455667788);
	assert_ok(cf_guest_read(here->mem, 0x12345, bytes, 4, &err));
	assert_memory_equal(bytes, "here", 4);
	look(here->host, after);
	/* And the first one, whose engine is found through its machine. */
	board_destroy(&b);
	assert_true(board_create(&b));
	program(board_vm);
	look(board_vm->host, before);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(a.disk.flushes, 1);
}

static void test_migrated_board_saves_the_same_stream(void **state)
{
	struct board_stream again = { 0 };

	assert_ok(load(&b, &stream));
	assert_ok(save(&b, &again));
	assert_int_equal(again.buf.len, stream.buf.len);
	assert_memory_equal(again.buf.data, stream.buf.data, again.buf.len);
	cf_buf_finish(&again.buf);
}

/* Loading zeros clears what firmware put into the board before. */
static void test_migrated_memory_replaces_what_was_there(void **state)
{
	uint8_t byte = 0x99;

	assert_ok(cf_guest_write(board_vm->mem, 0x40000, &byte, 1, &err));
	assert_ok(load(&b, &stream));
	assert_ok(cf_guest_read(board_vm->mem, 0x40000, &byte, 1, &err));
	assert_int_equal(byte, 0);
}

static void test_stream_that_is_cut_is_refused(void **state)
{
	size_t whole = stream.buf.len;

	for (size_t len = 0; len < whole; len += len < 200 ? 1 : 97) {
		board_destroy(&b);
		assert_true(board_create(&b));
		stream.buf.len = len;
		assert_status(COFFER_ERR_TRUNCATED, load(&b, &stream));
	}
	stream.buf.len = whole;
}

static void test_stream_that_is_changed_is_refused(void **state)
{
	for (size_t at = 0; at < stream.buf.len; at += at < 400 ? 1 : 61) {
		board_destroy(&b);
		assert_true(board_create(&b));
		stream.buf.data[at] ^= 0x10;
		if (load(&b, &stream) == COFFER_OK)
			fail_msg("byte %zu may be anything", at);
		stream.buf.data[at] ^= 0x10;
	}
}

/* Another board of this kind, refused with these words. */
static void refuse(const char *text)
{
	struct board other = b;
	struct board_stream s = { .buf = stream.buf };
	struct cf_migrate_channel c = board_channel(&s);
	static const uint8_t rom[2 * CF_PAGE_SIZE];

	assert_ok(cf_machine_create(&other.config, &other.m, &err));
	assert_ok(cf_machine_load_firmware(other.m, rom,
		strstr(text, "firmware") ? sizeof(rom) : CF_PAGE_SIZE, &err));
	if (cf_machine_load(other.m, &c, &err) == COFFER_OK)
		fail_msg("a stream of another machine is taken (%s)", text);
	assert_message(text);
	cf_machine_destroy(other.m);
}

static void test_another_machine_is_refused_by_name(void **state)
{
	struct cf_machine_config same = b.config;

	b.config.memory *= 2;
	refuse("-m: another size");
	b.config = same;
	b.config.vcpus = 2;
	refuse("-smp: another number");
	b.config = same;
	b.config.icount_shift = 3;
	refuse("-icount");
	b.config = same;
	b.config.testdev = false;
	refuse("'testdev' 0 comes where 'fw-cfg' 0 is expected");
	b.config = same;
	b.config.rng = false;
	refuse("the number of functions");
	b.config = same;
	b.config.ndrives = 0;
	b.config.console = b.config.serial[0];
	b.config.serial[0] = NULL;
	refuse("the devices differ");
	b.config = same;
	refuse("the size of the firmware");
}

static void test_header_is_looked_at(void **state)
{
	stream.buf.data[0] = 'X';
	assert_status(COFFER_ERR_FORMAT, load(&b, &stream));
	assert_message("no migration stream");
	stream.buf.data[0] = 'C';
	stream.buf.data[8] = 2;
	assert_status(COFFER_ERR_UNSUPPORTED, load(&b, &stream));
	assert_message("version 2");
}

/* The bytes of a section. */
static uint8_t *section(const char *name, size_t *len)
{
	for (size_t at = 16; at < stream.buf.len;) {
		uint8_t *frame = stream.buf.data + at;

		*len = cf_load_le32(frame + 20);
		if (strncmp((const char *)frame, name, 16) == 0)
			return frame + 24;
		at += 24 + *len + 32;
	}
	fail_msg("no section '%s'", name);
	return NULL;
}

static void sign(uint8_t *bytes, size_t len)
{
	assert_ok(cf_sha256(bytes, len, bytes + len, &err));
}

/* With -icount, time is what the vCPUs have executed: with a count of its own
 * it would pass the bound that the devices' sums rely on. */
static void test_counts_that_are_not_of_the_time_are_refused(void **state)
{
	size_t len;
	uint8_t *vcpu = section("vcpu", &len);

	cf_store_le64(vcpu, cf_load_le64(vcpu) + 1);
	sign(vcpu, len);
	assert_status(COFFER_ERR_FORMAT, load(&b, &stream));
	assert_message("counts of instructions");
	board_destroy(&b);
	assert_true(board_create(&b));
	cf_store_le64(vcpu, cf_load_le64(vcpu) - 1);
	sign(vcpu, len);
	assert_ok(load(&b, &stream));
}

/* A stream's bytes do not come to a terminal as they are. */
static void test_name_in_the_stream_is_printed_safely(void **state)
{
	size_t len;
	uint8_t *clock = section("clock", &len);

	memcpy(clock - 24, "\033[2Jx\x80", 7);
	assert_status(COFFER_ERR_FORMAT, load(&b, &stream));
	assert_message("section '?[2Jx?' 0 comes where 'clock' 0");
}

/* --- Random numbers of a seed --- */

/* The board once more, with -seed. */
static struct cf_vm *seeded(struct board *s)
{
	static const uint8_t rom[CF_PAGE_SIZE];

	cf_machine_destroy(s->m);
	s->m = NULL;
	s->config.seeded = true;
	s->config.seed = 7;
	assert_ok(cf_machine_create(&s->config, &s->m, &err));
	assert_ok(cf_machine_load_firmware(s->m, rom, sizeof(rom), &err));
	return board_vm;
}

/* The driver of the entropy device, in slot 3. */
static void start_rng(const struct cf_accel_host *h)
{
	const uint64_t common = 0xC0020000;

	config(h, 3, 0x10, 4, (uint32_t)common);
	config(h, 3, 0x04, 2, 6);
	mmio(h, common + 0x08, 4, 1); /* VERSION_1 */
	mmio(h, common + 0x0C, 4, 1);
	mmio(h, common + 0x14, 1, 0x0B);
	mmio(h, common + 0x18, 2, 8);
	mmio(h, common + 0x20, 4, 0x2000);
	mmio(h, common + 0x28, 4, 0x3000);
	mmio(h, common + 0x30, 4, 0x4000);
	mmio(h, common + 0x1C, 2, 1);
	mmio(h, common + 0x14, 1, 0x0F);
}

/* What the n-th request brings. */
static uint64_t draw(struct cf_vm *vm, uint16_t n)
{
	uint8_t desc[16] = { 0 }, avail[4] = { 0 };
	uint64_t number = 0;

	cf_store_le64(desc, 0x5000);
	cf_store_le32(desc + 8, sizeof(number));
	cf_store_le16(desc + 12, 2); /* the device writes */
	cf_store_le16(avail + 2, n);
	assert_ok(cf_guest_write(vm->mem, 0x2000, desc, sizeof(desc), &err));
	assert_ok(cf_guest_write(vm->mem, 0x3000, avail, sizeof(avail), &err));
	mmio(vm->host, 0xC0023000, 4, 0);
	assert_ok(
		cf_guest_read(vm->mem, 0x5000, &number, sizeof(number), &err));
	return number;
}

static void test_seeded_numbers_go_on_where_they_were(void **state)
{
	struct cf_vm *first, *second;
	uint64_t one, two;

	first = seeded(&a);
	start_rng(first->host);
	one = draw(first, 1);
	assert_ok(save(&a, &stream));
	assert_status(COFFER_ERR_FORMAT, load(&b, &stream));
	assert_message("-seed");
	second = seeded(&b);
	assert_ok(load(&b, &stream));
	two = draw(second, 2);
	assert_int_not_equal(two, one);
	assert_int_equal(two, draw(first, 2));
}

/* --- Standing still --- */

static atomic_int slice; /* 1: in it, 2: done */

/* A slice that takes its time to come to an end. */
static void slow_slice(struct cf_vm *vm)
{
	atomic_store(&slice, 1);
	while (cf_machine_is_running(b.m))
		usleep(1000);
	usleep(50000);
	atomic_store(&slice, 2);
}

static void *run_b(void *opaque)
{
	struct cf_machine_result result;
	struct coffer_error e;

	if (cf_machine_run(b.m, UINT64_MAX, &result, &e))
		return NULL;
	return opaque;
}

static void test_paused_machine_that_counts_stands_still(void **state)
{
	pthread_t thread;
	void *ran;

	atomic_store(&slice, 0);
	board_script = slow_slice;
	cf_machine_resume(b.m);
	assert_int_equal(pthread_create(&thread, NULL, run_b, &b), 0);
	while (!atomic_load(&slice))
		usleep(1000);
	cf_machine_pause(b.m);
	assert_int_equal(atomic_load(&slice), 2);
	cf_machine_quit(b.m);
	pthread_join(thread, &ran);
	assert_ptr_equal(ran, &b);
}

/* An instruction that repeats for days. */
static void long_slice(struct cf_vm *vm)
{
	unsigned kicks = atomic_load(&board_kicks);

	atomic_store(&slice, 1);
	for (unsigned i = 0; i < 5000; i++) {
		if (atomic_load(&board_kicks) != kicks) {
			atomic_store(&slice, 2);
			return;
		}
		usleep(1000);
	}
}

static void test_quit_ends_a_slice_that_does_not_end(void **state)
{
	pthread_t thread;
	void *ran;

	atomic_store(&slice, 0);
	board_script = long_slice;
	cf_machine_resume(b.m);
	assert_int_equal(pthread_create(&thread, NULL, run_b, &b), 0);
	while (!atomic_load(&slice))
		usleep(1000);
	cf_machine_quit(b.m);
	pthread_join(thread, &ran);
	assert_ptr_equal(ran, &b);
	assert_int_equal(atomic_load(&slice), 2);
}

/* The guest turned itself off while somebody was about to save it. */
static void test_machine_that_has_ended_is_not_saved(void **state)
{
	cf_machine_reset(a.m);
	cf_machine_pause(a.m);
	assert_status(COFFER_ERR_STATE, save(&a, &stream));
	assert_message("has ended");
}

/* A comparator at the end of time, then nothing to do. */
static void sleep_for_ever(struct cf_vm *vm)
{
	const struct cf_accel_host *h = vm->host;

	mmio(h, 0xFED00010, 8, 1);
	mmio(h, 0xFED00108, 8, INT64_MAX / 10 - 1);
	h->idle(h->opaque, 0);
	atomic_store(&slice, 1);
}

static void test_time_is_not_skipped_to_its_end(void **state)
{
	const struct cf_accel_host *h = board_vm->host;
	pthread_t thread;
	void *ran;

	atomic_store(&slice, 0);
	board_script = sleep_for_ever;
	board_goes_on = true;
	cf_machine_resume(b.m);
	assert_int_equal(pthread_create(&thread, NULL, run_b, &b), 0);
	while (!atomic_load(&slice))
		usleep(1000);
	usleep(20000);
	cf_machine_quit(b.m);
	pthread_join(thread, &ran);
	board_goes_on = false;
	assert_ptr_equal(ran, &b);
	assert_true(mmio_in(h, 0xFED000F0, 8) < 1000000);
}

static void test_what_cannot_be_migrated_says_why(void **state)
{
	struct cf_accel_ops engine = board_engine;
	struct cf_machine_config c = b.config;
	struct cf_machine *m;

	engine.vcpu_state = NULL;
	engine.name = "kvm";
	c.accel = &engine;
	c.serial[0] = NULL;
	assert_ok(cf_machine_create(&c, &m, &err));
	assert_status(COFFER_ERR_UNSUPPORTED, cf_machine_can_migrate(m, &err));
	assert_message("kvm engine cannot save");
	cf_machine_destroy(m);
	c.accel = &board_engine;
	c.platform = CF_PLATFORM_SEV_SNP;
	c.cbit = 51;
	assert_ok(cf_machine_create(&c, &m, &err));
	assert_status(COFFER_ERR_UNSUPPORTED, cf_machine_can_migrate(m, &err));
	assert_message("migration agent");
	cf_machine_destroy(m);
	cf_machine_resume(a.m);
	assert_status(COFFER_ERR_STATE, save(&a, &stream));
	assert_message("is running");
}

static void test_save_that_is_cancelled_stops(void **state)
{
	struct cf_migrate_progress p = { 0 };
	struct board_stream s = { 0 };
	struct cf_migrate_channel c = board_channel(&s);

	assert_ok(cf_machine_save(a.m, &c, &p, &err));
	assert_int_equal(
		atomic_load(&p.total), BOARD_RAM + CF_PAGE_SIZE /* firmware */);
	assert_int_equal(atomic_load(&p.done), atomic_load(&p.total));
	assert_int_equal(atomic_load(&p.sent), s.buf.len);
	assert_int_equal(
		(atomic_load(&p.zero_pages) + atomic_load(&p.normal_pages)),
		BOARD_RAM / CF_PAGE_SIZE + 1 /* firmware */);
	atomic_store(&p.cancel, true);
	assert_status(COFFER_ERR_STATE, cf_machine_save(a.m, &c, &p, &err));
	assert_message("cancelled");
	cf_buf_finish(&s.buf);
}

#define migrate_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		migrate_test(test_migrated_board_is_the_same_to_the_guest),
		migrate_test(test_migrated_board_saves_the_same_stream),
		migrate_test(test_migrated_memory_replaces_what_was_there),
		migrate_test(test_stream_that_is_cut_is_refused),
		migrate_test(test_stream_that_is_changed_is_refused),
		migrate_test(test_another_machine_is_refused_by_name),
		migrate_test(test_header_is_looked_at),
		migrate_test(test_counts_that_are_not_of_the_time_are_refused),
		migrate_test(test_name_in_the_stream_is_printed_safely),
		migrate_test(test_seeded_numbers_go_on_where_they_were),
		migrate_test(test_paused_machine_that_counts_stands_still),
		migrate_test(test_quit_ends_a_slice_that_does_not_end),
		migrate_test(test_machine_that_has_ended_is_not_saved),
		migrate_test(test_time_is_not_skipped_to_its_end),
		migrate_test(test_what_cannot_be_migrated_says_why),
		migrate_test(test_save_that_is_cancelled_stops),
	};

	return cmocka_run_group_tests_name(
		"machine_migrate", tests, NULL, NULL);
}
