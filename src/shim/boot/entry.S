/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot shim's entry: 32-bit protected mode without paging, where every
 * access is private whatever the platform.  EDX names the platform, EBX is
 * the upper half of the C-bit's mask.  Page tables for the first 4 GiB are
 * made here, with the C-bit, and 64-bit mode is entered.
 */
#include "../layout.h"

#define BOOT_CS 0x10
#define BOOT_DS 0x18

	.section .header, "a"
	.globl header
header:
	.code32
	jmp	start32
	.balign 8
	.long	0		/* SHIM_AP_COUNT */

	.text
start32:
	cld
	mov	$stack_top, %esp
	push	%edx

	/* Four page directories of 2 MiB pages: 2048 entries. */
	mov	$page_directories, %edi
	mov	$0x83, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	mov	%ebx, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	/* The first 2 MiB in small pages: the GHCB is among them. */
	mov	$small_pages, %edi
	mov	$3, %eax
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	mov	%ebx, 4(%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b
	mov	$small_pages + 3, %eax
	mov	%eax, page_directories
	/* The two levels above. */
	mov	$page_directories + 3, %eax
	mov	$directory_pointers, %edi
	mov	$4, %ecx
1:	mov	%eax, (%edi)
	mov	%ebx, 4(%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b
	mov	$directory_pointers + 3, %eax
	mov	%eax, root_table
	mov	%ebx, root_table + 4

	lgdt	gdt_pointer
	mov	%cr4, %eax
	or	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	$root_table, %eax
	mov	%eax, %cr3
	/* EFER is in the save area: no exit that needs a handler. */
	mov	$0xC0000080, %ecx
	rdmsr
	or	$0x100, %eax			/* LME */
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmpl	$BOOT_CS, $start64

	.code64
start64:
	mov	$BOOT_DS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	lidt	idt_pointer(%rip)
	mov	$stack_top, %esp
	mov	-4(%rsp), %edi			/* platform */
	xor	%ebp, %ebp
	call	shim_main
	/* RAX: the kernel's entry. */
	mov	$SHIM_ZERO_PAGE, %esi
	jmp	*%rax

#include "stubs.S"

	.data
	.balign 16
gdt:					/* selectors of the boot protocol */
	.quad	0, 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.quad	gdt
	.balign 16
	.globl idt
idt:	.fill	32 * 16
idt_pointer:
	.word	32 * 16 - 1
	.quad	idt

	.bss
	.balign 4096
root_table:
	.skip	4096
directory_pointers:
	.skip	4096
	.globl page_directories, small_pages
page_directories:
	.skip	4 * 4096
small_pages:
	.skip	4096
	.skip	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
