/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/assign/statustext.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/assign/assigned.h"
#include "ctl/ctl.h"
#include "hooks/journal/stuck.h"
#include "hooks/steps/ops.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/process/process.h"
#include "str.h"

/* NULL: what its journal says it does. */
static const char *const life_words[] = {
	[LIFE_NONE] = "left over (run `kvmshim recover`)",
	[LIFE_IN_PROGRESS] = NULL,
	[LIFE_QEMU] = "running",
	[LIFE_STARTING] = NULL,
	[LIFE_NODE_OPEN] = "a VFIO device node is open",
	[LIFE_HAND] = "bound",
	[LIFE_UNKNOWN] = "unknown, because a process cannot be checked",
};

static const char *what_it_is(struct ctl *ctl, const struct assigned *h)
{
	const char *word = life_words[h->life];

	if (!word)
		word = journal_states[h->journal.state];
	if (h->holder.pid)
		word = arena_printf(ctl->host.arena, "%s (pid %ld)", word, (long)h->holder.pid);
	return h->journal.n_stuck ? arena_printf(ctl->host.arena, "stuck, %s", word) : word;
}

/* "vfio-pci (was nvme)" */
static const char *driver_text(struct ctl *ctl, const struct journal_device *d)
{
	const char *now, *before = d->driver ? d->driver : "no driver";

	if (d->kind == HOSTDEV_MDEV)
		return mdev_exists(&ctl->host, d->device) ? "exists" : "does not exist";
	now = pci_driver(&ctl->host, d->device);
	now = now ? str_printable(ctl->host.arena, now) : "no driver";
	if (str_eq(now, before))
		return now;
	return arena_printf(ctl->host.arena, "%s (was %s)", now, before);
}

static void show_device(struct ctl *ctl, const struct journal_device *d)
{
	printf("  %s  %-9s  %s%s%s\n", d->device, role_names[d->role], driver_text(ctl, d),
	       d->rule ? ", by " : "", d->rule ? str_printable(ctl->host.arena, d->rule) : "");
}

static void show_stuck(struct ctl *ctl, const struct stuck *w)
{
	const char *device = stuck_subject(w);

	if (assigned_is_stuck(ctl, w))
		printf("  %s  stuck since %s: %s\n", device,
		       process_since(ctl->host.arena, w->child), stuck_reason(ctl->host.arena, w));
	else
		printf("  %s  no longer stuck: %s has finished (run `kvmshim recover`)\n", device,
		       op_names[w->op]);
}

static void show_steps(struct ctl *ctl, const struct journal *j)
{
	double sum = 0;

	for (size_t i = 0; i < j->n_steps; i++) {
		const struct step *s = &j->steps[i];
		const char *words = str_printable(ctl->host.arena, op_text(ctl->host.arena, s));

		if (s->done)
			printf("  %10.1f ms  %s\n", s->ms, words);
		else
			printf("  %10s     %s\n", "not done", words);
		sum += s->done ? s->ms : 0;
	}
	printf("  %10.1f ms  in total; IOMMU groups run at the same time\n", sum);
}

void status_text(struct ctl *ctl, const struct assigned *h, bool steps)
{
	const struct journal *j = &h->journal;

	printf("%s: %s%s%s\n", assigned_title(ctl, h->uuid, j), what_it_is(ctl, h),
	       j->created ? ", since " : "", j->created ? j->created : "");
	for (size_t i = 0; i < j->n_devices; i++)
		show_device(ctl, &j->devices[i]);
	for (size_t i = 0; i < j->n_stuck; i++)
		show_stuck(ctl, &j->stuck[i]);
	if (steps && j->n_steps)
		show_steps(ctl, j);
}
