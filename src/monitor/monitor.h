/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The QMP monitor: QEMU's machine protocol (JSON over a stream) for the
 * commands that operate a guest and its SEV launch.
 *
 * The monitor owns the protocol and the sockets; what a command does to the
 * guest it asks of a table that the machine fills.  A session is pure: bytes
 * in, bytes out through a callback, so that it is tested and fuzzed without a
 * socket.
 *
 * Source: QEMU, "QMP protocol specification" and the QAPI schema of the
 * commands named in commands.c.
 */
#ifndef CF_MONITOR_H
#define CF_MONITOR_H

#include "base/error.h"
#include "base/log.h"
#include "image/cpu_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* Run states, by their QAPI names (cf_run_state_name). */
enum cf_run_state {
	CF_RUN_PRELAUNCH, /* created with -S, never ran */
	CF_RUN_RUNNING,
	CF_RUN_PAUSED,
	CF_RUN_SHUTDOWN,
	CF_RUN_GUEST_PANICKED, /* a confidential guest asked to be ended */
	CF_RUN_INMIGRATE,      /* waits for what -incoming brings */
	CF_RUN_POSTMIGRATE,    /* has gone elsewhere */
	CF_RUN_INTERNAL_ERROR, /* the CPU engine cannot go on */
};
const char *cf_run_state_name(enum cf_run_state s);

/* States of a SEV launch, by their QAPI names. */
enum cf_sev_state {
	CF_SEV_UNINIT,
	CF_SEV_LAUNCH_UPDATE,
	CF_SEV_LAUNCH_SECRET,
	CF_SEV_RUNNING,
	CF_SEV_SEND_UPDATE,
	CF_SEV_RECEIVE_UPDATE,
};

struct cf_monitor_sev_info {
	bool enabled;
	bool snp;
	uint8_t api_major, api_minor, build_id;
	enum cf_sev_state state;
	uint64_t policy;
	uint32_t handle;
};

/* States of a migration, by their QAPI names (cf_migrate_status_name). */
enum cf_migrate_status {
	CF_MIGRATE_NONE,
	CF_MIGRATE_SETUP,
	CF_MIGRATE_ACTIVE,
	CF_MIGRATE_COMPLETED,
	CF_MIGRATE_FAILED,
	CF_MIGRATE_CANCELLED,
};
const char *cf_migrate_status_name(enum cf_migrate_status s);

struct cf_monitor_migrate_info {
	enum cf_migrate_status status;
	uint64_t total, transferred, remaining; /* bytes */
	uint64_t zero_pages, normal_pages;
	uint64_t total_ms, downtime_ms;
	const char *error; /* of a failure; NULL: none */
};

struct cf_monitor_sev_capabilities {
	const uint8_t *pdh, *cert_chain, *cpu0_id; /* borrowed */
	size_t pdh_len, cert_chain_len, cpu0_id_len;
	unsigned cbitpos, reduced_phys_bits;
};

/*
 * What the monitor asks of the machine.  Called from the monitor's thread;
 * the machine does its own locking.  The message of a failure becomes the
 * "desc" of a GenericError.  NULL members: the command is refused.
 */
struct cf_monitor_vm {
	void *opaque;
	const char *guest_name; /* borrowed; NULL: none */
	enum cf_run_state (*run_state)(void *opaque);
	enum coffer_status (*stop)(void *opaque, struct coffer_error *err);
	enum coffer_status (*cont)(void *opaque, struct coffer_error *err);
	enum coffer_status (*powerdown)(void *opaque, struct coffer_error *err);
	enum coffer_status (*reset)(void *opaque, struct coffer_error *err);
	enum coffer_status (*nmi)(void *opaque, struct coffer_error *err);
	void (*quit)(void *opaque);
	unsigned (*vcpus)(void *opaque);
	uint64_t (*memory_size)(void *opaque);
	const char *(*accel_name)(void *opaque);
	void (*sev_info)(void *opaque, struct cf_monitor_sev_info *out);
	enum coffer_status (*sev_capabilities)(void *opaque,
		struct cf_monitor_sev_capabilities *out,
		struct coffer_error *err);
	enum coffer_status (*sev_launch_measure)(
		void *opaque, uint8_t out[48], struct coffer_error *err);
	/* gpa NULL: the firmware's own secret area. */
	enum coffer_status (*sev_inject_secret)(void *opaque,
		const uint8_t *header, size_t header_len, const uint8_t *secret,
		size_t secret_len, const uint64_t *gpa,
		struct coffer_error *err);
	enum coffer_status (*sev_attestation)(void *opaque,
		const uint8_t mnonce[16], uint8_t *out, size_t *len,
		struct coffer_error *err);
	enum coffer_status (*migrate)(
		void *opaque, const char *uri, struct coffer_error *err);
	void (*migrate_cancel)(void *opaque);
	void (*migrate_info)(void *opaque, struct cf_monitor_migrate_info *out);
	/* Guest memory as the host sees it; by physical address, or by
	 * virtual address of a vCPU. */
	enum coffer_status (*read_physical)(void *opaque, uint64_t gpa,
		void *out, size_t len, struct coffer_error *err);
	enum coffer_status (*read_virtual)(void *opaque, unsigned vcpu,
		uint64_t gva, void *out, size_t len, struct coffer_error *err);
	enum coffer_status (*registers)(void *opaque, unsigned vcpu,
		struct cf_cpu_state *out, struct coffer_error *err);
};

struct cf_monitor;
struct cf_monitor_session;

/* vm is kept; log may be NULL. */
enum coffer_status cf_monitor_create(const struct cf_monitor_vm *vm,
	const struct cf_log *log, struct cf_monitor **out,
	struct coffer_error *err) CF_MUST_CHECK;
/* Ends the server thread and every session. */
void cf_monitor_destroy(struct cf_monitor *mon);

/* A session that is not on a socket: what it says goes to write().  The
 * greeting is written at once. */
enum coffer_status cf_monitor_session_create(struct cf_monitor *mon,
	void (*write)(void *opaque, const char *text, size_t len), void *opaque,
	struct cf_monitor_session **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_monitor_session_input(
	struct cf_monitor_session *s, const char *bytes, size_t len);
void cf_monitor_session_destroy(struct cf_monitor_session *s);

/* Tell every negotiated session; data is a JSON object that the call takes,
 * or NULL.  From any thread. */
void cf_monitor_event(
	struct cf_monitor *mon, const char *name, struct json_object *data);

/*
 * Listen or talk where a QEMU -qmp option says: unix:PATH,server=on[,wait=off]
 * tcp:HOST:PORT,server=on[,wait=off], stdio.  The first call starts the
 * monitor's thread.  wait=on (QEMU's default for servers) blocks until the
 * first client is there.
 */
enum coffer_status cf_monitor_listen(struct cf_monitor *mon, const char *where,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
