/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the core of the software CPU, a machine and a secure
 * processor, and a guest's side of the GHCB, for tests of the SEV files.
 */
#ifndef CF_TEST_SEV_FIXTURE_H
#define CF_TEST_SEV_FIXTURE_H

#include "test.h"

#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"
#include "accel/soft/world_priv.h"
#include "sp/sp.h"

#include <setjmp.h>

#define PAGE    UINT64_C(4096)
#define RAM     UINT64_C(0x400000)
#define GHCB    UINT64_C(0x5000)
#define OTHER   UINT64_C(0x6000)
#define PRIVATE UINT64_C(0x200000) /* assigned, not yet validated */
#define ASID    1u

extern struct coffer_error err;
extern struct cf_vm vm;
extern struct vcpu cpu[2];

/* What the core was told; raising and stopping end in longjmp (1, 2). */
extern jmp_buf unwind;
extern struct seen_by_core {
	int vector;
	uint32_t error;
	enum cf_stop why;
	char text[448];
	unsigned attention;
	struct cf_cpu_state loaded;
	unsigned loads;
	uint64_t changed; /* page that all forgot */
} core;

/* The machine's last access. */
extern struct seen_by_machine {
	uint64_t at, value, count;
	unsigned size;
} device;

/* What the secure processor was asked, and what it answers. */
extern struct seen_by_processor {
	uint64_t request, response;
	uint32_t status;
} sp;

/* What the host's certificates do; how often they are locked now. */
extern enum cf_certs cert_answer;
extern int certs_locked;

int sev_start_snp(void **state);
int sev_start_es(void **state);
int sev_end(void **state);
#define SNP(test) cmocka_unit_test_setup_teardown(test, sev_start_snp, sev_end)
#define ES(test)  cmocka_unit_test_setup_teardown(test, sev_start_es, sev_end)

/* VMGEXIT of vCPU 0: by the MSR, and through the page. */
extern struct cf_ghcb_outcome outcome;
uint64_t msr_call(uint64_t request);
extern uint8_t page[4096];
void begin(void);
void put(unsigned field, uint64_t v);
void send(void);
void call(uint64_t code, uint64_t info1, uint64_t info2);
bool valid(unsigned field);
uint64_t got(unsigned field);
/* Done, with nothing valid but the infos and what was asked for. */
void expect_ok(void);
void expect_malformed(enum cf_ghcb_error error);

#endif
