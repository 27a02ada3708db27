/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of `kvmshim devices`: as wide as its text, and up to 100 columns (or the terminal).
 * If the text is wider, the gaps shrink first, then the column that has most letters to spare.
 */
#include "ctl/devices/table.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/filter.h"
#include "ctl/devices/words.h"

#define WIDTH 100
#define LEAST 5

enum column {
	ADDRESS, NAME, CLASS, DRIVER, HOME, GROUP, NODE, RESET, VFS, VM, STATE, COLUMNS
};

/* least: to which it is cut before anything is cut to LEAST; 0: it never is. */
static const struct {
	const char *title;
	size_t least;
} columns[COLUMNS] = {
	[ADDRESS] = { "ADDRESS" },  [NAME] = { "NAME", 22 },  [CLASS] = { "CLASS" },
	[DRIVER] = { "DRIVER", 8 }, [HOME] = { "HOME", 8 },   [GROUP] = { "GROUP", 8 },
	[NODE] = { "NUMA" },	    [RESET] = { "RESET", 7 }, [VFS] = { "VFS" },
	[VM] = { "VM", 8 },	    [STATE] = { "STATE" },
};

static const char *const colours[DEVICE_STATES] = {
	[DEVICE_FREE] = "32",	 [DEVICE_VM] = "36",	    [DEVICE_MOVING] = "33",
	[DEVICE_BUSY] = "36",	 [DEVICE_BLOCKED] = "33",   [DEVICE_HOST] = NULL,
	[DEVICE_LEFT_OVER] = "31", [DEVICE_STUCK] = "31",  [DEVICE_UNKNOWN] = "33",
	[DEVICE_BRIDGE] = "2",
};

struct line {
	const struct device *device; /* NULL: the titles */
	const char *cells[COLUMNS];
};

struct table {
	struct arena *arena;
	struct line *v;
	size_t n, cap;
	size_t width[COLUMNS], gap;
	bool colour;
};

/* The number of letters: of bytes that begin one. */
static size_t letters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* The first letters of a text, with "…" as the last if the text has more. */
static const char *cut(struct arena *a, const char *text, size_t most)
{
	size_t n = 0, len = 0;

	if (letters(text) <= most)
		return text;
	for (; text[len]; len++)
		if ((text[len] & 0xc0) != 0x80 && ++n == most)
			break;
	return arena_printf(a, "%.*s…", (int)len, text);
}

/* ---- the cells ---- */

/* "11", "11 .1.2": with functions of the same slot; "14 02:00.0"; "14 and 5 more". */
static const char *group_cell(struct arena *a, const struct device *d)
{
	struct strbuf text = { .arena = a };
	size_t slot = strcspn(d->pci.address, ".");

	if (d->pci.group < 0)
		return "-";
	strbuf_addf(&text, "%d", d->pci.group);
	if (d->mates.n > 3 && !d->pci.bridge)
		return arena_printf(a, "%d +%zu", d->pci.group, d->mates.n);
	for (size_t i = 0; i < d->mates.n && !d->pci.bridge; i++) {
		const char *mate = d->mates.v[i];

		if (strncmp(mate, d->pci.address, slot + 1) == 0)
			mate += slot;
		else if (strncmp(mate, d->pci.address, slot - 5) == 0)
			mate += slot - 5;
		strbuf_addf(&text, "%s%s", i && *mate == '.' ? "" : " ", mate);
	}
	return text.len > 12 ? arena_printf(a, "%d +%zu", d->pci.group, d->mates.n) : text.text;
}

static const char *home_cell(struct arena *a, const struct device *d)
{
	if (!d->home)
		return "-";
	if (str_same(d->home, d->pci.driver))
		return "=";
	return arena_printf(a, "%s%s", str_printable(a, d->home),
			    d->home_from == HOME_MODULES ? "?" : "");
}

static const char *vfs_cell(struct arena *a, const struct device *d)
{
	if (d->pci.physfn)
		return "vf";
	if (!d->place.total_vfs && !d->pci.vfs.n)
		return "-";
	return arena_printf(a, "%zu/%d", d->pci.vfs.n, d->place.total_vfs);
}

static const char *guest_name(struct arena *a, const struct guest *guest)
{
	return str_printable(a, guest->name ? guest->name : guest->uuid ? guest->uuid : "?");
}

static const char *vm_cell(struct arena *a, const struct device *d)
{
	struct strbuf text = { .arena = a };

	if (d->guest)
		return guest_name(a, d->guest);
	for (size_t i = 0; i < d->n_mdevs; i++)
		if (d->mdevs[i].guest)
			strbuf_addf(&text, "%s%s", text.len ? "," : "",
				    guest_name(a, d->mdevs[i].guest));
	return text.len ? text.text : "-";
}

static void add_line(struct table *t, const struct device *d)
{
	struct arena *a = t->arena;
	const char *resets = device_resets(a, d);
	struct line line = { .device = d, .cells = {
		[ADDRESS] = d->pci.address,
		[NAME] = device_short_name(a, d),
		[CLASS] = device_kind(d),
		[DRIVER] = d->pci.driver ? str_printable(a, d->pci.driver) : "-",
		[HOME] = home_cell(a, d),
		[GROUP] = group_cell(a, d),
		[NODE] = d->pci.numa_node < 0 ? "-" : arena_printf(a, "%d", d->pci.numa_node),
		[RESET] = *resets ? resets : "-",
		[VFS] = vfs_cell(a, d),
		[VM] = vm_cell(a, d),
		[STATE] = device_states[d->state],
	} };

	*arena_push(a, t->v, t->n, t->cap) = line;
}

static void add_titles(struct table *t)
{
	struct line line = { 0 };

	for (int c = 0; c < COLUMNS; c++)
		line.cells[c] = columns[c].title;
	*arena_push(t->arena, t->v, t->n, t->cap) = line;
}

/* ---- the widths ---- */

static size_t widest(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > WIDTH)
		return w.ws_col;
	return WIDTH;
}

static size_t total(const struct table *t)
{
	size_t sum = 0;

	for (int c = 0; c < COLUMNS; c++)
		sum += t->width[c] + (c ? t->gap : 0);
	return sum;
}

static size_t spare(const struct table *t, int c, size_t least)
{
	return columns[c].least && t->width[c] > least ? t->width[c] - least : 0;
}

/* The one with most letters to spare; ADDRESS, which is never cut: none has any. */
static int to_be_cut(const struct table *t)
{
	int best = ADDRESS, last = ADDRESS;

	for (int c = 0; c < COLUMNS; c++) {
		if (spare(t, c, columns[c].least) > spare(t, best, columns[best].least))
			best = c;
		if (spare(t, c, LEAST) > spare(t, last, LEAST))
			last = c;
	}
	return best != ADDRESS ? best : last;
}

static void measure(struct table *t)
{
	size_t most = widest();

	for (size_t i = 0; i < t->n; i++)
		for (int c = 0; c < COLUMNS; c++) {
			size_t width = letters(t->v[i].cells[c]);

			t->width[c] = width > t->width[c] ? width : t->width[c];
		}
	t->gap = 2;
	if (total(t) > most)
		t->gap = 1;
	while (total(t) > most && to_be_cut(t) != ADDRESS)
		t->width[to_be_cut(t)]--;
}

/* ---- printing ---- */

static void print_cell(const struct table *t, const struct line *line, int c)
{
	const char *text = cut(t->arena, line->cells[c], t->width[c]);
	const char *colour = line->device ? colours[line->device->state] : "1";
	bool coloured = t->colour && colour && (c == STATE || !line->device);

	if (coloured)
		printf("\033[%sm%s\033[0m", colour, text);
	else
		fputs(text, stdout);
	if (c < COLUMNS - 1)
		printf("%*s", (int)(t->width[c] - letters(text) + t->gap), "");
}

static void print_line(const struct table *t, const struct line *line)
{
	for (int c = 0; c < COLUMNS; c++)
		print_cell(t, line, c);
	putchar('\n');
}

void devices_table(struct ctl *ctl, const struct inventory *inv, const struct filter *f)
{
	struct table t = { .arena = ctl->host.arena, .colour = ctl->colour };

	add_titles(&t);
	for (size_t i = 0; i < inv->n; i++)
		if (filter_takes(f, &inv->v[i]))
			add_line(&t, &inv->v[i]);
	if (t.n == 1)
		return;
	measure(&t);
	for (size_t i = 0; i < t.n; i++)
		print_line(&t, &t.v[i]);
}
