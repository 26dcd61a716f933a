/* SPDX-License-Identifier: Apache-2.0 */
/* Break- and watchpoints of the debugger: Ztype,addr,kind and z likewise. */
#include "machine/gdb/gdb_priv.h"

#include <stdlib.h>
#include <string.h>

static bool parse(const char *p, struct cf_debug_point *out)
{
	static const enum cf_debug_kind kinds[] = { CF_DEBUG_EXEC,
		CF_DEBUG_EXEC, CF_DEBUG_WRITE, CF_DEBUG_READ, CF_DEBUG_ACCESS };
	char *end;

	if (p[1] < '0' || p[1] > '4' || p[2] != ',')
		return false;
	out->kind = kinds[p[1] - '0'];
	out->addr = strtoull(p + 3, &end, 16);
	if (*end != ',')
		return false;
	out->len = strtoull(end + 1, &end, 16);
	/* For breakpoints the third field is a kind, not a length. */
	if (out->kind == CF_DEBUG_EXEC)
		out->len = 1;
	return out->len && out->len <= 4096;
}

static bool same(const struct cf_debug_point *a, const struct cf_debug_point *b)
{
	return a->kind == b->kind && a->addr == b->addr && a->len == b->len;
}

static size_t find(const struct cf_gdb *g, const struct cf_debug_point *p)
{
	size_t i = 0;

	while (i < g->npoints && !same(&g->points[i], p))
		i++;
	return i;
}

void cf_gdb_point(struct cf_gdb *g, const char *p)
{
	struct cf_debug_point point;
	size_t i;

	if (!parse(p, &point)) {
		cf_gdb_reply_text(g, "E01");
		return;
	}
	i = find(g, &point);
	if (p[0] == 'Z' && i == g->npoints) {
		if (g->npoints == CF_GDB_POINTS_MAX) {
			cf_gdb_reply_text(g, "E02");
			return;
		}
		g->points[g->npoints++] = point;
	} else if (p[0] == 'z' && i < g->npoints) {
		g->points[i] = g->points[--g->npoints];
	}
	if (g->target->set_points(g->target->opaque, g->points, g->npoints))
		cf_gdb_reply_text(g, "OK");
	else
		cf_gdb_reply_text(g, "E03");
}
