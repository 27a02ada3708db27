/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/assign/status.h"

#include <stdio.h>

#include "arena.h"
#include "conf/settings.h"
#include "ctl/ctl.h"
#include "ctl/assign/assigned.h"
#include "ctl/jsonout.h"
#include "err.h"
#include "str.h"

struct asked {
	struct ctl *ctl;
	const char *which; /* NULL: all */
};

/* Does somebody have to do something about it? */
static bool is_trouble(const struct assigned *h)
{
	return h->problem || h->life == LIFE_NONE || h->journal.n_stuck;
}

/* A VM without host devices has a journal too, and nothing to tell of. */
static bool is_shown(const struct asked *asked, const struct assigned *h)
{
	if (h->problem)
		return false;
	return asked->which || h->journal.n_devices || is_trouble(h);
}

static void show_text(const struct asked *asked, const struct assigned_list *list)
{
	bool quiet = true;

	for (size_t i = 0; i < list->n; i++) {
		if (is_shown(asked, &list->v[i]))
			status_text(asked->ctl, &list->v[i], asked->which != NULL);
		quiet &= !list->v[i].problem && !is_shown(asked, &list->v[i]);
	}
	if (quiet)
		puts("nothing is handed over");
}

static int show(struct asked *asked)
{
	struct assigned_list list = { 0 };
	struct settings settings;
	struct err err = { 0 };
	int status = CTL_FINE;

	if (assigned_read(asked->ctl, asked->which, &list, &err) < 0)
		return ctl_fail("%s", err.text);
	assigned_settings(asked->ctl, &settings);
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i].problem)
			ctl_fail("%s", list.v[i].problem);
		if (is_trouble(&list.v[i]))
			status = CTL_FOUND;
	}
	if (asked->ctl->json)
		jsonout_print(status_json(asked->ctl, &list));
	else
		show_text(asked, &list);
	return status;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked asked = { .ctl = ctl };
	bool words_only = false;

	if (argc == 2 && str_eq(argv[1], "--help"))
		return ctl_help(&command_status);
	for (int i = 1; i < argc; i++) {
		if (!words_only && str_eq(argv[i], "--"))
			words_only = true;
		else if (!words_only && str_eq(argv[i], "--json"))
			ctl->json = true;
		else if ((!words_only && argv[i][0] == '-') || asked.which)
			return ctl_usage(&command_status);
		else
			asked.which = argv[i];
	}
	return show(&asked);
}

const struct command command_status = {
	.name = "status",
	.usage = "[--json] [NAME]",
	.help = "the devices that are handed over, to which VMs, and what is left over or stuck",
	.run = run,
};
