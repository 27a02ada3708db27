/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/memory/claims.h"

#include "arena.h"
#include "hooks/domain/memory.h"
#include "hooks/journal/journal.h"
#include "host/hugepages.h"

static unsigned long long pages_of(unsigned long long kib, unsigned long long page)
{
	return kib / page + (kib % page != 0);
}

void memory_claims(struct arena *a, const struct domain_memory *m, bool pinned,
		   const struct hostmemory *host, struct claims *asked)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct memory_need *need = &m->needs[i];
		unsigned long long page = need->page ? need->page : host->default_page;

		if (!need->huge && !pinned)
			continue;
		if (!need->huge)
			page = MEMORY_NORMAL;
		/* a kernel without huge pages: as a size that nobody has */
		if (!page)
			page = 1;
		*arena_push(a, asked->v, asked->n, asked->cap) = (struct claim){
			.page = page,
			.nodes = need->nodes,
			.pages = pages_of(need->kib, page),
		};
	}
}

void memory_plan(struct arena *a, const struct claims *asked, const struct growths *grow,
		 struct journal *j)
{
	for (size_t i = 0; i < asked->n; i++) {
		const struct claim *c = &asked->v[i];

		*arena_push(a, j->memory, j->n_memory, j->memory_cap) = (struct promise){
			.page = c->page,
			.nodes = nodeset_count(&c->nodes) ? nodeset_text(a, &c->nodes) : NULL,
			.pages = c->pages,
		};
	}
	for (size_t i = 0; i < grow->n; i++) {
		struct step s = {
			.op = OP_HUGEPAGES,
			.name = grow->v[i].name,
			.to = arena_printf(a, "%llu", grow->v[i].pages),
			.from = arena_printf(a, "%llu", grow->v[i].base),
		};

		journal_add_step(a, j, s);
	}
}
