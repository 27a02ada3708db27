/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/recover.h"

#include <errno.h>
#include <stdio.h>

#include "arena.h"
#include "conf/settings.h"
#include "ctl/assign/assigned.h"
#include "ctl/ctl.h"
#include "err.h"
#include "hooks/assignment.h"
#include "str.h"

/* Why it is not returned. */
static const char *const life_words[] = {
	[LIFE_NONE] = "has stopped, or is stopping",
	[LIFE_IN_PROGRESS] = "is in use by another kvmshim process",
	[LIFE_QEMU] = "is running",
	[LIFE_STARTING] = "is starting",
	[LIFE_NODE_OPEN] = "has a VFIO device node open",
	[LIFE_HAND] = "stays bound until `kvmshim unbind`",
	[LIFE_UNKNOWN] = "is possibly running, because a process cannot be checked",
};

struct recovery {
	struct ctl *ctl;
	struct assignment assignment;
	struct settings settings;
	size_t reported, failed;
};

/* A QEMU has a name already. */
static const char *who(const struct host *host, enum life life, pid_t pid)
{
	const char *command = life == LIFE_QEMU ? NULL : process_command(host, pid);

	if (!command)
		return arena_printf(host->arena, "pid %ld", (long)pid);
	return arena_printf(host->arena, "%s, pid %ld", str_printable(host->arena, command), (long)pid);
}

static const char *why_it_stays(struct ctl *ctl, const struct journal *j)
{
	struct process holder;
	enum life life = LIFE_IN_PROGRESS;

	if (!j)
		return life_words[life];
	life = reserve_life(&ctl->host, j, 0, &holder);
	if (!holder.pid)
		return life_words[life];
	return arena_printf(ctl->host.arena, "%s (%s)", life_words[life],
			    who(&ctl->host, life, holder.pid));
}

/* j is NULL too of a folder that has nothing to return. */
static void reported(void *user, const char *uuid, const struct journal *j, int rc,
		 const struct err *err)
{
	struct recovery *r = user;
	const char *title = assigned_title(r->ctl, uuid, j);

	r->reported++;
	r->failed += rc && rc != -EAGAIN;
	if (rc == 0)
		printf("%s: returned\n", title);
	else if (rc == -EAGAIN)
		printf("%s: %s\n", title, why_it_stays(r->ctl, j));
	else if (!j)
		ctl_fail("%s", err->text);
	else
		printf("%s: %s\n", title, str_printable(r->ctl->host.arena, err->text));
}

static int recover_named(struct recovery *r, const char *which)
{
	struct assigned_list list = { 0 };
	struct err err = { 0 };

	if (assigned_read(r->ctl, which, &list, &err) < 0)
		return ctl_fail("%s", err.text);
	for (size_t i = 0; i < list.n; i++)
		recover_one(&r->assignment, list.v[i].uuid, reported, r);
	return CTL_FINE;
}

static int recover(struct ctl *ctl, const char *which)
{
	struct recovery r = { .ctl = ctl };
	int status = CTL_FINE;

	assigned_settings(ctl, &r.settings);
	r.assignment = (struct assignment){
		.host = ctl->host,
		.settings = &r.settings,
	};
	if (which)
		status = recover_named(&r, which);
	else
		recover_all(&r.assignment, reported, &r);
	if (!r.reported && status == CTL_FINE)
		puts("nothing is assigned");
	for (size_t i = 0; i < r.assignment.notes.n; i++)
		ctl_fail("%s", r.assignment.notes.v[i]);
	return r.failed ? CTL_FOUND : status;
}

struct asked {
	struct strv names;
};

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { 0 };
	int status;

	if (!options_read(ctl, &command_recover, argc, argv, &asked, &status))
		return status;
	if (!assigned_allowed(ctl))
		return CTL_USAGE;
	return recover(ctl, asked.names.n ? asked.names.v[0] : NULL);
}

const struct command command_recover = {
	.name = "recover",
	.usage = "[NAME]",
	.help = "return the devices of VMs that have stopped",
	.about = "Returns the devices of VMs that have stopped, if they were not returned: all, or\n"
		 "the devices of the VM with the name or UUID NAME. A device stays as it is if its\n"
		 "VM runs, or if `bind` bound it.",
	.operands = { .name = "NAME", .at = offsetof(struct asked, names) },
	.examples = "kvmshim recover\n"
		    "kvmshim recover desktop-7",
	.run = run,
};
