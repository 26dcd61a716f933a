/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debugger that sends anything: every line of the input is the payload of a
 * well-formed packet, and the input goes in as it is, too.
 */
#include "fuzz.h"

#include "base/base.h"
#include "machine/gdb/gdb_priv.h"

#include <string.h>

struct guest {
	struct cf_gdb gdb;
	struct cf_cpu_state state[2];
	uint8_t mem[256];
};

static bool get_state(void *opaque, unsigned vcpu, struct cf_cpu_state *s)
{
	*s = ((struct guest *)opaque)->state[vcpu];
	return true;
}

static bool set_state(void *opaque, unsigned vcpu, const struct cf_cpu_state *s)
{
	((struct guest *)opaque)->state[vcpu] = *s;
	return true;
}

static bool read_mem(
	void *opaque, unsigned vcpu, uint64_t addr, void *p, size_t len)
{
	struct guest *g = opaque;

	if (!cf_range_ok(addr, len, sizeof(g->mem)))
		return false;
	memcpy(p, g->mem + addr, len);
	return true;
}

static bool write_mem(
	void *opaque, unsigned vcpu, uint64_t addr, const void *p, size_t len)
{
	struct guest *g = opaque;

	if (!cf_range_ok(addr, len, sizeof(g->mem)))
		return false;
	memcpy(g->mem + addr, p, len);
	return true;
}

static bool set_points(
	void *opaque, const struct cf_debug_point *points, size_t n)
{
	return n < 8;
}

static void come_to_a_stop(struct guest *g)
{
	const struct cf_stop_info why = { .why = CF_STOP_DEBUG,
		.code = CF_DEBUG_HIT_WRITE };

	if (g->gdb.running)
		cf_gdb_stopped(&g->gdb, 1, &why);
}

static void resume(void *opaque, int step)
{
	/* A step ends at once, a run when the next packet comes. */
	if (step >= 0)
		come_to_a_stop(opaque);
}

static void stop(void *opaque)
{
	come_to_a_stop(opaque);
}

static void quit(void *opaque)
{
}

static void feed_packet(struct cf_gdb *gdb, const uint8_t *p, size_t n)
{
	struct cf_buf b = { 0 };
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + p[i]);
	cf_buf_u8(&b, '$');
	cf_buf_append(&b, p, n);
	cf_buf_printf(&b, "#%02x", sum);
	if (!b.failed)
		cf_gdb_feed(gdb, b.data, b.len);
	cf_buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest g = { 0 };
	const struct cf_gdb_target target = { .opaque = &g,
		.nvcpus = 2,
		.get_state = get_state,
		.set_state = set_state,
		.read = read_mem,
		.write = write_mem,
		.set_points = set_points,
		.resume = resume,
		.stop = stop,
		.quit = quit };

	cf_gdb_init(&g.gdb, &target);
	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - (data + at)) : size - at;

		come_to_a_stop(&g);
		feed_packet(&g.gdb, data + at, n);
		g.gdb.out.len = 0;
		at += n + 1;
	}
	cf_gdb_feed(&g.gdb, data, size);
	cf_gdb_exited(&g.gdb, 0);
	cf_gdb_finish(&g.gdb);
	return 0;
}
