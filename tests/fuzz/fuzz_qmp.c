/* SPDX-License-Identifier: Apache-2.0 */
/* A negotiated QMP session fed with arbitrary bytes, in two pieces. */
#include "fuzz.h"

#include "base/base.h"
#include "monitor/monitor.h"

#include <string.h>

static enum cf_run_state run_state(void *opaque)
{
	return CF_RUN_RUNNING;
}

static enum coffer_status refuse(void *opaque, struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_STATE, "not now");
}

static void quit(void *opaque)
{
}

static unsigned vcpus(void *opaque)
{
	return 1;
}

static uint64_t memory_size(void *opaque)
{
	return 1 << 20;
}

static void sev_info(void *opaque, struct cf_monitor_sev_info *out)
{
	*out = (struct cf_monitor_sev_info) { .enabled = true,
		.state = CF_SEV_LAUNCH_SECRET };
}

static enum coffer_status inject(void *opaque, const uint8_t *header,
	size_t header_len, const uint8_t *secret, size_t secret_len,
	const uint64_t *gpa, struct coffer_error *err)
{
	return header[0] + secret[secret_len - 1] ? COFFER_OK : COFFER_OK;
}

static const struct cf_monitor_vm vm = {
	.run_state = run_state,
	.stop = refuse,
	.cont = refuse,
	.reset = refuse,
	.quit = quit,
	.vcpus = vcpus,
	.memory_size = memory_size,
	.sev_info = sev_info,
	.sev_inject_secret = inject,
};

static void drop(void *opaque, const char *text, size_t len)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}";
	struct cf_monitor_session *s;
	struct cf_monitor *mon;

	if (cf_monitor_create(&vm, NULL, &mon, NULL))
		return 0;
	if (cf_monitor_session_create(mon, drop, NULL, &s, NULL) == COFFER_OK) {
		cf_monitor_session_input(s, hello, strlen(hello));
		cf_monitor_session_input(s, (const char *)data, size / 2);
		cf_monitor_session_input(
			s, (const char *)data + size / 2, size - size / 2);
	}
	cf_monitor_destroy(mon);
	return 0;
}
