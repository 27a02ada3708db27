/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/suspects.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "arena.h"
#include "host/pci/pci.h"
#include "host/process/holders.h"
#include "host/sysfs.h"
#include "root.h"

#define VFIO_GROUP "/virtual/vfio/"

/* Memory, terminals and pseudoterminals (Documentation/admin-guide/devices.txt): never PCI's. */
static bool is_of_nobody(const struct open_device *o)
{
	unsigned major = major(o->dev);

	return !o->block && (major == 1 || major == 5 || (major >= 128 && major <= 143));
}

/* The last PCI function that a path goes through, cut out of it; NULL: none. */
static char *last_function(char *path)
{
	for (char *slash; (slash = strrchr(path, '/')); *slash = '\0')
		if (pci_is_address(slash + 1))
			return slash + 1;
	return NULL;
}

/* false: the link is missing. */
static bool follow(const struct host *host, const char *link, struct suspects *s)
{
	char path[PATH_MAX], *address;
	ssize_t len = readlink(root_path(host, link), path, sizeof(path) - 1);
	const char *group;

	if (len <= 0)
		return false;
	path[len] = '\0';
	group = strstr(path, VFIO_GROUP);
	if (group)
		strv_push(host->arena, &s->groups,
			  arena_strdup(host->arena, group + strlen(VFIO_GROUP)));
	address = last_function(path);
	if (address)
		strv_push(host->arena, &s->addresses, arena_strdup(host->arena, address));
	return true;
}

static void follow_class(const struct host *host, const char *class, struct suspects *s)
{
	const char *folder = arena_printf(host->arena, "/sys/class/%s", class);
	struct strv names = { 0 };

	sysfs_list(host, folder, &names);
	for (size_t i = 0; i < names.n; i++)
		follow(host, arena_printf(host->arena, "%s/%s", folder, names.v[i]), s);
}

static int compare_devices(const void *a, const void *b)
{
	const struct open_device *x = a, *y = b;

	if (x->block != y->block)
		return x->block ? 1 : -1;
	return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

/* Each once, however many processes have it. */
static void follow_open(const struct host *host, const struct opendevices *opens,
			struct suspects *s)
{
	struct open_device *sorted = arena_alloc(host->arena, (opens->n + 1) * sizeof(*sorted));

	if (!opens->n)
		return;
	memcpy(sorted, opens->v, opens->n * sizeof(*sorted));
	qsort(sorted, opens->n, sizeof(*sorted), compare_devices);
	for (size_t i = 0; i < opens->n; i++) {
		const struct open_device *o = &sorted[i];

		if ((i && compare_devices(o - 1, o) == 0) || is_of_nobody(o))
			continue;
		if (!follow(host,
			    arena_printf(host->arena, "/sys/dev/%s/%u:%u",
					 o->block ? "block" : "char", major(o->dev), minor(o->dev)),
			    s))
			s->all = true;
	}
}

void suspects_find(const struct host *host, const struct opendevices *opens, struct suspects *s)
{
	/* nvme: of a disk with several paths only its controllers hang below a function */
	static const char *const classes[] = { "net", "block", "nvme", "graphics" };

	*s = (struct suspects){ 0 };
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		follow_class(host, classes[i], s);
	follow_open(host, opens, s);
	strv_sort(&s->addresses);
	strv_sort(&s->groups);
}

static int compare_words(const void *word, const void *entry)
{
	return strcmp(word, *(const char *const *)entry);
}

static bool has(const struct strv *sorted, const char *word)
{
	return sorted->n && bsearch(word, sorted->v, sorted->n, sizeof(*sorted->v), compare_words);
}

bool suspects_has(const struct suspects *s, const char *address, int group)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", group);
	return s->all || has(&s->addresses, address) || has(&s->groups, number);
}
