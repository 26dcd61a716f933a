/* SPDX-License-Identifier: Apache-2.0 */
/* What the library tells of long work, and how it is shown on a terminal. */
#include "test.h"

#include "cli/progress.h"
#include "plan/plan.h"
#include "sp/sp.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct coffer_error err;
static const struct cli_command command = { .name = "measure" };

/* --- the terminal --- */

static uint64_t now;

static uint64_t clock_of_test(void)
{
	return now;
}

struct screen {
	int master;
	FILE *to;
	struct cli_progress p;
	char text[1024];
};

static void open_screen(struct screen *s, unsigned short columns, bool quiet)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	int slave;

	setenv("TERM", "xterm", 1);
	assert_int_equal(openpty(&s->master, &slave, NULL, NULL, &size), 0);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
	s->to = fdopen(slave, "w");
	assert_non_null(s->to);
	cli_progress_begin(&s->p, &command, s->to, quiet);
	s->p.now_ms = clock_of_test;
	s->p.begin_ms = now = 5000;
}

static void close_screen(struct screen *s)
{
	fclose(s->to);
	close(s->master);
}

/* What came since the last time. */
static const char *seen(struct screen *s)
{
	ssize_t n = read(s->master, s->text, sizeof(s->text) - 1);

	s->text[n > 0 ? n : 0] = '\0';
	return s->text;
}

static void tell(struct screen *s, uint64_t at, uint64_t done, uint64_t total)
{
	now = 5000 + at;
	cf_progress_tell(cli_progress(&s->p), "measuring", done, total);
}

static void test_progress_shows_one_line_after_a_second(void **state)
{
	struct screen s;

	open_screen(&s, 80, false);
	tell(&s, 0, 0, 200);
	tell(&s, 999, 90, 200);
	assert_string_equal(seen(&s), "");
	tell(&s, 1000, 100, 200);
	assert_string_equal(
		seen(&s), "\rcoffer measure: measuring, 50 %\033[K");
	tell(&s, 1099, 101, 200); /* too soon */
	assert_string_equal(seen(&s), "");
	tell(&s, 1100, 200, 200);
	assert_string_equal(
		seen(&s), "\rcoffer measure: measuring, 100 %\033[K");
	cli_progress_hide(&s.p);
	assert_string_equal(seen(&s), "\r\033[K");
	cli_progress_end(&s.p);
	assert_string_equal(seen(&s), ""); /* it was gone already */
	tell(&s, 3000, 200, 200);
	assert_string_equal(seen(&s), "");
	close_screen(&s);
}

static void test_progress_without_a_total_counts(void **state)
{
	struct screen s;

	open_screen(&s, 80, false);
	tell(&s, 1500, 4096, 0);
	assert_string_equal(
		seen(&s), "\rcoffer measure: measuring, 4096\033[K");
	tell(&s, 3900, 0, 0);
	assert_string_equal(seen(&s), "\rcoffer measure: measuring, 3 s\033[K");
	cli_progress_end(&s.p);
	close_screen(&s);
}

static void test_progress_does_not_wrap(void **state)
{
	struct screen s;

	open_screen(&s, 12, false);
	tell(&s, 1000, 1, 2);
	assert_string_equal(seen(&s), "\rcoffer meas\033[K");
	close_screen(&s);
}

static void test_progress_is_for_terminals_only(void **state)
{
	struct cli_progress p;
	struct screen s;
	FILE *file = tmpfile();

	cli_progress_begin(&p, &command, file, false);
	assert_null(cli_progress(&p));
	fclose(file);
	open_screen(&s, 80, true); /* --json, -quiet */
	assert_null(cli_progress(&s.p));
	setenv("TERM", "dumb", 1);
	cli_progress_begin(&s.p, &command, s.to, false);
	assert_null(cli_progress(&s.p));
	close_screen(&s);
}

/* --- the library --- */

struct told {
	const char *what;
	uint64_t done, total;
	unsigned times;
};

static void on_told(
	void *opaque, const char *what, uint64_t done, uint64_t total)
{
	struct told *t = opaque;

	assert_true(done >= t->done || !t->times);
	assert_true(done <= total);
	*t = (struct told) { what, done, total, t->times + 1 };
}

/* The digest is the same whether somebody listens or not. */
static void digest_is_told(enum cf_platform platform, uint64_t total)
{
	const size_t len = 40u << 20;
	uint8_t *image = calloc(len, 1);
	struct cf_step step = { .kind = CF_STEP_RANGE,
		.len = len,
		.data = image,
		.type = CF_PAGE_NORMAL };
	struct cf_plan plan = {
		.platform = platform, .step = &step, .nsteps = 1
	};
	struct told t = { 0 };
	const struct cf_progress p = { &t, on_told };
	uint8_t alone[CF_DIGEST_MAX], told[CF_DIGEST_MAX];
	size_t n;

	for (size_t i = 0; i < len; i += 4096)
		memcpy(image + i, &i, sizeof(i));
	assert_ok(cf_launch_digest(&plan, NULL, alone, &n, &err));
	plan.progress = &p;
	assert_ok(cf_launch_digest(&plan, NULL, told, &n, &err));
	assert_memory_equal(alone, told, n);
	assert_true(t.times >= 2);
	assert_string_equal(t.what, "measuring");
	assert_int_equal(t.total, total);
	free(image);
}

static void test_progress_of_digests(void **state)
{
	digest_is_told(CF_PLATFORM_SEV, 40u << 20);     /* bytes */
	digest_is_told(CF_PLATFORM_TDX, 40u << 20);     /* bytes */
	digest_is_told(CF_PLATFORM_SEV_SNP, 10u << 10); /* pages */
}

static void test_progress_of_writing(void **state)
{
	const size_t len = 33u << 20;
	uint8_t *bytes = calloc(len, 1), *back;
	struct told t = { 0 };
	const struct cf_progress p = { &t, on_told };
	size_t n;

	bytes[len - 1] = 7;
	assert_ok(
		cf_write_file_told("progress.tmp", 0600, bytes, len, &p, &err));
	assert_true(t.times >= 3);
	assert_int_equal(t.done, len);
	assert_ok(cf_read_file("progress.tmp", len, &back, &n, &err));
	assert_int_equal(n, len);
	assert_memory_equal(back, bytes, len);
	unlink("progress.tmp");
	free(back);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_progress_shows_one_line_after_a_second),
		cmocka_unit_test(test_progress_without_a_total_counts),
		cmocka_unit_test(test_progress_does_not_wrap),
		cmocka_unit_test(test_progress_is_for_terminals_only),
		cmocka_unit_test(test_progress_of_digests),
		cmocka_unit_test(test_progress_of_writing),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
