/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target.c - stands for QEMU in the benchmark: the cheapest thing one can exec.
 *
 * What is measured is the road to QEMU, so QEMU itself must not be in it. With
 * BENCH_SHOW in the environment it prints its -cpu value instead, which is how
 * the benchmark makes sure that every contender does the same edit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (!getenv("BENCH_SHOW"))
		_exit(0);
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-cpu") == 0)
			puts(argv[i + 1]);
	return 0;
}
