/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuid.S - a boot sector that tells what a guest can see of its hypervisor.
 *
 * The firmware loads these 512 bytes to 0x7c00 and jumps there in 16-bit real
 * mode; there is no operating system. It asks the CPU two questions, prints
 * the answers on the first serial port (COM1) and ends the virtual machine:
 *
 *	hypervisor-bit 1
 *	signature TCGTCGTCGTCG
 *
 * hypervisor-bit is CPUID leaf 1, ECX bit 31: always 0 on a bare machine, 1 in
 * a guest that may know. signature is what leaf 0x40000000 leaves in EBX, ECX
 * and EDX, twelve characters: KVMKVMKVM under KVM (with hv-* features on it is
 * "Microsoft Hv" or the vendor that was given), TCGTCGTCGTCG under QEMU's own
 * emulation. A byte that is not printable is shown as a dot.
 *
 * Where the leaf is hidden, the answer is zeros (QEMU's emulation) or a copy
 * of the highest basic leaf (Intel's way). So the signature means something
 * only where the hypervisor bit is set; there are drivers that look anyway.
 *
 * Try it: make build/cpuid.img, then
 *	qemu-system-x86_64 -machine pc -display none -serial stdio \
 *		-device isa-debug-exit,iobase=0xf4,iosize=1 \
 *		-drive format=raw,file=build/cpuid.img
 */

	.set COM1_DATA,   0x3f8		/* a byte written here is sent */
	.set COM1_STATUS, 0x3fd		/* line status register */
	.set CAN_SEND,    0x20		/* its "transmitter empty" bit */
	.set EXIT_PORT,   0xf4		/* isa-debug-exit, where it is given */
	.set EXIT_CODE,   0x10		/* QEMU ends with 2 * this + 1: 33 */

	.code16
	.text
	.global _start
_start:
	/*
	 * Firmwares jump to 0000:7c00 or 07c0:0000, and promise nothing about
	 * the data segments. A far jump and four moves settle both.
	 */
	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$_start, %sp		/* the stack grows down, away from us */
	cld

	movw	$bit_text, %si
	call	print
	movl	$1, %eax
	cpuid
	shrl	$31, %ecx		/* bit 31 alone is left: 0 or 1 */
	movb	%cl, %al
	addb	$'0', %al
	call	send

	movw	$signature_text, %si
	call	print
	movl	$0x40000000, %eax
	cpuid
	movl	%ebx, signature
	movl	%ecx, signature + 4
	movl	%edx, signature + 8
	movw	$signature, %si
	movw	$12, %cx
2:	lodsb
	cmpb	$' ', %al
	jb	3f
	cmpb	$'~', %al
	jbe	4f
3:	movb	$'.', %al
4:	call	send
	loop	2b

	movw	$end_text, %si
	call	print

	/* With an isa-debug-exit device this ends QEMU; without one it is lost. */
	movb	$EXIT_CODE, %al
	outb	%al, $EXIT_PORT
	cli
5:	hlt
	jmp	5b

/* print: sends the text at SI, up to its zero byte. */
print:
	lodsb
	testb	%al, %al
	jz	6f
	call	send
	jmp	print
6:	ret

/* send: sends the byte in AL when the port is ready; only DX and AH change. */
send:
	movb	%al, %ah
	movw	$COM1_STATUS, %dx
7:	inb	%dx, %al
	testb	$CAN_SEND, %al
	jz	7b
	movb	%ah, %al
	movw	$COM1_DATA, %dx
	outb	%al, %dx
	ret

bit_text:
	.asciz	"hypervisor-bit "
signature_text:
	.asciz	"\r\nsignature "
end_text:
	.asciz	"\r\n"
signature:
	.space	12

	/* The firmware boots only what ends in these two bytes. */
	.org	510
	.byte	0x55, 0xaa
