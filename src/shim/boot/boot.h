/* SPDX-License-Identifier: Apache-2.0 */
/* The boot shim: what its files share. */
#ifndef SHIM_BOOT_H
#define SHIM_BOOT_H

#include "../layout.h"
#include "sev.h"

/* One range of the machine's memory, whole pages. */
struct range {
	uint64_t start, end;
	bool ram;
};
#define MAX_MEMORY 128

struct memory {
	struct range range[MAX_MEMORY];
	uint32_t n;
};

/* Stop with words: they reach the console, then the machine halts. */
void give_up(unsigned reason, const char *text) __attribute__((noreturn));

/* The parameter page. */
uint64_t param(unsigned offset);

/* The host's memory map, checked: ascending, no overlaps, holds all that the
 * launch has loaded and the memory that the kernel needs. */
void memory_read(struct memory *m);
/* SNP: make all RAM private and valid but what the launch has loaded. */
void memory_accept(const struct memory *m);

/* ACPI tables at SHIM_TABLES; the host's MADT is checked first.  Returns the
 * address of the RSDP. */
uint64_t acpi_make(void);
/* Processors that the checked MADT lists as enabled. */
uint32_t acpi_processors(void);

/* SEV-ES: bring the other processors from reset into the hold page and tell
 * the hypervisor where their jump table is. */
void processors_hold(void);

/* e820, ACPI, and for SNP the pages of the firmware into boot_params. */
void boot_params_fill(const struct memory *m, uint64_t rsdp, bool snp);

#endif
