/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multiboot kernel that waits two seconds by the PM timer and ends through
 * isa-debug-exit with 0x10: with -DSPIN by PAUSE, looking only now and then;
 * with -DHPET by reading the HPET's counter, without PAUSE.
 */
	.section .header, "a"
	.balign 4
	.long	0x1BADB002, 3, -(0x1BADB002 + 3)

	.text
	.code32
	.globl start
start:
	mov	$stack_top, %esp
#ifdef SPIN
	mov	$0x608, %edx
	in	%dx, %eax
	mov	%eax, %ebx
1:	mov	$10000, %ecx
2:	pause
	loop	2b
	in	$0x80, %al	/* no row of timer reads */
	in	%dx, %eax
	sub	%ebx, %eax
	and	$0xFFFFFF, %eax
	cmp	$2 * 3579545, %eax
	jb	1b
#else
	movl	$1, 0xFED00010	/* count */
	mov	0xFED000F0, %ebx
	mov	$2000000000, %eax	/* 2 s in femtoseconds ... */
	mov	$1000000, %ecx
	mul	%ecx
	divl	0xFED00004	/* ... by those of a tick */
	mov	%eax, %ecx
1:	mov	0xFED000F0, %eax
	sub	%ebx, %eax
	cmp	%ecx, %eax
	jb	1b
#endif
	mov	$0x10, %eax
	mov	$0xF4, %edx
	out	%eax, %dx
1:	cli
	hlt
	jmp	1b

	.bss
	.skip	4096
stack_top:
