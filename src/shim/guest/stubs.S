/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exception stubs of a guest, to be included in the text of its entry:
 * vc_stub for #VC, and fatal_stubs, one of 16 bytes for each exception.
 */

/* #VC pushes an error code.  vc_handle (vc.c) gets the registers as an array
 * in the order of instruction encodings, then error code and frame. */
	.globl vc_stub
vc_stub:
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rbp
	push	%rsp
	push	%rbx
	push	%rdx
	push	%rcx
	push	%rax
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	vc_handle
	mov	%rbx, %rsp
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rbx
	add	$8, %rsp
	pop	%rbp
	pop	%rsi
	pop	%rdi
	pop	%r8
	pop	%r9
	pop	%r10
	pop	%r11
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	add	$8, %rsp
	iretq

/* Everything else is fatal: the vector goes into the termination request. */
	.globl fatal_stubs
	.balign 16
fatal_stubs:
	.set	vector, 0
	.rept	32
	.balign 16
	mov	$vector, %edi
	jmp	fatal_exception
	.set	vector, vector + 1
	.endr
