/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor on real sockets: many clients, half-closed ones, deaf ones. */
#include "test.h"

#include "monitor/monitor.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct coffer_error err;
static struct cf_monitor *mon;
static char dir[] = "/tmp/coffer-test-XXXXXX";
static char path[64];

static enum cf_run_state run_state(void *opaque)
{
	return CF_RUN_RUNNING;
}

static const struct cf_monitor_vm vm = { .run_state = run_state };

static int setup(void **state)
{
	char where[128];

	strcpy(dir, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(where, sizeof(where), "unix:%s,server=on,wait=off", path);
	return cf_monitor_create(&vm, NULL, &mon, &err) ||
		cf_monitor_listen(mon, where, &err);
}

static int teardown(void **state)
{
	cf_monitor_destroy(mon);
	unlink(path);
	rmdir(dir);
	return 0;
}

static int connect_client(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Read until the text was seen; fails when the peer closes or says nothing
 * for ten seconds. */
static void expect(int fd, const char *want)
{
	char got[8192];
	size_t len = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 10000), 1);
		n = read(fd, got + len, sizeof(got) - 1 - len);
		if (n <= 0)
			fail_msg("closed before '%s'", want);
		len += (size_t)n;
		got[len] = '\0';
		if (strstr(got, want))
			return;
	}
}

static void expect_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

static void test_sixty_four_clients_are_served_at_once(void **state)
{
	int fd[64];

	for (size_t i = 0; i < 64; i++)
		fd[i] = connect_client();
	for (size_t i = 0; i < 64; i++) {
		expect(fd[i], "\"QMP\"");
		send_text(fd[i], "{\"execute\":\"qmp_capabilities\"}");
		expect(fd[i], "return");
	}
	cf_monitor_event(mon, "RESUME", NULL);
	for (size_t i = 0; i < 64; i++) {
		expect(fd[i], "RESUME");
		close(fd[i]);
	}
}

static void test_half_closed_client_gets_its_answers(void **state)
{
	int fd = connect_client();

	send_text(fd,
		"{\"execute\":\"qmp_capabilities\"}"
		"{\"execute\":\"query-status\"}");
	shutdown(fd, SHUT_WR);
	expect(fd, "\"running\": true");
	expect_end(fd);
}

static void test_client_that_sends_and_never_reads_is_dropped(void **state)
{
	static const char ask[] = "{\"execute\":\"query-commands\"}\n";
	int deaf = connect_client(), other;
	bool dropped = false;

	send_text(deaf, "{\"execute\":\"qmp_capabilities\"}\n");
	/* Each question costs the monitor about a kilobyte of answer. */
	for (size_t i = 0; i < 20000 && !dropped; i++)
		dropped = send(deaf, ask, sizeof(ask) - 1, MSG_NOSIGNAL) < 0;
	assert_true(dropped);
	close(deaf);
	other = connect_client();
	expect(other, "\"QMP\"");
	close(other);
}

static void test_stopping_the_monitor_closes_its_clients(void **state)
{
	int fd = connect_client();

	expect(fd, "\"QMP\"");
	cf_monitor_destroy(mon);
	mon = NULL;
	expect_end(fd);
}

#define server_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_sixty_four_clients_are_served_at_once),
		server_test(test_half_closed_client_gets_its_answers),
		server_test(test_client_that_sends_and_never_reads_is_dropped),
		server_test(test_stopping_the_monitor_closes_its_clients),
	};

	return cmocka_run_group_tests_name("monitor_server", tests, NULL, NULL);
}
