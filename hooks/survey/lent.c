/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/lent.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/domain/domain.h"
#include "hooks/survey/survey.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/process/opendevices.h"
#include "host/usb.h"
#include "host/use/usesclaim.h"
#include "host/use/usesdisk.h"
#include "host/use/usesimage.h"
#include "host/use/usesusb.h"
#include "root.h"
#include "str.h"

struct lending {
	const struct host *host;
	const struct settings *settings;
	struct strv uses;
	struct nodes nodes; /* of its disks and their partitions */
};

static void add_use(struct lending *l, const char *use)
{
	if (use && !strv_has(&l->uses, use))
		strv_push(l->host->arena, &l->uses, use);
}

/* What the kernel says about the disk, in every mount namespace. */
static void claim(struct lending *l, const char *disk)
{
	struct process stuck;
	_cleanup_fd_ int fd = uses_claim_disk(l->host, disk,
					      l->settings->hook.unbind_timeout * 1000, &stuck);
	const char *use = uses_of_disk(l->host, disk);

	if (stuck.pid)
		use = arena_printf(l->host->arena, "opening disk %s has not finished (process %ld)",
				   disk, (long)stuck.pid);
	if (!use && fd == -EBUSY)
		use = uses_unseen_text(l->host->arena, disk);
	add_use(l, use);
}

/* Programs that have a disk open; one that only talks to the USB device does not count. */
static void look_at_holders(struct lending *l)
{
	struct opendevices opens = { 0 };
	struct holders found = { 0 };

	if (!l->nodes.n || l->uses.n)
		return;
	opendevices_read(l->host, &opens);
	holders_of(l->host, &opens, &l->nodes, &found);
	if (found.n)
		add_use(l, survey_holder_text(l->host->arena, &found.v[0]));
	else if (found.n_hidden)
		add_use(l, survey_holder_text(l->host->arena, &found.hidden[0]));
}

static void add_blocks(struct lending *l, const struct subdevices *below)
{
	for (size_t i = 0; i < below->nodes.n; i++)
		if (below->nodes.v[i].block)
			*arena_push(l->host->arena, l->nodes.v, l->nodes.n, l->nodes.cap) =
				below->nodes.v[i];
}

static int refuse(struct lending *l, const char *what, const char *advice, struct err *err)
{
	struct strbuf b = { .arena = l->host->arena };

	look_at_holders(l);
	for (size_t i = 0; i < l->uses.n; i++)
		strbuf_addf(&b, "%s%s", i ? ", " : "", l->uses.v[i]);
	if (!l->uses.n)
		return 0;
	return err_set(err, EBUSY, "%s is in use by the host: %s%s", what, strbuf_text(&b), advice);
}

/* ---- USB devices ---- */

static void look_at_usb(struct lending *l, const struct usb_wanted *w)
{
	struct usb_devices found = { 0 };

	usb_find(l->host, w, &found);
	for (size_t i = 0; i < found.n; i++) {
		struct subdevices below;

		uses_of_usb(l->host, &found.v[i], &below, &l->uses);
		for (size_t k = 0; k < below.disks.n; k++)
			claim(l, below.disks.v[k]);
		add_blocks(l, &below);
	}
}

static const char *usb_name(struct arena *a, const struct usb_wanted *u)
{
	const char *id = u->id ? u->id : "";

	if (u->ports)
		return arena_printf(a, "USB device %s%sbus %u port %s", id, u->id ? ", " : "",
				    u->bus, str_printable(a, u->ports));
	if (u->bus)
		return arena_printf(a, "USB device %s%sbus %u device %u", id, u->id ? ", " : "",
				    u->bus, u->number);
	return arena_printf(a, "USB device %s", id);
}

int lent_check(const struct host *host, const struct settings *settings, const struct domain *d,
	       struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->usb.n; i++) {
		const struct usb_wanted *u = &d->usb.v[i];
		struct lending l = { .host = host, .settings = settings };

		look_at_usb(&l, u);
		rc = refuse(&l, usb_name(host->arena, u), "", err);
	}
	return rc;
}

/* ---- rules ---- */

static int check_usb(struct lending *l, const char *what, struct err *err)
{
	struct usb_wanted w = { 0 };

	if (!usb_wanted(what, &w))
		return 0;
	look_at_usb(l, &w);
	return refuse(l, what, "; stop this use, or write in-use=yes", err);
}

static void look_at_disk(struct lending *l, const char *name, dev_t dev)
{
	struct subdevices below;

	claim(l, name);
	subdevices_of_disk(l->host, name, &below);
	add_blocks(l, &below);
	if (!below.nodes.n)
		*arena_push(l->host->arena, l->nodes.v, l->nodes.n, l->nodes.cap) =
			(struct node){ .dev = dev, .block = true, .name = name };
}

static int check_disk(struct lending *l, const char *path, struct err *err)
{
	const char *name = NULL;
	struct stat st;

	/* a file may be on a server that does not answer: it is for the wrapper to look at */
	if (!str_starts(path, "/dev/") || stat(root_path(l->host, path), &st) < 0)
		return 0;
	if (S_ISBLK(st.st_mode))
		name = uses_block_name(l->host, st.st_rdev);
	if (!name)
		return 0;
	look_at_disk(l, name, st.st_rdev);
	return refuse(l, path, "; stop this use, or write ro or in-use=yes", err);
}

int lent_check_rule(const struct host *host, const struct settings *settings, enum verb verb,
		    const char *what, struct err *err)
{
	struct lending l = { .host = host, .settings = settings };

	return verb == VERB_PASS_USB ? check_usb(&l, what, err) : check_disk(&l, what, err);
}
