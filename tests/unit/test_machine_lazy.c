/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries that are opened when a device asks for them. */
#include "test.h"

#include "config.h"
#include "machine/backend/block.h"

#if HAVE_SLIRP
#include <libslirp.h>
#endif

static struct coffer_error err;

/* Nobody listens on port 1; the message is libnbd's own, so it was loaded. */
static void test_lazy_nbd_reports_what_the_library_says(void **state)
{
	struct cf_block *b;

	if (!HAVE_LIBNBD)
		return;
	assert_status(COFFER_ERR_SYSTEM,
		cf_block_open_nbd("nbd://127.0.0.1:1/", true, &b, &err));
	assert_message("nbd_connect_uri");
}

#if HAVE_SLIRP
static ssize_t drop(const void *frame, size_t len, void *opaque)
{
	return (ssize_t)len;
}

static int64_t no_time(void *opaque)
{
	return 0;
}

static int no_poll(int fd, int events, void *opaque)
{
	return 0;
}

static void test_lazy_slirp_makes_a_network(void **state)
{
	static const SlirpCb callbacks = { .send_packet = drop,
		.clock_get_ns = no_time };
	const SlirpConfig config = { .version = 1, .restricted = true };
	uint32_t timeout = 1000;
	Slirp *s = slirp_new(&config, &callbacks, NULL);

	assert_non_null(s);
	slirp_pollfds_fill(s, &timeout, no_poll, NULL);
	slirp_cleanup(s);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_nbd_reports_what_the_library_says),
#if HAVE_SLIRP
		cmocka_unit_test(test_lazy_slirp_makes_a_network),
#endif
	};

	return cmocka_run_group_tests_name("machine_lazy", tests, NULL, NULL);
}
