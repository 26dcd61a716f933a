/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remote disks: their names, and a server that breaks its promises.  The
 * server speaks the old handshake of NBD, which is one message.
 */
#include "test.h"

#include "config.h"
#include "machine/backend/nbd_priv.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct coffer_error err;

static void assert_uri(const char *name, const char *want)
{
	struct cf_buf out = { 0 };

	assert_ok(cf_nbd_uri(name, &out, &err));
	assert_string_equal(cf_buf_text(&out), want);
	cf_buf_finish(&out);
}

static void test_nbd_names_become_uris(void **state)
{
	assert_uri("nbd://host/x", "nbd://host/x");
	assert_uri("nbd+unix:///?socket=/s", "nbd+unix:///?socket=/s");
	assert_uri("nbd:unix:/tmp/a b", "nbd+unix:///?socket=/tmp/a%20b");
	assert_uri("nbd:unix:/s:exportname=one two",
		"nbd+unix:///one%20two?socket=/s");
	assert_uri("nbd:localhost:10809", "nbd://localhost:10809/");
	assert_uri("nbd:[::1]:1:exportname=d", "nbd://[::1]:1/d");
	/* Nothing in a name can add a parameter to the URI. */
	assert_uri("nbd:unix:/s&tls-certificates=/x?#",
		"nbd+unix:///?socket=/s%26tls-certificates%3D/x%3F%23");
}

static void test_nbd_names_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = { "nbd:", "nbd:host",
		"nbd:host:", "nbd::10809", "nbd:host:0", "nbd:host:65536",
		"nbd:host:http", "nbd:unix:", "nbd:user@host:1", "nbd:a/b:1" };

	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		struct cf_buf out = { 0 };

		assert_status(
			COFFER_ERR_ARGUMENT, cf_nbd_uri(bad[i], &out, &err));
		assert_message(bad[i]);
		cf_buf_finish(&out);
	}
}

static void test_nbd_names_are_told_from_files(void **state)
{
	assert_true(cf_nbd_is_name("nbd:unix:/s"));
	assert_true(cf_nbd_is_name("nbds://host/"));
	assert_false(cf_nbd_is_name("nbd.img"));
	assert_false(cf_nbd_is_name("/tmp/nbd://x"));
}

#if HAVE_LIBNBD

/* What the server does with the first request, or instead of it. */
enum manner {
	HONEST,
	GARBAGE_GREETING,
	HANGS_UP_AT_ONCE,
	ODD_SIZE,
	READ_ONLY,
	HANGS_UP,
	HALF_AN_ANSWER,
	SAYS_ERROR,
	WRONG_MAGIC,
	WRONG_HANDLE,
	SILENT,
};

struct server {
	enum manner manner;
	int listener;
	char dir[32], uri[96];
	pthread_t thread;
};

static bool get(int fd, void *p, size_t n)
{
	return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void put(int fd, const void *p, size_t n)
{
	(void)!send(fd, p, n, MSG_NOSIGNAL);
}

static void greet(int fd, enum manner m)
{
	uint8_t hello[152] = "NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53";
	uint64_t size = m == ODD_SIZE ? 1000 : 4096;

	if (m == GARBAGE_GREETING)
		memset(hello, 'x', 16);
	cf_store_be64(hello + 16, size);
	hello[27] = m == READ_ONLY ? 3 : 1;
	put(fd, hello, sizeof(hello));
}

static void answer(int fd, enum manner m, const uint8_t *request)
{
	uint8_t reply[16 + 512] = { 0x67, 0x44, 0x66, 0x98 };
	size_t len = 16 + cf_load_be32(request + 24);

	if (len > sizeof(reply))
		return;
	memcpy(reply + 8, request + 8, 8);
	memset(reply + 16, 0x5a, sizeof(reply) - 16);
	if (m == SAYS_ERROR) {
		reply[7] = 5;
		len = 16;
	}
	if (m == WRONG_MAGIC)
		reply[0] = 0;
	if (m == WRONG_HANDLE)
		reply[8] ^= 0xff;
	put(fd, reply, m == HALF_AN_ANSWER ? len / 2 : len);
}

static void *serve(void *opaque)
{
	struct server *s = opaque;
	int fd = accept(s->listener, NULL, NULL);
	uint8_t request[28];

	if (fd < 0)
		return NULL;
	if (s->manner != HANGS_UP_AT_ONCE)
		greet(fd, s->manner);
	while (s->manner != HANGS_UP_AT_ONCE &&
		get(fd, request, sizeof(request)) && request[7] == 0) {
		if (s->manner == HANGS_UP)
			break;
		if (s->manner == SILENT)
			continue;
		answer(fd, s->manner, request);
		if (s->manner == HALF_AN_ANSWER)
			break;
	}
	close(fd);
	return NULL;
}

static void start(struct server *s, enum manner m)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	*s = (struct server) { .manner = m, .dir = "/tmp/coffer-nbd-XXXXXX" };
	assert_non_null(mkdtemp(s->dir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", s->dir);
	snprintf(s->uri, sizeof(s->uri), "nbd:unix:%s", at.sun_path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (void *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void finish(struct server *s)
{
	char path[64];

	pthread_join(s->thread, NULL);
	close(s->listener);
	snprintf(path, sizeof(path), "%s/s", s->dir);
	unlink(path);
	rmdir(s->dir);
}

static enum coffer_status open_disk(
	struct server *s, bool readonly, struct cf_block **out)
{
	return cf_block_open_nbd_within(s->uri, readonly, 300, out, &err);
}

static void test_nbd_disk_is_read(void **state)
{
	uint8_t sector[512];
	struct cf_block *b;
	struct server s;

	start(&s, HONEST);
	assert_ok(open_disk(&s, false, &b));
	assert_int_equal(b->size, 4096);
	assert_ok(b->ops->read(b, 512, sector, sizeof(sector), &err));
	assert_int_equal(sector[0], 0x5a);
	assert_int_equal(sector[511], 0x5a);
	/* Beyond the end the library itself refuses. */
	assert_status(COFFER_ERR_SYSTEM,
		b->ops->read(b, 4096, sector, sizeof(sector), &err));
	cf_block_destroy(b);
	finish(&s);
}

static void refused(enum manner m, enum coffer_status want, const char *text)
{
	struct cf_block *b;
	struct server s;

	start(&s, m);
	assert_status(want, open_disk(&s, false, &b));
	assert_message(s.uri);
	assert_message(text);
	finish(&s);
}

static void test_nbd_server_that_offers_no_disk_is_refused(void **state)
{
	refused(GARBAGE_GREETING, COFFER_ERR_SYSTEM, "magic");
	refused(HANGS_UP_AT_ONCE, COFFER_ERR_SYSTEM, "server");
	refused(ODD_SIZE, COFFER_ERR_FORMAT, "multiple of 512");
	refused(READ_ONLY, COFFER_ERR_SYSTEM, "readonly=on");
}

static void test_nbd_read_only_disk_can_be_read(void **state)
{
	struct cf_block *b;
	struct server s;

	start(&s, READ_ONLY);
	assert_ok(open_disk(&s, true, &b));
	cf_block_destroy(b);
	finish(&s);
}

/* Each ends as an error of the request, and of every later one. */
static void test_nbd_server_that_breaks_fails_the_request(void **state)
{
	static const enum manner manners[] = { HANGS_UP, HALF_AN_ANSWER,
		SAYS_ERROR, WRONG_MAGIC, WRONG_HANDLE, SILENT };

	for (size_t i = 0; i < CF_ARRAY_LEN(manners); i++) {
		uint8_t sector[512];
		struct cf_block *b;
		struct server s;

		start(&s, manners[i]);
		assert_ok(open_disk(&s, false, &b));
		for (int again = 0; again < 2; again++)
			assert_status(COFFER_ERR_SYSTEM,
				b->ops->read(
					b, 0, sector, sizeof(sector), &err));
		if (manners[i] == SILENT)
			assert_message("did not answer in time");
		cf_block_destroy(b);
		finish(&s);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nbd_names_become_uris),
		cmocka_unit_test(test_nbd_names_that_are_none_are_refused),
		cmocka_unit_test(test_nbd_names_are_told_from_files),
#if HAVE_LIBNBD
		cmocka_unit_test(test_nbd_disk_is_read),
		cmocka_unit_test(
			test_nbd_server_that_offers_no_disk_is_refused),
		cmocka_unit_test(test_nbd_read_only_disk_can_be_read),
		cmocka_unit_test(test_nbd_server_that_breaks_fails_the_request),
#endif
	};

	return cmocka_run_group_tests_name("block_nbd", tests, NULL, NULL);
}
