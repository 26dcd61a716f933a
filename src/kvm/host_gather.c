/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about this machine: CPUID, modules, devices, limits. */
#include "kvm/host.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <cpuid.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static void gather_name(struct cf_host_facts *f)
{
	unsigned r[12] = { 0 }, a, b, c, d;

	if (__get_cpuid(0, &a, &b, &c, &d)) {
		memcpy(f->vendor, &b, 4);
		memcpy(f->vendor + 4, &d, 4);
		memcpy(f->vendor + 8, &c, 4);
	}
	for (unsigned i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &r[4 * i], &r[4 * i + 1],
			&r[4 * i + 2], &r[4 * i + 3]);
	memcpy(f->model_name, r, sizeof(r));
	/* Some processors pad the name. */
	for (size_t n = strlen(f->model_name); n && f->model_name[n - 1] == ' ';
		n--)
		f->model_name[n - 1] = '\0';
}

static void gather_cpu(struct cf_host_facts *f)
{
	unsigned a, b, c, d;

	gather_name(f);
	if (__get_cpuid(1, &a, &b, &c, &d)) {
		f->has_vmx = c >> 5 & 1;
		f->under_hypervisor = c >> 31 & 1;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		f->has_svm = c >> 2 & 1;
	if (strcmp(f->vendor, "AuthenticAMD") ||
		!__get_cpuid(0x8000001F, &a, &b, &c, &d))
		return;
	f->cpu_sev = a >> 1 & 1;
	f->cpu_sev_es = a >> 3 & 1;
	f->cpu_snp = a >> 4 & 1;
	f->cbitpos = b & 63;
	f->reduced_phys_bits = b >> 6 & 63;
	f->asids = c;
	f->min_sev_asid = d;
}

static enum cf_host_param read_param(const char *name)
{
	char path[128], value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/kvm_amd/parameters/%s", name);
	file = fopen(path, "re");
	if (!file)
		return CF_PARAM_ABSENT;
	if (fread(&value, 1, 1, file) != 1)
		value = 0;
	fclose(file);
	return value == 'Y' || value == '1' ? CF_PARAM_ON : CF_PARAM_OFF;
}

static void gather_kvm(const struct cf_kvm_sys *sys, struct cf_host_facts *f)
{
	int fd = sys->open(sys->opaque, "/dev/kvm", O_RDWR);
	long types;

	f->kvm_amd_loaded = access("/sys/module/kvm_amd", F_OK) == 0;
	f->kvm_intel_loaded = access("/sys/module/kvm_intel", F_OK) == 0;
	f->sev = read_param("sev");
	f->sev_es = read_param("sev_es");
	f->sev_snp = read_param("sev_snp");
	if (fd < 0) {
		f->kvm_errno = -fd;
		return;
	}
	types = sys->ioctl(
		sys->opaque, fd, KVM_CHECK_EXTENSION, CF_KVM_CAP_VM_TYPES);
	f->vm_types = types > 0 ? (unsigned long)types : 0;
	sys->close(sys->opaque, fd);
}

static void gather_firmware(
	const struct cf_kvm_sys *sys, struct cf_host_facts *f)
{
	struct cf_sev_platform_status s = { 0 };
	struct cf_sev_issue_cmd issue = {
		.cmd = CF_SEV_PLATFORM_STATUS,
		.data = (uintptr_t)&s,
	};
	int fd = sys->open(sys->opaque, "/dev/sev", O_RDWR);

	if (fd < 0) {
		f->sev_errno = -fd;
		return;
	}
	if (sys->ioctl(sys->opaque, fd, CF_SEV_ISSUE_CMD, (uintptr_t)&issue) >=
		0) {
		f->has_platform_status = true;
		f->api_major = s.api_major;
		f->api_minor = s.api_minor;
		f->build = s.build;
		f->firmware_es = s.flags & CF_SEV_STATUS_ES;
		f->externally_owned = s.flags & 1;
	}
	sys->close(sys->opaque, fd);
}

void cf_host_gather(const struct cf_kvm_sys *sys, struct cf_host_facts *out)
{
	struct rlimit limit;
	struct utsname names;

	*out = (struct cf_host_facts) { 0 };
	gather_cpu(out);
	gather_kvm(sys, out);
	gather_firmware(sys, out);
	if (uname(&names) == 0)
		snprintf(out->kernel, sizeof(out->kernel), "%s", names.release);
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		out->memlock = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX
							       : limit.rlim_cur;
}
