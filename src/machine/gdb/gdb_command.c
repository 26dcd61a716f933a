/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the protocol; one that is not known is answered by an empty
 * packet, which means "not supported". */
#include "machine/gdb/gdb_priv.h"

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEM_MAX  ((CF_GDB_PACKET_MAX - 16) / 2)
#define SIG_INT  2
#define SIG_TRAP 5

static void ok(struct cf_gdb *g)
{
	cf_gdb_reply_text(g, "OK");
}

static void bad(struct cf_gdb *g)
{
	cf_gdb_reply_text(g, "E01");
}

static bool starts(const char *p, const char *with)
{
	return strncmp(p, with, strlen(with)) == 0;
}

static void reply_buf(struct cf_gdb *g, struct cf_buf *b)
{
	if (b->failed)
		bad(g);
	else
		cf_gdb_reply(g, b->data, b->len);
	cf_buf_finish(b);
}

static void put_hex(struct cf_buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cf_buf_printf(b, "%02x", p[i]);
}

void cf_gdb_send_stop(struct cf_gdb *g)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} reasons[] = {
		{ CF_DEBUG_HIT_WRITE, "watch" },
		{ CF_DEBUG_HIT_READ, "rwatch" },
		{ CF_DEBUG_HIT_ACCESS, "awatch" },
	};
	struct cf_buf b = { 0 };

	cf_buf_printf(&b, "T%02xthread:%x;", g->signal, g->stopped_on + 1);
	for (size_t i = 0; i < CF_ARRAY_LEN(reasons); i++) {
		if (g->why.why == CF_STOP_DEBUG &&
			g->why.code == reasons[i].bit)
			cf_buf_printf(&b, "%s:%llx;", reasons[i].name,
				(unsigned long long)g->why.gpa);
	}
	reply_buf(g, &b);
}

void cf_gdb_stopped(
	struct cf_gdb *g, unsigned vcpu, const struct cf_stop_info *why)
{
	g->running = false;
	g->stopped_on = g->thread = vcpu;
	g->why = *why;
	g->signal = why->why == CF_STOP_DEBUG ? SIG_TRAP : SIG_INT;
	cf_gdb_send_stop(g);
}

void cf_gdb_exited(struct cf_gdb *g, unsigned code)
{
	char text[8];

	if (!g->running)
		return;
	g->running = false;
	snprintf(text, sizeof text, "W%02x", code & 0xff);
	cf_gdb_reply_text(g, text);
}

static void read_all_regs(struct cf_gdb *g)
{
	struct cf_cpu_state s;
	struct cf_buf b = { 0 };
	uint8_t value[16];

	if (!g->target->get_state(g->target->opaque, g->thread, &s)) {
		bad(g);
		return;
	}
	for (size_t i = 0; i < cf_gdb_nregs(); i++) {
		cf_gdb_reg_get(&s, i, value);
		put_hex(&b, value, cf_gdb_reg_len(i));
	}
	reply_buf(g, &b);
}

/* The first 2 * n digits; false also for "xx", a value to keep. */
static bool take_hex(const char *hex, uint8_t *out, size_t n)
{
	char digits[2 * 16 + 1];

	if (n > 16 || strlen(hex) < 2 * n)
		return false;
	memcpy(digits, hex, 2 * n);
	digits[2 * n] = 0;
	return cf_unhex(digits, out, n);
}

static void write_all_regs(struct cf_gdb *g, const char *hex)
{
	struct cf_cpu_state s;
	uint8_t value[16];

	if (!g->target->get_state(g->target->opaque, g->thread, &s)) {
		bad(g);
		return;
	}
	for (size_t i = 0; i < cf_gdb_nregs(); i++) {
		size_t len = cf_gdb_reg_len(i);

		if (strlen(hex) < 2 * len)
			break;
		if (take_hex(hex, value, len))
			cf_gdb_reg_set(&s, i, value);
		hex += 2 * len;
	}
	if (g->target->set_state(g->target->opaque, g->thread, &s))
		ok(g);
	else
		bad(g);
}

static void read_reg(struct cf_gdb *g, const char *p)
{
	size_t reg = strtoul(p, NULL, 16);
	size_t len = cf_gdb_reg_len(reg);
	struct cf_cpu_state s;
	struct cf_buf b = { 0 };
	uint8_t value[16];

	if (!len || !g->target->get_state(g->target->opaque, g->thread, &s)) {
		bad(g);
		return;
	}
	cf_gdb_reg_get(&s, reg, value);
	put_hex(&b, value, len);
	reply_buf(g, &b);
}

static void write_reg(struct cf_gdb *g, const char *p)
{
	char *end;
	size_t reg = strtoul(p, &end, 16);
	size_t len = cf_gdb_reg_len(reg);
	struct cf_cpu_state s;
	uint8_t value[16];

	if (!len || *end != '=' || strlen(end + 1) != 2 * len ||
		!cf_unhex(end + 1, value, len) ||
		!g->target->get_state(g->target->opaque, g->thread, &s)) {
		bad(g);
		return;
	}
	cf_gdb_reg_set(&s, reg, value);
	if (g->target->set_state(g->target->opaque, g->thread, &s))
		ok(g);
	else
		bad(g);
}

/* "addr,len" followed by `until`; what comes after it, or NULL. */
static const char *parse_range(
	const char *p, char until, uint64_t *addr, size_t *len)
{
	char *end;

	*addr = strtoull(p, &end, 16);
	if (*end != ',')
		return NULL;
	*len = strtoull(end + 1, &end, 16);
	if (*end != until || *len > MEM_MAX)
		return NULL;
	return until ? end + 1 : end;
}

static void read_memory(struct cf_gdb *g, const char *p)
{
	uint8_t bytes[MEM_MAX];
	struct cf_buf b = { 0 };
	uint64_t addr;
	size_t len;

	if (!parse_range(p, 0, &addr, &len)) {
		bad(g);
		return;
	}
	/* What can be read up to the first hole is an answer too. */
	while (len &&
		!g->target->read(
			g->target->opaque, g->thread, addr, bytes, len))
		len = len > 1 ? len / 2 : 0;
	if (!len) {
		bad(g);
		return;
	}
	put_hex(&b, bytes, len);
	reply_buf(g, &b);
}

static void write_memory(struct cf_gdb *g, const char *p, size_t n, bool binary)
{
	uint8_t bytes[MEM_MAX];
	uint64_t addr;
	size_t len;
	const char *data = parse_range(p, ':', &addr, &len);
	size_t left = data ? n - (size_t)(data - p) : 0;

	if (!data || left != (binary ? len : 2 * len) ||
		(!binary && !cf_unhex(data, bytes, len))) {
		bad(g);
		return;
	}
	if (!len ||
		g->target->write(g->target->opaque, g->thread, addr,
			binary ? (const uint8_t *)data : bytes, len))
		ok(g);
	else
		bad(g);
}

static void resume(struct cf_gdb *g, int step)
{
	g->running = true;
	g->target->resume(g->target->opaque, step);
}

/* "p1.2" and "2" name threads, -1 all and 0 any; out: the vCPU, or -1. */
static bool parse_thread(const struct cf_gdb *g, const char *p, int *out)
{
	long id;

	if (*p == 'p')
		p = strchr(p, '.') ? strchr(p, '.') + 1 : p + 1;
	id = strtol(p, NULL, 16);
	if (id > (long)g->target->nvcpus)
		return false;
	*out = id <= 0 ? -1 : (int)id - 1;
	return true;
}

/* vCont;action[:thread]...: the first step wins; everything else runs on. */
static void vcont(struct cf_gdb *g, const char *p)
{
	int step = -1;

	for (; p && *p == ';'; p = strchr(p + 1, ';')) {
		const char *thread = strchr(p, ':');
		const char *next = strchr(p + 1, ';');
		int which = (int)g->thread;

		if ((p[1] != 's' && p[1] != 'S') || step >= 0)
			continue;
		if (thread && (!next || thread < next) &&
			!parse_thread(g, thread + 1, &which)) {
			bad(g);
			return;
		}
		step = which < 0 ? (int)g->thread : which;
	}
	resume(g, step);
}

static void kill_machine(struct cf_gdb *g)
{
	g->target->quit(g->target->opaque);
	ok(g);
}

static void v_packet(struct cf_gdb *g, const char *p)
{
	if (strcmp(p, "vCont?") == 0)
		cf_gdb_reply_text(g, "vCont;c;C;s;S");
	else if (starts(p, "vCont"))
		vcont(g, p + 5);
	else if (starts(p, "vKill"))
		kill_machine(g);
	else
		cf_gdb_reply_text(g, "");
}

static void features(struct cf_gdb *g, const char *p)
{
	size_t total = strlen(cf_gdb_target_xml);
	struct cf_buf b = { 0 };
	char *end;
	size_t offset = strtoull(p, &end, 16);
	size_t len = *end == ',' ? strtoull(end + 1, NULL, 16) : 0;

	if (offset > total || !len) {
		bad(g);
		return;
	}
	if (len > MEM_MAX)
		len = MEM_MAX;
	cf_buf_u8(&b, len < total - offset ? 'm' : 'l');
	if (len > total - offset)
		len = total - offset;
	cf_buf_append(&b, cf_gdb_target_xml + offset, len);
	reply_buf(g, &b);
}

static void thread_list(struct cf_gdb *g)
{
	struct cf_buf b = { 0 };

	for (unsigned i = 0; i < g->target->nvcpus; i++)
		cf_buf_printf(&b, "%c%x", i ? ',' : 'm', i + 1);
	reply_buf(g, &b);
}

static void thread_name(struct cf_gdb *g, const char *p)
{
	struct cf_buf b = { 0 };
	char text[32];
	int vcpu;

	if (!parse_thread(g, p, &vcpu) || vcpu < 0) {
		bad(g);
		return;
	}
	snprintf(text, sizeof text, "vCPU %d", vcpu);
	put_hex(&b, (const uint8_t *)text, strlen(text));
	reply_buf(g, &b);
}

static void query(struct cf_gdb *g, const char *p)
{
	static const char xfer[] = "qXfer:features:read:target.xml:";
	char text[96];

	if (starts(p, "qSupported")) {
		snprintf(text, sizeof text,
			"PacketSize=%x;qXfer:features:read+;vContSupported+;"
			"QStartNoAckMode+",
			CF_GDB_PACKET_MAX - 1);
		cf_gdb_reply_text(g, text);
	} else if (starts(p, xfer)) {
		features(g, p + strlen(xfer));
	} else if (strcmp(p, "qfThreadInfo") == 0) {
		thread_list(g);
	} else if (strcmp(p, "qsThreadInfo") == 0) {
		cf_gdb_reply_text(g, "l");
	} else if (starts(p, "qThreadExtraInfo,")) {
		thread_name(g, p + 17);
	} else if (strcmp(p, "qC") == 0) {
		snprintf(text, sizeof text, "QC%x", g->thread + 1);
		cf_gdb_reply_text(g, text);
	} else if (starts(p, "qAttached")) {
		cf_gdb_reply_text(g, "1");
	} else {
		cf_gdb_reply_text(g, "");
	}
}

static void set_packet(struct cf_gdb *g, const char *p)
{
	if (strcmp(p, "QStartNoAckMode") == 0) {
		ok(g);
		g->no_ack = true;
	} else {
		cf_gdb_reply_text(g, "");
	}
}

static void select_thread(struct cf_gdb *g, const char *p)
{
	int vcpu;

	if (!parse_thread(g, p + 1, &vcpu)) {
		bad(g);
		return;
	}
	if (*p == 'g' && vcpu >= 0)
		g->thread = (unsigned)vcpu;
	ok(g);
}

static void detach(struct cf_gdb *g)
{
	g->npoints = 0;
	g->target->set_points(g->target->opaque, g->points, 0);
	ok(g);
	g->detached = true;
	resume(g, -1);
}

void cf_gdb_command(struct cf_gdb *g, const char *p, size_t n)
{
	int vcpu;

	switch (p[0]) {
	case '?':
		cf_gdb_send_stop(g);
		break;
	case 'g':
		read_all_regs(g);
		break;
	case 'G':
		write_all_regs(g, p + 1);
		break;
	case 'p':
		read_reg(g, p + 1);
		break;
	case 'P':
		write_reg(g, p + 1);
		break;
	case 'm':
		read_memory(g, p + 1);
		break;
	case 'M':
		write_memory(g, p + 1, n - 1, false);
		break;
	case 'X':
		write_memory(g, p + 1, n - 1, true);
		break;
	case 'Z':
	case 'z':
		cf_gdb_point(g, p);
		break;
	case 'c':
	case 'C':
		resume(g, -1);
		break;
	case 's':
	case 'S':
		resume(g, (int)g->thread);
		break;
	case 'v':
		v_packet(g, p);
		break;
	case 'q':
		query(g, p);
		break;
	case 'Q':
		set_packet(g, p);
		break;
	case 'H':
		select_thread(g, p + 1);
		break;
	case 'T':
		if (parse_thread(g, p + 1, &vcpu))
			ok(g);
		else
			bad(g);
		break;
	case 'D':
		detach(g);
		break;
	case 'k':
		g->target->quit(g->target->opaque);
		break;
	default:
		cf_gdb_reply_text(g, "");
		break;
	}
}
