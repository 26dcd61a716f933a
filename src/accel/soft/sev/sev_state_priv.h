/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a confidential VM has beside a plain one: the hypervisor's record of
 * each vCPU, and the history of page states.
 */
#ifndef CF_ACCEL_SOFT_SEV_STATE_PRIV_H
#define CF_ACCEL_SOFT_SEV_STATE_PRIV_H

#include "accel/soft/cpu_priv.h"

#define CF_NO_GPA UINT64_MAX

/* What happened to a page, as told when a guest dies of it. */
enum cf_page_event {
	CF_HIST_PRIVATE, /* page state change, by the hypervisor */
	CF_HIST_SHARED,
	CF_HIST_VALIDATED, /* PVALIDATE */
	CF_HIST_RESCINDED,
	CF_HIST_ADJUSTED, /* RMPADJUST */
	CF_HIST_VMSA,     /* RMPADJUST made it a save area */
	CF_HIST_SMASHED,  /* PSMASH: a large page became small ones */
	CF_HIST_JOINED,   /* and the opposite */
	CF_HIST_REPLAYED, /* faults of the hypervisor */
	CF_HIST_FLIPPED,
	CF_HIST_WRITTEN,
};

/* Neighbouring pages with one event in a row are one entry. */
struct cf_page_record {
	enum cf_page_event what;
	unsigned vcpu;
	uint64_t first, last; /* page addresses */
	uint64_t rip;         /* of the first */
};
#define CF_HISTORY_LEN 1024u

/* An AP creation that waits for the target's own thread. */
enum cf_ap_order { CF_AP_NONE, CF_AP_START, CF_AP_STOP };

struct cf_sev_vcpu {
	uint64_t registered; /* GHCB page; CF_NO_GPA: none */
	uint64_t lost;       /* page of the last #VC 0x404, or CF_NO_GPA */
	uint64_t dr7;        /* what the guest believes DR7 to be */
	bool hold;           /* waits in AP reset hold */
	bool started;        /* had its first start-up IPI */
	/* Under the lock: */
	uint64_t vmsa; /* save area the guest made, or CF_NO_GPA */
	enum cf_ap_order order;
	uint64_t order_vmsa;
	bool on_init; /* the order is for the next INIT */
};

/* Who wrote a private page: its last write that needed a translation.  One
 * entry for each page modulo CF_NWRITERS; vCPUs race for it, which costs no
 * more than a report. */
#define CF_NWRITERS 16384u
struct cf_writer {
	_Atomic uint64_t page; /* its address with bit 0 set; 0: none */
	_Atomic uint64_t rip;
	_Atomic unsigned vcpu;
};
void cf_history_write(struct vcpu *cpu, uint64_t gpa, uint64_t rip);

/* What a hypervisor that tampers with memory knows and has done. */
struct cf_tamper {
	_Atomic uint64_t written; /* private page written last, or CF_NO_GPA */
	_Atomic uint64_t
		flipped;      /* page whose C-bit is flipped, or CF_NO_GPA */
	pthread_mutex_t lock; /* for the rest; vCPUs outside hold it */
	uint64_t copied;      /* page that `copy` is of, or CF_NO_GPA */
	unsigned exits;       /* since the copy was taken */
	bool replayed, wrote;
	uint8_t copy[4096];
};

struct cf_sev_vm {
	pthread_mutex_t lock; /* orders, history, the secure processor */
	uint64_t jump_table;  /* of APs; 0: none */
	_Atomic uint32_t fault_seen[CF_NFAULTS]; /* occasions */
	struct cf_tamper tamper;
	struct cf_writer writer[CF_NWRITERS];
	struct cf_sev_vcpu vcpu[CF_MAX_VCPUS];
	struct cf_page_record history[CF_HISTORY_LEN];
	uint64_t nhistory; /* ever; the newest is at (nhistory - 1) % LEN */
};

static inline struct cf_sev_vcpu *cf_sev_of(const struct vcpu *cpu)
{
	return &cpu->vm->sev_vm->vcpu[cpu->index];
}

/* An occasion for a fault of this kind: is it committed? */
bool cf_fault_slow(const struct cf_vm *vm, unsigned fault);

static inline bool cf_fault(const struct cf_vm *vm, unsigned fault)
{
	return CF_UNLIKELY(vm->config.faults.kinds & fault) &&
		cf_fault_slow(vm, fault);
}

/*
 * sev_tamper.c: faults of memory, which need to know what the guest uses.  A
 * private page was written (when a translation is made); a vCPU exits through
 * its GHCB page and is outside the guest.
 */
#define CF_FAULTS_MEMORY (CF_FAULT_REPLAY | CF_FAULT_FLIP | CF_FAULT_WRITE)
void cf_tamper_written_slow(struct cf_vm *vm, uint64_t gpa);
void cf_tamper_exit_slow(struct vcpu *cpu);

static inline void cf_tamper_written(struct cf_vm *vm, uint64_t gpa)
{
	if (CF_UNLIKELY(vm->config.faults.kinds & CF_FAULTS_MEMORY))
		cf_tamper_written_slow(vm, gpa);
}

static inline void cf_tamper_exit(struct vcpu *cpu)
{
	if (CF_UNLIKELY(cpu->vm->config.faults.kinds & CF_FAULTS_MEMORY))
		cf_tamper_exit_slow(cpu);
}

/* len: whole pages. */
void cf_history_add(
	struct vcpu *cpu, enum cf_page_event what, uint64_t gpa, uint64_t len);
/* The newest events of a page as one line, newest first. */
void cf_history_text(struct cf_vm *vm, uint64_t gpa, char *out, size_t out_len);

/* ghcb_ap.c: a page is no save area any more: no state is written to it. */
void cf_sev_vmsa_released(struct cf_vm *vm, uint64_t gpa);

/* Page state change of one 4 KiB page, which is split off a large one when
 * need be; false: no memory there, or the firmware has the page. */
CF_MUST_CHECK bool cf_page_set_state(
	struct vcpu *cpu, uint64_t gpa, bool private_page);

#endif
