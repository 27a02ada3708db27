/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/needs.h"

#include "conf/grants.h"
#include "conf/settings.h"
#include "hooks/assignment.h"
#include "hooks/domain/memory.h"
#include "hooks/limits.h"
#include "hooks/memory/look.h"

static bool asks_for_huge(const struct domain_memory *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->needs[i].huge)
			return true;
	return false;
}

/* VFIO pins all of it before the VM runs, and so does mlockall(2). */
static bool pins_memory(const struct assignment *h)
{
	return h->wishes.n || h->memory->locked;
}

static bool names_units(const struct grants *g)
{
	return g && (g->stop_units.n || g->start_units.n);
}

bool needs_any(const struct assignment *h)
{
	return h->wishes.n || names_units(h->grants) ||
	       (h->memory && (asks_for_huge(h->memory) || h->memory->locked));
}

static void judge_memory(struct assignment *h, const struct reservations *held, struct needs *d,
			 struct strv *refusals)
{
	struct memory_case c = { .allocate = h->settings->hook.hugepages_allocate };

	memory_look(&h->host, held, &c);
	memory_claims(h->host.arena, h->memory, pins_memory(h), &c.host, &c.asked);
	memory_judge(h->host.arena, &c, refusals, &d->grow);
	d->asked = c.asked;
}

static void judge_limits(struct assignment *h, const struct survey *survey, struct strv *refusals)
{
	struct limit_facts facts;

	limits_look(&h->host, survey, h->memory, h->daemon.pid, &facts);
	limits_judge(&facts, refusals);
}

void needs_judge(struct assignment *h, const struct reservations *held, const struct survey *survey,
		  struct needs *d, struct strv *refusals)
{
	*d = (struct needs){ 0 };
	if (!h->memory)
		return;
	judge_memory(h, held, d, refusals);
	judge_limits(h, survey, refusals);
}

void needs_plan(struct assignment *h, const struct needs *d, struct journal *j)
{
	memory_plan(h->host.arena, &d->asked, &d->grow, j);
}
