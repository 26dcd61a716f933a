/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last page below 4 GiB of a SEV-ES guest: where its other processors come
 * from reset, in real mode.  Nobody outside can set their registers, so each
 * waits here in AP reset hold until a start-up IPI, and goes where the AP jump
 * table says, which is the page's first four bytes: IP and CS.  The kernel
 * writes it.
 *
 * Source: GHCB specification (AMD 56421), "AP Reset Hold" and "AP Jump Table".
 */
#include "../layout.h"

#define GHCB_MSR   0xC0010130
#define HOLD       0x006
#define HOLD_DONE  0x007
#define COUNT_SEG  0xFFFF /* reaches SHIM_AP_COUNT in real mode */
#define COUNT_AT   (SHIM_AP_COUNT - (COUNT_SEG << 4))

	.section .reset, "a"
	.code16
	.org 0
jump_table:
	.word	0, 0
	.org 0xF00
hold:
	cli
	mov	$COUNT_SEG, %ax
	mov	%ax, %ds
	lock incl COUNT_AT
again:
	mov	$GHCB_MSR, %ecx
	mov	$HOLD, %eax
	xor	%edx, %edx
	wrmsr
	.byte	0xF3, 0x0F, 0x01, 0xD9		/* VMGEXIT */
	rdmsr
	mov	%eax, %ebx
	and	$0xFFF, %ebx
	cmp	$HOLD_DONE, %ebx
	jne	again
	and	$0xFFFFF000, %eax
	or	%edx, %eax
	jz	again				/* not woken by an IPI */
	cmpl	$0, %cs:(SHIM_JUMP_TABLE - 0xFFFF0000)
	je	again				/* nowhere to go yet */
	ljmp	*%cs:(SHIM_JUMP_TABLE - 0xFFFF0000)

	.org 0xFF0
	jmp	hold
	.org 0x1000
	.section .note.GNU-stack, "", @progbits
