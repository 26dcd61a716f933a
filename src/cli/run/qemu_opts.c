/* SPDX-License-Identifier: Apache-2.0 */
/* The table of QEMU-style options and the parser over it. */
#include "cli/run/qemu_opts.h"

#include "base/base.h"
#include "cli/run/qemu_types.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum option_kind {
	TEXT,   /* const char * */
	SWITCH, /* bool */
	SET,    /* struct qemu_set, repeated options add up */
	LIST,   /* struct qemu_list, one set per option */
	SERIAL,
};

/* One line per option: name, letter, placeholder, help, may repeat; then what
 * it is, where it goes, its types and the property of a bare first word. */
#define OPTIONS(X)                                                             \
	X("machine", 'M', "TYPE,...", "board, confidential guest, IGVM", true, \
		SET, machine, qemu_machine_types, "type")                      \
	X("object", 0, "TYPE,id=ID,...", "make an object; see -object help",   \
		true, LIST, object, qemu_object_types, NULL)                   \
	X("smp", 0, "N", "number of vCPUs", false, SET, smp, qemu_smp_types,   \
		"cpus")                                                        \
	X("m", 0, "SIZE", "RAM, in MiB without a suffix", false, SET, memory,  \
		qemu_memory_types, "size")                                     \
	X("cpu", 0, "MODEL", "CPU type, such as EPYC-Milan", false, TEXT, cpu, \
		NULL, NULL)                                                    \
	X("accel", 0, "soft|kvm", "CPU engine", true, SET, accel,              \
		qemu_accel_types, "accel")                                     \
	X("enable-kvm", 0, NULL, "as -accel kvm", false, SWITCH, enable_kvm,   \
		NULL, NULL)                                                    \
	X("bios", 0, "FILE", "firmware image, ends at 4 GiB", false, TEXT,     \
		bios, NULL, NULL)                                              \
	X("kernel", 0, "FILE", "Linux kernel to start", false, TEXT, kernel,   \
		NULL, NULL)                                                    \
	X("initrd", 0, "FILE", "its initial RAM disk", false, TEXT, initrd,    \
		NULL, NULL)                                                    \
	X("append", 0, "TEXT", "its command line", false, TEXT, append, NULL,  \
		NULL)                                                          \
	X("serial", 0, "DEV", "stdio, mon:stdio, null, file:F, unix:F,...",    \
		true, SERIAL, serial, NULL, NULL)                              \
	X("debugcon", 0, "DEV", "debug console on port 0xE9 and 0x402", false, \
		TEXT, debugcon, NULL, NULL)                                    \
	X("global", 0, "isa-debugcon.iobase=PORT", "its port alone", true,     \
		SET, global, qemu_global_types, NULL_IMPLIED)                  \
	X("nographic", 0, NULL, "serial port and C-a keys on the terminal",    \
		false, SWITCH, nographic, NULL, NULL)                          \
	X("drive", 0, "file=F,...", "a disk", true, LIST, drive,               \
		qemu_drive_types, "file")                                      \
	X("blockdev", 0, "...", "not supported; see -drive", true, TEXT,       \
		blockdev, NULL, NULL)                                          \
	X("device", 0, "TYPE,...", "a device; see -device help", true, LIST,   \
		device, qemu_device_types, NULL)                               \
	X("netdev", 0, "user,id=ID,...", "a network", true, LIST, netdev,      \
		qemu_netdev_types, NULL)                                       \
	X("chardev", 0, "TYPE,id=ID,...", "a character device", true, LIST,    \
		chardev, qemu_chardev_types, NULL)                             \
	X("no-reboot", 0, NULL, "leave instead of restarting", false, SWITCH,  \
		no_reboot, NULL, NULL)                                         \
	X("no-shutdown", 0, NULL, "ignored without a monitor", false, SWITCH,  \
		no_shutdown, NULL, NULL)                                       \
	X("icount", 0, "shift=N", "deterministic time", false, SET, icount,    \
		qemu_icount_types, "shift")                                    \
	X("rtc", 0, "base=TIME", "start of the real-time clock", false, SET,   \
		rtc, qemu_rtc_types, "base")                                   \
	X("S", 0, NULL, "wait for the monitor before starting", false, SWITCH, \
		paused, NULL, NULL)                                            \
	X("incoming", 0, "file:PATH|unix:PATH|tcp:HOST:PORT",                  \
		"go on with a guest that is migrated here", false, TEXT,       \
		incoming, NULL, NULL)                                          \
	X("qmp", 0, "unix:PATH,...", "monitor", false, TEXT, qmp, NULL, NULL)  \
	X("gdb", 0, "tcp::PORT|unix:PATH", "let GDB connect", false, TEXT,     \
		gdb, NULL, NULL)                                               \
	X("s", 0, NULL, "as -gdb tcp::1234", false, SWITCH, gdb_default, NULL, \
		NULL)                                                          \
	X("d", 0, "ITEMS", "log exec, int, in_asm, cpu", false, TEXT, log,     \
		NULL, NULL)                                                    \
	X("D", 0, "FILE", "where -d goes", false, TEXT, log_file, NULL, NULL)  \
	X("dfilter", 0, "FIRST..LAST|FIRST+LEN,...", "-d exec only there",     \
		false, TEXT, dfilter, NULL, NULL)                              \
	X("singlestep", 0, NULL, "-d exec for every instruction", false,       \
		SWITCH, singlestep, NULL, NULL)                                \
	X("seed", 0, "N", "random numbers of the guest from this seed", false, \
		TEXT, seed, NULL, NULL)                                        \
	X("name", 0, "TEXT", "name that the monitor tells", false, TEXT, name, \
		NULL, NULL)                                                    \
	X("display", 0, "none", "there is no display", false, TEXT, display,   \
		NULL, NULL)                                                    \
	X("vga", 0, "none", "there is no display", false, TEXT, vga, NULL,     \
		NULL)                                                          \
	X("monitor", 0, "none", "there is no human monitor", false, TEXT,      \
		monitor, NULL, NULL)                                           \
	X("net", 0, "none", "only none; see -netdev", false, TEXT, net, NULL,  \
		NULL)                                                          \
	X("nodefaults", 0, NULL, "no default serial port", false, SWITCH,      \
		nodefaults, NULL, NULL)                                        \
	X("no-user-config", 0, NULL, "ignored", false, SWITCH, no_user_config, \
		NULL, NULL)                                                    \
	X("print-digest", 0, NULL, "print expected and launched digest",       \
		false, SWITCH, print_digest, NULL, NULL)                       \
	X("sp-state", 0, "DIR", "state of the software secure processor",      \
		false, TEXT, sp_state, NULL, NULL)                             \
	X("sp-vlek", 0, "FILE",                                                \
		"wrapped VLEK that it loads, of coffer sp vlek", false, TEXT,  \
		sp_vlek, NULL, NULL)                                           \
	X("max-instructions", 0, "N", "stop after so many", false, TEXT,       \
		max_instructions, NULL, NULL)                                  \
	X("no-seccomp", 0, NULL, "do not confine the process", false, SWITCH,  \
		no_seccomp, NULL, NULL)                                        \
	X("trace", 0, "LIST", "events of the guest: sev, ghcb, rmp, all",      \
		false, TEXT, trace, NULL, NULL)                                \
	X("fault", 0, "LIST",                                                  \
		"wrongs of the hypervisor, to try a guest: "                   \
		"features, register, psc, validate, cpuid, request",           \
		false, TEXT, fault, NULL, NULL)                                \
	X("quiet", 0, NULL, "no messages but errors", false, SWITCH, quiet,    \
		NULL, NULL)

#define NULL_IMPLIED ""

#define CLI_ROW(name, letter, takes, help, repeats, ...) \
	{ name, letter, takes, help, repeats },
const struct cli_option qemu_option_table[] = {
	OPTIONS(CLI_ROW) { .name = NULL },
};

#define ACTION_ROW(                                                      \
	name, letter, takes, help, repeats, kind, field, types, implied) \
	{ kind, offsetof(struct qemu_options, field), types, implied },
static const struct action {
	enum option_kind kind;
	size_t offset;
	const struct qemu_type *types;
	const char *implied;
} actions[] = { OPTIONS(ACTION_ROW) };

/* -name or --name; SIZE_MAX: none. */
static size_t find_option(const char *word)
{
	const char *name = word + 1 + (word[1] == '-');

	for (size_t i = 0; qemu_option_table[i].name; i++) {
		const struct cli_option *o = &qemu_option_table[i];

		if (strcmp(o->name, name) == 0 ||
			(o->letter && name[0] == o->letter && !name[1]))
			return i;
	}
	return SIZE_MAX;
}

static enum coffer_status add_set(const char *where, const struct action *a,
	void *field, const char *value, struct coffer_error *err)
{
	struct qemu_list *list = field;
	struct qemu_set *set = field;

	if (a->kind == LIST) {
		if (list->n == QEMU_MAX_SETS)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: given more than %d times", where,
				QEMU_MAX_SETS);
		set = &list->set[list->n++];
	}
	return qemu_parse(where, value, a->types, a->implied, set, err);
}

static enum coffer_status apply(struct qemu_options *out, size_t i,
	const char *value, struct coffer_error *err)
{
	const struct action *a = &actions[i];
	void *field = (char *)out + a->offset;
	char where[32];

	switch (a->kind) {
	case SWITCH:
		*(bool *)field = true;
		return COFFER_OK;
	case TEXT:
		*(const char **)field = value;
		return COFFER_OK;
	case SERIAL:
		if (out->nserial == QEMU_MAX_SERIAL)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-serial: a PC has %d ports", QEMU_MAX_SERIAL);
		out->serial[out->nserial++] = value;
		return COFFER_OK;
	case SET:
	case LIST:
		snprintf(
			where, sizeof(where), "-%s", qemu_option_table[i].name);
		return add_set(where, a, field, value, err);
	}
	return COFFER_OK;
}

/* "-object help" and the like: print and leave. */
static bool asked_for_help(size_t i, const char *value)
{
	char where[32];

	snprintf(where, sizeof(where), "-%s", qemu_option_table[i].name);
	return actions[i].types &&
		qemu_help(stdout, where, value, actions[i].types);
}

static int parse_word(int argc, char **argv, int *at,
	const struct cli_command *self, struct qemu_options *out)
{
	struct coffer_error err;
	const char *word = argv[*at], *value = NULL;
	size_t i;

	if (word[0] != '-' || !word[1])
		return cli_usage(self, "'%s' is not an option", word);
	if (strcmp(word, "-h") == 0 || strcmp(word, "-help") == 0 ||
		strcmp(word, "--help") == 0) {
		cli_print_help(stdout, self);
		return CLI_OK;
	}
	i = find_option(word);
	if (i == SIZE_MAX)
		return cli_usage(self, "no option '%s'", word);
	if (qemu_option_table[i].takes) {
		if (*at + 1 >= argc)
			return cli_usage(self, "%s needs a value (%s)", word,
				qemu_option_table[i].takes);
		value = argv[++*at];
		if (asked_for_help(i, value))
			return CLI_OK;
	}
	if (apply(out, i, value, &err))
		return cli_failed(self, &err);
	return -1;
}

int qemu_options_parse(int argc, char **argv, const struct cli_command *self,
	struct qemu_options *out)
{
	*out = (struct qemu_options) { 0 };
	/* Fallbacks are read through the type, given or not. */
	out->machine.type = qemu_machine_types;
	out->memory.type = qemu_memory_types;
	out->smp.type = qemu_smp_types;
	out->accel.type = qemu_accel_types;
	out->icount.type = qemu_icount_types;
	out->rtc.type = qemu_rtc_types;
	out->global.type = qemu_global_types;
	for (int i = 1; i < argc; i++) {
		int leave = parse_word(argc, argv, &i, self, out);

		if (leave >= 0) {
			qemu_options_finish(out);
			return leave;
		}
	}
	return -1;
}

static void finish_list(struct qemu_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		qemu_set_finish(&list->set[i]);
	list->n = 0;
}

void qemu_options_finish(struct qemu_options *o)
{
	qemu_set_finish(&o->machine);
	qemu_set_finish(&o->memory);
	qemu_set_finish(&o->smp);
	qemu_set_finish(&o->accel);
	qemu_set_finish(&o->icount);
	qemu_set_finish(&o->rtc);
	qemu_set_finish(&o->global);
	finish_list(&o->object);
	finish_list(&o->drive);
	finish_list(&o->device);
	finish_list(&o->netdev);
	finish_list(&o->chardev);
}

const struct qemu_set *qemu_find_id(
	const struct qemu_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *have = qemu_get(&list->set[i], "id");

		if (have && strcmp(have, id) == 0)
			return &list->set[i];
	}
	return NULL;
}
