/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing nr_hugepages makes and frees pages until the pool has as many, or it goes no
 * further: the write returns success either way, so the number is read again. Pages in use are
 * never removed: they become surplus, and the kernel removes them when they are freed
 * (Documentation/admin-guide/mm/hugetlbpage.rst). That is why the surplus is never counted
 * here.
 *
 * Each journal names the pages that it adds and the size before any of them (base), and exists
 * before the first page and until after the last. So all that may be in a pool is base and
 * what journals add, whoever was killed when:
 *
 *	least	base + what journals add, except pages that are being returned
 *	most	base + what all journals add
 */
#include "hooks/steps/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/settings.h"
#include "err.h"
#include "hooks/journal/state.h"
#include "hooks/memory/look.h"
#include "hooks/steps/driver.h"
#include "hooks/steps/ops.h"
#include "host/act/act.h"
#include "host/hugepages.h"
#include "host/process/process.h"
#include "str.h"

typedef unsigned long long pages_t;

/* A write makes at most this much, so that a pool of any size keeps within the deadline: KiB. */
#define PART (4ULL << 20)

#define LOCK_DEADLINE 60000 /* ms: others may grow large pools */

struct pool {
	struct hugepool p;
	pages_t base, mine;
	pages_t others;	   /* of all other journals */
	pages_t others_on; /* of the others that are not being returned */
};

static pages_t persistent(const struct hugepool *p)
{
	return p->nr - p->surplus;
}

static int read_now(struct work *w, const struct step *s, struct hugepool *p, struct err *err)
{
	if (hugepool_read(&w->host, s->name, p) == 0)
		return 0;
	return err_set(err, ENOENT, "%s: this host has no such pool", s->name);
}

static void add_journal(struct work *w, const struct step *s, const char *boot,
			const struct journal *j, struct pool *pool)
{
	struct growths g = { 0 };

	memory_growths(w->host.arena, j, boot, s->name, true, &g);
	for (size_t i = 0; i < g.n; i++) {
		pool->others += g.v[i].pages;
		if (j->state != STATE_RELEASING)
			pool->others_on += g.v[i].pages;
	}
}

/* A journal that cannot be read: has it added pages to this pool? */
static bool may_have(struct work *w, const char *uuid, const struct step *s)
{
	struct salvage salvage;

	journal_salvage(&w->host, uuid, "", &salvage);
	return !salvage.whole || salvage_names(&salvage, s->name);
}

static int read_pool(struct work *w, const struct step *s, struct pool *pool, struct err *err)
{
	const char *boot = process_boot_id(&w->host);
	struct strv uuids = { 0 };
	int rc;

	*pool = (struct pool){
		.base = strtoull(s->from, NULL, 10),
		.mine = strtoull(s->to, NULL, 10),
	};
	rc = journal_uuids(&w->host, &uuids, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < uuids.n; i++) {
		struct journal j;

		if (str_eq(uuids.v[i], w->journal->uuid))
			continue;
		rc = journal_read(&w->host, uuids.v[i], &j, err);
		if (rc && rc != -ENOENT && may_have(w, uuids.v[i], s))
			return rc;
		if (rc == 0)
			add_journal(w, s, boot, &j, pool);
	}
	return read_now(w, s, &pool->p, err);
}

static int put(struct work *w, const struct step *s, pages_t pages, struct err *err)
{
	return opdriver_put(w, s, hugepool_path(w->host.arena, s->name),
			    arena_printf(w->host.arena, "%llu", pages), err);
}

/* ---- growing ---- */

/* Until it has so many, or a write adds none. */
static int grow_to(struct work *w, const struct step *s, struct hugepool *p, pages_t to,
		   struct err *err)
{
	pages_t part = p->page < PART ? PART / p->page : 1, before;
	int rc;

	do {
		before = persistent(p);
		if (before >= to)
			return 0;
		rc = put(w, s, to - before > part ? before + part : to, err);
		if (!rc)
			rc = read_now(w, s, p, err);
	} while (!rc && persistent(p) > before);
	return rc;
}

/* This may take long and may fail: the size of the pool shows the result. */
static void compact(struct work *w, const struct step *s)
{
	act_write(&w->host, hugepool_compact_path(w->host.arena, s->name), "1",
		  w->settings->hook.unbind_timeout * 1000, NULL);
}

/*
 * Another VM that grew the pool since our journal exists has grown it for us as well. More
 * pages than that are from somebody who changed the pool by hand, for other purposes: those
 * pages are not ours to use.
 */
static pages_t wanted(const struct pool *pool)
{
	pages_t ours = pool->base + pool->others + pool->mine, now = persistent(&pool->p);

	return now > ours ? now + pool->mine : pool->base + pool->others_on + pool->mine;
}

static int grow(struct work *w, const struct step *s, struct pool *pool, struct err *err)
{
	pages_t to = wanted(pool), start = persistent(&pool->p), got;
	int rc = grow_to(w, s, &pool->p, to, err);

	if (!rc && persistent(&pool->p) < to) {
		compact(w, s);
		rc = grow_to(w, s, &pool->p, to, err);
	}
	got = persistent(&pool->p);
	if (rc || got >= to)
		return rc;
	return err_set(err, ENOMEM,
		       "%s: %llu pages are needed, but the kernel could add only %llu, even after "
		       "memory compaction; the pool has %llu of %llu pages",
		       s->name, to > start ? to - start : 0, got > start ? got - start : 0, got,
		       to);
}

static int lock(struct work *w, struct err *err)
{
	return state_lock_pools(&w->host, LOCK_DEADLINE, err);
}

int oppool_grow(struct work *w, const struct step *s, struct err *err)
{
	_cleanup_fd_ int held = lock(w, err);
	struct pool pool;
	int rc = held < 0 ? held : read_pool(w, s, &pool, err);

	return rc ? rc : grow(w, s, &pool, err);
}

/* ---- shrinking ---- */

static int shrink(struct work *w, const struct step *s, struct pool *pool, struct err *err)
{
	pages_t least = pool->base + pool->others_on,
		most = pool->base + pool->others + pool->mine, now = persistent(&pool->p);

	if (now <= least)
		return 0;
	if (now > most) {
		strv_push(w->host.arena, w->notes,
			  arena_printf(w->host.arena,
				       "%s has %llu pages; an admin or another program has added "
				       "%llu of them, so kvmshim does not change the pool (%llu "
				       "pages before)",
				       s->name, now, now - most, pool->base));
		return 0;
	}
	return put(w, s, least, err);
}

int oppool_shrink(struct work *w, const struct step *s, struct err *err)
{
	_cleanup_fd_ int held = lock(w, err);
	struct pool pool;
	int rc = held < 0 ? held : read_pool(w, s, &pool, err);

	return rc ? rc : shrink(w, s, &pool, err);
}
