/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's memory by node, and its pools of huge pages. */
#include <limits.h>

#include "host/hugepages.h"
#include "tree.h"

#define NODE "sys/devices/system/node"
#define SIZES "sys/kernel/mm/hugepages"

static void pool(const char *folder, const char *nr, const char *free, const char *surplus)
{
	tree_file(arena_printf(&arena, "%s/nr_hugepages", folder), nr);
	tree_file(arena_printf(&arena, "%s/free_hugepages", folder), free);
	tree_file(arena_printf(&arena, "%s/surplus_hugepages", folder), surplus);
}

static struct hostmemory read_it(void)
{
	struct host host = tree_host();
	struct hostmemory m;

	hostmemory_read(&host, &m);
	return m;
}

static void meminfo(void)
{
	tree_file("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:         9000000 kB\n"
				  "MemAvailable:   12000000 kB\nHugePages_Total:       0\n"
				  "Hugepagesize:       2048 kB\n");
}

static void two_nodes(void **state)
{
	struct hostmemory m;

	(void)state;
	meminfo();
	tree_file(NODE "/possible", "0-1\n");
	tree_file(NODE "/node0/meminfo", "Node 0 MemTotal: 8 kB\nNode 0 MemFree:     3 kB\n"
					 "Node 0 Active(file):  10 kB\nNode 0 Inactive(file): 20 kB\n"
					 "Node 0 SReclaimable: 40 kB\n");
	tree_file(NODE "/node1/meminfo", "Node 1 MemFree: 5 kB\n");
	pool(NODE "/node0/hugepages/hugepages-2048kB", "10\n", "4\n", "1\n");
	pool(NODE "/node1/hugepages/hugepages-2048kB", "20\n", "20\n", "0\n");
	pool(NODE "/node1/hugepages/hugepages-1048576kB", "2\n", "1\n", "0\n");
	pool(SIZES "/hugepages-2048kB", "30\n", "24\n", "1\n");
	tree_file(SIZES "/hugepages-2048kB/resv_hugepages", "12\n");
	tree_file(SIZES "/hugepages-2048kB/nr_overcommit_hugepages", "5\n");
	m = read_it();
	assert_int_equal(m.default_page, 2048);
	assert_int_equal(m.available, 12000000);
	assert_int_equal(m.n_nodes, 2);
	assert_int_equal(m.nodes[0].free, 3);
	assert_int_equal(m.nodes[0].reclaimable, 70);
	assert_int_equal(m.nodes[1].node, 1);
	assert_int_equal(m.n_pools, 3);
	assert_text(m.pools[0].name, "node0/hugepages-2048kB");
	assert_int_equal(m.pools[0].nr, 10);
	assert_int_equal(m.pools[0].free, 4);
	assert_int_equal(m.pools[0].surplus, 1);
	assert_int_equal(m.pools[1].page, 1048576);
	assert_int_equal(m.pools[1].node, 1);
	assert_int_equal(m.n_sizes, 1);
	assert_int_equal(m.sizes[0].reserved, 12);
	assert_int_equal(m.sizes[0].overcommit, 4);
	tree_file(SIZES "/hugepages-2048kB/nr_overcommit_hugepages", "0\n");
	assert_int_equal(read_it().sizes[0].overcommit, 0);
}

static void no_nodes(void **state)
{
	struct hostmemory m;

	(void)state;
	meminfo();
	pool(SIZES "/hugepages-1048576kB", "3\n", "2\n", "0\n");
	m = read_it();
	assert_int_equal(m.n_pools, 1);
	assert_text(m.pools[0].name, "hugepages-1048576kB");
	assert_int_equal(m.pools[0].page, 1048576);
	assert_int_equal(m.pools[0].nr, 3);
}

static void odd_names(void **state)
{
	struct hostmemory m;

	(void)state;
	tree_file(NODE "/nodeset/meminfo", "MemFree: 1 kB\n");
	tree_file(NODE "/node12345/meminfo", "MemFree: 1 kB\n");
	pool(SIZES "/hugepages-2MB", "1\n", "1\n", "0\n");
	pool(SIZES "/hugepages-0kB", "1\n", "1\n", "0\n");
	tree_file(SIZES "/hugepages-64kB/resv_hugepages", "1\n");
	m = read_it();
	assert_int_equal(m.available, 0);
	assert_int_equal(m.n_pools, 0);
	assert_int_equal(m.n_nodes, 0);
}

static void paths(void **state)
{
	(void)state;
	assert_text(hugepool_path(&arena, "node1/hugepages-2048kB"),
		    "/" NODE "/node1/hugepages/hugepages-2048kB/nr_hugepages");
	assert_text(hugepool_path(&arena, "hugepages-2048kB"), "/" SIZES "/hugepages-2048kB/nr_hugepages");
	assert_text(hugepool_compact_path(&arena, "node1/hugepages-2048kB"), "/" NODE "/node1/compact");
	assert_text(hugepool_compact_path(&arena, "hugepages-2048kB"), "/proc/sys/vm/compact_memory");
}

static void processes(void **state)
{
	struct host host = tree_host();
	unsigned long long kib = 7;

	(void)state;
	tree_file("proc/5/status", "Name:\tqemu HugetlbPages: 1 kB\nVmRSS:\t     512 kB\n"
				   "HugetlbPages:\t    2048 kB\n");
	tree_file("proc/5/limits", "Limit                     Soft Limit           Hard Limit           Units\n"
				   "Max locked memory         8388608              unlimited            bytes\n");
	tree_file("proc/6/limits", "Max locked memory         unlimited            unlimited            bytes\n");
	assert_int_equal(process_kib(&host, 5, "VmRSS"), 512);
	assert_int_equal(process_kib(&host, 7, "VmRSS"), 0);
	assert_int_equal(process_memlock(&host, 5, &kib), 0);
	assert_int_equal(kib, 8192);
	assert_int_equal(process_memlock(&host, 6, &kib), 0);
	assert_true(kib == ULLONG_MAX);
	assert_true(process_memlock(&host, 7, &kib) < 0);
}

int main(void)
{
	TREE_TEST("two nodes with pools of their own", two_nodes);
	TREE_TEST("a host without nodes has the pools of all of it", no_nodes);
	TREE_TEST("what is no node and no pool is passed over", odd_names);
	TREE_TEST("where a pool is changed", paths);
	TREE_TEST("what a process has and may lock", processes);
	return unit_run("hugepages");
}
