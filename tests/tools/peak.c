/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peak - runs a program, and writes how much memory it had at most, in KiB.
 *
 * usage: peak FILE PROGRAM [ARG...]
 *
 * Exits with the program's status. It is a program of its own because a process has
 * its parent's memory until it is another program, and that counts (setmax_mm_hiwater_rss()
 * of the kernel's fs/exec.c): started by Perl, the figure would be Perl's.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	FILE *f;
	pid_t pid;

	if (argc < 3)
		return 125;
	pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(125);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 125;
	f = fopen(argv[1], "we");
	if (!f || fprintf(f, "%ld\n", usage.ru_maxrss) < 0 || fclose(f))
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
