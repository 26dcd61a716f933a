/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer run: a guest from an IGVM file, a firmware image or a kernel, with
 * the options of QEMU.
 */
#include "cli/run/run_priv.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* For the signal handler alone. */
static struct cf_machine *volatile running;
static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	struct cf_machine *m = running;

	signalled = 1;
	if (m)
		cf_machine_quit(m);
}

bool run_was_signalled(void)
{
	return signalled;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Is the module of a trace line ("ghcb: ...") in the list of -trace? */
static bool is_traced(const char *list, const char *text)
{
	size_t module = strcspn(text, ":");

	while (*list) {
		size_t n = strcspn(list, ",");

		if ((n == module && strncmp(list, text, n) == 0) ||
			(n == 3 && strncmp(list, "all", n) == 0))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static void write_log(void *opaque, enum cf_log_level level, const char *text)
{
	const struct run *r = opaque;

	if (level == CF_LOG_DEBUG && !is_traced(r->opts.trace, text))
		return;
	fprintf(stderr, "coffer run: %s\n", text);
}

static void print_digests(const struct run *r)
{
	char hex[2 * CF_DIGEST_MAX + 1];
	bool same = r->expected_len == r->launched_len &&
		memcmp(r->expected, r->launched, r->expected_len) == 0;

	if (!r->expected_len)
		return;
	cf_hex(hex, r->expected, r->expected_len);
	fprintf(stderr, "expected digest: %s\n", hex);
	if (!r->launched_len)
		return;
	cf_hex(hex, r->launched, r->launched_len);
	fprintf(stderr, "launched digest: %s\n%s%s%s\n", hex,
		same ? cli_green(stderr) : cli_red(stderr),
		same ? "match" : "DO NOT MATCH", cli_reset(stderr));
}

/* The exit status of a run that ended; QEMU's for isa-debug-exit. */
static int exit_status(struct run *r, const struct cf_machine_result *result)
{
	switch (result->end) {
	case CF_END_DEBUG_EXIT:
		return (int)(result->code & 0xFF);
	case CF_END_FAILED:
		run_report(r, result);
		return CLI_FAILED;
	case CF_END_BUDGET:
		run_report(r, result);
		return CLI_FAILED;
	default:
		return CLI_OK;
	}
}

/* Where a debugger may connect; NULL: nowhere. */
static const char *debugger_port(const struct run *r)
{
	if (r->opts.gdb)
		return r->opts.gdb;
	return r->opts.gdb_default ? "tcp::1234" : NULL;
}

/* A guest on KVM opens /dev/kvm again for its next life. */
static bool may_confine(struct run *r)
{
	if (r->opts.no_seccomp || r->confined ||
		(r->config.kvm && !r->opts.no_reboot))
		return false;
	r->confined = true;
	return true;
}

/* The guest comes from elsewhere and goes on, unless -S holds it back. */
static enum coffer_status load_incoming(struct run *r, struct coffer_error *err)
{
	enum coffer_status s = run_incoming_load(r, err);
	bool go_on = false;

	if (s || r->opts.paused)
		return s;
	/* A client may have sent it on at once: it stays still then. */
	pthread_mutex_lock(&r->life_lock);
	r->has_started = true;
	if (!run_is_migrating(r)) {
		cf_machine_resume(r->machine);
		go_on = true;
	}
	pthread_mutex_unlock(&r->life_lock);
	if (go_on && r->monitor)
		cf_monitor_event(r->monitor, "RESUME", NULL);
	return COFFER_OK;
}

/* From power-on to the end of the guest or its next reset. */
static int one_life(struct run *r, bool *again)
{
	struct cf_machine_result result = { 0 };
	struct coffer_error err;
	uint64_t limit = UINT64_MAX;
	int status;

	*again = false;
	if (r->opts.max_instructions &&
		!cf_parse_u64(r->opts.max_instructions, UINT64_MAX, &limit))
		return cli_usage(r->self,
			"-max-instructions: '%s' is not a number",
			r->opts.max_instructions);
	pthread_mutex_lock(&r->life_lock);
	err.status = run_launch(r, &err);
	r->has_started = !r->config.paused;
	pthread_mutex_unlock(&r->life_lock);
	if (err.status)
		return cli_failed(r->self, &err);
	if (debugger_port(r) &&
		cf_machine_gdb(r->machine, debugger_port(r), &err))
		return cli_failed(r->self, &err);
	if (r->opts.print_digest)
		print_digests(r);
	if (r->opts.incoming && run_incoming_open(r, &err))
		return cli_failed(r->self, &err);
	if (may_confine(r) && run_confine(r, &err))
		return cli_failed(r->self, &err);
	if (r->opts.incoming && load_incoming(r, &err))
		return cli_failed(r->self, &err);
	running = r->machine;
	if (cf_machine_run(r->machine, limit, &result, &err)) {
		running = NULL;
		return cli_failed(r->self, &err);
	}
	running = NULL;
	/* A client that starts the next one joins the thread, too. */
	pthread_mutex_lock(&r->life_lock);
	run_migrate_end(r);
	pthread_mutex_unlock(&r->life_lock);
	run_log_end(r);
	status = exit_status(r, &result);
	run_tell_end(r, &result);
	/* The secure processor's state cannot be opened again when confined:
	 * a reset ends a confidential guest, as it did in QEMU before 11. */
	*again = result.end == CF_END_RESET && !r->opts.no_reboot &&
		!r->quit_asked && !(r->opts.guest && r->confined);
	/* -S and -incoming are for the first start. */
	r->config.paused = false;
	r->opts.incoming = NULL;
	return status;
}

static void print_cpu_help(void)
{
	const char *name;

	printf("types that -cpu takes:\n");
	for (size_t i = 0; (name = cf_cpu_type_name(i)); i++)
		printf("  %s\n", name);
	printf("  max         all that engine and host have\n"
	       "  host        the host's own, with KVM\n"
	       "features, as +NAME or -NAME after the type:\n ");
	for (unsigned w = 0, at = 1; w < CF_NWORDS; w++)
		for (unsigned bit = 0; bit < 32; bit++) {
			int n;

			name = cf_cpu_feature_name(w, bit);
			if (!name)
				continue;
			n = (int)strcspn(name, " ");
			if (at + (unsigned)n > 76) {
				printf("\n ");
				at = 1;
			}
			at += (unsigned)printf(" %.*s", n, name);
		}
	printf("\nand check (say what is missing; on), enforce (refuse to "
	       "start)\n");
}

int run_guest(int argc, char **argv, const struct cli_command *self,
	const struct cf_kvm_sys *sys)
{
	struct run *r;
	struct coffer_error err;
	bool again = true;
	int status;

	r = cf_alloc_array(1, sizeof(*r));
	if (!r)
		return cli_fail(self, "not enough memory");
	r->self = self;
	r->sys = sys;
	status = qemu_options_parse(argc, argv, self, &r->opts);
	if (status < 0 && r->opts.cpu && strcmp(r->opts.cpu, "help") == 0) {
		print_cpu_help();
		qemu_options_finish(&r->opts);
		status = CLI_OK;
	}
	if (status >= 0) {
		free(r);
		return status;
	}
	r->log = (struct cf_log) { .opaque = r,
		.level = r->opts.trace  ? CF_LOG_DEBUG
			: r->opts.quiet ? CF_LOG_ERROR
					: CF_LOG_WARN,
		.write = write_log };
	status = CLI_FAILED;
	if (qemu_resolve(&r->opts, &err) || run_configure(r, &err) ||
		run_start_monitor(r, &err)) {
		cli_failed(self, &err);
		again = false;
	} else {
		catch_signals();
	}
	while (again) {
		status = one_life(r, &again);
		pthread_mutex_lock(&r->life_lock);
		/* No client starts one any more: that takes the lock. */
		run_migrate_end(r);
		run_end(r);
		pthread_mutex_unlock(&r->life_lock);
	}
	run_stop_monitor(r);
	run_unconfigure(r);
	qemu_options_finish(&r->opts);
	free(r);
	return status;
}

static int run_command(int argc, char **argv, const struct cli_command *self)
{
	return run_guest(argc, argv, self, cf_kvm_sys_linux());
}

const struct cli_command cli_run = {
	.name = "run",
	.args = "",
	.summary = "run a guest from an IGVM file, firmware or a kernel",
	.details = "Options are QEMU's, in QEMU's syntax; one dash or two. "
		   "Without SEV hardware a\nconfidential guest runs in "
		   "software, with a simulated secure processor.",
	.options = qemu_option_table,
	.run = run_command,
};
