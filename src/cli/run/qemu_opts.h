/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU command line as `coffer run` takes it: parsed, checked, and with the
 * ids resolved.  Nothing is opened here.
 */
#ifndef CF_CLI_QEMU_OPTS_H
#define CF_CLI_QEMU_OPTS_H

#include "cli/cli.h"
#include "cli/run/qemu_props.h"
#include "plan/plan.h"

#define QEMU_MAX_SETS   16
#define QEMU_MAX_SERIAL 4

struct qemu_list {
	struct qemu_set set[QEMU_MAX_SETS];
	size_t n;
};

struct qemu_options {
	struct qemu_set machine, memory, smp, accel, icount, rtc, global;
	struct qemu_list object, drive, device, netdev, chardev;
	const char *serial[QEMU_MAX_SERIAL];
	size_t nserial;
	const char *cpu, *debugcon, *bios, *kernel, *initrd, *append;
	const char *qmp, *gdb, *trace, *log, *log_file, *dfilter, *name;
	const char *incoming, *seed;
	const char *display, *vga, *monitor, *net, *blockdev;
	const char *sp_state, *sp_vlek, *chip_product, *max_instructions,
		*fault;
	bool nographic, no_reboot, no_shutdown, paused, print_digest, quiet;
	bool gdb_default, enable_kvm, nodefaults;
	bool no_user_config, no_seccomp, singlestep;

	/* After qemu_resolve: borrowed from the lists above. */
	const struct qemu_set *guest; /* sev-guest, sev-snp-guest; NULL */
	const struct qemu_set *igvm;
	const struct qemu_set *pflash[2]; /* drives by unit, or NULL */
	enum cf_platform platform;        /* of the guest object, or native */
	uint64_t ram;
	unsigned vcpus;
};

/* The option table for --help and the manual page. */
extern const struct cli_option qemu_option_table[];

/* Parse argv[1..].  Returns -1 to go on, or the exit status to leave with. */
int qemu_options_parse(int argc, char **argv, const struct cli_command *self,
	struct qemu_options *out);
void qemu_options_finish(struct qemu_options *o);

/* Find the objects that ids name and check what excludes what. */
enum coffer_status qemu_resolve(
	struct qemu_options *o, struct coffer_error *err) CF_MUST_CHECK;

/* The set in a list whose id is this one; NULL: none. */
const struct qemu_set *qemu_find_id(
	const struct qemu_list *list, const char *id);

#endif
