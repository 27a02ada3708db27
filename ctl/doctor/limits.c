/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of libvirt for devices that rules pass through, as the hook has them, by domain. */
#include <limits.h>
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "hooks/limits.h"
#include "hooks/survey/subject.h"
#include "host/host.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/vfiocdev.h"

static void add_function(const struct doctor *d, struct survey *s, enum role role,
			 const char *address, bool iommufd)
{
	const struct pci_function *f = machine_function(&d->machine, address);

	if (f)
		*arena_push(d->host.arena, s->v, s->n, s->cap) =
			(struct subject){ .role = role,
					  .iommufd = iommufd,
					  .cdev = vfiocdev_name(&d->host, address),
					  .pci = *f,
					  .exists = true };
}

static void add_mdev(const struct doctor *d, struct survey *s, enum role role, const char *uuid,
		     bool iommufd)
{
	*arena_push(d->host.arena, s->mdevs, s->n_mdevs, s->mdevs_cap) = (struct mediated){
		.role = role,
		.uuid = uuid,
		.iommufd = iommufd,
		.cdev = vfiocdev_name(&d->host, uuid),
		.group = mdev_group(&d->host, uuid),
	};
}

/* The part of a survey that limits_look() uses. */
static void survey_shortly(const struct doctor *d, const struct defined *one,
			   const struct grants *g, struct survey *s)
{
	for (size_t i = 0; i < one->xml.n; i++) {
		const struct hostdev *h = &one->xml.hostdevs[i];
		enum role role = h->managed ? ROLE_MANAGED : ROLE_HOSTDEV;

		(h->kind == HOSTDEV_PCI ? add_function : add_mdev)(d, s, role, h->device,
								   h->iommufd);
	}
	for (size_t i = 0; i < g->n; i++)
		(g->v[i].kind == GRANT_PCI ? add_function : add_mdev)(d, s, ROLE_GRANT,
								      g->v[i].device,
								      g->v[i].iommufd);
}

static const char *limit_before(const struct doctor *d, const struct defined *one, const char *name,
			       size_t *granted)
{
	struct limit_facts *facts = arena_new(d->host.arena, struct limit_facts);
	struct survey survey = { 0 };
	struct mistakes m;
	struct grants g;

	doctor_grants(d, one, &g, &m);
	*granted += g.n > 0;
	if (!g.n)
		return NULL;
	survey_shortly(d, one, &g, &survey);
	limits_look(&d->host, &survey, &one->xml.memory, d->libvirt.daemon.pid, facts);
	facts->unit = doctor_daemon_unit(d);
	for (size_t i = 0; i < n_limits; i++)
		if (str_eq(limits[i].name, name))
			return limits[i].stops(facts);
	return NULL;
}

/* "what is in the way; what to do about it" */
static struct row row_of_limit(const struct doctor *d, const struct defined *one, const char *why)
{
	const char *semicolon = strstr(why, "; "), *colon = strstr(why, ": ");
	const char *mark = semicolon && (!colon || semicolon < colon) ? semicolon : colon;

	return row_fail(d, mark ? mark + 2 : NULL, "%s: %.*s", one->name,
			(int)(mark ? (size_t)(mark - why) : strlen(why)), why);
}

static struct row judge_limit(const struct doctor *d, const char *name, const char *fine)
{
	size_t granted = 0;
	bool passes = doctor_has_rule(d, verb_is_granted);

	for (size_t i = 0; passes && i < d->n_domains; i++) {
		const char *why = limit_before(d, &d->domains[i], name, &granted);

		if (why)
			return row_of_limit(d, &d->domains[i], why);
	}
	if (granted)
		return row_ok(d, "%s", fine);
	if (d->unseen_domains && passes)
		return row_unseen(d, DOMAIN_FOLDER);
	return row_ok(d, "no rule passes a device through to a domain");
}

struct row doctor_memlock(const struct doctor *d)
{
	struct row row = judge_limit(d, "memlock",
				     "the limit is enough for all domains with devices of rules");

	if (row.grade == GRADE_OK && !d->libvirt.daemon.pid && d->libvirt.program)
		row.seen = arena_printf(d->host.arena, "%s; the libvirt daemon is not running",
					row.seen);
	return row;
}

#define USB_NODES "/dev/bus/usb/"

static bool allows_below(const struct doctor *d, const char *folder)
{
	const struct strv *acl = &d->libvirt.conf.device_acl;

	for (size_t i = 0; i < acl->n; i++)
		if (str_starts(acl->v[i], folder))
			return true;
	return false;
}

/* A device node that a rule of another kind adds and libvirt keeps from QEMU; NULL. */
static const char *kept_node(const struct doctor *d, const struct action *action)
{
	const struct qemuconf *conf = &d->libvirt.conf;
	const char *node = action->words.n ? action->words.v[0] : "";

	if (action->verb == VERB_PASS_USB)
		return allows_below(d, USB_NODES) ? NULL : USB_NODES "BUS/DEVICE";
	if (action->verb != VERB_PASS_DISK || !str_starts(node, "/dev/") ||
	    qemuconf_allows(conf, node) || qemuconf_allows(conf, doctor_resolved(d, node)))
		return NULL;
	return node;
}

static void add_kept(const struct doctor *d, const struct rule *rule, struct row_texts *kept,
		     const char **first)
{
	for (size_t i = 0; rule->enabled && i < rule->n_actions; i++) {
		const char *node = kept_node(d, &rule->actions[i]);

		if (!node)
			continue;
		*first = *first ? *first : node;
		row_add(d, kept, "%s:%u passes through %s", rule->file, rule->actions[i].line,
			node);
	}
}

struct row doctor_device_acl(const struct doctor *d)
{
	const struct qemuconf *conf = &d->libvirt.conf;
	struct row_texts kept = { 0 };
	const char *first = NULL;

	if (d->libvirt.conf_unseen)
		return row_unseen(d, QEMUCONF);
	if (!conf->known || !qemuconf_guards_devices(conf))
		return row_ok(d, "libvirt lets QEMU open every device node");
	for (size_t i = 0; i < d->ours.rules.n; i++)
		add_kept(d, &d->ours.rules.v[i], &kept, &first);
	if (kept.n)
		return row_fail(d,
				arena_printf(d->host.arena,
					     "add \"%s\" to cgroup_device_acl in " QEMUCONF
					     ", and restart %s",
					     first, doctor_daemon_unit(d)),
				"libvirt does not let QEMU open a device node: %s",
				row_list(d, &kept));
	return judge_limit(d, "cgroup_device_acl",
			  "the list has the device nodes of all devices of rules");
}
