/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/models.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/words.h"

static struct model *model_of(struct arena *a, struct models *models, const char *name)
{
	struct model *m;

	for (size_t i = 0; i < models->n; i++)
		if (str_eq(models->v[i].name, name))
			return &models->v[i];
	m = arena_push(a, models->v, models->n, models->cap);
	*m = (struct model){ .name = name };
	return m;
}

static int compare_models(const void *a, const void *b)
{
	return strcmp(((const struct model *)a)->name, ((const struct model *)b)->name);
}

static void count(struct model *m, const struct device *d)
{
	m->total++;
	m->of[d->state]++;
}

void devices_models(struct ctl *ctl, const struct inventory *inv, struct models *models)
{
	*models = (struct models){ 0 };
	for (size_t i = 0; i < inv->n; i++) {
		const struct device *d = &inv->v[i];

		if (!device_is_gpu(d))
			continue;
		count(&models->all, d);
		count(model_of(ctl->host.arena, models, device_short_name(ctl->host.arena, d)), d);
	}
	if (models->n)
		qsort(models->v, models->n, sizeof(*models->v), compare_models);
}
