/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs-path on the fake kernel, from the command line to the answer that the
 * guest gets: the table, too little room, a file that is being changed, one
 * that is broken, kernels that do not ask.
 */
#include "test.h"

#include "cli/run/run_priv.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "syn.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TABLE_LEN 5000u
#define GPA       0x100000u

static struct coffer_error err;
static struct fake_kvm fake;
static char dir[32], firmware[64], table[64], said[4096];
static const struct cli_command self = { .name = "run" };
/* At each KVM_RUN: is the file locked against writers? */
static bool locked[8];
static unsigned runs;
static uint8_t given[TABLE_LEN];
static bool truncate_first;

static void write_table(size_t len)
{
	uint8_t t[TABLE_LEN] = { 0 };

	memset(t, 0x63, 16);
	cf_store_le32(t + 16, 48);
	cf_store_le32(t + 20, TABLE_LEN - 48);
	memset(t + 48, 0xce, TABLE_LEN - 48);
	assert_ok(cf_write_file(table, 0600, t, len, &err));
}

static int group_setup(void **state)
{
	uint8_t image[SYN_LEN];

	strcpy(dir, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(firmware, sizeof(firmware), "%s/OVMF.fd", dir);
	snprintf(table, sizeof(table), "%s/table", dir);
	make_syn(image);
	return cf_write_file(firmware, 0600, image, sizeof(image), &err);
}

static int group_teardown(void **state)
{
	unlink(firmware);
	unlink(table);
	return rmdir(dir);
}

static bool try_lock(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &fl) == 0;
}

static bool is_locked(void)
{
	int fd = open(table, O_RDWR | O_CLOEXEC);
	bool free = fd >= 0 && try_lock(fd, F_WRLCK);

	close(fd);
	return !free;
}

static void on_run(struct fake_kvm *f, unsigned vcpu)
{
	if (runs < CF_ARRAY_LEN(locked))
		locked[runs] = is_locked();
	if (runs == 0 && truncate_first)
		assert_int_equal(truncate(table, 100), 0);
	if (runs == 1)
		memcpy(given, (const void *)(uintptr_t)(f->slot[0].hva + GPA),
			TABLE_LEN);
	runs++;
}

static void prepare(uint64_t npages)
{
	fake_kvm_init(&fake);
	fake.last_word = 0x10;
	fake.exit_reason = CF_KVM_EXIT_SNP_REQ_CERTS;
	fake.exit_data[0] = GPA;
	fake.exit_data[1] = npages;
	fake.on_run = on_run;
	memset(locked, 0, sizeof(locked));
	memset(given, 0, sizeof(given));
	runs = 0;
	truncate_first = false;
	said[0] = '\0';
}

/* The command on the fake kernel; its standard error goes to said. */
static int run(const char *object)
{
	const char *argv[] = { "run", "-accel", "kvm", "-m", "64", "-serial",
		"null", "-no-seccomp", "-device",
		"isa-debug-exit,iobase=0xf4,iosize=0x4", "-machine",
		"q35,confidential-guest-support=sev0", "-bios", firmware,
		"-object", object };
	struct cf_kvm_sys sys = fake_kvm_sys(&fake);
	int saved = dup(STDERR_FILENO), status, to;
	char path[80];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stderr", dir);
	to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	dup2(to, STDERR_FILENO);
	status = run_guest(
		CF_ARRAY_LEN(argv), (char **)(uintptr_t)argv, &self, &sys);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(to, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(to);
	unlink(path);
	assert_int_equal(fake.open_fds, 0);
	return status;
}

static int run_with_certs(void)
{
	char object[192];

	snprintf(object, sizeof(object),
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,"
		"certs-path=%s",
		table);
	return run(object);
}

static void assert_answer(uint64_t ret, uint64_t npages)
{
	assert_int_equal(run_with_certs(), 0x21);
	assert_string_equal(fake.complaint, "");
	assert_true(fake.certs_answered);
	assert_int_equal(fake.certs_ret, ret);
	assert_int_equal(fake.certs_npages, npages);
}

static void assert_refused(const char *text)
{
	assert_int_equal(run_with_certs(), CLI_FAILED);
	if (!strstr(said, text))
		fail_msg("said '%s', not '%s'", said, text);
	assert_int_equal(runs, 0);
}

static void test_certs_reach_the_guest_under_the_lock(void **state)
{
	write_table(TABLE_LEN);
	prepare(2);
	assert_answer(0, 2);
	assert_non_null(strstr(fake.calls, "INIT2 REQ_CERTS SNP_START"));
	assert_int_equal(given[0], 0x63);
	assert_int_equal(given[TABLE_LEN - 1], 0xce);
	/* Entered; again to complete the request; and on. */
	assert_false(locked[0]);
	assert_true(locked[1]);
	assert_false(locked[2]);
	assert_int_equal(runs, 3);
}

static void test_certs_too_little_room_says_how_much(void **state)
{
	write_table(TABLE_LEN);
	prepare(1);
	assert_answer(ENOSPC, 2);
	assert_int_equal(given[0], 0);
	assert_false(locked[2]);
}

static void test_certs_that_are_being_changed_are_for_later(void **state)
{
	int fd;

	write_table(TABLE_LEN);
	prepare(2);
	fd = open(table, O_RDWR | O_CLOEXEC);
	assert_true(try_lock(fd, F_WRLCK));
	assert_answer(EAGAIN, 2);
	close(fd);
	assert_int_equal(given[0], 0);
}

static void test_certs_broken_while_the_guest_runs_are_an_error(void **state)
{
	write_table(TABLE_LEN);
	prepare(2);
	truncate_first = true;
	assert_answer(EIO, 2);
	assert_non_null(strstr(said, "outside the file"));
	assert_false(locked[2]);
}

static void test_certs_outside_memory_are_an_error(void **state)
{
	write_table(TABLE_LEN);
	prepare(2);
	fake.exit_data[0] = 0x1000000000;
	assert_answer(EIO, 2);
	assert_false(locked[2]);
}

static void test_certs_file_is_looked_at_before_the_start(void **state)
{
	unlink(table);
	prepare(2);
	assert_refused("cannot open");
	write_table(10);
	prepare(2);
	assert_refused("10 bytes; a certificate table has from 24");
	write_table(24);
	prepare(2);
	assert_refused("outside the file of 0x18");
	write_table(TABLE_LEN);
	truncate_first = false;
	assert_ok(cf_write_file(table, 0600,
		"not a table, but text that is "
		"long enough",
		41, &err));
	prepare(2);
	assert_refused("certificate table");
}

static void test_certs_need_a_kernel_that_asks(void **state)
{
	write_table(TABLE_LEN);
	prepare(2);
	fake.no_req_certs = true;
	assert_refused("Linux 7.0 or newer");
	assert_null(strstr(fake.calls, "REQ_CERTS"));
	prepare(2);
	fake.fail_id = CF_KVM_SEV_SNP_ENABLE_REQ_CERTS;
	fake.fail_errno = EINVAL;
	assert_refused("SNP_ENABLE_REQ_CERTS");
}

static void test_without_certs_path_nothing_is_asked_for(void **state)
{
	prepare(2);
	assert_int_equal(
		run("sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1"),
		CLI_FAILED);
	assert_null(strstr(fake.calls, "REQ_CERTS"));
	assert_non_null(strstr(said, "was not asked for"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certs_reach_the_guest_under_the_lock),
		cmocka_unit_test(test_certs_too_little_room_says_how_much),
		cmocka_unit_test(
			test_certs_that_are_being_changed_are_for_later),
		cmocka_unit_test(
			test_certs_broken_while_the_guest_runs_are_an_error),
		cmocka_unit_test(test_certs_outside_memory_are_an_error),
		cmocka_unit_test(test_certs_file_is_looked_at_before_the_start),
		cmocka_unit_test(test_certs_need_a_kernel_that_asks),
		cmocka_unit_test(test_without_certs_path_nothing_is_asked_for),
	};

	return cmocka_run_group_tests_name(
		"run_certs", tests, group_setup, group_teardown);
}
