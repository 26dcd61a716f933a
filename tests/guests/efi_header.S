/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PE32+ header of an EFI application without relocations: it is loaded at
 * the address for which it was linked, or not at all.
 *
 * Source: Microsoft PE/COFF specification, revision 11.
 */
#define IMAGE_BASE  0x10000000
#define HEADER_SIZE 0x1000

	.section .header, "a"
	.globl header
header:
	.ascii "MZ"
	.org 0x3C
	.long pe - header
pe:
	.ascii "PE\0\0"
	.short 0x8664            /* x86-64 */
	.short 1                 /* sections */
	.long 0, 0, 0
	.short optional_end - optional
	.short 0x0003            /* no relocations, executable */
optional:
	.short 0x20B             /* PE32+ */
	.byte 0, 0
	.long image_end - header - HEADER_SIZE /* code */
	.long 0, 0
	.long efi_main - header  /* entry point */
	.long HEADER_SIZE        /* base of code */
	.quad IMAGE_BASE
	.long 0x1000, 0x1000     /* alignment in memory and file */
	.long 0, 0, 0, 0
	.long image_end - header /* image */
	.long HEADER_SIZE
	.long 0
	.short 10                /* EFI application */
	.short 0
	.quad 0, 0, 0, 0
	.long 0
	.long 6                  /* directories, all empty */
	.quad 0, 0, 0, 0, 0, 0
optional_end:
	.ascii ".image\0\0"
	.long image_end - header - HEADER_SIZE, HEADER_SIZE
	.long image_end - header - HEADER_SIZE, HEADER_SIZE
	.long 0, 0
	.short 0, 0
	.long 0xE0000020         /* code; read, write, execute */
	.section .note.GNU-stack, "", @progbits
