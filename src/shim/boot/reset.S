/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last page below 4 GiB, for platforms whose loader sets no registers
 * (plain SEV): from the reset vector in real mode to the shim's entry in
 * 32-bit mode, with what the register state would have said.
 */
#include "../layout.h"

#define CS32 0x08
#define DS32 0x10

	.section .reset, "a"
	.code16
	.org 0xF00
from_reset:
	cli
	lgdtl	%cs:(gdt_pointer - page + 0xF000)	/* CS base 0xFFFF0000 */
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$CS32, $protected
	.code32
protected:
	mov	$DS32, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$SHIM_SEV, %edx
	mov	$SHIM_CBIT_HIGH, %ebx
	mov	$SHIM_BASE, %eax
	jmp	*%eax

	.balign 8
gdt:
	.quad	0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

	.code16
	.org 0xFF0
	jmp	from_reset
	.org 0x1000
	.set	page, from_reset - 0xF00
	.section .note.GNU-stack, "", @progbits
