/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/assign/byhand.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/assign/assigned.h"
#include "ctl/ctl.h"
#include "device/pciaddr.h"
#include "hooks/assignment.h"
#include "hooks/steps/ops.h"
#include "host/pci/pci.h"

static bool add_address(struct byhand *h, const char *word)
{
	const char *address = pciaddr_spell(h->ctl->host.arena, word);

	if (!address)
		ctl_fail("'%s' is not a valid PCI address; write 0000:03:00.0, 03:00.0 or, "
			 "for all functions of a slot, 03:00",
			 word);
	else if (!strv_has(&h->addresses, address))
		strv_push(h->ctl->host.arena, &h->addresses, address);
	return address;
}

const struct option_row byhand_options[] = {
	{ "dry-run", OPTION_FLAG, offsetof(struct byhand, dry_run),
	  .help = "print the steps, and change nothing" },
	{ 0 },
};

bool byhand_words(struct byhand *h, struct ctl *ctl, const struct command *command, int argc,
		  char *const *argv, int *status)
{
	*h = (struct byhand){ .ctl = ctl };
	if (!options_read(ctl, command, argc, argv, h, status))
		return false;
	*status = CTL_USAGE;
	for (size_t i = 0; i < h->words.n; i++)
		if (!add_address(h, h->words.v[i]))
			return false;
	if (!assigned_allowed(ctl))
		return false;
	h->mistakes = assigned_settings(ctl, &h->settings);
	return true;
}

struct assignment byhand_over(struct byhand *h, const char *uuid)
{
	return (struct assignment){
		.host = h->ctl->host,
		.settings = &h->settings,
		.kind = JOURNAL_HAND,
		.uuid = uuid,
		.name = "by hand",
	};
}

void byhand_notes(const struct assignment *over)
{
	for (size_t i = 0; i < over->notes.n; i++)
		ctl_fail("%s", over->notes.v[i]);
}

void byhand_change(const struct byhand *h, const struct journal_device *d, const char *before,
		 bool named)
{
	struct arena *a = h->ctl->host.arena;
	const char *now = pci_driver(&h->ctl->host, d->device);
	const char *went = named ? "" : arena_printf(a, ", which shares IOMMU group %d", d->group);

	if (!str_same(now, before))
		printf("%s: %s -> %s%s\n", d->device, before ? before : "no driver",
		       now ? str_printable(a, now) : "no driver", went);
	else if (named)
		printf("%s: %s, not changed\n", d->device,
		       now ? str_printable(a, now) : "no driver");
}

static void show_step(const struct byhand *h, const char *before, const struct step *s)
{
	struct arena *a = h->ctl->host.arena;

	printf("%s%s\n", before, str_printable(a, op_text(a, s)));
}

void byhand_plan(const struct byhand *h, const struct journal *j)
{
	for (unsigned lane = 0; lane < journal_lanes(j); lane++)
		for (struct step *s = NULL; (s = journal_next_in_lane(j, lane, s));)
			show_step(h, "", s);
}

void byhand_plan_undo(const struct byhand *h, const struct journal *j, const bool *only)
{
	for (unsigned lane = journal_lanes(j); lane-- > 0;)
		for (struct step *s = NULL; (s = journal_previous_in_lane(j, lane, s));)
			if ((!only || only[lane]) && op_rows[s->op].undo)
				show_step(h, "undo: ", s);
}
