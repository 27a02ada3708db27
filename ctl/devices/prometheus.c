/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for the textfile collector of Prometheus' node_exporter (its "text-based format",
 * version 0.0.4): a help and a type line before the samples of each metric.
 */
#include "ctl/devices/prometheus.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/models.h"
#include "ctl/devices/words.h"
#include "utc.h"

static void head(struct strbuf *out, const char *name, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* As str_printable() writes it; a backslash of a label is two. */
static void add_hex(struct strbuf *text, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		strbuf_addf(text, "\\\\x%02x", (unsigned char)p[i]);
}

/* A value of a label: UTF-8, with \, " and line feeds written as the format says. */
static const char *label(struct arena *a, const char *value)
{
	struct strbuf text = { .arena = a };

	for (const char *p = value ? value : ""; *p;) {
		size_t len = str_utf8_len(p, strlen(p));

		if (*p == '\\' || *p == '"')
			strbuf_addf(&text, "\\%c", *p);
		else if (*p == '\n')
			strbuf_add(&text, "\\n");
		else if (len && str_is_control(p, len))
			add_hex(&text, p, len);
		else if (len)
			strbuf_addn(&text, p, len);
		else
			strbuf_add(&text, "\xef\xbf\xbd");
		p += len ? len : 1;
	}
	return strbuf_text(&text);
}

static const char *number(struct arena *a, int n)
{
	return n < 0 ? "" : arena_printf(a, "%d", n);
}

static void add_info(struct arena *a, struct strbuf *out, const struct device *d)
{
	strbuf_addf(out,
		    "kvmshim_device_info{address=\"%s\",id=\"%s\",class=\"%06x\",kind=\"%s\","
		    "name=\"%s\",driver=\"%s\",home_driver=\"%s\",group=\"%s\",numa_node=\"%s\"} "
		    "1\n",
		    d->pci.address, d->pci.id, d->pci.class, device_kind(d),
		    label(a, device_short_name(a, d)), label(a, d->pci.driver), label(a, d->home),
		    number(a, d->pci.group), number(a, d->pci.numa_node));
}

static void add_state(struct arena *a, struct strbuf *out, const struct device *d)
{
	(void)a;
	strbuf_addf(out, "kvmshim_device_state{address=\"%s\",state=\"%s\"} 1\n", d->pci.address,
		    device_states[d->state]);
}

static void add_user(struct arena *a, struct strbuf *out, const struct device *d, const char *mdev,
		     const struct guest *guest)
{
	time_t since;

	if (!guest || !utc_read(guest->since, &since))
		return;
	strbuf_addf(out,
		    "kvmshim_device_vm_since_seconds{address=\"%s\",mdev=\"%s\",vm=\"%s\","
		    "uuid=\"%s\"} %lld\n",
		    d->pci.address, label(a, mdev), label(a, guest->name), label(a, guest->uuid),
		    (long long)since);
}

static void add_users(struct arena *a, struct strbuf *out, const struct device *d)
{
	add_user(a, out, d, NULL, d->guest);
	for (size_t i = 0; i < d->n_mdevs; i++)
		add_user(a, out, d, d->mdevs[i].uuid, d->mdevs[i].guest);
}

static void each(struct arena *a, struct strbuf *out, const struct inventory *inv,
		 void (*add)(struct arena *a, struct strbuf *out, const struct device *d))
{
	for (size_t i = 0; i < inv->n; i++)
		if (inv->v[i].state != DEVICE_BRIDGE)
			add(a, out, &inv->v[i]);
}

/* Zeros too, so that a graph of free cards reaches the bottom. */
static void add_models(struct ctl *ctl, struct strbuf *out, const struct inventory *inv)
{
	struct models models;

	devices_models(ctl, inv, &models);
	head(out, "kvmshim_gpus", "Graphics and compute cards, by model and state.");
	for (size_t i = 0; i < models.n; i++)
		for (int state = 0; state < DEVICE_BRIDGE; state++)
			strbuf_addf(out, "kvmshim_gpus{model=\"%s\",state=\"%s\"} %zu\n",
				    label(ctl->host.arena, models.v[i].name),
				    device_states[state], models.v[i].of[state]);
}

const char *devices_prometheus(struct ctl *ctl, const struct inventory *inv)
{
	struct arena *a = ctl->host.arena;
	struct strbuf out = { .arena = a };

	head(&out, "kvmshim_device_info", "A PCI function of the host that is not a bridge.");
	each(a, &out, inv, add_info);
	head(&out, "kvmshim_device_state", "The state that a PCI function is in.");
	each(a, &out, inv, add_state);
	head(&out, "kvmshim_device_vm_since_seconds",
	     "The time since a VM uses a PCI function or its mediated device, in Unix time.");
	each(a, &out, inv, add_users);
	add_models(ctl, &out, inv);
	head(&out, "kvmshim_devices_unseen", "The number of sources of information that could not "
					     "be read.");
	strbuf_addf(&out, "kvmshim_devices_unseen %zu\n", inv->unseen.n);
	return strbuf_text(&out);
}
