/* SPDX-License-Identifier: Apache-2.0 */
/* The native payload's first page, page tables, entry in 64-bit mode, and the
 * code that brings an AP from real mode to the same place. */

#define CS64 0x08
#define DS   0x10
#define CS32 0x18

	.section .header, "a"
	.globl header
header:
	.ascii "GUEST64\0"
	.quad start, pml4, gdt, gdt_end - gdt - 1, stack_top

	.text
	.code64
	.globl start
start:
	lea	stack_top(%rip), %rsp
	xor	%ebp, %ebp
	call	native_main
1:	cli
	hlt
	jmp	1b

/* Copied to TRAMPOLINE (a page below 1 MiB).  SIPI: CS = page >> 4, IP = 0. */
#define TRAMPOLINE 0x8000
#define AT(label) (label - trampoline + TRAMPOLINE)
	.globl trampoline, trampoline_end
	.code16
trampoline:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	AT(gdt_pointer)
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$CS32, $AT(protected)
	.code32
protected:
	mov	$DS, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xC0000080, %ecx	/* EFER.LME */
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmpl	$CS64, $AT(long_mode)
	.code64
long_mode:
	mov	$ap_start, %eax
	jmp	*%rax
	.balign 4
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

/* Each AP takes a number and with it a stack of 4 KiB. */
ap_start:
	mov	$1, %edi
	lock xadd %edi, ap_number(%rip)
	mov	%edi, %eax
	shl	$12, %eax
	lea	ap_stacks(%rip), %rsp
	add	%rax, %rsp
	xor	%ebp, %ebp
	call	native_ap
1:	cli
	hlt
	jmp	1b

	.data
	.balign 16
gdt:
	.quad	0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF
gdt_end:
	.balign 4
	.globl ap_number
ap_number:
	.long	1

/* The first 4 GiB one to one, in pages of 2 MiB. */
	.balign 4096
pml4:	.quad	pdpt + 3
	.fill	511, 8, 0
pdpt:	.quad	pd + 3, pd + 0x1003, pd + 0x2003, pd + 0x3003
	.fill	508, 8, 0
pd:
	.set	page, 0
	.rept	2048
	.quad	page + 0x83
	.set	page, page + 0x200000
	.endr

	.balign 4096
	.fill	8192
stack_top:
ap_stacks:				/* number 1 uses the first page */
	.fill	64 * 4096
	.section .note.GNU-stack, "", @progbits
