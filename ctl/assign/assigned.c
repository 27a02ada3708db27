/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/assign/assigned.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "conf/settings.h"
#include "ctl/ctl.h"
#include "err.h"
#include "hooks/journal/statefolder.h"
#include "mistake.h"
#include "nearest.h"
#include "str.h"

static bool is_called(const struct assigned *h, const char *which, const char *uuid)
{
	if (uuid && str_eq(h->uuid, uuid))
		return true;
	return !h->problem && h->journal.name && str_eq(h->journal.name, which);
}

/* false: the device was returned in the meantime. */
static bool read_one(struct ctl *ctl, const char *uuid, struct assigned *h)
{
	struct err err = { 0 };
	int rc = journal_read(&ctl->host, uuid, &h->journal, &err);

	h->uuid = uuid;
	if (rc == -ENOENT)
		return false;
	if (rc)
		h->problem = arena_strdup(ctl->host.arena, err.text);
	else
		h->life = reserve_life(&ctl->host, &h->journal, 0, &h->holder);
	return true;
}

static int unknown(struct ctl *ctl, const char *which, struct nearest *near, struct err *err)
{
	return err_set(err, ENOENT, "nothing is assigned to '%s'%s; see kvmshim status",
		       str_printable(ctl->host.arena, which), nearest_hint(ctl->host.arena, near));
}

int assigned_read(struct ctl *ctl, const char *which, struct assigned_list *out, struct err *err)
{
	const char *uuid = which ? str_uuid(ctl->host.arena, which) : NULL;
	struct nearest near = { .word = which };
	struct strv uuids = { 0 };
	int rc;

	if (access(root_path(&ctl->host, STATE_VMS), R_OK) < 0 && errno == EACCES)
		return err_set(err, EACCES,
			       STATE_VMS " can be read only by root; run the "
					 "command as root");
	rc = journal_uuids(&ctl->host, &uuids, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < uuids.n; i++) {
		struct assigned h = { 0 };

		if (!read_one(ctl, uuids.v[i], &h))
			continue;
		if (!which || is_called(&h, which, uuid))
			*arena_push(ctl->host.arena, out->v, out->n, out->cap) = h;
		else if (!h.problem && h.journal.name)
			nearest_try(&near, str_printable(ctl->host.arena, h.journal.name));
	}
	return which && !out->n ? unknown(ctl, which, &near, err) : 0;
}

const char *assigned_title(struct ctl *ctl, const char *uuid, const struct journal *j)
{
	if (j && j->kind == JOURNAL_HAND)
		return arena_printf(ctl->host.arena, "by hand (%s)", uuid);
	return arena_printf(ctl->host.arena, "VM %s",
			    str_printable(ctl->host.arena, j && j->name ? j->name : uuid));
}

bool assigned_is_stuck(struct ctl *ctl, const struct stuck *w)
{
	return process_real_lives(ctl->host.arena, w->child);
}

size_t assigned_settings(struct ctl *ctl, struct settings *s)
{
	struct mistakes m = { .arena = ctl->host.arena };

	settings_read(&ctl->host, s, &m);
	mistakes_sort(&m);
	for (size_t i = 0; i < m.n; i++)
		if (!m.v[i].warning)
			fprintf(stderr, "%s\n", mistake_text(ctl->host.arena, &m.v[i]));
	return m.errors;
}

bool assigned_allowed(const struct ctl *ctl)
{
	if (geteuid() == 0 || *ctl->host.root.prefix)
		return true;
	ctl_fail("only root can do this; run the command as root");
	return false;
}
