/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the boot shim finds things: what build.c puts into the file and the
 * shim in the guest reads.  Constants only; both sides include it.
 */
#ifndef CF_SHIM_LAYOUT_H
#define CF_SHIM_LAYOUT_H

/* Everything of the shim's is in the second MiB, which the kernel is told
 * holds ACPI tables: it stays as it is, and private. */
#define SHIM_BASE       0x100000
#define SHIM_IMAGE_MAX  0x080000
#define SHIM_PARAMS     0x180000 /* measured, as is all up to the CPUID page */
#define SHIM_ZERO_PAGE  0x181000 /* boot_params */
#define SHIM_CMDLINE    0x182000
#define SHIM_DSDT       0x183000
#define SHIM_DSDT_MAX   0x010000
#define SHIM_CPUID      0x193000 /* SNP: of the firmware */
#define SHIM_SECRETS    0x194000
#define SHIM_MEMORY_MAP 0x195000 /* parameters: from the host, unmeasured */
#define SHIM_MADT       0x196000
#define SHIM_MADT_MAX   0x002000
#define SHIM_TABLES     0x198000 /* ACPI tables that the shim makes */
#define SHIM_TABLES_MAX 0x004000
/* Of SEV and SEV-ES: what the owner injects between measurement and start, for
 * the user space of the guest; zeros when nothing was. */
#define SHIM_SECRET     0x19C000
#define SHIM_SECRET_END 0x19D000
#define SHIM_END        0x19D000
#define SHIM_RESERVED   0x200000
/* In the image's first page: processors that wait in the hold page. */
#define SHIM_AP_COUNT   (SHIM_BASE + 8)
/* The page of the reset vector: for plain SEV, which has no register state in
 * the file, and for the other processors of SEV-ES, where it starts with
 * their jump table. */
#define SHIM_RESET      0xFFFFF000
#define SHIM_JUMP_TABLE SHIM_RESET

/* The parameter page. */
#define SHIM_MAGIC        0x3130424D49485343 /* "CSHIMB01" */
#define SHIM_P_MAGIC      0x00
#define SHIM_P_ENTRY      0x08 /* of the kernel, 64-bit */
#define SHIM_P_DSDT_LEN   0x10
#define SHIM_P_KERNEL_END 0x18 /* memory that the kernel needs ends here */
#define SHIM_P_PROCESSORS 0x20 /* SEV-ES: that the file has a state for */
#define SHIM_P_NRANGES    0x28 /* pages that the launch has made private */
#define SHIM_P_RANGES     0x30 /* pairs of start and end, ascending */
#define SHIM_MAX_RANGES   32

/* EDX at entry; EBX is the upper half of the C-bit's mask. */
#define SHIM_CBIT_HIGH 0x80000
#define SHIM_NATIVE    0
#define SHIM_SEV       1
#define SHIM_SEV_ES    2
#define SHIM_SNP       3

#endif
