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
#include "ctl/help.h"
#include "nearest.h"
#include "str.h"

static const struct command *const commands[] = {
	&command_check, &command_explain, &command_doctor, &command_status,
	&command_recover, &command_bind, &command_unbind,
	&command_devices, &command_generate,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* "  kvmshim check …", and below it what it does. */
static void print_commands(struct arena *a)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const char *before = arena_printf(a, "  %s ", ctl_name(a, commands[i]));

		help_lines(before, before, commands[i]->usage);
		printf("      %s\n", commands[i]->help);
	}
}

struct asked {
	bool version;
};

static const struct option_row options[] = {
	{ "version", OPTION_FLAG, offsetof(struct asked, version), .help = "print the version" },
	{ 0 },
};

/* kvmshim itself, of which all others are operands. */
static const struct command kvmshim = {
	.name = "",
	.usage = "COMMAND …\nCOMMAND --help",
	.print_list = print_commands,
	.options = options,
	.operands = { .name = "COMMAND", .is_command = true },
	.manual = "kvmshim(8), kvmshim-rules(5), kvmshim-verbs(5), kvmshim-cookbook(7),\n"
		  "kvmshim.conf(5)",
};

static int unknown(struct arena *a, const char *word)
{
	struct nearest near = { .word = word };

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_try(&near, commands[i]->name);
	return ctl_fail("no command '%s'%s; see kvmshim --help", str_printable(a, word),
			nearest_hint(a, &near));
}

static int run_command(struct ctl *ctl, int argc, char *const *argv)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (str_eq(argv[0], commands[i]->name))
			return commands[i]->run(ctl, argc, argv);
	if (str_eq(argv[0], command_emulators.name))
		return command_emulators.run(ctl, argc, argv);
	return unknown(ctl->host.arena, argv[0]);
}

/* `kvmshim help devices` is `kvmshim devices --help`. */
static int help_of(struct ctl *ctl, int argc, char *const *argv)
{
	static char option[] = "--help";
	char **words = arena_alloc(ctl->host.arena, ((size_t)argc + 1) * sizeof(*words));

	if (argc < 2)
		return help_print(ctl->host.arena, &kvmshim);
	for (int i = 1; i < argc; i++)
		words[i - 1] = argv[i];
	words[argc - 1] = option;
	return run_command(ctl, argc, words);
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { 0 };
	int status;

	if (!options_read(ctl, &kvmshim, argc, argv, &asked, &status))
		return status;
	if (asked.version)
		return printf("kvmshim %s\n", KVMSHIM_VERSION) < 0;
	if (optind >= argc)
		return ctl_fail("no command given; see kvmshim --help");
	if (str_eq(argv[optind], "help"))
		return help_of(ctl, argc - optind, argv + optind);
	return run_command(ctl, argc - optind, argv + optind);
}

/* no-color.org: only a NO_COLOR that is not empty counts. */
static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && str_eq(term, "dumb"));
}

/*
 * For virsh, which we ask. Without a URI it may look only for libvirtd's socket (11.3 of Debian),
 * where virtqemud has another. The VMs of a user who is not root are in qemu:///session.
 */
static void name_system_daemon(void)
{
	if (geteuid() == 0)
		setenv("LIBVIRT_DEFAULT_URI", "qemu:///system", 0);
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct ctl ctl = {
		.host = { &arena, root_from_env(&arena) },
		.colour = wants_colour(),
	};
	int status;

	signal(SIGXFSZ, SIG_IGN); /* a limit is to be an error of write(2) */
	signal(SIGCHLD, SIG_DFL); /* ignored, as a caller may have it, it hides how children ended */
	name_system_daemon();
	status = run(&ctl, argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = ctl_fail("cannot write: %s", strerror(errno));
	arena_free(&arena);
	return status;
}
