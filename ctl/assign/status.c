/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "arena.h"
#include "conf/settings.h"
#include "ctl/assign/assigned.h"
#include "ctl/assign/statusjson.h"
#include "ctl/assign/statustext.h"
#include "ctl/ctl.h"
#include "err.h"
#include "str.h"

struct asked {
	struct ctl *ctl;
	struct strv names;
	const char *which; /* NULL: all */
};

/* Does somebody have to do something about it? */
static bool is_trouble(const struct assigned *h)
{
	return h->problem || h->life == LIFE_NONE || h->journal.n_stuck;
}

/* A VM without host devices has a journal too, but nothing to report. */
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
		puts("nothing is assigned");
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
		ctl_print_json(asked->ctl->host.arena, status_json(asked->ctl, &list));
	else
		show_text(asked, &list);
	return status;
}

static const struct option_row options[] = {
	OPTION_ROW_JSON,
	{ 0 },
};

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { .ctl = ctl };
	int status;

	if (!options_read(ctl, &command_status, argc, argv, &asked, &status))
		return status;
	asked.which = asked.names.n ? asked.names.v[0] : NULL;
	return show(&asked);
}

const struct command command_status = {
	.name = "status",
	.usage = "[--json] [NAME]",
	.help = "list the assigned devices, their VMs, and what is left over or stuck",
	.about = "Prints the devices that are assigned to VMs, or that `bind` bound to VFIO: the\n"
		 "state of the VM, and of each device the reason, the driver now and the host\n"
		 "driver. Changes nothing.\n"
		 "NAME is the name or UUID of a VM: prints only this VM, with each step of the\n"
		 "hook and its duration.",
	.options = options,
	.operands = { .name = "NAME", .at = offsetof(struct asked, names) },
	.examples = "kvmshim status\n"
		    "kvmshim status desktop-7",
	.run = run,
};
