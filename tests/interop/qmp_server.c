/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor without a guest behind it, for clients of other projects:
 * qmp_server WHERE listens there until a client says quit.
 */
#include "monitor/monitor.h"

#include "base/base.h"

#include <pthread.h>
#include <stdio.h>

static struct cf_monitor *mon;
static enum cf_run_state state = CF_RUN_PRELAUNCH;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static bool has_ended;

static enum cf_run_state run_state(void *opaque)
{
	return state;
}

static enum coffer_status cont(void *opaque, struct coffer_error *err)
{
	state = CF_RUN_RUNNING;
	cf_monitor_event(mon, "RESUME", NULL);
	return COFFER_OK;
}

static void quit(void *opaque)
{
	pthread_mutex_lock(&lock);
	has_ended = true;
	pthread_cond_signal(&ended);
	pthread_mutex_unlock(&lock);
}

static unsigned vcpus(void *opaque)
{
	return 4;
}

static uint64_t memory_size(void *opaque)
{
	return (uint64_t)2 << 30;
}

static void sev_info(void *opaque, struct cf_monitor_sev_info *out)
{
	*out = (struct cf_monitor_sev_info) {
		.enabled = true,
		.api_major = 1,
		.api_minor = 55,
		.build_id = 21,
		.state = CF_SEV_LAUNCH_SECRET,
		.policy = 1,
		.handle = 1,
	};
}

static enum coffer_status measure(
	void *opaque, uint8_t out[48], struct coffer_error *err)
{
	for (uint8_t i = 0; i < 48; i++)
		out[i] = i;
	return COFFER_OK;
}

static const struct cf_monitor_vm vm = {
	.run_state = run_state,
	.cont = cont,
	.quit = quit,
	.vcpus = vcpus,
	.memory_size = memory_size,
	.sev_info = sev_info,
	.sev_launch_measure = measure,
};

int main(int argc, char **argv)
{
	struct coffer_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: qmp_server WHERE\n");
		return 2;
	}
	if (cf_monitor_create(&vm, NULL, &mon, &err) ||
		cf_monitor_listen(mon, argv[1], &err)) {
		fprintf(stderr, "qmp_server: %s\n", err.msg);
		return 1;
	}
	pthread_mutex_lock(&lock);
	while (!has_ended)
		pthread_cond_wait(&ended, &lock);
	pthread_mutex_unlock(&lock);
	cf_monitor_destroy(mon);
	return 0;
}
