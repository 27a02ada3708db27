/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/hugepages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

#define NODES "/sys/devices/system/node"
#define SIZES "/sys/kernel/mm/hugepages"

static char *text_of(const struct host *host, const char *path)
{
	char *text;
	size_t len;

	return host_read(host, path, &text, &len) == 0 ? text : NULL;
}

/* ---- lines "KEY: 123 kB" ---- */

/* The first number behind the key, which may have "Node 0 " in front; 0: none. */
static unsigned long long line_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; at && (at = strstr(at, key)); at += len)
		if (at[len] == ':' && (at == text || at[-1] == ' ' || at[-1] == '\n'))
			return strtoull(at + len + 1, NULL, 10);
	return 0;
}

unsigned long long process_kib(const struct host *host, pid_t pid, const char *key)
{
	return line_value(text_of(host, arena_printf(host->arena, "/proc/%ld/status", (long)pid)),
			  key);
}

int process_memlock(const struct host *host, pid_t pid, unsigned long long *kib)
{
	static const char key[] = "Max locked memory";
	const char *text = text_of(host, arena_printf(host->arena, "/proc/%ld/limits", (long)pid)),
		   *at = text ? strstr(text, key) : NULL;
	unsigned long long bytes;

	if (!at)
		return -ENOENT;
	at = str_skip_blanks(at + strlen(key));
	*kib = ULLONG_MAX;
	if (str_starts(at, "unlimited"))
		return 0;
	if (sscanf(at, "%llu", &bytes) != 1)
		return -EINVAL;
	*kib = bytes / 1024;
	return 0;
}

/* ---- pools ---- */

/* "node1/hugepages-2048kB" or "hugepages-2048kB" */
static const char *folder_of(struct arena *a, const char *name)
{
	size_t node = strcspn(name, "/");

	if (!name[node])
		return arena_printf(a, SIZES "/%s", name);
	return arena_printf(a, NODES "/%.*s/hugepages%s", (int)node, name, name + node);
}

const char *hugepool_path(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/nr_hugepages", folder_of(a, name));
}

const char *hugepool_compact_path(struct arena *a, const char *name)
{
	size_t node = strcspn(name, "/");

	if (!name[node])
		return "/proc/sys/vm/compact_memory";
	return arena_printf(a, NODES "/%.*s/compact", (int)node, name);
}

static unsigned long long count_of(const struct host *host, const char *folder, const char *what)
{
	const char *text =
		text_of(host, arena_printf(host->arena, "%s/%s_hugepages", folder, what));

	return text ? strtoull(text, NULL, 10) : 0;
}

static unsigned long long page_of(const char *name)
{
	unsigned long long page;
	int end = 0;

	if (sscanf(name, "hugepages-%llukB%n", &page, &end) != 1 || !end || name[end])
		return 0;
	return page;
}

int hugepool_read(const struct host *host, const char *name, struct hugepool *p)
{
	const char *slash = strchr(name, '/'), *folder = folder_of(host->arena, name);

	*p = (struct hugepool){ .name = name, .page = page_of(slash ? slash + 1 : name) };
	if (slash)
		p->node = (unsigned)strtoul(name + strlen("node"), NULL, 10);
	if (!p->page || !text_of(host, hugepool_path(host->arena, name)))
		return -ENOENT;
	p->nr = count_of(host, folder, "nr");
	p->free = count_of(host, folder, "free");
	p->surplus = count_of(host, folder, "surplus");
	return 0;
}

static void add_pool(const struct host *host, const char *name, struct hostmemory *m)
{
	struct hugepool p;

	if (hugepool_read(host, name, &p) == 0)
		*arena_push(host->arena, m->pools, m->n_pools, m->pools_cap) = p;
}

/* ---- NUMA nodes ---- */

static void read_node(const struct host *host, const char *node, struct hostmemory *m)
{
	const char *text = text_of(host, arena_printf(host->arena, NODES "/%s/meminfo", node));
	struct strv names = { 0 };

	*arena_push(host->arena, m->nodes, m->n_nodes, m->nodes_cap) = (struct memory_node){
		.node = (unsigned)strtoul(node + strlen("node"), NULL, 10),
		.free = line_value(text, "MemFree"),
		.reclaimable = line_value(text, "Active(file)") +
			       line_value(text, "Inactive(file)") +
			       line_value(text, "SReclaimable"),
	};
	sysfs_list(host, arena_printf(host->arena, NODES "/%s/hugepages", node), &names);
	for (size_t i = 0; i < names.n; i++)
		add_pool(host, arena_printf(host->arena, "%s/%s", node, names.v[i]), m);
}

static bool is_node(const char *name)
{
	size_t len = strlen("node");

	return str_starts(name, "node") && name[len] && strlen(name) < 9 &&
	       !name[len + strspn(name + len, "0123456789")];
}

static void read_nodes(const struct host *host, struct hostmemory *m)
{
	struct strv names = { 0 };

	sysfs_list(host, NODES, &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_node(names.v[i]))
			read_node(host, names.v[i], m);
}

static struct hugesize size_of(const struct host *host, const char *name)
{
	const char *folder = arena_printf(host->arena, SIZES "/%s", name);
	unsigned long long most = count_of(host, folder, "nr_overcommit"),
			   made = count_of(host, folder, "surplus");

	return (struct hugesize){
		.page = page_of(name),
		.reserved = count_of(host, folder, "resv"),
		.overcommit = most > made ? most - made : 0,
	};
}

void hostmemory_read(const struct host *host, struct hostmemory *m)
{
	const char *text = text_of(host, "/proc/meminfo");
	struct strv names = { 0 };

	*m = (struct hostmemory){
		.default_page = line_value(text, "Hugepagesize"),
		.available = line_value(text, "MemAvailable"),
	};
	read_nodes(host, m);
	sysfs_list(host, SIZES, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct hugesize size = size_of(host, names.v[i]);

		if (size.page)
			*arena_push(host->arena, m->sizes, m->n_sizes, m->sizes_cap) = size;
		/* a kernel without CONFIG_NUMA has no others */
		if (!m->n_nodes)
			add_pool(host, names.v[i], m);
	}
}
