/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP payload's first page, page tables with the C-bit, entry from the
 * VMSA of the IGVM file, and the exception stubs.
 */

#define C (1 << 51)

	.section .header, "a"
	.globl header
header:
	.ascii "GUEST64\0"
	.quad start, pml4, gdt, gdt_end - gdt - 1, stack_top

	.text
	.globl start
start:
	lea	stack_top(%rip), %rsp
	lidt	idt_pointer(%rip)
	xor	%ebp, %ebp
	call	snp_main
1:	cli
	hlt
	jmp	1b

/* An AP comes here from the VMSA that snp_ap.c wrote: RSP, RDI and GS are
 * set, the IDT is loaded. */
	.globl ap_start
ap_start:
	xor	%ebp, %ebp
	call	snp_ap
1:	cli
	hlt
	jmp	1b

#include "stubs.S"

	.data
	.balign 16
gdt:
	.quad	0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
	.globl gdt
gdt_end:
	.balign 16
	.globl idt
idt:	.fill	32 * 16
	.globl idt_pointer
idt_pointer:
	.word	32 * 16 - 1
	.quad	idt

/* The first 4 GiB one to one and private: 4 KiB pages below 4 MiB, where
 * pages change between private and shared, and 2 MiB pages above. */
	.balign 4096
	.globl pml4
pml4:	.quad	pdpt + C + 3
	.fill	511, 8, 0
pdpt:	.quad	pd + C + 3, pd + 0x1000 + C + 3
	.quad	pd + 0x2000 + C + 3, pd + 0x3000 + C + 3
	.fill	508, 8, 0
pd:	.quad	page_table + C + 3, page_table + 0x1000 + C + 3
	.set	page, 0x400000
	.rept	2046
	.quad	page + C + 0x83
	.set	page, page + 0x200000
	.endr
	.globl page_table
page_table:
	.set	page, 0
	.rept	1024
	.quad	page + C + 3
	.set	page, page + 0x1000
	.endr

	.balign 4096
	.fill	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
