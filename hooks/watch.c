/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/watch.h"

#include "clock.h"

void watch_init(struct watch *w, const struct root *r)
{
	*w = (struct watch){ .root = r };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->passed, NULL);
}

void watch_seed(struct watch *w, const struct opens *opens, double began)
{
	w->opens = *opens;
	w->began = began;
}

void watch_end(struct watch *w)
{
	pthread_cond_destroy(&w->passed);
	pthread_mutex_destroy(&w->lock);
	arena_free(&w->arena);
}

/* With the lock; without it while it looks, so that others can still ask for what there is. */
static void pass(struct watch *w)
{
	struct arena arena = { 0 };
	struct opens opens = { 0 };
	double began = clock_ms();

	w->passing = true;
	pthread_mutex_unlock(&w->lock);
	opens_read(&arena, w->root, &opens);
	pthread_mutex_lock(&w->lock);
	arena_free(&w->arena);
	w->arena = arena;
	w->opens = opens;
	w->began = began;
	w->passing = false;
	pthread_cond_broadcast(&w->passed);
}

void watch_holders(struct watch *w, struct arena *a, double since, const struct nodes *nodes,
		   struct holders *h)
{
	pthread_mutex_lock(&w->lock);
	while (w->began < since) {
		if (w->passing)
			pthread_cond_wait(&w->passed, &w->lock);
		else
			pass(w);
	}
	holders_of(a, w->root, &w->opens, nodes, h);
	pthread_mutex_unlock(&w->lock);
}
