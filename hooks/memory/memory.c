/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims name the NUMA nodes on which they may be met, so that it is not enough to check each
 * NUMA node alone: 0-1 and 1-2 compete for 1. By Hall's theorem all claims can be met if, for
 * every set of NUMA nodes, the claims that must be met within the set are not more than the
 * set has. The sets to check are the sets of the claims, and the unions of sets that overlap.
 *
 * Reserved pages (resv_hugepages) have no NUMA node: they count for a set as far as the pools
 * outside of it have no room for them, as in hugetlb_acct_memory() of Linux' mm/hugetlb.c.
 *
 * The pages that overcommit allows are for all NUMA nodes together, so that even sets that do
 * not overlap compete for them; each set gets at most the pages that it has memory for. Pools
 * that may grow do not use overcommit: the hook compacts memory for them, and the kernel does
 * not compact memory for a program that requests pages.
 */
#include "hooks/memory/memory.h"

#include <stdlib.h>

#include "arena.h"
#include "hooks/journal/journal.h"

typedef unsigned long long pages_t;

#define SETS_MAX 128

/* The pages of one size on one NUMA node. */
struct stock {
	unsigned node;
	const struct hugepool *pool; /* NULL: normal pages */
	pages_t now, base;	     /* of a pool: without the surplus, and without our growth */
	pages_t free;		     /* with what journals will still add, without what they will take */
	pages_t grow;		     /* added by us */
	pages_t spare;		     /* that could be made of normal pages */
};

struct sum {
	struct arena *arena;
	const struct memory_case *c;
	unsigned long long page;
	struct stock *stocks;
	size_t n, cap;
	struct nodeset everywhere;
	struct nodeset sets[SETS_MAX];
	size_t n_sets;
	pages_t reserved;
	pages_t overcommit; /* pages that the kernel would make beyond the pools */
	struct strv *refusals;
};

/* ---- words ---- */

const char *memory_size_text(struct arena *a, unsigned long long kib)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double n = (double)kib;
	int unit = 0;

	for (; n >= 1024 && unit < 3; unit++)
		n /= 1024;
	return arena_printf(a, n == (double)(pages_t)n ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

static const char *place_text(const struct sum *s, const struct nodeset *set)
{
	if (nodeset_equal(set, &s->everywhere))
		return "this host";
	return arena_printf(s->arena, "NUMA node%s %s", nodeset_count(set) > 1 ? "s" : "",
			    nodeset_text(s->arena, set));
}

/* ---- the stock ---- */

static bool is_of(const struct growth *g, const struct hugepool *p)
{
	return str_eq(g->name, p->name);
}

/* Journals copy the size that a pool had before any of them grew it from each other. */
static pages_t base_of(const struct memory_case *c, const struct hugepool *p)
{
	for (size_t i = 0; i < c->grown.n; i++)
		if (is_of(&c->grown.v[i], p))
			return c->grown.v[i].base;
	return p->nr - p->surplus;
}

/* The pages that are free after every journal has added or removed its pages. */
static pages_t free_of(const struct memory_case *c, const struct hugepool *p, pages_t base)
{
	pages_t stays = 0, goes = 0, now = p->nr - p->surplus;

	for (size_t i = 0; i < c->grown.n; i++)
		if (is_of(&c->grown.v[i], p))
			*(c->grown.v[i].stays ? &stays : &goes) += c->grown.v[i].pages;
	if (now < base + stays)
		return p->free + base + stays - now;
	if (goes > now - base - stays)
		goes = now - base - stays;
	return p->free > goes ? p->free - goes : 0;
}

static pages_t spare_of(const struct memory_case *c, unsigned node, unsigned long long page)
{
	for (size_t i = 0; i < c->host.n_nodes; i++)
		if (c->host.nodes[i].node == node)
			return (c->host.nodes[i].free + c->host.nodes[i].reclaimable) / page;
	return 0;
}

static struct stock *add_stock(struct sum *s, unsigned node)
{
	struct stock *k = arena_push(s->arena, s->stocks, s->n, s->cap);

	*k = (struct stock){ .node = node, .spare = spare_of(s->c, node, s->page) };
	nodeset_add(&s->everywhere, node);
	return k;
}

static void stock_pools(struct sum *s)
{
	const struct memory_case *c = s->c;

	for (size_t i = 0; i < c->host.n_pools; i++) {
		const struct hugepool *p = &c->host.pools[i];
		struct stock *k;

		if (p->page != s->page || p->node >= NODESET_MAX)
			continue;
		k = add_stock(s, p->node);
		k->pool = p;
		k->now = p->nr - p->surplus;
		k->base = base_of(c, p);
		k->free = free_of(c, p, k->base);
	}
	for (size_t i = 0; i < c->host.n_sizes; i++)
		if (c->host.sizes[i].page == s->page) {
			s->reserved = c->host.sizes[i].reserved;
			s->overcommit = c->allocate ? 0 : c->host.sizes[i].overcommit;
		}
	/* what a VM that starts now has mapped is reserved, and claimed too: it counts once */
	for (size_t i = 0; i < c->promised.n; i++) {
		const struct claim *p = &c->promised.v[i];

		if (p->page == s->page && p->mapped)
			s->reserved -= p->pages < s->reserved ? p->pages : s->reserved;
	}
}

static void stock_normal(struct sum *s)
{
	for (size_t i = 0; i < s->c->host.n_nodes; i++)
		if (s->c->host.nodes[i].node < NODESET_MAX) {
			struct stock *k = add_stock(s, s->c->host.nodes[i].node);

			k->free = k->spare;
		}
	if (!s->n)
		add_stock(s, 0);
}

/* ---- sets worth a look ---- */

static const struct nodeset *nodes_of(const struct sum *s, const struct claim *c)
{
	return nodeset_count(&c->nodes) ? &c->nodes : &s->everywhere;
}

static void add_set(struct sum *s, const struct nodeset *set)
{
	for (size_t i = 0; i < s->n_sets; i++)
		if (nodeset_equal(&s->sets[i], set))
			return;
	if (s->n_sets < SETS_MAX)
		s->sets[s->n_sets++] = *set;
}

static void add_sets(struct sum *s, const struct claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		if (claims->v[i].page == s->page)
			add_set(s, nodes_of(s, &claims->v[i]));
}

static int compare_sets(const void *x, const void *y)
{
	const struct nodeset *p = x, *q = y;
	unsigned m = nodeset_count(p), n = nodeset_count(q);

	if (m != n)
		return m < n ? -1 : 1;
	m = nodeset_first(p), n = nodeset_first(q);
	return (m > n) - (m < n);
}

/* The smallest first: if NUMA node 1 is reported, all NUMA nodes together need no report. */
static void find_sets(struct sum *s)
{
	add_set(s, &s->everywhere);
	add_sets(s, &s->c->asked);
	add_sets(s, &s->c->promised);
	for (size_t i = 1; i < s->n_sets; i++)
		for (size_t k = 0; k < i; k++)
			if (s->overcommit || nodeset_meets(&s->sets[i], &s->sets[k])) {
				struct nodeset both = nodeset_join(&s->sets[i], &s->sets[k]);

				add_set(s, &both);
			}
	qsort(s->sets, s->n_sets, sizeof(*s->sets), compare_sets);
}

/* ---- one set ---- */

struct balance {
	pages_t asked, promised, free, reserved, overcommit;
	pages_t lacks;
};

static pages_t claimed(const struct sum *s, const struct claims *claims, const struct nodeset *set)
{
	pages_t sum = 0;

	for (size_t i = 0; i < claims->n; i++)
		if (claims->v[i].page == s->page && nodeset_within(nodes_of(s, &claims->v[i]), set))
			sum += claims->v[i].pages;
	return sum;
}

/* MemAvailable of the kernel is the best number of normal pages for all NUMA nodes together. */
static pages_t stocked(const struct sum *s, const struct nodeset *set, bool within)
{
	pages_t sum = 0;

	if (within && s->page == MEMORY_NORMAL && nodeset_equal(set, &s->everywhere))
		return s->c->host.available / MEMORY_NORMAL;
	for (size_t i = 0; i < s->n; i++)
		if (nodeset_has(set, s->stocks[i].node) == within)
			sum += s->stocks[i].free + s->stocks[i].grow;
	return sum;
}

/* The pages that the kernel would make in this set, limited by overcommit and by memory. */
static pages_t overcommitted(const struct sum *s, const struct nodeset *set)
{
	pages_t room = 0;

	for (size_t i = 0; i < s->n; i++)
		if (nodeset_has(set, s->stocks[i].node))
			room += s->stocks[i].spare;
	if (nodeset_equal(set, &s->everywhere))
		room = s->c->host.available / s->page;
	return room < s->overcommit ? room : s->overcommit;
}

static struct balance balance_of(const struct sum *s, const struct nodeset *set)
{
	struct balance b = {
		.asked = claimed(s, &s->c->asked, set),
		.promised = claimed(s, &s->c->promised, set),
		.free = stocked(s, set, true),
		.overcommit = overcommitted(s, set),
	};
	pages_t has = b.free + b.overcommit, outside = stocked(s, set, false);

	if (s->page != MEMORY_NORMAL && s->reserved > outside)
		b.reserved = s->reserved - outside;
	if (b.asked && b.asked + b.promised + b.reserved > has)
		b.lacks = b.asked + b.promised + b.reserved - has;
	return b;
}

/* ---- refusing ---- */

static const char *promised_text(const struct sum *s, const char *amount, pages_t promised)
{
	if (!promised)
		return "";
	return arena_printf(s->arena, ", %s claimed by VMs that are starting", amount);
}

static void refuse_normal(struct sum *s, const struct nodeset *set, const struct balance *b)
{
	struct arena *a = s->arena;
	bool all = nodeset_equal(set, &s->everywhere);
	const char *promised = memory_size_text(a, b->promised * MEMORY_NORMAL);

	strv_push(a, s->refusals,
		  arena_printf(a,
			       "%s needs %s of memory at once, because its devices or <locked/> "
			       "pin it; %s is %s%s",
			       all ? "the VM" : arena_printf(a, "on %s the VM", place_text(s, set)),
			       memory_size_text(a, b->asked * MEMORY_NORMAL),
			       memory_size_text(a, b->free * MEMORY_NORMAL),
			       all ? "available (MemAvailable)"
				   : "available there (free pages, file cache, reclaimable slabs)",
			       promised_text(s, promised, b->promised)));
}

/* If a set lacks pages: the stock on the NUMA node that can make most of them. */
static struct stock *best_stock(struct sum *s, const struct nodeset *set)
{
	struct stock *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct stock *k = &s->stocks[i];

		if (nodeset_has(set, k->node) && (!best || k->spare > best->spare))
			best = k;
	}
	return best;
}

static const char *grow_text(const struct sum *s, const struct stock *k, pages_t lacks)
{
	if (!k)
		return "; this host has no pool of this size there";
	return arena_printf(s->arena, "; to enlarge the pool: echo %llu >%s",
			    k->now + k->grow + lacks, hugepool_path(s->arena, k->pool->name));
}

static void refuse_huge(struct sum *s, const struct nodeset *set, const struct balance *b,
			const struct stock *k)
{
	struct arena *a = s->arena;
	const char *reserved = b->reserved ? arena_printf(a, ", %llu reserved", b->reserved) : "",
		   *more = b->overcommit
				   ? arena_printf(a, ", %llu more by overcommit", b->overcommit)
				   : "",
		   *promised = arena_printf(a, "%llu", b->promised);
	pages_t free = b->free;

	for (size_t i = 0; i < s->n; i++)
		if (nodeset_has(set, s->stocks[i].node))
			free -= s->stocks[i].grow;
	strv_push(a, s->refusals,
		  arena_printf(a, "on %s the VM needs %llu huge page%s of %s; %llu free%s%s%s%s",
			       place_text(s, set), b->asked, b->asked == 1 ? "" : "s",
			       memory_size_text(a, s->page), free, more, reserved,
			       promised_text(s, promised, b->promised), grow_text(s, k, b->lacks)));
}

/* ---- growing ---- */

static void grow_one(struct stock *k, pages_t pages)
{
	k->grow += pages;
	k->spare -= pages < k->spare ? pages : k->spare;
}

/* As much as each has room for, the roomiest first; what nobody has room for the first gets. */
static void grow_set(struct sum *s, const struct nodeset *set, pages_t lacks)
{
	while (lacks) {
		struct stock *k = best_stock(s, set);
		pages_t part = k->spare && k->spare < lacks ? k->spare : lacks;

		grow_one(k, part);
		lacks -= part;
	}
}

static void judge_huge(struct sum *s, const struct nodeset *set, const struct balance *b)
{
	struct stock *k = best_stock(s, set);

	if (!s->c->allocate || !k)
		refuse_huge(s, set, b, k);
	if (k && s->c->allocate)
		grow_set(s, set, b->lacks);
	else if (k)
		grow_one(k, b->lacks); /* as if it were done: no larger set reports it again */
}

/* If the amount of memory is unknown, nothing is refused. */
static bool is_known(const struct sum *s, const struct nodeset *set)
{
	if (s->page != MEMORY_NORMAL)
		return true;
	return nodeset_equal(set, &s->everywhere) ? s->c->host.available > 0 :
						    s->c->host.n_nodes > 0;
}

static void judge_set(struct sum *s, const struct nodeset *set)
{
	struct balance b = balance_of(s, set);

	if (!b.lacks || !is_known(s, set))
		return;
	if (s->page == MEMORY_NORMAL)
		refuse_normal(s, set, &b);
	else
		judge_huge(s, set, &b);
}

static void tell_growth(const struct sum *s, struct growths *grow)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct stock *k = &s->stocks[i];

		if (k->grow)
			*arena_push(s->arena, grow->v, grow->n, grow->cap) =
				(struct growth){ k->pool->name, k->grow, k->base, true };
	}
}

static void judge_page(struct arena *a, const struct memory_case *c, unsigned long long page,
		       struct strv *refusals, struct growths *grow)
{
	struct sum *s = arena_new(a, struct sum);

	*s = (struct sum){ .arena = a, .c = c, .page = page, .refusals = refusals };
	if (page == MEMORY_NORMAL)
		stock_normal(s);
	else
		stock_pools(s);
	find_sets(s);
	if (!s->n) {
		strv_push(a, refusals,
			  arena_printf(a, "this host has no huge pages%s%s", page > 1 ? " of " : "",
				       page > 1 ? memory_size_text(a, page) : ""));
		return;
	}
	for (size_t i = 0; i < s->n_sets; i++)
		judge_set(s, &s->sets[i]);
	if (c->allocate && page != MEMORY_NORMAL)
		tell_growth(s, grow);
}

static bool is_first(const struct claims *claims, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (claims->v[k].page == claims->v[i].page)
			return false;
	return true;
}

void memory_judge(struct arena *a, const struct memory_case *c, struct strv *refusals,
		  struct growths *grow)
{
	for (size_t i = 0; i < c->asked.n; i++)
		if (is_first(&c->asked, i))
			judge_page(a, c, c->asked.v[i].page, refusals, grow);
}
