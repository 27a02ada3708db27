/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/memory/look.h"

#include <stdlib.h>

#include "arena.h"
#include "host/process/process.h"
#include "root.h"

struct look {
	struct host host;
	struct memory_case *out;
};

/* ---- what VMs are still to take ---- */

/* The part of its claims that a QEMU has already, in KiB: huge pages, and normal ones. */
struct taken {
	unsigned long long huge, normal;
};

static unsigned long long less(unsigned long long kib, unsigned long long *taken)
{
	unsigned long long n = kib < *taken ? kib : *taken;

	*taken -= n;
	return kib - n;
}

static void add_promise(struct look *l, const struct promise *p, bool mapped, struct taken *taken)
{
	struct claims *to = &l->out->promised;
	struct claim c = { .page = p->page, .mapped = mapped };

	c.pages = less(p->pages * p->page,
		       p->page == MEMORY_NORMAL ? &taken->normal : &taken->huge) /
		  p->page;
	if (p->nodes)
		nodeset_parse(p->nodes, &c.nodes);
	if (c.pages)
		*arena_push(l->host.arena, to->v, to->n, to->cap) = c;
}

/*
 * Between its start and `started`, QEMU allocates its memory: the allocated part is in use,
 * and no longer claimed.
 */
static void add_promises(struct look *l, const struct reservation *r)
{
	struct taken taken = { 0 };
	bool mapped = r->life == LIFE_QEMU;

	if (r->journal.state > STATE_BOUND || r->life == LIFE_NONE)
		return;
	if (mapped) {
		taken.huge = process_kib(&l->host, r->holder.pid, "HugetlbPages");
		taken.normal = process_kib(&l->host, r->holder.pid, "VmRSS");
	}
	for (size_t i = 0; i < r->journal.n_memory; i++)
		add_promise(l, &r->journal.memory[i], mapped, &taken);
}

/* ---- how much they have grown pools ---- */

void memory_growths(struct arena *a, const struct journal *j, const char *boot, const char *pool,
		    bool stays, struct growths *out)
{
	const struct step *s = NULL;

	if (*boot && !str_eq(j->boot, boot))
		return;
	while ((s = journal_next_step(j, OP_HUGEPAGES, s))) {
		if (pool && !str_eq(s->name, pool))
			continue;
		*arena_push(a, out->v, out->n, out->cap) = (struct growth){
			.name = s->name,
			.pages = strtoull(s->to, NULL, 10),
			.base = strtoull(s->from, NULL, 10),
			.stays = stays,
		};
	}
}

void memory_look(const struct host *host, const struct reservations *held, struct memory_case *c)
{
	struct look l = { *host, c };
	const char *boot = process_boot_id(host);

	for (size_t i = 0; i < held->n; i++) {
		const struct reservation *v = &held->v[i];
		bool stays = v->journal.state != STATE_RELEASING && v->life != LIFE_NONE;

		add_promises(&l, v);
		memory_growths(host->arena, &v->journal, boot, NULL, stays, &c->grown);
	}
	hostmemory_read(host, &c->host);
}
