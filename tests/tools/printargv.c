/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * printargv: stands in QEMU's place and writes argv to stdout, every word
 * followed by a NUL, the one byte that no word can hold.
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
	return ferror(stdout) || fflush(stdout);
}
