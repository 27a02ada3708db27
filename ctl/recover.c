/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/recover.h"

#include <errno.h>
#include <stdio.h>

#include "arena.h"
#include "conf/settings.h"
#include "ctl/ctl.h"
#include "ctl/handed.h"
#include "err.h"
#include "hooks/handover.h"
#include "str.h"

/* Why it is not given back. */
static const char *const life_words[] = {
	[LIFE_NONE] = "is gone, or is ending",
	[LIFE_IN_PROGRESS] = "is being worked on",
	[LIFE_QEMU] = "runs",
	[LIFE_STARTING] = "is starting",
	[LIFE_NODE_OPEN] = "has a VFIO node open",
	[LIFE_HAND] = "stays bound until `kvmshim unbind`",
};

static const char *why_it_stays(struct ctl *ctl, const struct journal *j)
{
	struct process holder;
	const char *word = life_words[reserve_life(ctl->arena, &ctl->root, j, 0, &holder)];

	if (!holder.pid)
		return word;
	return arena_printf(ctl->arena, "%s (pid %ld)", word, (long)holder.pid);
}

static void told(void *user, const char *uuid, const struct journal *j, int rc,
		 const struct err *err)
{
	struct ctl *ctl = user;
	const char *title = handed_title(ctl, uuid, j);

	if (!j)
		ctl_fail("%s", err->text);
	else if (rc == 0)
		printf("%s: given back\n", title);
	else if (rc == -EAGAIN)
		printf("%s: %s\n", title, why_it_stays(ctl, j));
	else
		printf("%s: %s\n", title, str_printable(ctl->arena, err->text));
}

static int recover(struct ctl *ctl, const struct handed_list *list)
{
	struct settings settings;
	struct handover h = {
		.arena = ctl->arena,
		.root = &ctl->root,
		.settings = &settings,
	};
	bool failed = false;

	handed_settings(ctl, &settings);
	if (!list->n)
		puts("nothing is handed over");
	for (size_t i = 0; i < list->n; i++) {
		int rc = recover_one(&h, list->v[i].uuid, told, ctl);

		failed |= rc && rc != -EAGAIN;
	}
	for (size_t i = 0; i < h.notes.n; i++)
		ctl_fail("%s", h.notes.v[i]);
	return failed ? CTL_FOUND : CTL_FINE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	int first = argc > 1 && str_eq(argv[1], "--") ? 2 : 1;
	struct handed_list list = { 0 };
	struct err err = { 0 };

	if (argc == 2 && str_eq(argv[1], "--help"))
		return ctl_help(&command_recover);
	if (argc - first > 1 || (first == 1 && argc == 2 && argv[1][0] == '-'))
		return ctl_usage(&command_recover);
	if (!handed_allowed(ctl))
		return CTL_USAGE;
	if (handed_read(ctl, argv[first], &list, &err) < 0)
		return ctl_fail("%s", err.text);
	return recover(ctl, &list);
}

const struct command command_recover = {
	.name = "recover",
	.usage = "[NAME]",
	.help = "give back what VMs that are gone have left, or what is left of one",
	.run = run,
};
