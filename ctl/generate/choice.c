/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the words of `kvmshim generate` to devices of this host. */
#include "ctl/generate/choice.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/words.h"
#include "device/deviceid.h"
#include "device/pciaddr.h"
#include "err.h"
#include "host/pci/pci.h"

#define LISTED 12 /* how many an error names */

struct found_pci {
	const struct device *device;
};

struct found_usb {
	const struct usb_device *device;
};

struct found {
	struct found_pci *v;
	size_t n, cap;
	struct found_usb *usb;
	size_t n_usb, usb_cap;
};

static void find(struct choice *c, struct found *f, const struct device *d)
{
	*arena_push(c->ctl->host.arena, f->v, f->n, f->cap) = (struct found_pci){ d };
}

static void find_usb(struct choice *c, struct found *f, const struct usb_device *d)
{
	*arena_push(c->ctl->host.arena, f->usb, f->n_usb, f->usb_cap) = (struct found_usb){ d };
}

/* ---- names ---- */

const char *chosen_name(const struct choice *c, const struct chosen *chosen)
{
	return device_short_name(c->ctl->host.arena, chosen->device);
}

/* A device can report any text: it becomes one line that cannot end a comment. */
const char *chosen_usb_name(const struct choice *c, const struct usb_device *d)
{
	struct arena *a = c->ctl->host.arena;
	const char *text = arena_printf(a, "%s%s%s", d->maker ? d->maker : "",
					d->maker && d->product ? " " : "",
					d->product ? d->product : "");
	char *name = arena_strdup(a, str_printable(a, *text ? text : d->id));

	for (char *dash = name; (dash = strstr(dash, "--"));)
		dash[1] = '_';
	return name;
}

static const char *slug_of(struct arena *a, const char *name)
{
	struct strbuf slug = { .arena = a };

	for (; *name && slug.len < 32; name++) {
		if (isalnum((unsigned char)*name))
			strbuf_addc(&slug, (char)tolower((unsigned char)*name));
		else if (slug.len && slug.text[slug.len - 1] != '-')
			strbuf_addc(&slug, '-');
	}
	while (slug.len && slug.text[slug.len - 1] == '-')
		slug.text[--slug.len] = '\0';
	return slug.len ? slug.text : "device";
}

static bool same_slot(const struct device *a, const struct device *b)
{
	const char *x = a->pci.address;

	return strncmp(x, b->pci.address, strcspn(x, ".") + 1) == 0;
}

static size_t first_of_slot(const struct choice *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_slot(c->v[k].device, c->v[i].device))
			return k;
	return i;
}

bool chosen_is_first_of_slot(const struct choice *c, size_t i)
{
	return first_of_slot(c, i) == i;
}

bool chosen_is_first_of_id(const struct choice *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(c->v[k].device->pci.id, c->v[i].device->pci.id))
			return false;
	return true;
}

const char *chosen_slug(const struct choice *c, size_t i)
{
	size_t first = first_of_slot(c, i);
	const char *slug = slug_of(c->ctl->host.arena, chosen_name(c, &c->v[first]));

	if (first == i)
		return slug;
	return arena_printf(c->ctl->host.arena, "%s-%s", slug, device_kind(c->v[i].device));
}

const char *chosen_address(const struct choice *c, const struct chosen *chosen)
{
	const char *address = chosen->device->pci.address;

	if (!chosen->whole)
		return address;
	return arena_strndup(c->ctl->host.arena, address, strcspn(address, "."));
}

/* ---- what a word fits ---- */

static bool holds(const char *text, const char *word)
{
	return text && strcasestr(text, word);
}

static void find_by_address(struct choice *c, const char *address, struct found *f)
{
	struct strv functions = { 0 };

	pci_functions(&c->ctl->host, address, &functions);
	for (size_t i = 0; i < functions.n; i++) {
		const struct device *d = device_find(&c->inv, functions.v[i]);

		if (d)
			find(c, f, d);
	}
}

static void find_by_port(struct choice *c, const char *word, struct found *f)
{
	for (size_t i = 0; i < c->plugged.n; i++)
		if (str_eq(c->plugged.v[i].port, word))
			find_usb(c, f, &c->plugged.v[i]);
}

static void find_by_id(struct choice *c, const char *word, struct found *f)
{
	for (size_t i = 0; i < c->inv.n; i++)
		if (strcasecmp(c->inv.v[i].pci.id, word) == 0)
			find(c, f, &c->inv.v[i]);
	for (size_t i = 0; i < c->plugged.n; i++)
		if (strcasecmp(c->plugged.v[i].id, word) == 0)
			find_usb(c, f, &c->plugged.v[i]);
}

static void find_by_name(struct choice *c, const char *word, struct found *f)
{
	struct arena *a = c->ctl->host.arena;

	for (size_t i = 0; i < c->inv.n; i++) {
		const struct device *d = &c->inv.v[i];

		if (d->name && !d->pci.bridge &&
		    holds(arena_printf(a, "%s %s", d->vendor_name ? d->vendor_name : "", d->name),
			  word))
			find(c, f, d);
	}
	for (size_t i = 0; i < c->plugged.n; i++)
		if (holds(chosen_usb_name(c, &c->plugged.v[i]), word))
			find_usb(c, f, &c->plugged.v[i]);
}

/* ---- is it clear which? ---- */

static int ambiguous(struct choice *c, const char *word, const struct found *f, struct err *err)
{
	struct arena *a = c->ctl->host.arena;
	struct strbuf list = { .arena = a };
	size_t n = 0;

	for (size_t i = 0; i < f->n && n < LISTED; i++, n++)
		strbuf_addf(&list, "\n  %s  %s  "
				   "%s", f->v[i].device->pci.address, f->v[i].device->pci.id,
			    device_short_name(a, f->v[i].device));
	for (size_t i = 0; i < f->n_usb && n < LISTED; i++, n++)
		strbuf_addf(&list, "\n  %s  %s  %s", f->usb[i].device->port, f->usb[i].device->id,
			    chosen_usb_name(c, f->usb[i].device));
	if (f->n + f->n_usb > n)
		strbuf_addf(&list, "\n  and %zu more", f->n + f->n_usb - n);
	return err_set(err, EEXIST, "'%s' matches several "
				    "devices%s", str_printable(a, word), list.text);
}

/* All in one slot, or, where alike ones are meant together, all of one vendor:device. */
static bool is_clear(const struct found *f, bool alike)
{
	bool one_slot = true, one_id = true;

	if (f->n_usb)
		return f->n_usb == 1 && f->n == 0;
	for (size_t i = 1; i < f->n; i++) {
		one_slot &= same_slot(f->v[0].device, f->v[i].device);
		one_id &= str_eq(f->v[0].device->pci.id, f->v[i].device->pci.id);
	}
	return one_slot || (alike && one_id);
}

/* ---- choosing ---- */

static void choose(struct choice *c, const struct device *d, bool whole, bool by_address)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].device == d)
			return;
	*arena_push(c->ctl->host.arena, c->v, c->n, c->cap) =
		(struct chosen){ d, whole, by_address };
}

/* Is it, or what it belongs to, a graphics card? A virtual function is for itself. */
static bool is_of_gpu(const struct choice *c, const struct device *d)
{
	for (size_t i = 0; i < c->inv.n && !d->pci.physfn; i++)
		if (same_slot(&c->inv.v[i], d) && device_is_gpu(&c->inv.v[i]))
			return true;
	return false;
}

/* Virtual functions may be in the slot of their card, but do not go with it. */
static void choose_slot(struct choice *c, const struct device *d, bool by_address)
{
	size_t n = 0, virtual = 0;

	for (size_t i = 0; i < c->inv.n; i++)
		if (same_slot(&c->inv.v[i], d))
			c->inv.v[i].pci.physfn ? virtual++ : n++;
	for (size_t i = 0; i < c->inv.n; i++)
		if (same_slot(&c->inv.v[i], d) && !c->inv.v[i].pci.physfn)
			choose(c, &c->inv.v[i], n > 1 && !virtual, by_address);
}

const struct usb_device *chosen_usb_twin(const struct choice *c, const struct usb_device *d)
{
	for (size_t i = 0; i < c->plugged.n; i++)
		if (&c->plugged.v[i] != d && str_eq(c->plugged.v[i].id, d->id))
			return &c->plugged.v[i];
	return NULL;
}

static void choose_usb(struct choice *c, const struct usb_device *d, bool by_port)
{
	for (size_t i = 0; i < c->n_usb; i++)
		if (c->usb[i].device == d)
			return;
	*arena_push(c->ctl->host.arena, c->usb, c->n_usb, c->usb_cap) =
		(struct chosen_usb){ d, by_port || chosen_usb_twin(c, d) };
}

static int choose_all(struct choice *c, const struct found *f, bool slot, bool by_place,
		      struct err *err)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct device *d = f->v[i].device;

		if (d->pci.bridge)
			return err_set(err, EINVAL, "%s is a bridge, and a VM cannot use a bridge",
				       d->pci.address);
		if (slot || is_of_gpu(c, d))
			choose_slot(c, d, by_place);
		else
			choose(c, d, false, by_place);
	}
	for (size_t i = 0; i < f->n_usb; i++)
		choose_usb(c, f->usb[i].device, by_place);
	return 0;
}

static int nothing(struct choice *c, const char *word, const char *address, struct err *err)
{
	if (address)
		return err_set(err, ENODEV, "%s: this host has no such PCI device", address);
	return err_set(err, ENODEV,
		       "'%s': this host has no device with this address, vendor:device or name; "
		       "see "
		       "kvmshim devices%s",
		       str_printable(c->ctl->host.arena, word),
		       c->inv.unseen.n ? " (it also reports what it could not read)" : "");
}

int choice_add(struct choice *c, const char *word, bool alike, struct err *err)
{
	const char *address = pciaddr_spell(c->ctl->host.arena, word);
	struct found f = { 0 };
	bool by_place;

	if (address)
		find_by_address(c, address, &f);
	else
		find_by_port(c, word, &f);
	by_place = address || f.n_usb;
	if (!by_place && deviceid_is(word))
		find_by_id(c, word, &f);
	else if (!by_place && *word)
		find_by_name(c, word, &f);
	if (!f.n && !f.n_usb)
		return nothing(c, word, address, err);
	if (!is_clear(&f, alike))
		return ambiguous(c, word, &f, err);
	return choose_all(c, &f, address && !strchr(address, '.'), by_place, err);
}
