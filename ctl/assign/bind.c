/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "arena.h"
#include "ctl/assign/byhand.h"
#include "ctl/ctl.h"
#include "device/pciaddr.h"
#include "err.h"
#include "hooks/assignment.h"
#include "host/pci/pci.h"
#include "str.h"

/* A random one (RFC 9562, version 4); NULL where the kernel has no random bytes. */
static const char *new_uuid(struct arena *a)
{
	unsigned char b[16];
	struct strbuf text = { .arena = a };

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return NULL;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++)
		strbuf_addf(&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			    b[i]);
	return strbuf_text(&text);
}

/* A function that was named alone and also as one of its slot is requested once. */
static int wish_for(struct byhand *h, struct assignment *over, const char *address, struct err *err)
{
	struct strv functions = { 0 };

	pci_functions(&h->ctl->host, address, &functions);
	/* a virtual function may have to be created */
	if (!functions.n && pciaddr_spell_function(h->ctl->host.arena, address))
		strv_push(h->ctl->host.arena, &functions,
			  pciaddr_spell_function(h->ctl->host.arena, address));
	if (!functions.n)
		return err_set(err, ENODEV, "%s: this host has no such PCI device", address);
	for (size_t i = 0; i < functions.n; i++) {
		struct wish w = {
			.kind = HOSTDEV_PCI,
			.role = ROLE_HAND,
			.device = functions.v[i],
		};
		int rc = assignment_wish(over, &w, err);

		if (rc && rc != -EEXIST)
			return rc;
	}
	return 0;
}

static void show_changes(const struct byhand *h, const struct journal *j)
{
	for (size_t i = 0; i < j->n_devices; i++)
		byhand_change(h, &j->devices[i], j->devices[i].driver,
			    j->devices[i].role == ROLE_HAND);
}

static int plan(struct byhand *h, struct assignment *over, struct err *err)
{
	struct journal j = { 0 };
	int rc = assignment_plan(over, &j, err);

	if (rc)
		return rc;
	byhand_notes(over);
	byhand_plan(h, &j);
	puts("nothing is changed");
	return 0;
}

static int take(struct byhand *h, struct assignment *over, struct err *err)
{
	struct journal j = { 0 };
	int rc = assignment_make(over, err);

	byhand_notes(over);
	if (!rc)
		rc = journal_read(&h->ctl->host, over->uuid, &j, err);
	if (!rc)
		show_changes(h, &j);
	return rc;
}

static int bind_all(struct byhand *h, const char *uuid)
{
	struct assignment over = byhand_over(h, uuid);
	struct err err = { 0 };
	int rc = 0;

	for (size_t i = 0; !rc && i < h->addresses.n; i++)
		rc = wish_for(h, &over, h->addresses.v[i], &err);
	if (!rc)
		rc = (h->dry_run ? plan : take)(h, &over, &err);
	if (!rc)
		return CTL_FINE;
	ctl_fail("%s", err.text);
	return CTL_FOUND;
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	const char *uuid = new_uuid(ctl->host.arena);
	struct byhand h;
	int status;

	if (!byhand_words(&h, ctl, &command_bind, argc, argv, &status))
		return status;
	if (h.mistakes)
		return CTL_FOUND;
	return uuid ? bind_all(&h, uuid) : ctl_fail("no random bytes: %s", strerror(errno));
}

const struct command command_bind = {
	.name = "bind",
	.usage = "ADDRESS… [--dry-run]",
	.help = "bind PCI devices to VFIO, until `unbind` or a reboot",
	.about = "Binds PCI functions to VFIO. They stay bound until `unbind` or a reboot. The\n"
		 "checks of the hook and the settings in kvmshim.conf apply: if one function is\n"
		 "refused, or one step fails, nothing is changed.\n"
		 "ADDRESS is 0000:03:00.0 or 03:00.0, or 03:00 for all functions of the slot.",
	.options = byhand_options,
	.operands = BYHAND_OPERANDS,
	.examples = "kvmshim bind 01:00 --dry-run\n"
		    "kvmshim bind 01:00",
	.run = run,
};
