/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets: $payload#checksum, acknowledged by + until the debugger asks for
 * no acknowledgements; the byte 3 outside a packet interrupts.
 */
#include "machine/gdb/gdb_priv.h"

#include "base/base.h"

#include <string.h>

#define INTERRUPT 0x03

void cf_gdb_init(struct cf_gdb *g, const struct cf_gdb_target *target)
{
	*g = (struct cf_gdb) { .target = target, .signal = 5 };
}

void cf_gdb_finish(struct cf_gdb *g)
{
	cf_buf_finish(&g->out);
}

void cf_gdb_reply(struct cf_gdb *g, const void *p, size_t n)
{
	const uint8_t *bytes = p;
	uint8_t sum = 0;

	cf_buf_u8(&g->out, '$');
	for (size_t i = 0; i < n; i++) {
		uint8_t c = bytes[i];

		/* Also * since it would repeat the byte before. */
		if (c == '$' || c == '#' || c == '}' || c == '*') {
			cf_buf_u8(&g->out, '}');
			sum = (uint8_t)(sum + '}');
			c ^= 0x20;
		}
		cf_buf_u8(&g->out, c);
		sum = (uint8_t)(sum + c);
	}
	cf_buf_printf(&g->out, "#%02x", sum);
}

void cf_gdb_reply_text(struct cf_gdb *g, const char *text)
{
	cf_gdb_reply(g, text, strlen(text));
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 0;
}

/* Undo the escapes in place. */
static void unescape(struct cf_gdb *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->in_len; i++) {
		uint8_t c = g->in[i];

		if (c == '}' && i + 1 < g->in_len)
			c = g->in[++i] ^ 0x20;
		g->in[n++] = c;
	}
	g->in_len = n;
}

static void whole_packet(struct cf_gdb *g)
{
	bool good = g->sum == g->sum_seen && !g->too_long;

	if (!g->no_ack)
		cf_buf_u8(&g->out, good ? '+' : '-');
	if (!good)
		return;
	unescape(g);
	g->in[g->in_len] = 0;
	cf_gdb_command(g, (const char *)g->in, g->in_len);
}

static void idle_byte(struct cf_gdb *g, uint8_t c)
{
	if (c == '$') {
		g->at = CF_GDB_DATA;
		g->in_len = 0;
		g->sum = 0;
		g->too_long = false;
	} else if (c == INTERRUPT && g->running) {
		g->target->stop(g->target->opaque);
	}
	/* + and - need nothing: the transport loses no bytes. */
}

static void feed_byte(struct cf_gdb *g, uint8_t c)
{
	switch (g->at) {
	case CF_GDB_IDLE:
		idle_byte(g, c);
		break;
	case CF_GDB_DATA:
		if (c == '#') {
			g->at = CF_GDB_SUM1;
			break;
		}
		g->sum = (uint8_t)(g->sum + c);
		if (g->in_len + 1 < sizeof g->in)
			g->in[g->in_len++] = c;
		else
			g->too_long = true;
		break;
	case CF_GDB_SUM1:
		g->sum_seen = (uint8_t)(hex_digit(c) << 4);
		g->at = CF_GDB_SUM2;
		break;
	case CF_GDB_SUM2:
		g->sum_seen = (uint8_t)(g->sum_seen | hex_digit(c));
		g->at = CF_GDB_IDLE;
		whole_packet(g);
		break;
	}
}

void cf_gdb_feed(struct cf_gdb *g, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		feed_byte(g, p[i]);
}
