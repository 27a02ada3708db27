/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct host;

/* The host's memory, by NUMA node: huge pages and all else. Amounts in KiB. */

/* A pool of huge pages (Documentation/admin-guide/mm/hugetlbpage.rst). */
struct hugepool {
	const char *name;	 /* "node1/hugepages-2048kB"; "hugepages-2048kB" without NUMA */
	unsigned long long page; /* KiB */
	unsigned node;		 /* 0 of a host without NUMA nodes */
	/* pages: nr includes the surplus pages, which go as soon as they are free */
	unsigned long long nr, free, surplus;
};

/*
 * A page size, on all NUMA nodes together: the pages that processes have reserved and not
 * touched yet, and the pages that the kernel would still make beyond the pools
 * (nr_overcommit_hugepages).
 */
struct hugesize {
	unsigned long long page, reserved, overcommit;
};

/* MemFree, and the memory that the kernel can reclaim: file pages and reclaimable slabs. */
struct memory_node {
	unsigned node;
	unsigned long long free, reclaimable;
};

struct hostmemory {
	unsigned long long default_page; /* 0: no huge pages at all */
	unsigned long long available;	 /* MemAvailable of proc(5) */
	struct hugepool *pools;
	size_t n_pools, pools_cap;
	struct hugesize *sizes;
	size_t n_sizes, sizes_cap;
	struct memory_node *nodes;
	size_t n_nodes, nodes_cap;
};

/* An amount that cannot be read is 0, or missing. */
void hostmemory_read(const struct host *host, struct hostmemory *m);

/* Reads a pool by its name, as it is now. 0 or -ENOENT. */
int hugepool_read(const struct host *host, const char *name, struct hugepool *p);

/*
 * nr_hugepages of a pool, and the file that makes its NUMA node (or the host) compact its
 * memory.
 */
const char *hugepool_path(struct arena *a, const char *name);
const char *hugepool_compact_path(struct arena *a, const char *name);

/* KiB of a line of /proc/PID/status, such as HugetlbPages; 0 if the file has no such line. */
unsigned long long process_kib(const struct host *host, pid_t pid, const char *key);

/* The soft limit of locked memory of a process: KiB, ULLONG_MAX for none. 0 or -errno. */
int process_memlock(const struct host *host, pid_t pid, unsigned long long *kib);
