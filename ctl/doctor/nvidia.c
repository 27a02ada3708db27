/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards of NVIDIA that a VM needs and that driver nvidia has now. */
#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/process/holders.h"
#include "host/use/usesnvidia.h"

static bool is_nvidias(const struct doctor *d, const char *address)
{
	const struct pci_function *f = machine_function(&d->machine, address);

	return f && str_same(f->driver, "nvidia");
}

static bool is_unloaded(const struct doctor *d, const char *address)
{
	const struct device_settings *conf = settings_of_device(&d->ours.settings, address);

	return conf && strv_has(&conf->unload_modules, "nvidia_drm");
}

struct row doctor_nvidia_modeset(const struct doctor *d)
{
	struct row_texts kept = { 0 };
	const char *first = NULL;

	for (size_t i = 0; i < d->passed.n; i++) {
		const char *address = d->passed.v[i];

		if (!uses_nvidia_modeset(&d->host, address) || is_unloaded(d, address))
			continue;
		first = first ? first : address;
		row_add(d, &kept, "%s", address);
	}
	if (!kept.n)
		return row_ok(d, "nvidia_drm does not keep a device that a VM needs");
	return row_fail(d,
			arena_printf(d->host.arena,
				     "set unload-modules = nvidia_uvm, nvidia_drm, nvidia_modeset in section "
				     "[device %s] of /etc/kvmshim/kvmshim.conf, or boot with "
				     "nvidia_drm.modeset=0",
				     first),
			"nvidia_drm has modeset=1, so driver nvidia would never unbind %s",
			row_list(d, &kept));
}

struct row doctor_nvidia_unbind(const struct doctor *d)
{
	struct row_texts lasting = { 0 };

	for (size_t i = 0; i < d->passed.n; i++)
		if (is_nvidias(d, d->passed.v[i]) && uses_nvidia_lasting(&d->host, d->passed.v[i]))
			row_add(d, &lasting, "%s", d->passed.v[i]);
	if (!lasting.n)
		return row_ok(d, "an unbind of driver nvidia that is stuck ends with the program that "
				 "has the device open");
	return row_warn(d, "name the units that use the card in stop-units; do not set holders = nvidia:try",
			"with driver nvidia %s, an unbind that is stuck ends only with a reboot: %s",
			uses_nvidia_version(&d->host), row_list(d, &lasting));
}

/* ---- the device nodes that all cards share ---- */

static bool is_shared(const struct node *node)
{
	return str_eq(node->name, "nvidiactl") || str_eq(node->name, "nvidia-modeset") ||
	       str_eq(node->name, "nvidia-uvm");
}

/* Of the only card that the driver has. */
static void shared_nodes(const struct doctor *d, const char *address, struct nodes *nodes)
{
	struct subdevices b = { 0 };

	if (subdevices_read(&d->host, address, &b) < 0)
		return;
	for (size_t i = 0; i < b.nodes.n; i++)
		if (is_shared(&b.nodes.v[i]))
			*arena_push(d->host.arena, nodes->v, nodes->n, nodes->cap) = b.nodes.v[i];
}

static bool is_stopped(const struct doctor *d, const char *address, const struct holder *h)
{
	return h->unit && settings_stop_unit(settings_of_device(&d->ours.settings, address), h->unit);
}

static struct row row_shared(const struct doctor *d, const char *address, const struct holders *h)
{
	struct row_texts users = { 0 };

	for (size_t i = 0; i < h->n; i++)
		if (!is_stopped(d, address, &h->v[i]))
			row_add(d, &users, "%s (pid %ld) has /dev/%s open", h->v[i].command,
				(long)h->v[i].process.pid, h->v[i].node->name);
	if (!users.n)
		return h->n_hidden ? row_unseen(d, "the programs that have /dev/nvidiactl open") :
				     row_ok(d, "no program keeps the device nodes that cards of NVIDIA "
					       "share");
	return row_warn(d,
			arena_printf(d->host.arena,
				     "name their units in stop-units or pause-units of section [device %s] "
				     "of /etc/kvmshim/kvmshim.conf",
				     address),
			"%s is the only card of driver nvidia, so these programs use it: %s", address,
			row_list(d, &users));
}

struct row doctor_nvidia_nodes(const struct doctor *d)
{
	struct opendevices opens = { 0 };
	struct holders holders = { 0 };
	struct nodes nodes = { 0 };
	size_t i = 0;

	while (i < d->passed.n && !is_nvidias(d, d->passed.v[i]))
		i++;
	if (i < d->passed.n)
		shared_nodes(d, d->passed.v[i], &nodes);
	if (!nodes.n)
		return row_ok(d, "no VM needs the only card that driver nvidia has");
	opendevices_read(&d->host, &opens);
	holders_of(&d->host, &opens, &nodes, &holders);
	return row_shared(d, d->passed.v[i], &holders);
}
