/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multiboot kernel that meets one exception after the other, in ring 0,
 * ring 3 and long mode, and ends through isa-debug-exit with 0x10.  Each
 * handler goes on at the address in `resume`.  What it does is the same on
 * every processor, so the logs of two emulators can be compared.
 */
	.section .header, "a"
	.balign 4
	.long	0x1BADB002, 3, -(0x1BADB002 + 3)

#define CODE   0x08
#define DATA   0x10
#define UCODE  0x1B
#define UDATA  0x23
#define TSS    0x28
#define ABSENT 0x30	/* data, not present */
#define LCODE  0x38

/* Go on behind the instruction that faults. */
	.macro	faults insn:vararg
	movl	$9f, resume
	\insn
9:
	.endm

	.macro	faults64 insn:vararg
	lea	9f(%rip), %r15
	mov	%r15d, resume(%rip)
	\insn
9:
	.endm

	.text
	.code32
	.globl start
start:
	mov	$stack_top, %esp
	xor	%eax, %eax	/* what the loader left differs */
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	lgdt	gdt_pointer
	ljmp	$CODE, $1f
1:	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$tss, %eax
	mov	%ax, gdt + TSS + 2
	shr	$16, %eax
	mov	%al, gdt + TSS + 4
	mov	$TSS, %eax
	ltr	%ax
	/* A timer that firmware left running would come at any time. */
	mov	$0xff, %al
	out	%al, $0x21
	out	%al, $0xa1

	/* IDT: 48 stubs of 16 bytes each; vector 0x2f may be asked for by
	 * ring 3. */
	mov	$stubs, %eax
	mov	$idt, %edi
	mov	$48, %ecx
2:	mov	%eax, %edx
	mov	%dx, (%edi)
	movw	$CODE, 2(%edi)
	movw	$0x8E00, 4(%edi)
	shr	$16, %edx
	mov	%dx, 6(%edi)
	add	$16, %eax
	add	$8, %edi
	loop	2b
	movb	$0xEE, idt + 0x2F * 8 + 5
	movb	$0xEE, idt + 3 * 8 + 5
	movb	$0xEE, idt + 4 * 8 + 5
	lidt	idt_pointer

	xor	%edx, %edx
	xor	%ecx, %ecx
	faults	div %ecx
	faults	int3
	mov	$0x7FFFFFFF, %eax
	inc	%eax
	faults	into
	mov	$7, %eax
	faults	bound %eax, bounds
	faults	ud2
	mov	$0x1230, %eax
	faults	mov %eax, %ds
	mov	$ABSENT, %eax
	faults	mov %eax, %es
	faults	mov %eax, %ss
	faults	ljmp $ABSENT, $0
	mov	$0x3C, %eax
	faults	ltr %ax
	faults	int $0x30	/* beyond the IDT's limit */
	faults	int $0x2E
	mov	%cr0, %eax
	or	$8, %eax
	mov	%eax, %cr0
	faults	fninit
	clts
	/* One step. */
	movl	$3f, resume
	pushf
	orl	$0x100, (%esp)
	popf
	nop
	nop
3:
	/* 32-bit paging: 4 MiB pages, of which the last is not there and the
	 * one before is read-only. */
	movl	$0x00000087, directory
	movl	$0x00C00085, directory + 12
	mov	%cr4, %eax
	or	$0x10, %eax
	mov	%eax, %cr4
	mov	$directory, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$0x80010000, %eax
	mov	%eax, %cr0
	faults	mov 0x1000000, %eax
	faults	mov %eax, 0x1000004
	faults	mov %eax, 0xC00008
	movl	$4f, resume
	mov	$0x1234567, %eax
	jmp	*%eax
4:
	/* Ring 3. */
	pushl	$UDATA
	pushl	$user_top
	pushl	$0x202
	pushl	$UCODE
	pushl	$5f
	iret
5:	mov	$UDATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	movl	$6f, resume
	cli
6:	movl	$7f, resume
	in	$0x80, %al
7:	faults	int $0x2F
	faults	int $0x2E
	faults	hlt
	faults	mov %cr0, %eax
	faults	mov 0x1000000, %eax
	faults	ud2
	movl	$long_mode, resume
	movb	$1, leave_user
	int	$0x2F

/* An error code is under the stub's number, or a zero. */
common:
	push	%eax
	mov	%ss:resume, %eax
	cmpb	$0, %ss:leave_user
	jne	1f
	mov	%eax, 12(%esp)
	andl	$~0x100, 20(%esp)
	pop	%eax
	add	$8, %esp
	iret
1:	mov	$DATA, %edx
	mov	%edx, %ds
	mov	%edx, %es
	jmp	*%eax

	.balign	16
stubs:
	.set	n, 0
	.rept	48
	.balign	16
	.if !(n == 8 || (n >= 10 && n <= 14) || n == 17)
	pushl	$0
	.endif
	pushl	$n
	jmp	common
	.set	n, n + 1
	.endr
	.balign	16

long_mode:
	movb	$0, leave_user
	mov	$stack_top, %esp
	mov	%cr0, %eax
	and	$0x7FFFFFFF, %eax
	mov	%eax, %cr0
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	/* One page table of each level; 2 MiB pages for the first 4 MiB. */
	mov	$pdpt + 3, %eax
	mov	%eax, pml4
	mov	$pd + 3, %eax
	mov	%eax, pdpt
	movl	$0x83, pd
	movl	$0x200083, pd + 8
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xC0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	/* The IDT again, 16 bytes a gate. */
	mov	$stubs64, %eax
	mov	$idt, %edi
	mov	$32, %ecx
1:	mov	%eax, %edx
	mov	%dx, (%edi)
	movw	$LCODE, 2(%edi)
	movw	$0x8E00, 4(%edi)
	shr	$16, %edx
	mov	%dx, 6(%edi)
	movl	$0, 8(%edi)
	movl	$0, 12(%edi)
	add	$16, %eax
	add	$16, %edi
	loop	1b
	lidt	idt64_pointer
	ljmp	$LCODE, $1f
	.code64
1:	faults64 ud2
	mov	$0x8000000000000000, %rbx
	faults64 mov (%rbx), %eax
	faults64 push (%rbx)
	faults64 mov 0x1000000, %eax
	faults64 mov %eax, 0x1000000
	xor	%ecx, %ecx
	xor	%edx, %edx
	faults64 div %ecx
	faults64 int3
	mov	$0x10, %eax
	mov	$0xF4, %edx
	out	%eax, %dx
1:	cli
	hlt
	jmp	1b

common64:
	push	%rax
	mov	resume(%rip), %eax
	mov	%rax, 24(%rsp)
	pop	%rax
	add	$16, %rsp
	iretq

	.balign	16
stubs64:
	.set	n, 0
	.rept	32
	.balign	16
	.if !(n == 8 || (n >= 10 && n <= 14) || n == 17)
	pushq	$0
	.endif
	pushq	$n
	jmp	common64
	.set	n, n + 1
	.endr

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
	.quad	0x00CFFB000000FFFF
	.quad	0x00CFF3000000FFFF
	.quad	0x0000890000000067
	.quad	0x00CF13000000FFFF
	.quad	0x00AF9B000000FFFF
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
idt_pointer:
	.word	48 * 8 - 1
	.long	idt
idt64_pointer:
	.word	32 * 16 - 1
	.long	idt
	.balign	4
bounds:
	.long	8, 9
tss:
	.long	0, stack_top, DATA
	.fill	104 - 12, 1, 0
resume:
	.long	0
leave_user:
	.byte	0

	.bss
	.balign	4096
directory:
	.skip	4096
pml4:
	.skip	4096
pdpt:
	.skip	4096
pd:
	.skip	4096
idt:
	.skip	1024
stack:
	.skip	4096
stack_top:
	.skip	4096
user_top:
