/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/recover.h"

#include <errno.h>

#include "arena.h"
#include "err.h"
#include "hooks/assignment.h"
#include "str.h"

int recover_one(struct assignment *h, const char *uuid, recover_report *report, void *user)
{
	struct assignment one = *h;
	struct err err = { 0 };
	struct journal j;
	int rc = journal_read(&h->host, uuid, &j, &err);
	bool known = rc == 0;

	one.uuid = uuid;
	one.name = known && j.name ? j.name : uuid;
	/* a killed process leaves a directory without a journal */
	if (known || rc == -ENOENT)
		rc = assignment_recover(&one, &err);
	h->notes = one.notes;
	if (report)
		report(user, uuid, known ? &j : NULL, rc, &err);
	else if (rc && rc != -EAGAIN)
		strv_push(h->host.arena, &h->notes, arena_strdup(h->host.arena, err.text));
	return rc;
}

unsigned recover_all(struct assignment *h, recover_report *report, void *user)
{
	struct strv uuids = { 0 };
	struct err err = { 0 };
	unsigned failed = 0;

	if (journal_uuids(&h->host, &uuids, &err) < 0) {
		strv_push(h->host.arena, &h->notes, arena_strdup(h->host.arena, err.text));
		failed++;
	}
	for (size_t i = 0; i < uuids.n; i++) {
		int rc = recover_one(h, uuids.v[i], report, user);

		failed += rc && rc != -EAGAIN;
	}
	return failed;
}
