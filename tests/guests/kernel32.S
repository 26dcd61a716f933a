/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that is entered in 32-bit protected mode: with -DPVH by a Xen note,
 * else by a multiboot header (-DADDRESSES: with address fields, for the flat
 * image).  It looks at what it was given, prints "pvh ok" or "multiboot ok",
 * the command line and the module, and ends through isa-debug-exit with 0x10;
 * with the number of the step that failed otherwise.
 */
#define SERIAL     0x3F8
#define DEBUG_EXIT 0xF4
#define GOOD       0x10

#ifdef PVH
	.section .note.Xen, "a", @note
	.balign 4
	.long	4, 8, 18
	.asciz	"Xen"
	.quad	start
#else
	.section .header, "a"
	.balign 4
header:
#ifdef ADDRESSES
#define FLAGS 0x00010003
#else
#define FLAGS 0x00000003
#endif
	.long	0x1BADB002, FLAGS, -(0x1BADB002 + FLAGS)
#ifdef ADDRESSES
	.long	header, image_start, image_end, bss_end, start
#endif
#endif

	.text
	.code32
	.globl start
start:
	mov	$stack_top, %esp
	mov	%cr0, %edx		/* protected mode, no paging */
	and	$0x80000001, %edx
	mov	$1, %edi
	cmp	$1, %edx
	jne	fail
	mov	$2, %edi
	cmpl	$0, stack		/* bss is zero */
	jne	fail
	mov	$3, %edi
#ifdef PVH
	cmpl	$0x336EC578, (%ebx)
	jne	fail
	mov	$4, %edi
	cmpl	$1, 4(%ebx)		/* version */
	jne	fail
	mov	$5, %edi
	mov	32(%ebx), %edx		/* RSDP */
	cmpl	$0x20445352, (%edx)
	jne	fail
	cmpl	$0x20525450, 4(%edx)
	jne	fail
	mov	$6, %edi
	mov	40(%ebx), %edx		/* memory map: RAM from 0, */
	cmpl	$0, (%edx)
	jne	fail
	cmpl	$1, 16(%edx)
	jne	fail
	mov	$7, %edi
	imul	$24, 48(%ebx), %ecx	/* ... and up to 64 MiB */
	add	%edx, %ecx
1:	cmp	%ecx, %edx
	jae	fail
	mov	(%edx), %eax
	add	8(%edx), %eax
	add	$24, %edx
	cmp	$0x4000000, %eax
	jne	1b
#else
	cmp	$0x2BADB002, %eax
	jne	fail
	mov	$4, %edi
	mov	(%ebx), %edx		/* memory, command line, map */
	and	$0x45, %edx
	cmp	$0x45, %edx
	jne	fail
	mov	$5, %edi
	cmpl	$639, 4(%ebx)
	jne	fail
	cmpl	$63 * 1024, 8(%ebx)
	jne	fail
	mov	$6, %edi
	mov	48(%ebx), %edx
	mov	44(%ebx), %ecx
	add	%edx, %ecx
1:	cmp	%ecx, %edx
	jae	fail
	mov	4(%edx), %eax
	add	12(%edx), %eax
	add	(%edx), %edx
	add	$4, %edx
	cmp	$0x4000000, %eax
	jne	1b
#endif
	mov	$greeting, %esi
	call	print
#ifdef PVH
	mov	24(%ebx), %esi
#else
	mov	16(%ebx), %esi
#endif
	call	print
#ifdef PVH
	cmpl	$1, 12(%ebx)
	jne	good
	mov	16(%ebx), %edx
	mov	(%edx), %esi
	mov	8(%edx), %ecx
	mov	$no_text, %ebp
	call	print_module
#else
	testl	$8, (%ebx)
	jz	good
	mov	24(%ebx), %eax
	mov	%eax, modules
1:	mov	modules, %edx
	mov	(%edx), %esi
	mov	4(%edx), %ecx
	sub	%esi, %ecx
	mov	8(%edx), %ebp
	call	print_module
	addl	$16, modules
	decl	20(%ebx)
	jnz	1b
#endif
good:
	mov	$end_of_line, %esi
	call	print
	mov	$GOOD, %edi
fail:
	mov	%edi, %eax
	mov	$DEBUG_EXIT, %edx
	out	%eax, %dx
1:	cli
	hlt
	jmp	1b

/* ESI, ECX: its bytes, EBP: its string. */
print_module:
	mov	$9, %edi
	test	$0xFFF, %esi		/* on a page boundary */
	jnz	fail
	push	%esi
	mov	$module_is, %esi
	call	print
	cmpb	$0, (%ebp)
	je	3f
	mov	$space, %esi
	call	print
	mov	%ebp, %esi
	call	print
3:	mov	$colon, %esi
	call	print
	pop	%esi
	mov	$SERIAL, %edx
	rep outsb
	ret

print:
	mov	$SERIAL, %edx
1:	lodsb
	test	%al, %al
	jz	2f
	out	%al, %dx
	jmp	1b
2:	ret

	.data
modules:
	.long	0
greeting:
#ifdef PVH
	.asciz	"pvh ok: "
#else
	.asciz	"multiboot ok: "
#endif
module_is:
	.asciz	" module"
space:
	.asciz	" "
colon:
	.asciz	": "
no_text:
	.asciz	""
end_of_line:
	.asciz	"\n"

	.bss
	.balign 16
stack:
	.fill	4096
stack_top:
	.section .note.GNU-stack, "", @progbits
