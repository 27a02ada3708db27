/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's memory is its guest NUMA cells, or one piece without them, and its memory devices.
 * For each, libvirt chooses the page size and the NUMA nodes of the host in
 * qemuBuildMemoryBackendProps() (qemu/qemu_command.c): the same is done here.
 */
#include "hooks/domain/memory.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <libxml/tree.h>

#include "arena.h"
#include "err.h"
#include "hooks/domain/xmltree.h"
#include "str.h"

#define NO_CELL (-1)

/*
 * Which element is for which cell: a domain may have many of both, so each <page> and each
 * <memnode> is read once.
 */
struct choices {
	struct nodeset known; /* the cells that have a page */
	const xmlNode *page[NODESET_MAX], *memnode[NODESET_MAX];
	const xmlNode *page_of_all;  /* the last that names no cell */
	const xmlNode *page_of_none; /* the last for a guest without cells */
};

struct taking {
	struct arena *arena;
	const xmlNode *huge, *numatune, *cells; /* elements, or NULL */
	struct choices *choices;
	struct domain_memory *out;
	struct err *err;
};

/* ---- numbers ---- */

/* virScaleInteger() of util/virutil.c: any case, K and KiB are 1024, KB is 1000. */
static bool unit_bytes(const char *unit, unsigned long long *bytes)
{
	static const char letters[] = "kmgtpe";
	const char *at;
	unsigned base = 1024;

	*bytes = 1;
	if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "bytes") == 0)
		return true;
	at = *unit ? strchr(letters, tolower((unsigned char)*unit)) : NULL;
	if (!at)
		return false;
	if (strcasecmp(unit + 1, "b") == 0)
		base = 1000;
	else if (unit[1] && strcasecmp(unit + 1, "ib") != 0)
		return false;
	for (const char *l = letters; l <= at; l++)
		*bytes *= base;
	return true;
}

/* KiB, rounded up as virDomainParseMemory() does. */
static int take_size(const struct taking *t, const xmlNode *node, const char *text,
		     unsigned long long *kib)
{
	const char *unit = xmltree_attr(t->arena, node, "unit"), *number = text ? text : "";
	unsigned long long n, scale, bytes;
	char *end;

	while (isspace((unsigned char)*number))
		number++;
	errno = 0;
	n = strtoull(number, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (!isdigit((unsigned char)*number) || *end || errno)
		return xmltree_err(node, t->err, EINVAL,
				   "<%s>: '%s' is not a valid amount of memory",
				   (const char *)node->name, str_printable(t->arena, number));
	if (!unit_bytes(unit ? unit : "KiB", &scale))
		return xmltree_err(node, t->err, EINVAL, "<%s>: '%s' is not a valid unit of memory",
				   (const char *)node->name, str_printable(t->arena, unit));
	if (__builtin_mul_overflow(n, scale, &bytes) || bytes > LLONG_MAX)
		return xmltree_err(node, t->err, EINVAL, "<%s>: the amount of memory is too large",
				   (const char *)node->name);
	*kib = bytes / 1024 + (bytes % 1024 != 0);
	return 0;
}

static int take_element_size(const struct taking *t, const xmlNode *node, unsigned long long *kib)
{
	*kib = 0;
	return node ? take_size(t, node, xmltree_text(t->arena, node), kib) : 0;
}

/* An empty set if the text is missing. */
static int take_nodes(const struct taking *t, const xmlNode *node, const char *text,
		      struct nodeset *nodes)
{
	*nodes = (struct nodeset){ 0 };
	if (!text || nodeset_parse(text, nodes))
		return 0;
	return xmltree_err(node, t->err, EINVAL, "<%s>: '%s' is not a valid set of NUMA nodes",
			   (const char *)node->name, str_printable(t->arena, text));
}

/* -1: none, or nonsense. */
static int small_number(const char *text)
{
	char *end;
	long n = text ? strtol(text, &end, 10) : -1;

	return text && end != text && n >= 0 && n < NODESET_MAX ? (int)n : -1;
}

/* ---- where ---- */

/* Of several for one cell the first counts. */
static void index_memnodes(const struct taking *t)
{
	const xmlNode *node = xmltree_child(t->numatune, NULL, "memnode");

	for (; node; node = xmltree_next(node, NULL, "memnode")) {
		int cell = small_number(xmltree_attr(t->arena, node, "cellid"));

		if (cell >= 0 && !t->choices->memnode[cell])
			t->choices->memnode[cell] = node;
	}
}

/* The <memnode> of this cell, or else <memory>. */
static const xmlNode *policy_of(const struct taking *t, int cell)
{
	if (cell != NO_CELL && t->choices->memnode[cell])
		return t->choices->memnode[cell];
	return xmltree_child(t->numatune, NULL, "memory");
}

/*
 * Memory with mode preferred may come from other NUMA nodes. If numad chooses them, they are
 * unknown yet.
 */
static int take_place(const struct taking *t, int cell, struct nodeset *nodes)
{
	const xmlNode *policy = policy_of(t, cell);
	const char *mode = xmltree_attr(t->arena, policy, "mode");

	*nodes = (struct nodeset){ 0 };
	if (!policy || (mode && str_eq(mode, "preferred")))
		return 0;
	return take_nodes(t, policy, xmltree_attr(t->arena, policy, "nodeset"), nodes);
}

/* ---- of what ---- */

static bool is_normal(unsigned long long page)
{
	return page && page * 1024 == (unsigned long long)sysconf(_SC_PAGESIZE);
}

/* Of several for one cell the first counts, of those for all the last. */
static void index_cells(struct choices *c, const struct nodeset *cells, const xmlNode *page)
{
	if (nodeset_within(cells, &c->known))
		return;
	for (unsigned cell = 0; cell < NODESET_MAX; cell++)
		if (nodeset_has(cells, cell) && !c->page[cell])
			c->page[cell] = page;
	c->known = nodeset_join(&c->known, cells);
}

/* A guest without cells has one, 0, in this attribute (virDomainDefPostParseMemtune()). */
static int index_pages(const struct taking *t)
{
	const xmlNode *page = xmltree_child(t->huge, NULL, "page");
	struct choices *c = t->choices;

	for (; page; page = xmltree_next(page, NULL, "page")) {
		const char *text = xmltree_attr(t->arena, page, "nodeset");
		struct nodeset cells;
		int rc = take_nodes(t, page, text, &cells);

		if (rc)
			return rc;
		index_cells(c, &cells, page);
		if (!text)
			c->page_of_all = page;
		if (!text || (nodeset_has(&cells, 0) && nodeset_count(&cells) == 1))
			c->page_of_none = page;
	}
	return 0;
}

/* The <page> of this cell, or the last one that is for all; neither: normal pages. */
static int take_page(const struct taking *t, int cell, struct memory_need *need)
{
	const struct choices *c = t->choices;
	const xmlNode *page = cell == NO_CELL ? c->page_of_none :
			      c->page[cell]   ? c->page[cell] :
						c->page_of_all;
	int rc;

	need->huge = page || (t->huge && !xmltree_child(t->huge, NULL, "page"));
	need->page = 0;
	if (!page)
		return 0;
	rc = take_size(t, page, xmltree_attr(t->arena, page, "size"), &need->page);
	if (is_normal(need->page))
		need->huge = false;
	return rc;
}

static void add_need(const struct taking *t, const struct memory_need *need)
{
	struct domain_memory *m = t->out;

	if (need->kib)
		*arena_push(t->arena, m->needs, m->n, m->cap) = *need;
}

/* ---- cells ---- */

static int take_cell(const struct taking *t, int cell, unsigned long long kib)
{
	struct memory_need need = { .kib = kib };
	int rc = take_place(t, cell, &need.nodes);

	if (!rc)
		rc = take_page(t, cell, &need);
	if (!rc)
		add_need(t, &need);
	return rc;
}

static int take_cells(const struct taking *t, unsigned long long *sum)
{
	const xmlNode *cell = xmltree_child(t->cells, NULL, "cell");
	int index = 0, rc = 0;

	for (*sum = 0; cell && !rc; cell = xmltree_next(cell, NULL, "cell"), index++) {
		const char *memory = xmltree_attr(t->arena, cell, "memory");
		int id = small_number(xmltree_attr(t->arena, cell, "id"));
		unsigned long long kib = 0;

		if (index == NODESET_MAX)
			return xmltree_err(cell, t->err, EINVAL, "the domain has more than %d NUMA cells",
					   NODESET_MAX);
		rc = memory ? take_size(t, cell, memory, &kib) : 0;
		if (!rc)
			rc = take_cell(t, id < 0 ? index : id, kib);
		*sum += kib;
	}
	return rc;
}

/* ---- memory devices ---- */

/* The others live in a file or in memory of their own: <target> has what is RAM. */
static const struct {
	const char *model, *amount;
} models[] = {
	{ "dimm", "size" },
	{ "virtio-mem", "requested" },
};

static const char *amount_of(const char *model)
{
	for (size_t i = 0; model && i < sizeof(models) / sizeof(models[0]); i++)
		if (str_eq(models[i].model, model))
			return models[i].amount;
	return NULL;
}

/* The module's own page size and NUMA nodes count, else the values of its cell. */
static int take_module(const struct taking *t, const xmlNode *source, int cell,
		       struct memory_need *need)
{
	const xmlNode *page = xmltree_child(source, NULL, "pagesize"),
		      *mask = xmltree_child(source, NULL, "nodemask");
	int rc = mask ? take_nodes(t, mask, xmltree_text(t->arena, mask), &need->nodes) :
			take_place(t, cell, &need->nodes);

	if (rc)
		return rc;
	if (!page)
		return take_page(t, cell, need);
	rc = take_element_size(t, page, &need->page);
	need->huge = !is_normal(need->page);
	return rc;
}

/* *sum: the sizes of all devices, whatever they are made of: <memory> has them in it. */
static int take_device(const struct taking *t, const xmlNode *node, unsigned long long *sum)
{
	const xmlNode *target = xmltree_child(node, NULL, "target");
	const char *amount = amount_of(xmltree_attr(t->arena, node, "model"));
	int cell = small_number(xmltree_text(t->arena, xmltree_child(target, NULL, "node")));
	struct memory_need need = { 0 };
	unsigned long long size;
	int rc = take_element_size(t, xmltree_child(target, NULL, "size"), &size);

	*sum += size;
	if (!rc && amount)
		rc = take_element_size(t, xmltree_child(target, NULL, amount), &need.kib);
	if (!rc && amount)
		rc = take_module(t, xmltree_child(node, NULL, "source"), cell, &need);
	if (!rc)
		add_need(t, &need);
	return rc;
}

static int take_devices(const struct taking *t, const xmlNode *devices, unsigned long long *sum)
{
	const xmlNode *node = xmltree_child(devices, NULL, "memory");
	int rc = 0;

	for (*sum = 0; node && !rc; node = xmltree_next(node, NULL, "memory"))
		rc = take_device(t, node, sum);
	return rc;
}

/* ---- all of it ---- */

/* With cells, libvirt believes them and not <memory> (virDomainDefPostParseMemory()). */
static int take_all(const struct taking *t, const xmlNode *domain)
{
	unsigned long long total = 0, cells = 0, modules = 0;
	int rc = index_pages(t);

	index_memnodes(t);
	if (!rc)
		rc = take_element_size(t, xmltree_child(domain, NULL, "memory"), &total);
	if (!rc)
		rc = take_cells(t, &cells);
	if (!rc)
		rc = take_devices(t, xmltree_child(domain, NULL, "devices"), &modules);
	if (!rc && !cells)
		rc = take_cell(t, NO_CELL, total > modules ? total - modules : 0);
	if (!rc)
		t->out->kib = cells ? cells + modules : total;
	return rc;
}

int domainmemory_take(struct arena *a, const xmlNode *domain, struct domain_memory *m,
		      struct err *err)
{
	const xmlNode *cpu = xmltree_child(domain, NULL, "cpu"),
		      *limit = xmltree_child(xmltree_child(domain, NULL, "memtune"), NULL,
					     "hard_limit"),
		      *backing = xmltree_child(domain, NULL, "memoryBacking");
	struct taking t = {
		.arena = a,
		.huge = xmltree_child(backing, NULL, "hugepages"),
		.choices = arena_new(a, struct choices),
		.numatune = xmltree_child(domain, NULL, "numatune"),
		.cells = xmltree_child(cpu, NULL, "numa"),
		.out = m,
		.err = err,
	};

	*m = (struct domain_memory){
		.locked = xmltree_child(backing, NULL, "locked") != NULL,
		.limited = limit != NULL,
	};
	return take_all(&t, domain);
}
