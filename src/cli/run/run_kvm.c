/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which engine runs a guest, and the hardware path: the VM handle and the
 * hardware secure processor.
 */
#include "cli/run/run_priv.h"

#include "kvm/host.h"
#include "sp/kvm/sp_kvm.h"

#include <stdio.h>
#include <string.h>

static enum cf_kvm_generation generation(const struct run *r)
{
	switch (r->opts.platform) {
	case CF_PLATFORM_SEV:
		return CF_KVM_SEV;
	case CF_PLATFORM_SEV_ES:
		return CF_KVM_SEV_ES;
	case CF_PLATFORM_SEV_SNP:
		return CF_KVM_SEV_SNP;
	default:
		return CF_KVM_PLAIN;
	}
}

/* On the running kernel it must be there to be used. */
static const struct cf_accel_ops *kvm_engine(
	const struct run *r, struct coffer_error *err)
{
	return r->sys == cf_kvm_sys_linux() ? cf_accel_kvm(err)
					    : cf_accel_kvm_ops();
}

/* What is missing, in a few words: the first requirement that fails. */
static const char *missing(
	const struct cf_host_report *report, enum cf_kvm_generation g)
{
	for (size_t i = 0; i < report->nlines; i++)
		if (report->line[i].verdict == CF_HOST_NO &&
			report->line[i].needed_by >> g & 1)
			return report->line[i].what;
	return "something";
}

/* The option that only the software CPU can fulfil; NULL: none. */
static const char *needs_software(const struct run *r)
{
	if (r->config.icount)
		return "-icount";
	if (r->config.seeded)
		return "-seed";
	return r->opts.log ? "-d" : NULL;
}

/* Nobody chose: hardware where it has what the guest needs, and one line. */
static enum coffer_status choose_default(
	struct run *r, struct coffer_error *err)
{
	static const char *const what[] = { "KVM for plain guests", "SEV",
		"SEV-ES", "SEV-SNP" };
	enum cf_kvm_generation g = generation(r);
	struct cf_host_facts facts;
	struct cf_host_report report;

	cf_host_gather(r->sys, &facts);
	cf_host_judge(&facts, &report);
	if (report.can[g] == CF_HOST_YES && !needs_software(r))
		r->config.accel = kvm_engine(r, err);
	else
		r->config.accel = cf_accel_soft(err);
	if (!r->config.accel)
		return err->status;
	if (!r->opts.quiet && report.can[g] != CF_HOST_YES)
		fprintf(stderr,
			"coffer run: no %s here (lacks %s; see coffer host): "
			"running in software%s\n",
			what[g], missing(&report, g),
			r->opts.guest ? ", SIMULATED" : "");
	return COFFER_OK;
}

static const struct cf_accel_ops *by_name(const struct run *r, const char *name,
	size_t len, struct coffer_error *err)
{
	if (len == 3 && memcmp(name, "kvm", 3) == 0)
		return kvm_engine(r, err);
	if ((len == 4 && memcmp(name, "soft", 4) == 0) ||
		(len == 3 && memcmp(name, "tcg", 3) == 0))
		return cf_accel_soft(err);
	cf_fail(err, COFFER_ERR_ARGUMENT,
		"-accel %.*s: no such engine; there are kvm and soft", (int)len,
		name);
	return NULL;
}

/* "kvm:soft": the first that this machine can use. */
static enum coffer_status choose_named(
	struct run *r, const char *names, struct coffer_error *err)
{
	for (const char *at = names; at; at = strchr(at, ':')) {
		at += *at == ':';
		r->config.accel = by_name(r, at, strcspn(at, ":"), err);
		if (r->config.accel)
			return COFFER_OK;
	}
	return err->status;
}

enum coffer_status run_choose_engine(struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	const char *name = qemu_get(&o->accel, "accel");
	enum coffer_status s;

	if (!name)
		name = qemu_get(&o->machine, "accel");
	if (!name && o->enable_kvm)
		name = "kvm";
	s = name ? choose_named(r, name, err) : choose_default(r, err);
	if (s)
		return s;
	if (r->config.accel->vm_before_launch && needs_software(r))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: KVM does not show single instructions; use -accel "
			"soft",
			needs_software(r));
	return COFFER_OK;
}

enum coffer_status run_open_kvm(struct run *r, struct coffer_error *err)
{
	const struct qemu_set *g = r->opts.guest;
	const char *legacy = g ? qemu_get(g, "legacy-vm-type") : NULL;
	struct cf_kvm_config c = { .sys = r->sys,
		.log = &r->log,
		.generation = generation(r),
		.legacy = legacy && strcmp(legacy, "on") == 0,
		.legacy_if_old = legacy && strcmp(legacy, "auto") == 0,
		.sev_device = g ? qemu_get(g, "sev-device") : NULL };
	enum coffer_status s;

	if (!r->config.accel->vm_before_launch)
		return COFFER_OK;
	s = cf_kvm_open(&c, &r->kvm, err);
	r->config.kvm = r->kvm;
	return s;
}

/* The C-bit is the processor's, not ours to choose. */
static enum coffer_status check_cbit(struct run *r, struct coffer_error *err)
{
	struct cf_host_facts facts;

	cf_host_gather(r->sys, &facts);
	if (facts.cbitpos == r->config.cbit)
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"cbitpos check failed, host '%u' requested '%u'; give "
		"cbitpos=%u",
		facts.cbitpos, r->config.cbit, facts.cbitpos);
}

enum coffer_status run_make_hardware_processor(
	struct run *r, uint64_t sev_features, struct coffer_error *err)
{
	struct cf_sp_kvm_config c = { .kvm = r->kvm,
		.memory = cf_machine_memory(r->machine),
		.sev_features = sev_features,
		.request_certs = r->certs.path != NULL,
		.tsc_khz = (uint32_t)(qemu_get_u64(
					      r->opts.guest, "tsc-frequency") /
			1000),
		.legacy = cf_kvm_is_legacy(r->kvm) };
	enum coffer_status s = check_cbit(r, err);

	return s ? s : cf_sp_kvm_create(&c, &r->guest, err);
}
