/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of `kvmshim devices --html`: numbers, VMs, and below them the tree (pagetree.c). */
#include "ctl/devices/html.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/models.h"
#include "ctl/devices/page.h"
#include "ctl/devices/pagestyle.h"
#include "ctl/devices/pagetree.h"
#include "ctl/devices/words.h"

/* ---- graphics cards ---- */

/* The words for a count of cards. always: also for a count of 0. */
static const struct {
	const char *words;
	enum device_state state;
	bool always;
} counts[] = {
	{ "free", DEVICE_FREE, true },	     { "in use by VMs", DEVICE_VM, true },
	{ "host", DEVICE_HOST },	     { "moving", DEVICE_MOVING },
	{ "busy", DEVICE_BUSY },	     { "blocked", DEVICE_BLOCKED },
	{ "unknown", DEVICE_UNKNOWN },	     { "left over", DEVICE_LEFT_OVER },
	{ "stuck", DEVICE_STUCK },
};
#define N_COUNTS (sizeof(counts) / sizeof(counts[0]))

static void add_numbers(struct page *p, const struct model *all)
{
	page_add(p, "<dl class=\"numbers\">\n");
	for (size_t i = 0; i < N_COUNTS; i++)
		if (counts[i].always || all->of[counts[i].state])
			page_add(p, "<div class=\"%s\"><dt>%s</dt><dd>%zu</dd></div>\n",
				 device_states[counts[i].state], counts[i].words,
				 all->of[counts[i].state]);
	page_add(p, "<div class=\"all\"><dt>in all</dt><dd>%zu</dd></div>\n</dl>\n", all->total);
}

static void add_model(struct page *p, const struct model *m, const struct model *all)
{
	page_add(p, "<tr><th scope=\"row\">%t</th>", m->name);
	for (size_t i = 0; i < N_COUNTS; i++)
		if (counts[i].always || all->of[counts[i].state])
			page_add(p, "<td class=\"n\">%zu</td>", m->of[counts[i].state]);
	page_add(p, "<td class=\"n\">%zu</td></tr>\n", m->total);
}

static void add_model_table(struct page *p, const struct models *models)
{
	page_add(p, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Graphics "
		    "cards by model\">"
		    "<table>\n<thead><tr><th scope=\"col\">Model</th>");
	for (size_t i = 0; i < N_COUNTS; i++)
		if (counts[i].always || models->all.of[counts[i].state])
			page_add(p, "<th scope=\"col\" class=\"n\">%s</th>", counts[i].words);
	page_add(p, "<th scope=\"col\" class=\"n\">in all</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < models->n; i++)
		add_model(p, &models->v[i], &models->all);
	page_add(p, "</tbody></table></div>\n");
}

static void add_cards(struct page *p)
{
	struct models models;

	devices_models(p->ctl, p->inv, &models);
	page_add(p, "<section aria-labelledby=\"cards\">\n<h2 id=\"cards\">Graphics cards</h2>\n");
	if (models.n) {
		add_numbers(p, &models.all);
		add_model_table(p, &models);
	} else {
		page_add(p, "<p>This host has none.</p>\n");
	}
	page_add(p, "</section>\n");
}

/* ---- VMs ---- */

/* Are they the same VM? A VM without a UUID is compared by its name. */
static bool same_guest(const struct guest *a, const struct guest *b)
{
	return a == b || (a && b && str_same(a->uuid, b->uuid) && str_same(a->name, b->name));
}

static void add_device_of(struct page *p, const struct device *d, const char *mdev)
{
	page_add(p, "<li><a class=\"mono\" href=\"#d-%t\">%t</a> %t%s%t", d->pci.address,
		 d->pci.address, device_short_name(p->ctl->host.arena, d), mdev ? ", mdev " : "",
		 mdev ? mdev : "");
	if (d->state != DEVICE_VM)
		page_add(p, " <span class=\"state %s\">%s</span>", device_states[d->state],
			 device_states[d->state]);
	page_add(p, "</li>\n");
}

static void add_devices_of(struct page *p, const struct guest *guest)
{
	for (size_t i = 0; i < p->inv->n; i++) {
		const struct device *d = &p->inv->v[i];

		if (same_guest(d->guest, guest))
			add_device_of(p, d, NULL);
		for (size_t k = 0; k < d->n_mdevs; k++)
			if (same_guest(d->mdevs[k].guest, guest))
				add_device_of(p, d, d->mdevs[k].uuid);
	}
}

struct shown {
	const struct guest *guest;
};

struct guests {
	struct shown *v;
	size_t n, cap;
};

static void note_guest(struct page *p, struct guests *guests, const struct guest *guest)
{
	for (size_t i = 0; i < guests->n; i++)
		if (same_guest(guests->v[i].guest, guest))
			return;
	if (guest)
		*arena_push(p->ctl->host.arena, guests->v, guests->n, guests->cap) =
			(struct shown){ guest };
}

static void find_guests(struct page *p, struct guests *guests)
{
	for (size_t i = 0; i < p->inv->n; i++) {
		const struct device *d = &p->inv->v[i];

		note_guest(p, guests, d->guest);
		for (size_t k = 0; k < d->n_mdevs; k++)
			note_guest(p, guests, d->mdevs[k].guest);
	}
}

static void add_guests(struct page *p)
{
	struct guests guests = { 0 };

	find_guests(p, &guests);
	page_add(p, "<section aria-labelledby=\"vms\">\n<h2 id=\"vms\">VMs with devices</h2>\n");
	page_add(p, guests.n ? "<ul class=\"vms\">\n" : "<p>None.</p>\n");
	for (size_t i = 0; i < guests.n; i++) {
		const struct guest *guest = guests.v[i].guest;
		const char *since = page_since(p, guest);

		page_add(p, "<li><h3>%t</h3><p class=\"soft\">%s%t</p>\n<ul>\n",
			 page_guest(guest), *since ? "since " : "", since);
		add_devices_of(p, guest);
		page_add(p, "</ul></li>\n");
	}
	page_add(p, guests.n ? "</ul>\n</section>\n" : "</section>\n");
}

/* ---- all of it ---- */

static void add_unseen(struct page *p)
{
	const struct strv *unseen = &p->inv->unseen;

	if (!unseen->n)
		return;
	page_add(p, "<section aria-labelledby=\"unseen\">\n<h2 id=\"unseen\">Missing "
		    "information</h2>\n<ul>\n");
	for (size_t i = 0; i < unseen->n; i++)
		page_add(p, "<li>%t</li>\n", unseen->v[i]);
	page_add(p, "</ul>\n</section>\n");
}

static void add_head(struct page *p)
{
	char host[HOST_NAME_MAX + 1] = "this host", when[64] = "";
	time_t now = time(NULL);
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	page_add(p,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" "
		 "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<title>Devices of %t</title>\n<style>\n%s</style>\n</head>\n<body>\n"
		 "<a class=\"skip\" href=\"#devices\">To the devices</a>\n"
		 "<header><h1>%t</h1><p class=\"soft\">PCI devices, as seen on %t</p></header>\n",
		 host, page_style, host, when);
}

static void add_filter(struct page *p)
{
	static const struct {
		const char *id, *words;
	} filters[] = {
		{ "f-all", "all" },	   { "f-gpu", "graphics" },  { "f-free", "free" },
		{ "f-vm", "in use by VMs" },	   { "f-bad", "with a problem" },
	};

	page_add(p, "<fieldset><legend>Show</legend>\n");
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		page_add(p, "<label><input type=\"radio\" name=\"show\" id=\"%s\"%s>%s</label>\n",
			 filters[i].id, i ? "" : " checked", filters[i].words);
	page_add(p, "</fieldset>\n<p class=\"none\">No device matches.</p>\n");
}

static void add_legend(struct page *p)
{
	static const char *const meanings[DEVICE_STATES] = {
		[DEVICE_FREE] = "A VM can use it now: it is bound to VFIO, has no driver, or the "
				"hook can unbind its driver.",
		[DEVICE_VM] = "A VM uses it, or uses a mediated device of it.",
		[DEVICE_MOVING] = "It is being assigned or returned.",
		[DEVICE_BUSY] = "It is bound to VFIO, and a process that is not a VM of the hook "
				"has it open.",
		[DEVICE_BLOCKED] = "It is not in use, but a device of its IOMMU group, or a VF of "
				   "it, is in use.",
		[DEVICE_HOST] = "The host needs it, or no VM can use it.",
		[DEVICE_LEFT_OVER] = "Its VM has stopped without returning it; run kvmshim "
				     "recover.",
		[DEVICE_STUCK] = "A write to it has not finished in the kernel.",
		[DEVICE_UNKNOWN] = "Only root can see which VM or program uses it.",
		[DEVICE_BRIDGE] = "Other devices are connected to the host through it.",
	};

	page_add(p, "<details><summary>What the states mean</summary>\n<dl>\n");
	for (size_t i = 0; i < DEVICE_STATES; i++)
		page_add(p, "<dt><span class=\"state %s\">%s</span></dt><dd>%s</dd>\n",
			 device_states[i], device_states[i], meanings[i]);
	page_add(p, "</dl></details>\n");
}

const char *devices_html(struct ctl *ctl, const struct inventory *inv)
{
	struct page p = { .ctl = ctl, .inv = inv, .out = { .arena = ctl->host.arena } };

	add_head(&p);
	page_add(&p, "<main>\n");
	add_cards(&p);
	add_guests(&p);
	add_unseen(&p);
	page_add(&p, "<section aria-labelledby=\"devices\">\n<h2 id=\"devices\">Devices</h2>\n");
	add_filter(&p);
	add_legend(&p);
	page_tree(&p);
	page_add(&p, "</section>\n</main>\n<footer><p>Made by kvmshim " KVMSHIM_VERSION
		     " on the host itself; <span class=\"mono\">kvmshim devices</span> has the "
		     "same "
		     "as a table.</p></footer>\n</body>\n</html>\n");
	return strbuf_text(&p.out);
}
