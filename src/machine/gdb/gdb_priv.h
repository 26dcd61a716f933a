/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GDB remote serial protocol.  The session is pure: bytes of the debugger in,
 * bytes for it out, the machine behind a small table of functions.  Threads
 * are vCPUs, numbered from 1.
 *
 * Source: "Debugging with GDB", appendices "GDB Remote Serial Protocol" and
 * "Target Descriptions".
 */
#ifndef CF_MACHINE_GDB_PRIV_H
#define CF_MACHINE_GDB_PRIV_H

#include "accel/accel.h"
#include "base/buf.h"
#include "image/cpu_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_GDB_PACKET_MAX 4096
#define CF_GDB_POINTS_MAX 64

/* The machine, as a debugger sees it.  All but stop are called only while
 * the machine stands still. */
struct cf_gdb_target {
	void *opaque;
	unsigned nvcpus;
	bool (*get_state)(void *opaque, unsigned vcpu, struct cf_cpu_state *s);
	bool (*set_state)(
		void *opaque, unsigned vcpu, const struct cf_cpu_state *s);
	/* By linear address through the vCPU's page tables. */
	bool (*read)(void *opaque, unsigned vcpu, uint64_t addr, void *p,
		size_t len);
	bool (*write)(void *opaque, unsigned vcpu, uint64_t addr, const void *p,
		size_t len);
	bool (*set_points)(
		void *opaque, const struct cf_debug_point *points, size_t n);
	/* Let all vCPUs run; or, step >= 0, only that one, for one
	 * instruction.  Ends in cf_gdb_stopped(). */
	void (*resume)(void *opaque, int step);
	void (*stop)(void *opaque); /* ends in cf_gdb_stopped() */
	void (*quit)(void *opaque); /* end the machine */
};

struct cf_gdb {
	const struct cf_gdb_target *target; /* kept */
	struct cf_buf out;                  /* bytes for the debugger */
	bool running, no_ack, detached;
	unsigned thread;     /* vCPU that g, m and the rest mean */
	unsigned stopped_on; /* vCPU that stopped last */
	int signal;
	struct cf_stop_info why;
	struct cf_debug_point points[CF_GDB_POINTS_MAX];
	size_t npoints;
	/* The packet that is arriving. */
	enum { CF_GDB_IDLE, CF_GDB_DATA, CF_GDB_SUM1, CF_GDB_SUM2 } at;
	uint8_t in[CF_GDB_PACKET_MAX];
	size_t in_len;
	bool too_long;
	uint8_t sum, sum_seen;
};

/* A debugger connected; the machine stands still. */
void cf_gdb_init(struct cf_gdb *g, const struct cf_gdb_target *target);
void cf_gdb_finish(struct cf_gdb *g);

/* Bytes from the debugger; answers are appended to g->out. */
void cf_gdb_feed(struct cf_gdb *g, const uint8_t *p, size_t n);

/* The machine has come to a stand after resume() or stop(). */
void cf_gdb_stopped(
	struct cf_gdb *g, unsigned vcpu, const struct cf_stop_info *why);

/* The machine has ended. */
void cf_gdb_exited(struct cf_gdb *g, unsigned code);

/* gdb_packet.c: frame a payload. */
void cf_gdb_reply(struct cf_gdb *g, const void *p, size_t n);
void cf_gdb_reply_text(struct cf_gdb *g, const char *text);

/* gdb_command.c: a whole packet; p has a NUL after its n bytes. */
void cf_gdb_command(struct cf_gdb *g, const char *p, size_t n);
/* Send why it stopped. */
void cf_gdb_send_stop(struct cf_gdb *g);

/* gdb_points.c: Z and z packets. */
void cf_gdb_point(struct cf_gdb *g, const char *p);

/* gdb_regs.c: registers by the numbers of the target description. */
extern const char cf_gdb_target_xml[];
size_t cf_gdb_nregs(void);
/* Bytes of a register; 0: no such register. */
size_t cf_gdb_reg_len(size_t reg);
void cf_gdb_reg_get(const struct cf_cpu_state *s, size_t reg, uint8_t *out);
void cf_gdb_reg_set(struct cf_cpu_state *s, size_t reg, const uint8_t *in);

#endif
