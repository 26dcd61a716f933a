/* SPDX-License-Identifier: Apache-2.0 */
/* The GDB protocol on a machine that is a table of bytes. */
#include "base/base.h"
#include "machine/gdb/gdb_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fake {
	struct cf_gdb gdb;
	struct cf_gdb_target target;
	struct cf_cpu_state state[2];
	uint8_t mem[64]; /* at 0x1000 */
	struct cf_debug_point points[8];
	size_t npoints;
	int resumed; /* times */
	int step;
	bool stop_asked, quit;
};

static bool get_state(void *opaque, unsigned vcpu, struct cf_cpu_state *s)
{
	*s = ((struct fake *)opaque)->state[vcpu];
	return true;
}

static bool set_state(void *opaque, unsigned vcpu, const struct cf_cpu_state *s)
{
	((struct fake *)opaque)->state[vcpu] = *s;
	return true;
}

static bool read_mem(
	void *opaque, unsigned vcpu, uint64_t addr, void *p, size_t len)
{
	struct fake *f = opaque;

	if (addr < 0x1000 || !cf_range_ok(addr - 0x1000, len, sizeof f->mem))
		return false;
	memcpy(p, f->mem + (addr - 0x1000), len);
	return true;
}

static bool write_mem(
	void *opaque, unsigned vcpu, uint64_t addr, const void *p, size_t len)
{
	struct fake *f = opaque;

	if (addr < 0x1000 || !cf_range_ok(addr - 0x1000, len, sizeof f->mem))
		return false;
	memcpy(f->mem + (addr - 0x1000), p, len);
	return true;
}

static bool set_points(
	void *opaque, const struct cf_debug_point *points, size_t n)
{
	struct fake *f = opaque;

	memcpy(f->points, points, n * sizeof *points);
	f->npoints = n;
	return true;
}

static void resume(void *opaque, int step)
{
	struct fake *f = opaque;

	f->resumed++;
	f->step = step;
}

static void stop(void *opaque)
{
	((struct fake *)opaque)->stop_asked = true;
}

static void quit(void *opaque)
{
	((struct fake *)opaque)->quit = true;
}

static int setup(void **state)
{
	static struct fake f;

	memset(&f, 0, sizeof f);
	f.target = (struct cf_gdb_target) { .opaque = &f,
		.nvcpus = 2,
		.get_state = get_state,
		.set_state = set_state,
		.read = read_mem,
		.write = write_mem,
		.set_points = set_points,
		.resume = resume,
		.stop = stop,
		.quit = quit };
	cf_gdb_init(&f.gdb, &f.target);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	cf_gdb_finish(&((struct fake *)*state)->gdb);
	return 0;
}

/* The sum is computed here a second time, by the protocol's definition. */
static void send(struct fake *f, const char *payload)
{
	char frame[512];
	unsigned sum = 0;

	for (const char *p = payload; *p; p++)
		sum += (unsigned char)*p;
	snprintf(frame, sizeof frame, "$%s#%02x", payload, sum & 0xff);
	f->gdb.out.len = 0;
	cf_gdb_feed(&f->gdb, (const uint8_t *)frame, strlen(frame));
}

/* The whole output, without acknowledgement, is one packet with this. */
static void expect(struct fake *f, const char *payload)
{
	const char *text = cf_buf_text(&f->gdb.out);
	char frame[1200];
	unsigned sum = 0;

	for (const char *p = payload; *p; p++)
		sum += (unsigned char)*p;
	snprintf(frame, sizeof frame, "$%s#%02x", payload, sum & 0xff);
	if (*text == '+')
		text++;
	assert_string_equal(text, frame);
}

static void test_gdb_acknowledges_and_rejects(void **state)
{
	struct fake *f = *state;

	cf_gdb_feed(&f->gdb, (const uint8_t *)"$qC#b4", 6);
	assert_string_equal(cf_buf_text(&f->gdb.out), "+$QC1#c5");
	f->gdb.out.len = 0;
	cf_gdb_feed(&f->gdb, (const uint8_t *)"$qC#b5", 6);
	assert_string_equal(cf_buf_text(&f->gdb.out), "-");
	send(f, "QStartNoAckMode");
	send(f, "qC");
	assert_string_equal(cf_buf_text(&f->gdb.out), "$QC1#c5");
}

static void test_gdb_refuses_long_packets(void **state)
{
	struct fake *f = *state;

	cf_gdb_feed(&f->gdb, (const uint8_t *)"$", 1);
	for (int i = 0; i < 2 * CF_GDB_PACKET_MAX; i++)
		cf_gdb_feed(&f->gdb, (const uint8_t *)"m", 1);
	cf_gdb_feed(&f->gdb, (const uint8_t *)"#00", 3);
	assert_string_equal(cf_buf_text(&f->gdb.out), "-");
	send(f, "qC");
	expect(f, "QC1");
}

static void test_gdb_answers_unknown_with_nothing(void **state)
{
	struct fake *f = *state;

	send(f, "vMustReplyEmpty");
	expect(f, "");
	send(f, "bogus");
	expect(f, "");
}

static void test_gdb_reads_and_writes_registers(void **state)
{
	struct fake *f = *state;

	f->state[0].gpr[CF_RAX] = 0x1122334455667788;
	f->state[0].gpr[CF_RBX] = 0x99;
	f->state[0].rip = 0xfff0;
	f->state[0].seg[CF_SEG_CS].selector = 0x10;
	send(f, "p0");
	expect(f, "8877665544332211");
	send(f, "p1"); /* GDB's second is RBX */
	expect(f, "9900000000000000");
	send(f, "p10");
	expect(f, "f0ff000000000000");
	send(f, "p12");
	expect(f, "10000000");
	send(f, "P7=0010000000000000");
	expect(f, "OK");
	assert_true(f->state[0].gpr[CF_RSP] == 0x1000);
	send(f, "P7=00");
	expect(f, "E01");
	send(f, "pff");
	expect(f, "E01");
}

static void test_gdb_writes_back_what_it_read(void **state)
{
	struct fake *f = *state;
	struct cf_cpu_state before;
	char packet[2048] = "G", frame[2100];
	const char *text;
	unsigned sum = 0;

	memset(f->state[0].xmm, 0x42, sizeof f->state[0].xmm);
	f->state[0].mxcsr = 0x1f80;
	f->state[0].rflags = 0x246;
	before = f->state[0];
	send(f, "g");
	text = cf_buf_text(&f->gdb.out);
	text = strchr(text, '$') + 1;
	strncat(packet, text, (size_t)(strchr(text, '#') - text));
	memset(&f->state[0], 0, sizeof f->state[0]);
	for (const char *p = packet; *p; p++)
		sum += (unsigned char)*p;
	snprintf(frame, sizeof frame, "$%s#%02x", packet, sum & 0xff);
	f->gdb.out.len = 0;
	cf_gdb_feed(&f->gdb, (const uint8_t *)frame, strlen(frame));
	expect(f, "OK");
	assert_memory_equal(&f->state[0], &before, sizeof before);
}

static void test_gdb_reads_and_writes_memory(void **state)
{
	struct fake *f = *state;

	memcpy(f->mem, "\x01\x02\x03\x04", 4);
	send(f, "m1000,4");
	expect(f, "01020304");
	send(f, "m0,4");
	expect(f, "E01");
	/* Up to the end of what is mapped. */
	send(f, "m103e,4");
	expect(f, "0000");
	send(f, "M1001,2:aabb");
	expect(f, "OK");
	assert_int_equal(f->mem[1], 0xaa);
	send(f, "M1001,3:aabb");
	expect(f, "E01");
	send(f, "X1001,0:");
	expect(f, "OK");
	send(f, "X1004,2:}\x03z"); /* an escaped # */
	expect(f, "OK");
	assert_int_equal(f->mem[4], '#');
	assert_int_equal(f->mem[5], 'z');
	send(f, "mffffffffffffffff,ff");
	expect(f, "E01");
}

static void test_gdb_keeps_breakpoints(void **state)
{
	struct fake *f = *state;

	send(f, "Z0,401000,1");
	expect(f, "OK");
	send(f, "Z2,1000,8");
	expect(f, "OK");
	assert_int_equal(f->npoints, 2);
	assert_int_equal(f->points[1].kind, CF_DEBUG_WRITE);
	assert_int_equal(f->points[1].len, 8);
	send(f, "Z0,401000,1"); /* again: no change */
	assert_int_equal(f->npoints, 2);
	send(f, "z0,401000,1");
	expect(f, "OK");
	assert_int_equal(f->npoints, 1);
	send(f, "Z9,1,1");
	expect(f, "E01");
	send(f, "Z2,1000,0");
	expect(f, "E01");
}

static void test_gdb_runs_and_reports_stops(void **state)
{
	struct fake *f = *state;
	struct cf_stop_info why = {
		.why = CF_STOP_DEBUG, .code = CF_DEBUG_HIT_WRITE, .gpa = 0x1008
	};

	send(f, "vCont;c");
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->step, -1);
	f->gdb.out.len = 0;
	cf_gdb_stopped(&f->gdb, 1, &why);
	expect(f, "T05thread:2;watch:1008;");
	send(f, "vCont;s:1;c");
	assert_int_equal(f->step, 0);
	why.code = CF_DEBUG_HIT_STEP;
	f->gdb.out.len = 0;
	cf_gdb_stopped(&f->gdb, 0, &why);
	expect(f, "T05thread:1;");
	send(f, "?");
	expect(f, "T05thread:1;");
	send(f, "c");
	cf_gdb_feed(&f->gdb, (const uint8_t *)"\x03", 1);
	assert_true(f->stop_asked);
	why.why = CF_STOP_KICK;
	f->gdb.out.len = 0;
	cf_gdb_stopped(&f->gdb, 0, &why);
	expect(f, "T02thread:1;");
}

static void test_gdb_lists_threads(void **state)
{
	struct fake *f = *state;

	send(f, "qfThreadInfo");
	expect(f, "m1,2");
	send(f, "qsThreadInfo");
	expect(f, "l");
	send(f, "Hg2");
	expect(f, "OK");
	f->state[1].gpr[CF_RAX] = 7;
	send(f, "p0");
	expect(f, "0700000000000000");
	send(f, "T2");
	expect(f, "OK");
	send(f, "T3");
	expect(f, "E01");
	send(f, "qThreadExtraInfo,2");
	expect(f, "764350552031"); /* "vCPU 1" */
}

static void test_gdb_sends_description_in_pieces(void **state)
{
	struct fake *f = *state;
	char want[64];

	send(f, "qXfer:features:read:target.xml:0,10");
	snprintf(want, sizeof want, "m%.16s", cf_gdb_target_xml);
	expect(f, want);
	snprintf(want, sizeof want, "qXfer:features:read:target.xml:%zx,10",
		strlen(cf_gdb_target_xml) - 9);
	send(f, want);
	expect(f, "l</target>");
}

static void test_gdb_detaches(void **state)
{
	struct fake *f = *state;

	send(f, "Z0,1000,1");
	send(f, "D");
	expect(f, "OK");
	assert_int_equal(f->npoints, 0);
	assert_int_equal(f->resumed, 1);
	assert_true(f->gdb.detached);
	send(f, "k");
	assert_true(f->quit);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_gdb_acknowledges_and_rejects),
		TEST(test_gdb_refuses_long_packets),
		TEST(test_gdb_answers_unknown_with_nothing),
		TEST(test_gdb_reads_and_writes_registers),
		TEST(test_gdb_writes_back_what_it_read),
		TEST(test_gdb_reads_and_writes_memory),
		TEST(test_gdb_keeps_breakpoints),
		TEST(test_gdb_runs_and_reports_stops),
		TEST(test_gdb_lists_threads),
		TEST(test_gdb_sends_description_in_pieces),
		TEST(test_gdb_detaches),
	};

	return cmocka_run_group_tests_name("gdb", tests, NULL, NULL);
}
