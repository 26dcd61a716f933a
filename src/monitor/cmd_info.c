/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human-monitor-command: the few texts that people ask for while a guest runs.
 * A table of words; anything else is refused by name.
 */
#include "monitor/monitor_priv.h"

#include "base/base.h"
#include "config.h"

#include <inttypes.h>
#include <string.h>

static bool info_status(struct cf_monitor *mon, unsigned vcpu, const char *args,
	struct cf_buf *out, struct qmp_error *e)
{
	cf_buf_printf(out, "VM status: %s\r\n",
		cf_run_state_name(mon->vm->run_state(mon->vm->opaque)));
	return true;
}

static bool info_cpus(struct cf_monitor *mon, unsigned vcpu, const char *args,
	struct cf_buf *out, struct qmp_error *e)
{
	unsigned n = mon->vm->vcpus(mon->vm->opaque);

	for (unsigned i = 0; i < n; i++)
		cf_buf_printf(out, "%c CPU #%u\r\n", i == vcpu ? '*' : ' ', i);
	return true;
}

static bool info_sev(struct cf_monitor *mon, unsigned vcpu, const char *args,
	struct cf_buf *out, struct qmp_error *e)
{
	struct cf_monitor_sev_info info = { 0 };

	if (mon->vm->sev_info)
		mon->vm->sev_info(mon->vm->opaque, &info);
	if (!info.enabled) {
		cf_buf_printf(out, "SEV is not enabled\r\n");
		return true;
	}
	cf_buf_printf(out, "SEV type: %s\r\n", info.snp ? "sev-snp" : "sev");
	cf_buf_printf(out, "state: %s\r\n", qmp_sev_state_name(info.state));
	cf_buf_printf(out, "build: %u\r\n", info.build_id);
	cf_buf_printf(
		out, "api version: %u.%u\r\n", info.api_major, info.api_minor);
	if (info.snp) {
		cf_buf_printf(out, "debug: %s\r\n",
			info.policy >> 19 & 1 ? "on" : "off");
		cf_buf_printf(out, "SMT allowed: %s\r\n",
			info.policy >> 16 & 1 ? "on" : "off");
	} else {
		cf_buf_printf(out, "handle: %" PRIu32 "\r\n", info.handle);
		cf_buf_printf(
			out, "debug: %s\r\n", info.policy & 1 ? "off" : "on");
		cf_buf_printf(out, "key-sharing: %s\r\n",
			info.policy >> 1 & 1 ? "off" : "on");
	}
	return true;
}

static bool info_kvm(struct cf_monitor *mon, unsigned vcpu, const char *args,
	struct cf_buf *out, struct qmp_error *e)
{
	cf_buf_printf(out, "kvm support: %s\r\n",
		qmp_accel_is_kvm(mon) ? "enabled" : "disabled");
	return true;
}

static bool info_version(struct cf_monitor *mon, unsigned vcpu,
	const char *args, struct cf_buf *out, struct qmp_error *e)
{
	cf_buf_printf(out, "coffer " COFFER_VERSION "\r\n");
	return true;
}

static void print_segment(
	struct cf_buf *out, const char *name, const struct cf_segment *s)
{
	cf_buf_printf(out, "%-4s=%04x %016" PRIx64 " %08" PRIx32 " %04x\r\n",
		name, s->selector, s->base, s->limit, s->attrib);
}

static void print_registers(struct cf_buf *out, const struct cf_cpu_state *s)
{
	static const char *const gprs[CF_NGPRS] = { "RAX", "RCX", "RDX", "RBX",
		"RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12",
		"R13", "R14", "R15" };
	static const char *const segs[CF_NSEGS] = { "ES", "CS", "SS", "DS",
		"FS", "GS" };

	for (size_t i = 0; i < CF_NGPRS; i++)
		cf_buf_printf(out, "%-3s=%016" PRIx64 "%s", gprs[i], s->gpr[i],
			i % 4 == 3 ? "\r\n" : " ");
	cf_buf_printf(out, "RIP=%016" PRIx64 " RFL=%08" PRIx64 "\r\n", s->rip,
		s->rflags);
	for (size_t i = 0; i < CF_NSEGS; i++)
		print_segment(out, segs[i], &s->seg[i]);
	print_segment(out, "LDT", &s->ldtr);
	print_segment(out, "TR", &s->tr);
	print_segment(out, "GDT", &s->gdtr);
	print_segment(out, "IDT", &s->idtr);
	cf_buf_printf(out,
		"CR0=%08" PRIx64 " CR2=%016" PRIx64 " CR3=%016" PRIx64
		" CR4=%08" PRIx64 "\r\n",
		s->cr0, s->cr2, s->cr3, s->cr4);
	cf_buf_printf(out,
		"EFER=%016" PRIx64 " DR6=%016" PRIx64 " DR7=%016" PRIx64 "\r\n",
		s->efer, s->dr6, s->dr7);
}

static bool info_registers(struct cf_monitor *mon, unsigned vcpu,
	const char *args, struct cf_buf *out, struct qmp_error *e)
{
	struct cf_cpu_state s = { 0 };
	struct coffer_error err;

	if (!mon->vm->registers) {
		qmp_unsupported(e, "info registers");
		return false;
	}
	if (mon->vm->registers(mon->vm->opaque, vcpu, &s, &err)) {
		qmp_fail_with(e, &err);
		return false;
	}
	cf_buf_printf(out, "CPU#%u\r\n", vcpu);
	print_registers(out, &s);
	return true;
}

static bool examine(struct cf_monitor *mon, unsigned vcpu, const char *args,
	struct cf_buf *out, struct qmp_error *e)
{
	return qmp_examine(mon, vcpu, false, args, out, e);
}

static bool examine_physical(struct cf_monitor *mon, unsigned vcpu,
	const char *args, struct cf_buf *out, struct qmp_error *e)
{
	return qmp_examine(mon, vcpu, true, args, out, e);
}

static const struct human_command {
	const char *line;
	bool has_args; /* what follows the words goes to print() */
	bool (*print)(struct cf_monitor *mon, unsigned vcpu, const char *args,
		struct cf_buf *out, struct qmp_error *e);
} human_commands[] = {
	{ "info status", false, info_status },
	{ "info cpus", false, info_cpus },
	{ "info sev", false, info_sev },
	{ "info registers", false, info_registers },
	{ "info kvm", false, info_kvm },
	{ "info version", false, info_version },
	{ "x", true, examine },
	{ "xp", true, examine_physical },
};

/* The rest of the line when it is this command; NULL: it is not. */
static const char *rest_of(const struct human_command *c, const char *line)
{
	size_t n = strlen(c->line);

	if (strncmp(line, c->line, n) != 0)
		return NULL;
	if (line[n] == '\0')
		return c->has_args ? NULL : line + n;
	return c->has_args && strchr(" \t/", line[n]) ? line + n : NULL;
}

static struct json_object *print_command(struct cf_monitor *mon,
	const struct human_command *c, const char *args, unsigned vcpu,
	struct qmp_error *e)
{
	struct json_object *text = NULL;
	struct cf_buf out = { 0 };

	if (c->print(mon, vcpu, args, &out, e)) {
		const char *s = cf_buf_text(&out);

		text = s ? json_object_new_string(s)
			 : qmp_fail(e, "Out of memory");
	}
	cf_buf_finish(&out);
	return text;
}

struct json_object *qmp_human_command(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	const char *line = qmp_arg_str(args, "command-line");
	int64_t cpu = 0;

	qmp_arg_int(args, "cpu-index", &cpu);
	if (cpu < 0 || (uint64_t)cpu >= mon->vm->vcpus(mon->vm->opaque))
		return qmp_fail(
			e, "Parameter 'cpu-index' expects a CPU number");
	for (size_t i = 0; i < CF_ARRAY_LEN(human_commands); i++) {
		const char *rest = rest_of(&human_commands[i], line);

		if (rest)
			return print_command(mon, &human_commands[i], rest,
				(unsigned)cpu, e);
	}
	return qmp_fail(e,
		"no human command '%.60s'; there are: info status, cpus, sev, "
		"registers, kvm, version, x /FMT ADDR, xp /FMT ADDR",
		line);
}
