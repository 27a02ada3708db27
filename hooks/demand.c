/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/demand.h"

#include "conf/settings.h"
#include "hooks/domainmemory.h"
#include "hooks/handover.h"
#include "hooks/memorylook.h"
#include "hooks/walls.h"

static bool asks_for_huge(const struct domain_memory *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->needs[i].huge)
			return true;
	return false;
}

/* VFIO pins all of it before the guest runs, and so does mlockall(2). */
static bool pins_memory(const struct handover *h)
{
	return h->wishes.n || h->memory->locked;
}

bool demand_is_made(const struct handover *h)
{
	return h->wishes.n || (h->memory && (asks_for_huge(h->memory) || h->memory->locked));
}

static void judge_memory(struct handover *h, const struct reservations *held, struct demand *d,
			 struct strv *refusals)
{
	struct memory_case c = { .allocate = h->settings->hook.hugepages_allocate };

	memory_look(h->arena, h->root, held, &c);
	memory_claims(h->arena, h->memory, pins_memory(h), &c.host, &c.asked);
	memory_judge(h->arena, &c, refusals, &d->grow);
	d->asked = c.asked;
}

static void judge_walls(struct handover *h, const struct survey *survey, struct strv *refusals)
{
	struct wall_facts facts;

	walls_look(h->arena, h->root, survey, h->memory, h->daemon.pid, &facts);
	walls_judge(&facts, refusals);
}

void demand_judge(struct handover *h, const struct reservations *held, const struct survey *survey,
		  struct demand *d, struct strv *refusals)
{
	*d = (struct demand){ 0 };
	if (!h->memory)
		return;
	judge_memory(h, held, d, refusals);
	judge_walls(h, survey, refusals);
}

void demand_plan(struct handover *h, const struct demand *d, struct journal *j)
{
	memory_plan(h->arena, &d->asked, &d->grow, j);
}
