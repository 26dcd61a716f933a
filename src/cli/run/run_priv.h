/* SPDX-License-Identifier: Apache-2.0 */
/* coffer run: what its parts share. */
#ifndef CF_CLI_RUN_PRIV_H
#define CF_CLI_RUN_PRIV_H

#include "base/base.h"
#include "cli/progress.h"
#include "cli/run/qemu_opts.h"
#include "igvm/igvm.h"
#include "image/cpu_feature.h"
#include "image/image.h"
#include "kvm/kvm.h"
#include "machine/backend/block.h"
#include "machine/backend/chardev.h"
#include "machine/machine.h"
#include "machine/migrate/migrate.h"
#include "monitor/monitor.h"
#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"
#include "sp/sp.h"

#include <pthread.h>
#include <stdio.h>

#define RUN_MAX_CHARDEVS 16
#define RUN_MAX_RANGES   16

/* A migration's descriptor (run_channel.c). */
struct run_channel {
	struct cf_migrate_channel ops;
	const char *uri;
	int fd;
	bool (*give_up)(void *opaque);
	void *opaque;
};

struct run_migration {
	_Atomic enum cf_migrate_status status;
	struct cf_migrate_progress progress;
	struct run_channel channel;
	char uri[1024];
	pthread_t thread; /* going out */
	bool has_thread;
	uint64_t stopped_at, total_ms, downtime_ms;
	char error[256];
};

struct run {
	const struct cli_command *self;
	struct qemu_options opts;
	struct cf_log log;
	FILE *trace_file; /* of -D; NULL: standard error */
	struct cf_trace_range trace_range[RUN_MAX_RANGES];
	struct cf_machine_config config;
	struct cf_cpu_spec cpu;
	struct cf_chardev *chardev[RUN_MAX_CHARDEVS]; /* owned */
	struct {
		const char *id; /* of -chardev; NULL: another option's */
		struct cf_chardev *c;
	} named[QEMU_MAX_SETS];
	size_t nchardevs, nnamed;
	bool uses_stdio;
	bool confined;                /* the system call filter is on */
	struct cli_progress progress; /* of the launch */

	struct cf_mapping igvm_file, firmware, kernel, initrd;
	struct cf_kernel_module module[CF_MAX_MODULES];
	struct cf_mapping module_file[CF_MAX_MODULES];
	char *module_text[CF_MAX_MODULES];
	size_t nmodules;
	struct cf_igvm *igvm;
	struct cf_ovmf ovmf;
	struct cf_kernel_hashes hashes;

	/* One life of the guest; made anew for each reset. */
	struct cf_machine *machine;
	struct cf_plan *plan;
	struct cf_sp_state *state;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *guest;
	struct cf_launch_params params;
	struct cf_sp_finish finish;
	uint8_t id_block[96], id_auth[4096], cpuid_page[4096];
	uint8_t *session, *dh_cert;
	struct run_certs {
		struct cf_cert_source source;
		const char *path; /* certs-path; NULL: the soft processor's */
		int fd;
		struct cf_buf table;
		pthread_mutex_t mutex;
		const struct cf_log *log;
		bool is_open;
	} certs;
	uint8_t expected[CF_DIGEST_MAX], launched[CF_DIGEST_MAX];
	size_t expected_len, launched_len;
	struct cf_kvm_vm *kvm; /* hardware only */
	const struct cf_kvm_sys *sys;
	uint8_t measurement[48];
	uint64_t launched_policy;
	uint8_t api_major, api_minor, api_build;
	struct cf_buf pdh, chain, chip_id;

	/* The monitor's thread takes this to look at the current life. */
	pthread_mutex_t life_lock;
	struct cf_monitor_vm monitor_vm;
	struct cf_monitor *monitor; /* NULL: no -qmp */
	bool has_started, has_stopped_on_error, quit_asked;
	struct run_migration migration;
};

/* run_config.c: options to a machine's description; opens what they name. */
enum coffer_status run_configure(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_unconfigure(struct run *r);
/* Of -bios or the first flash chip; NULL: neither. */
const char *run_firmware_path(const struct run *r);

/* run_log.c: -d, -D, -dfilter.  finish: last line of a life's log. */
enum coffer_status run_configure_log(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_log_end(struct run *r);
void run_close_log(struct run *r);

/* run_launch.c: make the machine and load it; and end it. */
enum coffer_status run_launch(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_end(struct run *r);

/* run.c: the whole command; sys: the kernel that it is to use. */
int run_guest(int argc, char **argv, const struct cli_command *self,
	const struct cf_kvm_sys *sys);

/* run_kvm.c: the engine, and the hardware path. */
enum coffer_status run_choose_engine(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status run_open_kvm(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status run_make_hardware_processor(struct run *r,
	uint64_t sev_features, struct coffer_error *err) CF_MUST_CHECK;

/* run_certs.c: what an SNP guest gets with its report. */
enum coffer_status run_open_certs(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_close_certs(struct run *r);

/* run_platform.c */
enum coffer_status run_read_version(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status run_sev_capabilities(void *opaque,
	struct cf_monitor_sev_capabilities *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* run_monitor.c: -qmp. */
enum coffer_status run_start_monitor(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_stop_monitor(struct run *r);
void run_tell_end(struct run *r, const struct cf_machine_result *result);

/* run_migrate.c.  migrate: the machine is there; goes on in a thread, whose
 * end run_migrate_end waits for. */
enum coffer_status run_migrate(
	struct run *r, const char *uri, struct coffer_error *err) CF_MUST_CHECK;
void run_migrate_cancel(struct run *r);
void run_migrate_end(struct run *r);
bool run_is_migrating(const struct run *r);
void run_migrate_info(struct run *r, struct cf_monitor_migrate_info *out);
/* -incoming: open before the process confines itself, load after. */
enum coffer_status run_incoming_open(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status run_incoming_load(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;

/* run.c: SIGINT or SIGTERM came. */
bool run_was_signalled(void);

/* run_sandbox.c: keep only what a running guest needs. */
enum coffer_status run_confine(
	const struct run *r, struct coffer_error *err) CF_MUST_CHECK;

/* run_report.c: where the guest stands, on standard error. */
void run_report(struct run *r, const struct cf_machine_result *result);

/* run_modules.c: whether -initrd is a list of modules, and its files. */
bool run_takes_modules(const struct run *r);
enum coffer_status run_map_modules(
	struct run *r, struct coffer_error *err) CF_MUST_CHECK;
void run_unmap_modules(struct run *r);

#endif
