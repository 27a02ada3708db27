/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/holders.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "host/process/seat.h"
#include "root.h"

static int compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (int)x->block - (int)y->block;
}

/* A copy, sorted; the same device node may be in it twice. */
static struct nodes nodes_sorted(struct arena *a, const struct nodes *nodes)
{
	struct nodes sorted = { .n = nodes->n };

	sorted.v = arena_raw(a, nodes->n * sizeof(*sorted.v));
	memcpy(sorted.v, nodes->v, nodes->n * sizeof(*sorted.v));
	qsort(sorted.v, sorted.n, sizeof(*sorted.v), compare);
	return sorted;
}

static struct holder who(const struct host *host, pid_t pid)
{
	const char *command = process_command(host, pid);
	struct holder h = {
		.process = process_now(host, pid),
		.command = command ? command : "a process",
		.unit = process_unit(host, pid),
	};

	h.process.pid = pid;
	h.seat = h.unit ? seat_of_unit(host, h.unit) : NULL;
	return h;
}

/* The holders of one process are side by side: the name of a process is read once. */
static void holder_add(const struct host *host, struct holders *h, pid_t pid,
		       const struct node *node)
{
	bool known = h->n && h->v[h->n - 1].process.pid == pid;
	struct holder new = known ? h->v[h->n - 1] : who(host, pid);

	new.node = node;
	*arena_push(host->arena, h->v, h->n, h->cap) = new;
}

void holders_of(const struct host *host, const struct opendevices *o, const struct nodes *nodes,
		struct holders *h)
{
	struct nodes sorted;

	if (!nodes->n)
		return;
	sorted = nodes_sorted(host->arena, nodes);
	for (size_t i = 0; i < o->n; i++) {
		struct node key = { .dev = o->v[i].dev, .block = o->v[i].block };
		const struct node *hit =
			bsearch(&key, sorted.v, sorted.n, sizeof(*sorted.v), compare);

		if (hit)
			holder_add(host, h, o->v[i].pid, hit);
	}
	if (o->late && o->n_hidden) {
		struct holder busiest = who(host, o->busiest ? o->busiest : o->hidden[0]);

		busiest.files = o->most;
		busiest.late = true;
		*arena_push(host->arena, h->hidden, h->n_hidden, h->hidden_cap) = busiest;
	}
	for (size_t i = 0; i < o->n_hidden; i++)
		*arena_push(host->arena, h->hidden, h->n_hidden, h->hidden_cap) =
			who(host, o->hidden[i]);
	if (o->error)
		*arena_push(host->arena, h->hidden, h->n_hidden, h->hidden_cap) =
			(struct holder){ .command = "a process", .error = o->error };
}
