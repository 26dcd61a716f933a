/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake kernel for tests: /dev/kvm and /dev/sev behind struct cf_kvm_sys.
 * It checks what it is asked as the real one would, and more strictly (order,
 * alignment, page attributes, reserved fields), and forwards the SEV commands
 * to a software secure processor.  VMSAs are built from the vCPUs' registers,
 * as KVM builds them.
 */
#ifndef CF_FAKE_KVM_H
#define CF_FAKE_KVM_H

#include "kvm/kvm.h"
#include "memory/memory.h"
#include "sp/sp.h"

#include <linux/kvm.h>

#define FAKE_MAX_VCPUS 8
#define FAKE_MAX_SLOTS 8
#define FAKE_MAX_PAGES 8192

struct fake_kvm {
	/* What the test sets. */
	unsigned vm_types;       /* KVM_CAP_VM_TYPES */
	bool no_hypercall_exit;  /* old kernel */
	uint64_t vmsa_features;  /* device attribute */
	bool es_configured;      /* PLATFORM_STATUS */
	unsigned eagain;         /* SNP_LAUNCH_UPDATE: this many times */
	uint64_t pages_per_call; /* SNP_LAUNCH_UPDATE: partial; 0: all */
	bool correct_cpuid;      /* the firmware corrects the CPUID page */
	uint32_t fail_id;        /* this command... */
	int fail_errno;          /* ...fails with this errno */
	uint32_t fail_fw;        /* ...and this firmware status */
	bool no_dev_kvm, no_dev_sev;
	bool no_req_certs;    /* older than certificate requests */
	unsigned cbitpos;     /* CPUID 8000_001F */
	const char *cpu_type; /* whose features KVM supports */
	uint8_t last_word;    /* what a guest writes to port 0xf4 */
	/* Where the commands go once the rules are checked: a digest, or the
	 * whole software processor in the kernel's shape; each may be NULL. */
	struct cf_kvm_shape *shape;
	struct cf_sp_guest *firmware;
	/* One exit that KVM_RUN gives before it kicks; 0: none. */
	uint32_t exit_reason;
	uint64_t exit_data[8]; /* the exit union, from its start */
	long exit_result;      /* what KVM_RUN returns with it */
	/* Called at each KVM_RUN; NULL: not. */
	void (*on_run)(struct fake_kvm *f, unsigned vcpu);

	/* What happened. */
	char complaint[256]; /* first rule that was broken; "" if none */
	char calls[1024];    /* names of the SEV commands, in order */
	bool is_running;     /* launch finished */
	unsigned open_fds;
	unsigned cpuid_queries; /* KVM_GET_SUPPORTED_CPUID */
	/* KVM_EXIT_SNP_REQ_CERTS: what was answered. */
	bool certs_answered;
	uint64_t certs_ret, certs_npages;
	unsigned long tsc_khz; /* KVM_SET_TSC_KHZ */
	/* KVM_SET_CPUID2 of each vCPU. */
	struct kvm_cpuid_entry2 cpuid[FAKE_MAX_VCPUS][64];
	uint32_t ncpuid[FAKE_MAX_VCPUS];

	/* Inside. */
	long vm_type;
	bool initialised, started, measured, is_es, is_snp, gives_certs;
	uint64_t init_features;
	unsigned nvcpus;
	uint8_t *run[FAKE_MAX_VCPUS];
	struct cf_cpu_state state[FAKE_MAX_VCPUS];
	bool ran[FAKE_MAX_VCPUS];
	struct {
		uint64_t gpa, len, hva;
		bool memfd, pinned, readonly, gone;
	} slot[FAKE_MAX_SLOTS];
	unsigned nslots;
	uint64_t private_gfn[FAKE_MAX_PAGES], launched_gfn[FAKE_MAX_PAGES];
	size_t nprivate, nlaunched;
};

void fake_kvm_init(struct fake_kvm *f);
/* The VMSA page that KVM would build of vCPU n's registers; opaque is the
 * struct fake_kvm. */
void fake_kvm_vmsa(void *opaque, unsigned n, uint8_t page[4096]);
struct cf_kvm_sys fake_kvm_sys(struct fake_kvm *f);

#endif
