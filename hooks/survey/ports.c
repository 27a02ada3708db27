/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/ports.h"

#include "arena.h"
#include "conf/settings.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "host/pci/pci.h"
#include "host/pci/pcihost.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

struct looking {
	const struct host *host;
	const struct settings *settings;
	const struct reservations *held;
	struct survey *out;
};

/* The value before the first VM below the bridge set it; NULL: no VM has. */
static const char *former(const struct reservations *held, const char *bridge, const char *name)
{
	for (size_t i = 0; i < held->n; i++) {
		const struct step *s = NULL;

		while ((s = journal_next_step(&held->v[i].journal, OP_PORT, s)))
			if (str_same(s->device, bridge) && str_same(s->name, name))
				return s->from;
	}
	return NULL;
}

static bool is_known(const struct survey *out, const char *bridge, const char *name)
{
	for (size_t i = 0; i < out->n_ports; i++)
		if (str_eq(out->ports[i].bridge, bridge) && str_eq(out->ports[i].name, name))
			return true;
	return false;
}

static void add_port(const struct looking *l, const struct subject *s, const char *bridge,
		     const struct attribute_setting *want)
{
	struct survey *out = l->out;
	struct arena *a = l->host->arena;
	const char *now = sysfs_text(l->host, pci_attribute_path(a, bridge, want->name));
	const char *from = former(l->held, bridge, want->name);

	if (!now || is_known(out, bridge, want->name) || (!from && str_eq(now, want->value)))
		return;
	*arena_push(a, out->ports, out->n_ports, out->ports_cap) = (struct port){
		.bridge = bridge,
		.below = s->pci.address,
		.name = want->name,
		.to = want->value,
		.from = from ? from : now,
	};
}

static void look_at_section(const struct looking *l, const struct subject *s, const char *bridge,
			    const struct device_settings *conf)
{
	const char *key = settings_not_of_bridge(conf);

	for (size_t i = 0; i < conf->n_attributes; i++)
		if (settings_is_of_bridge(conf->attributes[i].name))
			add_port(l, s, bridge, &conf->attributes[i]);
	if (key)
		strv_push(l->host->arena, &l->out->notes,
			  arena_printf(l->host->arena,
				       "%s is a PCI bridge, so the hook ignores %s in its section at "
				       "%s:%u",
				       bridge, key, l->settings->path, conf->line));
}

void ports_look(const struct host *host, const struct settings *settings,
		const struct reservations *held, struct survey *out)
{
	struct looking l = { host, settings, held, out };

	for (size_t i = 0; settings->n_devices && i < out->n; i++) {
		const struct subject *s = &out->v[i];
		const char *bridge = s->exists && !subject_stays(s) ? s->pci.address : NULL;

		while (bridge && (bridge = pcihost_above(host, bridge))) {
			const struct device_settings *conf = settings_of_device(settings, bridge);

			if (conf)
				look_at_section(&l, s, bridge, conf);
		}
	}
}
