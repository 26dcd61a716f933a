/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from the facts about a host: pure, a line per requirement. */
#include "kvm/host.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FOR_PLAIN (1u << CF_KVM_PLAIN)
#define FOR_SEV   (1u << CF_KVM_SEV)
#define FOR_ES    (1u << CF_KVM_SEV_ES)
#define FOR_SNP   (1u << CF_KVM_SEV_SNP)
#define FOR_ALL   (FOR_SEV | FOR_ES | FOR_SNP)

/* Append a line; found is formatted, remedy is only kept for a "no". */
static struct cf_host_line *add(struct cf_host_report *r, const char *what,
	unsigned needed_by, bool ok, const char *remedy, const char *fmt, ...)
	CF_PRINTF(6, 7);

static struct cf_host_line *add(struct cf_host_report *r, const char *what,
	unsigned needed_by, bool ok, const char *remedy, const char *fmt, ...)
{
	struct cf_host_line *l = &r->line[r->nlines++];
	va_list ap;

	l->what = what;
	l->needed_by = needed_by;
	l->verdict = ok ? CF_HOST_YES : CF_HOST_NO;
	va_start(ap, fmt);
	vsnprintf(l->found, sizeof(l->found), fmt, ap);
	va_end(ap);
	if (!ok)
		snprintf(l->remedy, sizeof(l->remedy), "%s", remedy);
	return l;
}

static void judge_cpu(const struct cf_host_facts *f, struct cf_host_report *r)
{
	bool virt = f->has_svm || f->has_vmx;

	add(r, "hardware virtualization", FOR_PLAIN | FOR_ALL, virt,
		f->under_hypervisor
			? "this is a virtual machine: its host must allow "
			  "nested virtualization"
			: "turn on SVM Mode (AMD) or VT-x (Intel) in the BIOS",
		"%s",
		f->has_svm           ? "AMD SVM"
			: f->has_vmx ? "Intel VT-x"
				     : "none offered by CPUID");
	add(r, "CPU with SEV", FOR_ALL, f->cpu_sev,
		"an AMD EPYC is needed (7001 or newer), with SMEE on in the "
		"BIOS",
		"%s", f->model_name);
	add(r, "CPU with SEV-ES", FOR_ES | FOR_SNP, f->cpu_sev_es,
		"an EPYC 7002 or newer is needed", "%s",
		f->cpu_sev_es ? "yes" : "not in CPUID 8000_001F");
	add(r, "CPU with SEV-SNP", FOR_SNP, f->cpu_snp,
		"an EPYC 7003 or newer is needed, with SEV-SNP Support and "
		"SNP Memory (RMP Table) Coverage on in the BIOS",
		"%s", f->cpu_snp ? "yes" : "not in CPUID 8000_001F");
	if (!f->cpu_sev)
		return;
	add(r, "C-bit", 0, true, "", "cbitpos=%u,reduced-phys-bits=%u",
		f->cbitpos, f->reduced_phys_bits);
	add(r, "ASIDs for SEV-ES and SNP", FOR_ES | FOR_SNP,
		f->min_sev_asid > 1,
		"raise SEV-ES ASID Space Limit in the BIOS above 1", "%u of %u",
		f->min_sev_asid ? f->min_sev_asid - 1 : 0, f->asids);
}

static const char *open_remedy(int errnum, const char *when_absent)
{
	if (errnum == 13 || errnum == 1) /* EACCES, EPERM */
		return "add the user to the device's group (kvm, or sev), or "
		       "set a udev rule";
	return when_absent;
}

static void judge_kvm(const struct cf_host_facts *f, struct cf_host_report *r)
{
	add(r, "/dev/kvm", FOR_PLAIN | FOR_ALL, !f->kvm_errno,
		open_remedy(f->kvm_errno,
			"load kvm_amd or kvm_intel: modprobe kvm_amd"),
		"%s",
		f->kvm_errno ? strerror(f->kvm_errno)
			: f->has_svm || f->has_vmx
			? "can be opened"
			: "a software KVM: used only with -accel kvm");
	add(r, "module kvm_amd", FOR_ALL, f->kvm_amd_loaded, "modprobe kvm_amd",
		"%s", f->kvm_amd_loaded ? "loaded" : "not loaded");
}

static void judge_param(struct cf_host_report *r, const char *what,
	unsigned needed_by, enum cf_host_param value, const char *remedy)
{
	static const char *const words[] = { "absent", "off", "on" };

	add(r, what, needed_by, value == CF_PARAM_ON, remedy, "%s",
		words[value]);
}

static void judge_sev(const struct cf_host_facts *f, struct cf_host_report *r)
{
	judge_param(r, "kvm_amd sev", FOR_ALL, f->sev,
		"modprobe -r kvm_amd; modprobe kvm_amd sev=1");
	judge_param(r, "kvm_amd sev_es", FOR_ES | FOR_SNP, f->sev_es,
		"modprobe -r kvm_amd; modprobe kvm_amd sev_es=1");
	judge_param(r, "kvm_amd sev_snp", FOR_SNP, f->sev_snp,
		"a kernel of 6.11 or newer with sev_snp=1, and iommu=on");
	add(r, "kernel offers SNP guests", FOR_SNP,
		f->vm_types >> CF_KVM_SNP_VM & 1,
		"a kernel of 6.11 or newer with SNP turned on is needed",
		"%s, VM types 0x%lx", f->kernel, f->vm_types);
	add(r, "/dev/sev", FOR_ALL, !f->sev_errno,
		open_remedy(f->sev_errno,
			"load the ccp module; the BIOS must not hide the PSP"),
		"%s", f->sev_errno ? strerror(f->sev_errno) : "can be opened");
	if (!f->has_platform_status)
		return;
	add(r, "firmware", 0, true, "", "API %u.%u build %u%s", f->api_major,
		f->api_minor, f->build,
		f->externally_owned ? ", externally owned" : "");
	add(r, "firmware initialised for ES", FOR_ES, f->firmware_es,
		"free ASIDs for SEV-ES (BIOS) and reload ccp", "%s",
		f->firmware_es ? "yes" : "no");
}

static void judge_limits(
	const struct cf_host_facts *f, struct cf_host_report *r)
{
	bool enough = f->memlock >= (uint64_t)1 << 30;

	/* Plain SEV pins all guest memory; a small limit fails late. */
	add(r, "memlock limit", FOR_SEV | FOR_ES, enough,
		"ulimit -l unlimited, or LimitMEMLOCK= in the unit",
		f->memlock == UINT64_MAX ? "unlimited" : "%" PRIu64 " MiB",
		f->memlock >> 20);
}

void cf_host_judge(
	const struct cf_host_facts *facts, struct cf_host_report *out)
{
	*out = (struct cf_host_report) { 0 };
	judge_cpu(facts, out);
	judge_kvm(facts, out);
	judge_sev(facts, out);
	judge_limits(facts, out);
	for (size_t i = 0; i < out->nlines; i++)
		for (unsigned g = 0; g < CF_ARRAY_LEN(out->can); g++)
			if (out->line[i].verdict == CF_HOST_NO &&
				out->line[i].needed_by >> g & 1)
				out->can[g] = CF_HOST_NO;
}
