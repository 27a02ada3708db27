/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim(8): the admin's command. Subcommands are rows of one table. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "nearest.h"
#include "str.h"

static const struct command *const commands[] = {
	&command_check, &command_explain, &command_doctor, &command_status,
	&command_recover, &command_bind, &command_unbind,
	&command_devices, &command_generate,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	printf("usage: kvmshim COMMAND …\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  kvmshim %s %s\n      %s\n", commands[i]->name, commands[i]->usage,
		       commands[i]->help);
	printf("\n  kvmshim --help | --version\n\n"
	       "The manual: kvmshim(8), kvmshim-rules(5), kvmshim-verbs(5), kvmshim-cookbook(7),\n"
	       "kvmshim.conf(5).\n");
	return CTL_FINE;
}

static int unknown(struct arena *a, const char *word)
{
	struct nearest near = { .word = word };

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_try(&near, commands[i]->name);
	return ctl_fail("no command '%s'%s; see kvmshim --help", str_printable(a, word),
			nearest_hint(a, &near));
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	if (argc < 2)
		return ctl_fail("no command given; see kvmshim --help");
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "help"))
		return help();
	if (str_eq(argv[1], "--version"))
		return printf("kvmshim %s\n", KVMSHIM_VERSION) < 0;
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (str_eq(argv[1], commands[i]->name))
			return commands[i]->run(ctl, argc - 1, argv + 1);
	return unknown(ctl->arena, argv[1]);
}

/* no-color.org: only a NO_COLOR that is not empty counts. */
static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && str_eq(term, "dumb"));
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct ctl ctl = {
		.arena = &arena,
		.root = root_from_env(&arena),
		.colour = wants_colour(),
	};
	int status;

	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, it hides how children ended */
	status = run(&ctl, argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = ctl_fail("cannot write: %s", strerror(errno));
	arena_free(&arena);
	return status;
}
