/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each `kvmshim bind` has its own journal, so the named devices can be in several journals.
 * All of them are checked before the first device is returned.
 */
#include <errno.h>
#include <stdio.h>

#include "arena.h"
#include "ctl/assign/byhand.h"
#include "ctl/ctl.h"
#include "err.h"
#include "hooks/assignment.h"
#include "hooks/borrower.h"
#include "hooks/return.h"
#include "hooks/survey/reserve.h"
#include "host/pci/pci.h"

/* The devices of one journal that are to be returned. */
struct part {
	const struct journal *journal;
	enum life life;
	struct strv named, all; /* all: and what shares their groups */
};

struct parts {
	struct part *v;
	size_t n;
};

/* Is the device this function, or one of this slot? */
static bool is_at(const char *device, const char *address)
{
	if (strchr(address, '.'))
		return str_eq(device, address);
	return str_starts(device, address) && device[strlen(address)] == '.';
}

/* ---- finding ---- */

static size_t find_in(struct arena *a, struct part *p, const char *address)
{
	size_t found = 0;

	for (size_t i = 0; i < p->journal->n_devices; i++) {
		const char *device = p->journal->devices[i].device;

		if (!is_at(device, address))
			continue;
		if (!strv_has(&p->named, device))
			strv_push(a, &p->named, device);
		found++;
	}
	return found;
}

/* ": VM desktop has it", or "" */
static const char *whose(struct arena *a, const struct reservations *held, const char *address)
{
	for (size_t i = 0; i < held->n; i++)
		for (size_t k = 0; k < held->v[i].journal.n_devices; k++)
			if (is_at(held->v[i].journal.devices[k].device, address))
				return arena_printf(a, "; it is in use by %s",
						    reserve_text(a, &held->v[i]));
	return "";
}

static bool find(struct byhand *h, const struct reservations *held, struct parts *parts,
		 const char *address)
{
	struct arena *a = h->ctl->host.arena;
	size_t found = 0;

	for (size_t i = 0; i < parts->n; i++)
		found += find_in(a, &parts->v[i], address);
	if (!found)
		ctl_fail("%s was not bound by `kvmshim bind`%s", address, whose(a, held, address));
	return found;
}

static void list_parts(struct arena *a, const struct reservations *held, struct parts *parts)
{
	parts->v = arena_alloc(a, (held->n + 1) * sizeof(*parts->v));
	for (size_t i = 0; i < held->n; i++)
		if (held->v[i].journal.kind == JOURNAL_HAND)
			parts->v[parts->n++] = (struct part){
				.journal = &held->v[i].journal,
				.life = held->v[i].life,
			};
}

/* ---- judging ---- */

static bool may_go(struct byhand *h, struct part *p)
{
	struct arena *a = h->ctl->host.arena;
	struct err err = { 0 };

	if (!p->named.n)
		return true;
	p->all = return_devices(a, p->journal, &p->named);
	if (p->life == LIFE_IN_PROGRESS)
		err_set(&err, EBUSY, "%s is in use by another kvmshim process", p->named.v[0]);
	else if (borrower_check(&h->ctl->host, p->journal, &p->all, &err) == 0)
		return true;
	ctl_fail("%s", err.text);
	return false;
}

static bool judge(struct byhand *h, const struct reservations *held, struct parts *parts)
{
	bool fine = true;

	for (size_t i = 0; i < h->addresses.n; i++)
		fine &= find(h, held, parts, h->addresses.v[i]);
	for (size_t i = 0; i < parts->n; i++)
		fine &= may_go(h, &parts->v[i]);
	return fine;
}

/* ---- returning ---- */

static void plan(struct byhand *h, const struct part *p)
{
	bool *lanes = arena_alloc(h->ctl->host.arena, journal_lanes(p->journal) * sizeof(*lanes));
	bool some_stay = return_lanes(p->journal, &p->named, lanes);

	byhand_plan_undo(h, p->journal, some_stay ? lanes : NULL);
}

static const char **drivers_now(struct byhand *h, const struct journal *j)
{
	const char **drivers =
		arena_alloc(h->ctl->host.arena, (j->n_devices + 1) * sizeof(*drivers));

	for (size_t i = 0; i < j->n_devices; i++)
		drivers[i] = pci_driver(&h->ctl->host, j->devices[i].device);
	return drivers;
}

static void show_changes(struct byhand *h, const struct part *p, const char *const *before)
{
	for (size_t i = 0; i < p->journal->n_devices; i++) {
		const struct journal_device *d = &p->journal->devices[i];

		if (strv_has(&p->all, d->device))
			byhand_change(h, d, before[i], strv_has(&p->named, d->device));
	}
}

static bool give(struct byhand *h, const struct part *p)
{
	struct assignment over = byhand_over(h, p->journal->uuid);
	const char **before = drivers_now(h, p->journal);
	struct err err = { 0 };
	int rc = assignment_return(&over, &p->named, &err);

	byhand_notes(&over);
	if (rc)
		ctl_fail("%s", err.text);
	else
		show_changes(h, p, before);
	return rc == 0;
}

static int unbind_all(struct byhand *h, const struct parts *parts)
{
	bool fine = true;

	for (size_t i = 0; i < parts->n; i++) {
		if (!parts->v[i].named.n)
			continue;
		if (h->dry_run)
			plan(h, &parts->v[i]);
		else
			fine &= give(h, &parts->v[i]);
	}
	if (h->dry_run)
		puts("nothing is changed");
	return fine ? CTL_FINE : CTL_FOUND;
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct reservations held = { 0 };
	struct parts parts = { 0 };
	struct err err = { 0 };
	struct byhand h;
	int status;

	if (!byhand_words(&h, ctl, &command_unbind, argc, argv, &status))
		return status;
	if (reserve_read(&ctl->host, NULL, &held, &err) < 0) {
		ctl_fail("%s", err.text);
		return CTL_FOUND;
	}
	list_parts(ctl->host.arena, &held, &parts);
	return judge(&h, &held, &parts) ? unbind_all(&h, &parts) : CTL_FOUND;
}

const struct command command_unbind = {
	.name = "unbind",
	.usage = "ADDRESS… [--dry-run]",
	.help = "return to their host drivers the devices that `bind` bound",
	.about = "Returns to their host drivers the functions that `bind` bound to VFIO, and the\n"
		 "other devices of their IOMMU groups. If `bind` did not bind one of the\n"
		 "functions, or a VM uses it, nothing is changed.\n"
		 "ADDRESS is 0000:03:00.0 or 03:00.0, or 03:00 for all functions of the slot.",
	.options = byhand_options,
	.operands = BYHAND_OPERANDS,
	.examples = "kvmshim unbind 01:00 --dry-run\n"
		    "kvmshim unbind 01:00",
	.run = run,
};
