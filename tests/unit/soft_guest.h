/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny machine for tests of the software CPU: some RAM, a port that ends
 * the run, a log of what was written to another, and code assembled in place.
 */
#ifndef CF_SOFT_GUEST_H
#define CF_SOFT_GUEST_H

#include "accel/accel.h"
#include "memory/memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define GUEST_RAM   (UINT64_C(64) << 20)
#define GUEST_CODE  UINT64_C(0x100000)
#define GUEST_STACK UINT64_C(0x180000)
#define GUEST_CR3   UINT64_C(0x1000)
#define GUEST_FLASH UINT64_C(0x10000000) /* two pages */
#define PORT_DONE   0xf4
#define PORT_LOG    0xe9

/* Code between two labels of a top-level asm statement. */
#define GUEST_ASM(name, text)                                               \
	__asm__(".pushsection .rodata\n.globl " #name "\n" #name ":\n" text \
		"\n.globl " #name "_end\n" #name "_end:\n"                  \
		".code64\n.popsection\n");                                  \
	extern const uint8_t name[], name##_end[]

struct guest {
	struct cf_memory *mem;
	struct cf_vm *vm;
	const struct cf_accel_ops *ops;
	struct cf_accel_host host;
	_Atomic unsigned done; /* writes to PORT_DONE */
	uint8_t log[256];
	size_t log_len;
	int irq; /* pending vector, -1 none */
	uint64_t mmio_value;
	uint64_t mmio_gpa;
	unsigned vcpus;
	/* Called when the engine asks for CR8, an MSR or an interrupt. */
	void (*hook)(struct guest *g);
	unsigned hooked;
};

void guest_create(struct guest *g, unsigned vcpus);
void guest_destroy(struct guest *g);
void guest_put(struct guest *g, uint64_t gpa, const void *p, size_t n);
void guest_get(struct guest *g, uint64_t gpa, void *p, size_t n);
uint64_t guest_u64(struct guest *g, uint64_t gpa);
/* Flat 64-bit state, identity map of the first GiB, code at GUEST_CODE. */
void guest_long_mode(struct cf_cpu_state *s);
void guest_map(struct guest *g);
/* An interrupt gate of 64-bit code, in tables that s then names. */
void guest_gate(struct guest *g, struct cf_cpu_state *s, unsigned vector,
	uint64_t handler);
/* Load code, set the state, run to PORT_DONE; the state afterwards. */
void guest_run(struct guest *g, const uint8_t *code, const uint8_t *end,
	struct cf_cpu_state *s);
struct cf_stop_info guest_resume(struct guest *g, unsigned vcpu);

#endif
