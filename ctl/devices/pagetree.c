/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of the page. A bridge has slots below it, a slot has functions, and a function that is
 * a bridge has its own slots below it. A frame is drawn around neighbours that are, with all
 * devices below them, in one IOMMU group: slots first, then functions of a slot. A group whose
 * devices are not neighbours has several frames, and each frame reports this.
 */
#include "ctl/devices/pagetree.h"

#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/page.h"
#include "ctl/devices/words.h"

#define NOBODY ((size_t)-1)
#define MIXED (-2) /* more than one group */

/* For each device what hangs from it: first, and the next beside that. */
struct tree {
	struct page *page;
	size_t *above, *first, *next;
};

static const struct device *at(const struct tree *t, size_t i)
{
	return &t->page->inv->v[i];
}

/* The devices below a bridge that is not in the list are shown at the top. */
static size_t find_above(const struct tree *t, size_t i)
{
	const char *address = at(t, i)->place.above;
	const struct device *d = address ? device_find(t->page->inv, address) : NULL;

	return d && d != at(t, i) ? (size_t)(d - t->page->inv->v) : NOBODY;
}

static void grow(struct tree *t)
{
	size_t n = t->page->inv->n;
	struct arena *a = t->page->ctl->host.arena;

	t->above = arena_alloc(a, (n + 1) * sizeof(size_t));
	t->first = arena_alloc(a, (n + 1) * sizeof(size_t));
	t->next = arena_alloc(a, (n + 1) * sizeof(size_t));
	for (size_t i = 0; i < n; i++)
		t->first[i] = t->next[i] = NOBODY;
	for (size_t i = n; i-- > 0;) {
		t->above[i] = find_above(t, i);
		if (t->above[i] == NOBODY)
			continue;
		t->next[i] = t->first[t->above[i]];
		t->first[t->above[i]] = i;
	}
}

/* The group of a function and all below it. */
static int group_of(const struct tree *t, size_t i)
{
	int group = at(t, i)->pci.group;

	for (size_t k = t->first[i]; group != MIXED && k != NOBODY; k = t->next[k])
		if (group_of(t, k) != group)
			group = MIXED;
	return group;
}

static bool same_slot(const struct tree *t, size_t i, size_t k)
{
	const char *a = at(t, i)->pci.address;

	return strncmp(a, at(t, k)->pci.address, strcspn(a, ".") + 1) == 0;
}

/* ---- a function ---- */

static bool is_trouble(const struct device *d)
{
	return d->state == DEVICE_LEFT_OVER || d->state == DEVICE_STUCK;
}

static void add_driver(struct page *p, const struct device *d)
{
	if (d->pci.driver)
		page_add(p, " · driver %t", d->pci.driver);
	else if (d->state != DEVICE_BRIDGE)
		page_add(p, " · no driver");
	if (d->home && !str_same(d->home, d->pci.driver))
		page_add(p, ", host driver %t%s", d->home,
			 d->home_from == HOME_MODULES ? " (probably)" : "");
}

static void add_facts(struct page *p, const struct device *d)
{
	struct arena *a = p->ctl->host.arena;

	page_add(p, "<p class=\"about\">%t", d->class_name ? d->class_name : device_kind(d));
	add_driver(p, d);
	if (d->pci.numa_node >= 0)
		page_add(p, " · NUMA node %zu", (size_t)d->pci.numa_node);
	if (d->place.resets.n)
		page_add(p, " · reset %t", device_resets(a, d));
	if (d->place.total_vfs > 0)
		page_add(p, " · %zu of %zu VFs", d->pci.vfs.n, (size_t)d->place.total_vfs);
	if (d->pci.physfn)
		page_add(p, " · VF of %t", d->pci.physfn);
	page_add(p, " · <span class=\"mono\">%t</span></p>\n", d->pci.id);
}

static void add_owner(struct page *p, const struct device *d, const char *mdev,
		      const struct guest *guest)
{
	const char *since = guest ? page_since(p, guest) : "";

	if (mdev)
		page_add(p, "<p class=\"use\">mdev <span class=\"mono\">%t</span>: ", mdev);
	else
		page_add(p, "<p class=\"use\">");
	if (!guest)
		page_add(p, "nobody’s</p>\n");
	else if (!mdev && d->state != DEVICE_VM)
		page_add(p, "%t%s%t</p>\n", d->why ? d->why : "", *since ? ", since " : "", since);
	else
		page_add(p, "VM %t%s%t</p>\n", page_guest(guest), *since ? ", since " : "", since);
}

static void add_use(struct page *p, const struct device *d)
{
	if (d->guest)
		add_owner(p, d, NULL, d->guest);
	else if (d->why && !d->n_mdevs && d->state != DEVICE_FREE)
		page_add(p, "<p class=\"use\">%t</p>\n", d->why);
	for (size_t i = 0; i < d->n_mdevs; i++)
		add_owner(p, d, d->mdevs[i].uuid, d->mdevs[i].guest);
}

static void add_function(const struct tree *t, size_t i, bool tell_group)
{
	struct page *p = t->page;
	const struct device *d = at(t, i);

	page_add(p, "<div class=\"fn b-%s%s%s\" id=\"d-%t\"><span class=\"state "
		    "%s\">%s</span><div>\n",
		 device_states[d->state], device_is_gpu(d) ? " gpu" : "", is_trouble(d) ? " t" : "",
		 d->pci.address, device_states[d->state], device_states[d->state]);
	page_add(p, "<p><span class=\"mono\">%t</span> <span class=\"name\">%t</span>",
		 d->pci.address, device_short_name(p->ctl->host.arena, d));
	if (tell_group && d->pci.group >= 0)
		page_add(p, " · IOMMU group %zu", (size_t)d->pci.group);
	page_add(p, "</p>\n");
	if (d->state != DEVICE_BRIDGE) {
		add_facts(p, d);
		add_use(p, d);
	}
	page_add(p, "</div></div>\n");
}

/* ---- frames ---- */

static size_t members(const struct tree *t, size_t i)
{
	size_t n = at(t, i)->pci.bridge ? 0 : 1;

	for (size_t k = t->first[i]; k != NOBODY; k = t->next[k])
		n += members(t, k);
	return n;
}

/* "IOMMU group 11", and whether the group has more devices than this frame. */
static void open_frame(const struct tree *t, const size_t *run, size_t n)
{
	const struct device *first = at(t, run[0]);
	size_t inside = 0, all = first->mates.n + (first->pci.bridge ? 0 : 1);

	for (size_t i = 0; i < n; i++)
		inside += members(t, run[i]);
	page_add(t->page, "<li class=\"frame\"><p class=\"of\">IOMMU group %zu%s</p><ul>\n",
		 (size_t)first->pci.group, inside < all ? ", a part of the group; the rest is "
							  "elsewhere on this page" : "");
}

static void close_frame(const struct tree *t)
{
	page_add(t->page, "</ul></li>\n");
}

/* ---- functions, slots, what hangs from a bridge ---- */

static void add_all(const struct tree *t, const size_t *v, size_t n, bool framed);

static size_t children(const struct tree *t, size_t i, size_t **v)
{
	size_t n = 0, cap = 0;

	*v = NULL;
	for (size_t k = t->first[i]; k != NOBODY; k = t->next[k])
		*arena_push(t->page->ctl->host.arena, *v, n, cap) = k;
	return n;
}

static void add_node(const struct tree *t, size_t i, bool framed, bool tell_group)
{
	size_t *below, n = children(t, i, &below);

	page_add(t->page, "<li>");
	add_function(t, i, tell_group);
	if (n) {
		page_add(t->page, "<ul class=\"below\">\n");
		add_all(t, below, n, framed);
		page_add(t->page, "</ul>\n");
	}
	page_add(t->page, "</li>\n");
}

static size_t run_of_group(const struct tree *t, const size_t *v, size_t n)
{
	size_t run = 1;

	while (run < n && group_of(t, v[run]) == group_of(t, v[0]))
		run++;
	return run;
}

/* The functions of a slot. framed: a frame is open already. */
static void add_functions(const struct tree *t, const size_t *v, size_t n, bool framed)
{
	for (size_t i = 0; i < n;) {
		size_t run = run_of_group(t, v + i, n - i);
		bool frame = !framed && group_of(t, v[i]) >= 0;

		if (frame)
			open_frame(t, v + i, run);
		for (size_t k = i; k < i + run; k++)
			add_node(t, v[k], framed || frame, !framed && !frame);
		if (frame)
			close_frame(t);
		i += run;
	}
}

static size_t slot_end(const struct tree *t, const size_t *v, size_t n)
{
	size_t end = 1;

	while (end < n && same_slot(t, v[0], v[end]))
		end++;
	return end;
}

/* A slot with one function, and without a label, is not shown. */
static void add_slot(const struct tree *t, const size_t *v, size_t n, bool framed)
{
	const struct device *d = at(t, v[0]);

	if (n == 1 && !d->slot) {
		add_functions(t, v, n, framed);
		return;
	}
	page_add(t->page, "<li class=\"slot\"><p>Slot <span class=\"mono\">%t</span>%s%t</p><ul>\n",
		 arena_strndup(t->page->ctl->host.arena, d->pci.address,
			       strcspn(d->pci.address, ".")),
		 d->slot ? ", label on the host: " : "", d->slot ? d->slot : "");
	add_functions(t, v, n, framed);
	page_add(t->page, "</ul></li>\n");
}

/* How many functions, slot by slot, are of the group of the first slot; 0: that has several. */
static size_t run_of_slots(const struct tree *t, const size_t *v, size_t n)
{
	int group = group_of(t, v[0]);
	size_t end = 0;

	while (group >= 0 && end < n) {
		size_t slot = slot_end(t, v + end, n - end);

		if (group_of(t, v[end]) != group || run_of_group(t, v + end, slot) < slot)
			break;
		end += slot;
	}
	return end;
}

static void add_all(const struct tree *t, const size_t *v, size_t n, bool framed)
{
	for (size_t i = 0; i < n;) {
		size_t run = framed ? 0 : run_of_slots(t, v + i, n - i), end = i;

		if (run)
			open_frame(t, v + i, run);
		do {
			size_t slot = slot_end(t, v + end, n - end);

			add_slot(t, v + end, slot, framed || run);
			end += slot;
		} while (end < i + run);
		if (run)
			close_frame(t);
		i = end;
	}
}

/* ---- host bridges ---- */

static size_t tops_of(const struct tree *t, size_t from, size_t **v)
{
	size_t n = 0, cap = 0;

	*v = NULL;
	for (size_t i = from; i < t->page->inv->n; i++)
		if (t->above[i] == NOBODY && str_same(at(t, i)->place.root, at(t, from)->place.root))
			*arena_push(t->page->ctl->host.arena, *v, n, cap) = i;
	return n;
}

static bool is_first_of_root(const struct tree *t, size_t i)
{
	if (t->above[i] != NOBODY)
		return false;
	for (size_t k = 0; k < i; k++)
		if (t->above[k] == NOBODY && str_same(at(t, k)->place.root, at(t, i)->place.root))
			return false;
	return true;
}

void page_tree(struct page *p)
{
	struct tree t = { .page = p };
	size_t *tops, n;

	grow(&t);
	page_add(p, "<div class=\"roots\">\n");
	for (size_t i = 0; i < p->inv->n; i++) {
		if (!is_first_of_root(&t, i))
			continue;
		n = tops_of(&t, i, &tops);
		page_add(p, "<div class=\"root\"><h3>Host bridge <span "
			    "class=\"mono\">%t</span></h3>\n"
			    "<ul class=\"tree\">\n", at(&t, i)->place.root);
		add_all(&t, tops, n, false);
		page_add(p, "</ul></div>\n");
	}
	page_add(p, "</div>\n");
}
