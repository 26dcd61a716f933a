/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about this machine: CPUID, modules, devices, limits. */
#include "kvm/host.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static void gather_name(const struct cf_kvm_sys *sys, struct cf_host_facts *f)
{
	uint32_t r[4];

	sys->cpuid(sys->opaque, 0, r);
	memcpy(f->vendor, &r[1], 4);
	memcpy(f->vendor + 4, &r[3], 4);
	memcpy(f->vendor + 8, &r[2], 4);
	for (uint32_t i = 0; i < 3; i++) {
		sys->cpuid(sys->opaque, 0x80000002 + i, r);
		memcpy(f->model_name + 16 * i, r, sizeof(r));
	}
	/* Some processors pad the name. */
	for (size_t n = strlen(f->model_name); n && f->model_name[n - 1] == ' ';
		n--)
		f->model_name[n - 1] = '\0';
}

static void gather_cpu(const struct cf_kvm_sys *sys, struct cf_host_facts *f)
{
	uint32_t r[4];

	gather_name(sys, f);
	sys->cpuid(sys->opaque, 1, r);
	f->has_vmx = r[2] >> 5 & 1;
	f->under_hypervisor = r[2] >> 31 & 1;
	sys->cpuid(sys->opaque, 0x80000001, r);
	f->has_svm = r[2] >> 2 & 1;
	if (strcmp(f->vendor, "AuthenticAMD"))
		return;
	sys->cpuid(sys->opaque, 0x8000001F, r);
	f->cpu_sev = r[0] >> 1 & 1;
	f->cpu_sev_es = r[0] >> 3 & 1;
	f->cpu_snp = r[0] >> 4 & 1;
	f->cbitpos = r[1] & 63;
	f->reduced_phys_bits = r[1] >> 6 & 63;
	f->asids = r[2];
	f->min_sev_asid = r[3];
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
	gather_cpu(sys, out);
	gather_kvm(sys, out);
	gather_firmware(sys, out);
	if (uname(&names) == 0)
		snprintf(out->kernel, sizeof(out->kernel), "%s", names.release);
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		out->memlock = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX
							       : limit.rlim_cur;
}
