/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/devlock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

struct devlock {
	struct devlock *next;
	pthread_mutex_t mutex;
	char *path;
};

static struct devlock *all;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;

static struct devlock *find_or_make(const char *path)
{
	struct devlock *l;

	for (l = all; l; l = l->next)
		if (str_eq(l->path, path))
			return l;
	l = malloc(sizeof(*l));
	if (!l)
		abort();
	*l = (struct devlock){ all, PTHREAD_MUTEX_INITIALIZER, strdup(path) };
	all = l;
	return l;
}

struct devlock *devlock_take(const char *path)
{
	struct devlock *l;

	pthread_mutex_lock(&all_lock);
	l = find_or_make(path);
	pthread_mutex_unlock(&all_lock);
	pthread_mutex_lock(&l->mutex);
	return l;
}

void devlock_drop(struct devlock *l)
{
	if (l)
		pthread_mutex_unlock(&l->mutex);
}
