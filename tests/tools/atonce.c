/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * atonce - starts many of a program at the same moment, as a libvirtd with many VMs does,
 * and waits for all.
 *
 * usage: atonce FOLDER PROGRAM ARG... -- NAME...
 *
 * For each NAME runs PROGRAM NAME ARG... with FOLDER/NAME.in as its stdin, FOLDER/NAME.out
 * for what it says on stdout and stderr. Prints "NAME STATUS" a line, in their order; 128
 * and the signal where one ended it. Fork and exec from a test in Perl take longer than
 * what the program does.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16
#define NAMES_MAX 1024

static pid_t start(const char *folder, char *const *command, char *name)
{
	char in[4096], out[4096];
	char *argv[ARGS_MAX + 2] = { command[0], name };
	posix_spawn_file_actions_t files;
	pid_t pid;

	for (int i = 1; i < ARGS_MAX && command[i]; i++)
		argv[i + 1] = command[i];
	snprintf(in, sizeof(in), "%s/%s.in", folder, name);
	snprintf(out, sizeof(out), "%s/%s.out", folder, name);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	if (posix_spawn(&pid, command[0], &files, NULL, argv, environ) != 0)
		exit(125);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Where "--" is; 0: it is missing, or there is too much before it. */
static int find_dashes(int argc, char **argv)
{
	for (int i = 3; i < argc && i <= ARGS_MAX; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pids[NAMES_MAX];
	int dashes = find_dashes(argc, argv), n = 0, status;
	char **names = argv + dashes + 1;

	if (!dashes || !names[0] || argc - dashes > NAMES_MAX)
		return 2;
	argv[dashes] = NULL;
	for (; n < NAMES_MAX && names[n]; n++)
		pids[n] = start(argv[1], argv + 2, names[n]);
	for (int i = 0; i < n; i++) {
		if (waitpid(pids[i], &status, 0) != pids[i])
			return 125;
		printf("%s %d\n", names[i],
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	}
	return 0;
}
