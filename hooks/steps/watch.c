/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/watch.h"

#include <unistd.h>

#include "clock.h"
#include "str.h"

void watch_init(struct watch *w, const struct root *r)
{
	*w = (struct watch){ .root = *r };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
}

void watch_seed(struct watch *w, const struct opendevices *opens, double began)
{
	w->opens = *opens;
	w->began = began;
}

void watch_end(struct watch *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	arena_free(&w->arena);
	for (size_t i = 0; i < w->n_claims; i++)
		close(w->claims[i].fd);
	arena_free(&w->claims_arena);
}

/* Called with the lock; reads without it, so that other threads can still ask for the last pass. */
static void pass(struct watch *w)
{
	struct arena arena = { 0 };
	struct opendevices opens = { 0 };
	double began = clock_ms();

	w->passing = true;
	pthread_mutex_unlock(&w->lock);
	opendevices_read(&(struct host){ &arena, w->root }, &opens);
	pthread_mutex_lock(&w->lock);
	arena_free(&w->arena);
	w->arena = arena;
	w->opens = opens;
	w->began = began;
	w->passing = false;
	pthread_cond_broadcast(&w->changed);
}

void watch_holders(struct watch *w, struct arena *a, double since, const struct nodes *nodes,
		   struct holders *h)
{
	pthread_mutex_lock(&w->lock);
	while (w->began < since) {
		if (w->passing)
			pthread_cond_wait(&w->changed, &w->lock);
		else
			pass(w);
	}
	holders_of(&(struct host){ a, w->root }, &w->opens, nodes, h);
	pthread_mutex_unlock(&w->lock);
}

/* ---- disks ---- */

static struct disk_claim *claim_of(struct watch *w, const char *disk)
{
	for (size_t i = 0; i < w->n_claims; i++)
		if (str_eq(w->claims[i].disk, disk))
			return &w->claims[i];
	return NULL;
}

bool watch_claim(struct watch *w, const char *disk)
{
	struct disk_claim *c;

	pthread_mutex_lock(&w->lock);
	while ((c = claim_of(w, disk)) && c->fd < 0)
		pthread_cond_wait(&w->changed, &w->lock);
	if (!c)
		*arena_push(&w->claims_arena, w->claims, w->n_claims, w->claims_cap) =
			(struct disk_claim){ arena_strdup(&w->claims_arena, disk), -1 };
	pthread_mutex_unlock(&w->lock);
	return !c;
}

void watch_claimed(struct watch *w, const char *disk, int fd)
{
	struct disk_claim *c;

	pthread_mutex_lock(&w->lock);
	c = claim_of(w, disk);
	if (fd >= 0)
		c->fd = fd;
	else
		*c = w->claims[--w->n_claims];
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}
