/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there the memory that a VM asks for: the arithmetic, and what the refusal says of it. */
#include "hooks/domain/memory.h"
#include "hooks/journal/journal.h"
#include "hooks/memory/memory.h"
#include "unit.h"

#define N0 { { 1 } }
#define N1 { { 2 } }
#define N2 { { 4 } }
#define N01 { { 3 } }
#define N12 { { 6 } }
#define M2 2048
#define G1 1048576

#define POOL(node, nr, free) { "node" #node "/hugepages-2048kB", M2, node, nr, free, 0 }
#define BIG(node, nr, free) { "node" #node "/hugepages-1048576kB", G1, node, nr, free, 0 }
#define GIB(n) ((n) * 1048576ULL)
#define PATH(node) "/sys/devices/system/node/node" #node "/hugepages/hugepages-2048kB/nr_hugepages"

static const struct sum {
	const char *name;
	struct hugepool pools[4];
	struct claim asked[4], promised[4];
	const char *refused; /* NULL: it is there, or grown */
	const char *grown;
	unsigned long long reserved, overcommit;
	struct growth journals[4];
	bool allocate;
	struct memory_node nodes[4];
	unsigned long long available;
} sums[] = {
	{ "as many as are free", { POOL(0, 8, 8) }, { { M2, N0, 8 } } },
	{ "one more than are free",
	  { POOL(0, 8, 8), POOL(1, 8, 8) },
	  { { M2, N0, 9 } },
	  .refused = "on NUMA node 0 the VM needs 9 huge pages of 2 MiB; 8 free; to enlarge the pool: echo 9 >" PATH(0) },
	{ "anywhere, from both nodes", { POOL(0, 8, 8), POOL(1, 8, 8) }, { { M2, .pages = 16 } } },
	{ "anywhere, and there are not as many",
	  { POOL(0, 8, 8), POOL(1, 8, 8) },
	  { { M2, .pages = 17 } },
	  .refused = "on this host the VM needs 17 huge pages of 2 MiB; 16 free; to enlarge the pool: echo 9 >" PATH(0) },
	{ "all of the arithmetic",
	  { POOL(0, 0, 0), POOL(1, 600, 300) },
	  { { M2, N1, 512 } },
	  { { M2, N1, 64 } },
	  "on NUMA node 1 the VM needs 512 huge pages of 2 MiB; 300 free, 12 reserved, 64 claimed by VMs that are starting; "
	  "to enlarge the pool: echo 888 >" PATH(1),
	  .reserved = 12 },
	{ "what is reserved may be on the other node",
	  { POOL(0, 12, 12), POOL(1, 8, 8) },
	  { { M2, N1, 8 } },
	  .reserved = 12 },
	{ "but not if that has fewer",
	  { POOL(0, 10, 10), POOL(1, 8, 8) },
	  { { M2, N1, 8 } },
	  .reserved = 12,
	  .refused = "on NUMA node 1 the VM needs 8 huge pages of 2 MiB; 8 free, 2 reserved; to enlarge the pool: echo 10 >" PATH(1) },
	{ "promised to be anywhere, it may go elsewhere",
	  { POOL(0, 8, 8), POOL(1, 8, 8) },
	  { { M2, N1, 8 } },
	  { { M2, .pages = 8 } } },
	{ "promised to be anywhere, and there is nothing elsewhere",
	  { POOL(0, 0, 0), POOL(1, 8, 8) },
	  { { M2, N1, 8 } },
	  { { M2, .pages = 8 } },
	  "on this host the VM needs 8 huge pages of 2 MiB; 8 free, 8 claimed by VMs that are starting; to enlarge the pool: "
	  "echo 8 >" PATH(0) },
	{ "two that share the node in the middle",
	  { POOL(0, 4, 4), POOL(1, 4, 4), POOL(2, 4, 4) },
	  { { M2, N12, 7 } },
	  { { M2, N01, 6 } },
	  "on this host the VM needs 7 huge pages of 2 MiB; 12 free, 6 claimed by VMs that are starting; to enlarge the pool: "
	  "echo 5 >" PATH(0) },
	{ "each node is told",
	  { POOL(0, 1, 1), POOL(1, 1, 0) },
	  { { M2, N0, 2 }, { M2, N1, 2 } },
	  .refused = "on NUMA node 0 the VM needs 2 huge pages of 2 MiB; 1 free; to enlarge the pool: echo 2 >" PATH(0) "\n"
		     "on NUMA node 1 the VM needs 2 huge pages of 2 MiB; 0 free; to enlarge the pool: echo 3 >" PATH(1) },
	{ "a cell on a node and another anywhere",
	  { POOL(0, 4, 4), POOL(1, 4, 4) },
	  { { M2, N1, 4 }, { M2, .pages = 4 } } },
	{ "two cells on one node count together",
	  { POOL(0, 4, 4) },
	  { { M2, N0, 3 }, { M2, N0, 3 } },
	  .refused = "on this host the VM needs 6 huge pages of 2 MiB; 4 free; to enlarge the pool: echo 6 >" PATH(0) },
	{ "sizes do not mix",
	  { POOL(0, 512, 512), BIG(0, 2, 1) },
	  { { M2, N0, 512 }, { G1, N0, 2 } },
	  .refused = "on this host the VM needs 2 huge pages of 1 GiB; 1 free; to enlarge the pool: echo 3 >/sys/devices/system/node/"
		     "node0/hugepages/hugepages-1048576kB/nr_hugepages" },
	{ "a size that the host does not have",
	  { POOL(0, 8, 8) },
	  { { 65536, N0, 1 } },
	  .refused = "this host has no huge pages of 64 MiB" },
	{ "no huge pages at all", { { 0 } }, { { 1, .pages = 1 } },
	  .refused = "this host has no huge pages" },
	{ "a node that the host does not have",
	  { POOL(0, 8, 8) },
	  { { M2, N2, 1 } },
	  .refused = "on NUMA node 2 the VM needs 1 huge page of 2 MiB; 0 free; this host has no pool of this size there" },
	{ "a host without nodes",
	  { { "hugepages-2048kB", M2, 0, 8, 8, 0 } },
	  { { M2, .pages = 9 } },
	  .refused = "on this host the VM needs 9 huge pages of 2 MiB; 8 free; to enlarge the pool: echo 9 "
		     ">/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" },
	{ "a surplus is not what the pool has",
	  { { "node0/hugepages-2048kB", M2, 0, 10, 0, 4 } },
	  { { M2, N0, 1 } },
	  .refused = "on this host the VM needs 1 huge page of 2 MiB; 0 free; to enlarge the pool: echo 7 >" PATH(0) },
	{ "what a starting VM has mapped is not counted twice",
	  { POOL(0, 16, 16) },
	  { { M2, N0, 8 } },
	  { { M2, N0, 8, true } },
	  .reserved = 8 },
	/* pages that the kernel makes as they are asked for */
	{ "overcommit serves what the pools have not",
	  { POOL(0, 0, 0), POOL(1, 8, 8) },
	  { { M2, .pages = 256 }, { M2, N1, 9 } },
	  .overcommit = 257,
	  .nodes = { { 0, GIB(1), 0 }, { 1, GIB(1), 0 } },
	  .available = GIB(2) },
	{ "and no more than that",
	  { POOL(0, 8, 8) },
	  { { M2, .pages = 17 } },
	  .overcommit = 8,
	  .available = GIB(1),
	  .refused = "on this host the VM needs 17 huge pages of 2 MiB; 8 free, 8 more by overcommit; to enlarge the pool: echo 9 >" PATH(0) },
	{ "nor than there is memory for",
	  { POOL(0, 0, 0) },
	  { { M2, .pages = 512 } },
	  .overcommit = 512,
	  .available = GIB(1) - 1,
	  .refused = "on this host the VM needs 512 huge pages of 2 MiB; 0 free, 511 more by overcommit; to enlarge the pool: echo 1 >" PATH(0) },
	{ "on a node than that has memory for",
	  { POOL(0, 0, 0), POOL(1, 0, 0) },
	  { { M2, N1, 4 } },
	  .overcommit = 512,
	  .nodes = { { 0, GIB(8), 0 }, { 1, 4096, 2048 } },
	  .available = GIB(8),
	  .refused = "on NUMA node 1 the VM needs 4 huge pages of 2 MiB; 0 free, 3 more by overcommit; to enlarge the pool: echo 1 >" PATH(1) },
	{ "of which nodes have one share",
	  { POOL(0, 0, 0), POOL(1, 0, 0), POOL(2, 99, 99) },
	  { { M2, N0, 4 }, { M2, N1, 4 } },
	  .overcommit = 7,
	  .nodes = { { 0, GIB(1), 0 }, { 1, GIB(1), 0 }, { 2, GIB(1), 0 } },
	  .available = GIB(3),
	  .refused = "on NUMA nodes 0-1 the VM needs 8 huge pages of 2 MiB; 0 free, 7 more by overcommit; to enlarge the pool: echo 1 >" PATH(0) },
	{ "pools that may grow do so all the same",
	  { POOL(0, 0, 0) },
	  { { M2, .pages = 4 } },
	  .allocate = true,
	  .overcommit = 8,
	  .available = GIB(1),
	  .grown = "node0/hugepages-2048kB+4(0)" },
	/* pools that are about to change */
	{ "pages that a VM is about to add are there for it",
	  { POOL(0, 8, 8) },
	  { { M2, N0, 8 } },
	  { { M2, N0, 10 } },
	  .journals = { { "node0/hugepages-2048kB", 10, 8, true } } },
	{ "pages that a VM that is gone had added are not there",
	  { POOL(0, 18, 18) },
	  { { M2, N0, 9 } },
	  .journals = { { "node0/hugepages-2048kB", 10, 8, false } },
	  .refused = "on this host the VM needs 9 huge pages of 2 MiB; 8 free; to enlarge the pool: echo 19 >" PATH(0) },
	{ "and no more are missing than it still has to take away",
	  { POOL(0, 8, 8) },
	  { { M2, N0, 8 } },
	  .journals = { { "node0/hugepages-2048kB", 10, 8, false } } },
	/* allocate */
	{ "a pool grows by what it lacks",
	  { POOL(0, 9, 9), POOL(1, 10, 3) },
	  { { M2, N1, 8 } },
	  .allocate = true,
	  .grown = "node1/hugepages-2048kB+5(10)" },
	{ "from what it had before another VM let it grow",
	  { POOL(0, 30, 0) },
	  { { M2, N0, 8 } },
	  .allocate = true,
	  .journals = { { "node0/hugepages-2048kB", 20, 10, true } },
	  .grown = "node0/hugepages-2048kB+8(10)" },
	{ "pools that need not grow do not",
	  { POOL(0, 8, 8), POOL(1, 8, 8) },
	  { { M2, .pages = 16 } },
	  .allocate = true },
	{ "anywhere means where there is most room",
	  { POOL(0, 0, 0), POOL(1, 0, 0) },
	  { { M2, .pages = 512 } },
	  .allocate = true,
	  .nodes = { { 0, GIB(1), 0 }, { 1, GIB(1), GIB(1) } },
	  .grown = "node1/hugepages-2048kB+512(0)" },
	{ "and then where there is some",
	  { POOL(0, 0, 0), POOL(1, 0, 0) },
	  { { M2, .pages = 1536 } },
	  .allocate = true,
	  .nodes = { { 0, GIB(1), 0 }, { 1, GIB(2), 0 } },
	  .grown = "node0/hugepages-2048kB+512(0) node1/hugepages-2048kB+1024(0)" },
	{ "nowhere is left to the kernel",
	  { POOL(0, 0, 0), POOL(1, 0, 0) },
	  { { M2, .pages = 4 } },
	  .allocate = true,
	  .grown = "node0/hugepages-2048kB+4(0)" },
	{ "a page of 1 GiB",
	  { BIG(0, 0, 0), BIG(1, 0, 0) },
	  { { G1, N1, 2 } },
	  .allocate = true,
	  .nodes = { { 0, GIB(9), 0 }, { 1, GIB(1), 0 } },
	  .grown = "node1/hugepages-1048576kB+2(0)" },
	{ "none where there is no pool",
	  { POOL(0, 8, 8) },
	  { { M2, N1, 1 } },
	  .allocate = true,
	  .refused = "on NUMA node 1 the VM needs 1 huge page of 2 MiB; 0 free; this host has no pool of this size there" },
	/* normal pages */
	{ "pinned memory that is there",
	  { { 0 } }, { { MEMORY_NORMAL, .pages = 262144 } }, .available = GIB(1) },
	{ "pinned memory of which nobody can tell whether it is there",
	  { { 0 } }, { { MEMORY_NORMAL, .pages = 262144 }, { MEMORY_NORMAL, N1, 1 } } },
	{ "pinned memory that is not",
	  { { 0 } },
	  { { MEMORY_NORMAL, .pages = 262144 * 3 } },
	  { { MEMORY_NORMAL, .pages = 131072 } },
	  .available = GIB(3),
	  .refused = "the VM needs 3 GiB of memory at once, because its devices or <locked/> pin it; 3 GiB "
		     "is available (MemAvailable), 512 MiB claimed by VMs that are starting" },
	{ "pinned memory on a node",
	  { { 0 } },
	  { { MEMORY_NORMAL, N1, 262144 } },
	  .nodes = { { 0, GIB(8), 0 }, { 1, GIB(1) / 2, GIB(1) / 4 } },
	  .available = GIB(8),
	  .refused = "on NUMA node 1 the VM needs 1 GiB of memory at once, because its devices or <locked/> pin it; "
		     "768 MiB is available there (free pages, file cache, reclaimable slabs)" },
	{ "what the host cannot give is no matter of nodes",
	  { { 0 } },
	  { { MEMORY_NORMAL, N1, 262144 } },
	  .nodes = { { 0, GIB(1), 0 }, { 1, GIB(2), 0 } },
	  .available = GIB(1) / 2,
	  .refused = "the VM needs 1 GiB of memory at once, because its devices or <locked/> pin it; 512 MiB "
		     "is available (MemAvailable)" },
};

static size_t claims_of(const struct claim *from, struct claims *to)
{
	for (size_t i = 0; i < 4 && from[i].page; i++)
		*arena_push(&arena, to->v, to->n, to->cap) = from[i];
	return to->n;
}

static struct memory_case case_of(const struct sum *row)
{
	struct memory_case c = { .allocate = row->allocate };
	struct hostmemory *h = &c.host;

	claims_of(row->asked, &c.asked);
	claims_of(row->promised, &c.promised);
	h->available = row->available;
	for (size_t i = 0; i < 4 && row->pools[i].name; i++) {
		*arena_push(&arena, h->pools, h->n_pools, h->pools_cap) = row->pools[i];
		*arena_push(&arena, h->sizes, h->n_sizes, h->sizes_cap) =
			(struct hugesize){ row->pools[i].page, row->reserved, row->overcommit };
	}
	for (size_t i = 0; i < 4 && row->nodes[i].free; i++)
		*arena_push(&arena, h->nodes, h->n_nodes, h->nodes_cap) = row->nodes[i];
	for (size_t i = 0; i < 4 && row->journals[i].name; i++)
		*arena_push(&arena, c.grown.v, c.grown.n, c.grown.cap) = row->journals[i];
	return c;
}

static const char *growths_text(const struct growths *g)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < g->n; i++)
		strbuf_addf(&b, "%s%s+%llu(%llu)", i ? " " : "", g->v[i].name, g->v[i].pages,
			    g->v[i].base);
	return strbuf_text(&b);
}

static void adds_up(void **state)
{
	const struct sum *row = *state;
	struct memory_case c = case_of(row);
	struct strv refusals = { 0 };
	struct strbuf b = { .arena = &arena };
	struct growths grow = { 0 };

	memory_judge(&arena, &c, &refusals, &grow);
	for (size_t i = 0; i < refusals.n; i++)
		strbuf_addf(&b, "%s%s", i ? "\n" : "", refusals.v[i]);
	assert_text(strbuf_text(&b), row->refused ? row->refused : "");
	assert_text(growths_text(&grow), row->grown ? row->grown : "");
}

/* --- what is asked for */

static void what_counts(void **state)
{
	struct memory_need needs[] = {
		{ true, 0, N0, 4097 },
		{ true, G1, N1, G1 + 1 },
		{ false, 0, { { 0 } }, 10 },
	};
	struct domain_memory m = { .needs = needs, .n = 3 };
	struct hostmemory host = { .default_page = 2048 };
	struct claims pinned = { 0 }, free = { 0 };
	struct journal j = { 0 };
	struct growths grow = { 0 };

	(void)state;
	memory_claims(&arena, &m, false, &host, &free);
	assert_int_equal(free.n, 2);
	memory_claims(&arena, &m, true, &host, &pinned);
	memory_plan(&arena, &pinned, &grow, &j);
	assert_int_equal(j.n_memory, 3);
	assert_int_equal(j.memory[0].page, 2048);
	assert_int_equal(j.memory[0].pages, 3);
	assert_text(j.memory[0].nodes, "0");
	assert_int_equal(j.memory[1].pages, 2);
	assert_int_equal(j.memory[2].page, MEMORY_NORMAL);
	assert_int_equal(j.memory[2].pages, 3);
	assert_null(j.memory[2].nodes);
}

static void sizes(void **state)
{
	(void)state;
	assert_text(memory_size_text(&arena, 0), "0 KiB");
	assert_text(memory_size_text(&arena, 1023), "1023 KiB");
	assert_text(memory_size_text(&arena, 1536), "1.5 MiB");
	assert_text(memory_size_text(&arena, G1 * 2048ULL), "2 TiB");
}

int main(void)
{
	UNIT_ROWS(sums, adds_up);
	UNIT_TEST("huge pages count, and normal ones that are pinned", what_counts);
	UNIT_TEST("sizes are told in the unit that suits them", sizes);
	return unit_run("memory");
}
