/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor.c - the least any wrapper can do: be started, exec the real thing.
 *
 * Linked statically with the same C library as kvmshim-wrapper. The time this
 * adds to a plain exec is the unit in which the others are measured.
 */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *target = getenv("BENCH_TARGET");

	(void)argc;
	if (target)
		execv(target, argv);
	return 127;
}
