/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "x /FMT ADDR" and "xp /FMT ADDR": guest memory by linear and by physical
 * address, as text.  FMT is a count, a format (x d u c) and a size (b h w g),
 * each of which may be left out; ADDR is a number or a register ($rip).
 */
#include "monitor/monitor_priv.h"

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_BYTES  4096u
#define LINE_BYTES 16u

struct request {
	struct cf_monitor *mon;
	unsigned vcpu;
	bool physical;
	unsigned count, size;
	char format;
	uint64_t at;
};

static const char *const register_names[CF_NGPRS] = { "rax", "rcx", "rdx",
	"rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
	"r13", "r14", "r15" };

/* Like QEMU: letters in any order after the count. */
static bool parse_format(
	const char *text, size_t len, struct request *r, struct qmp_error *e)
{
	static const char sizes[] = "bhwg";
	size_t i = 0;

	if (len && text[0] >= '0' && text[0] <= '9')
		r->count = 0;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		if (r->count <= MAX_BYTES)
			r->count = r->count * 10 + (unsigned)(text[i] - '0');
	for (; i < len; i++) {
		const char *size = strchr(sizes, text[i]);

		if (size)
			r->size = 1u << (size - sizes);
		else if (strchr("xduc", text[i]))
			r->format = text[i];
		else
			return qmp_fail(e,
				"format '%c' is not known; there are x d u c "
				"and the sizes b h w g",
				text[i]);
	}
	if (!r->count || r->count > MAX_BYTES / r->size)
		return qmp_fail(e, "from 1 to %u units of %u bytes at once",
			MAX_BYTES / r->size, r->size);
	return true;
}

static bool register_value(
	struct request *r, const char *name, uint64_t *out, struct qmp_error *e)
{
	struct cf_cpu_state s = { 0 };
	struct coffer_error err;

	if (!r->mon->vm->registers)
		return qmp_unsupported(e, "registers");
	if (r->mon->vm->registers(r->mon->vm->opaque, r->vcpu, &s, &err))
		return qmp_fail_with(e, &err);
	if (strcasecmp(name, "rip") == 0 || strcasecmp(name, "pc") == 0) {
		*out = s.rip + s.seg[CF_SEG_CS].base;
		return true;
	}
	for (size_t i = 0; i < CF_NGPRS; i++)
		if (strcasecmp(register_names[i], name) == 0) {
			*out = s.gpr[i];
			return true;
		}
	return qmp_fail(e, "no register '$%.20s'", name);
}

static bool parse_address(
	const char *text, struct request *r, struct qmp_error *e)
{
	char *end;

	if (text[0] == '$')
		return register_value(r, text + 1, &r->at, e);
	errno = 0;
	r->at = strtoull(text, &end, 0);
	if (end == text || *end || errno || text[0] == '-')
		return qmp_fail(e,
			"'%.60s' is no address; a number or a register as "
			"$rip is needed",
			text);
	return true;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static bool parse(const char *p, struct request *r, struct qmp_error *e)
{
	p = skip_blanks(p);
	if (*p == '/') {
		size_t len = strcspn(++p, " \t");

		if (!parse_format(p, len, r, e))
			return false;
		p = skip_blanks(p + len);
	}
	return parse_address(p, r, e);
}

static void print_unit(
	const struct request *r, const uint8_t *p, struct cf_buf *out)
{
	uint64_t v = 0;
	unsigned shift = 64 - 8 * r->size;

	memcpy(&v, p, r->size); /* little-endian, like the guest */
	if (r->format == 'x')
		cf_buf_printf(out, " 0x%0*" PRIx64, (int)(2 * r->size), v);
	else if (r->format == 'u')
		cf_buf_printf(out, " %" PRIu64, v);
	else if (r->format == 'd')
		cf_buf_printf(out, " %" PRId64, (int64_t)(v << shift) >> shift);
	else if (v >= 0x20 && v < 0x7f)
		cf_buf_printf(out, " '%c'", (char)v);
	else
		cf_buf_printf(out, " '\\x%02" PRIx64 "'", v);
}

static enum coffer_status read_at(const struct request *r, uint8_t *bytes,
	size_t len, struct coffer_error *err)
{
	const struct cf_monitor_vm *vm = r->mon->vm;

	if (r->physical)
		return vm->read_physical(vm->opaque, r->at, bytes, len, err);
	return vm->read_virtual(vm->opaque, r->vcpu, r->at, bytes, len, err);
}

bool qmp_examine(struct cf_monitor *mon, unsigned vcpu, bool physical,
	const char *args, struct cf_buf *out, struct qmp_error *e)
{
	struct request r = { .mon = mon,
		.vcpu = vcpu,
		.physical = physical,
		.count = 1,
		.size = 4,
		.format = 'x' };
	uint8_t bytes[MAX_BYTES];
	struct coffer_error err;

	if (physical ? !mon->vm->read_physical : !mon->vm->read_virtual)
		return qmp_unsupported(e, "reading memory");
	if (!parse(args, &r, e))
		return false;
	if (read_at(&r, bytes, (size_t)r.count * r.size, &err))
		return qmp_fail_with(e, &err);
	for (unsigned i = 0; i < r.count; i++) {
		unsigned offset = i * r.size;

		if (offset % LINE_BYTES == 0)
			cf_buf_printf(out, "%s%016" PRIx64 ":", i ? "\r\n" : "",
				r.at + offset);
		print_unit(&r, bytes + offset, out);
	}
	cf_buf_printf(out, "\r\n");
	return true;
}
