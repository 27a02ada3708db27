/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/shared.h"

#include "arena.h"
#include "err.h"
#include "hooks/journal/journal.h"
#include "hooks/steps/ops.h"
#include "host/process/process.h"
#include "root.h"
#include "str.h"

static bool has_step(const struct host *host, const char *uuid, const struct step *wanted)
{
	const struct step *s = NULL;
	struct journal j;

	if (journal_read(host, uuid, &j, &(struct err){ 0 }) < 0 || j.state == STATE_RELEASING ||
	    process_booted_since(host, j.boot))
		return false;
	while ((s = journal_next_step(&j, wanted->op, s)))
		if (str_same(s->name, wanted->name) &&
		    (wanted->op != OP_PORT || str_same(s->device, wanted->device)))
			return true;
	return false;
}

bool shared_step(struct work *w, const struct step *s)
{
	struct strv uuids = { 0 };

	if (journal_uuids(&w->host, &uuids, &(struct err){ 0 }) < 0)
		return false;
	for (size_t i = 0; i < uuids.n; i++)
		if (!str_eq(uuids.v[i], w->journal->uuid) && has_step(&w->host, uuids.v[i], s))
			return true;
	return false;
}
