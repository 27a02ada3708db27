/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/limits.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "hooks/domain/memory.h"
#include "hooks/memory/memory.h"
#include "hooks/survey/subject.h"
#include "host/hugepages.h"
#include "host/process/daemon.h"
#include "host/vfiocdev.h"
#include "root.h"

#define CONTAINER "/dev/vfio/vfio"
#define CDEV "/dev/vfio/devices/vfio"
#define CDEVS_LISTED 7

/*
 * Libvirt adds this for VFIO, for mappings that are not memory of the VM
 * (qemuDomainGetMemLockLimitBytes()).
 */
#define MARGIN (1ULL << 20)

static const char *unit_of(const struct limit_facts *f)
{
	return f->unit ? str_printable(f->arena, f->unit) : "libvirtd.service or virtqemud.service";
}

/* ---- the limits ---- */

static const char *memlock_stops(const struct limit_facts *f)
{
	struct arena *a = f->arena;

	if (f->needs <= f->memlock)
		return NULL;
	return arena_printf(a,
			    "a device that a rule passes through needs %s of locked memory, but "
			    "libvirt's limit is %s; add a drop-in to %s with [Service] "
			    "LimitMEMLOCK=infinity and restart the unit, or add "
			    "<memtune><hard_limit unit='KiB'>%llu</hard_limit></memtune> to the "
			    "domain XML",
			    memory_size_text(a, f->needs), memory_size_text(a, f->memlock),
			    unit_of(f), f->needs);
}

static bool lacks_node(const struct limit_facts *f)
{
	for (size_t i = 0; i < f->nodes.n; i++)
		if (!qemuconf_allows(&f->conf, f->nodes.v[i]))
			return true;
	return false;
}

/* The number of a device node for IOMMUFD, or -1. */
static int cdev_number(const char *node)
{
	return str_starts(node, CDEV) ? atoi(node + strlen(CDEV)) : -1;
}

/* At the next start a device may have any lower number: the line is to be written once. */
static int highest_cdev(const struct limit_facts *f)
{
	int highest = -1;

	for (size_t i = 0; i < f->nodes.n; i++)
		if (cdev_number(f->nodes.v[i]) > highest)
			highest = cdev_number(f->nodes.v[i]);
	return highest < 0 || highest > CDEVS_LISTED ? highest : CDEVS_LISTED;
}

static void add_missing(const struct limit_facts *f, const char *node, struct strbuf *b)
{
	if (!qemuconf_allows(&f->conf, node))
		strbuf_addf(b, "%s\"%s\"", b->len ? ", " : "", node);
}

/* The whole value that it needs: the current value, or libvirt's default, and ours. */
static const char *acl_line(const struct limit_facts *f)
{
	struct strbuf b = { .arena = f->arena };
	const struct strv *has = &f->conf.device_acl;
	int highest = highest_cdev(f);

	for (size_t i = 0; i < has->n; i++)
		strbuf_addf(&b, "%s\"%s\"", b.len ? ", " : "", has->v[i]);
	for (size_t i = 0; i < f->nodes.n; i++)
		if (cdev_number(f->nodes.v[i]) < 0)
			add_missing(f, f->nodes.v[i], &b);
	for (int i = 0; i <= highest; i++)
		add_missing(f, arena_printf(f->arena, CDEV "%d", i), &b);
	return arena_printf(f->arena, "cgroup_device_acl = [ %s ]", strbuf_text(&b));
}

static const char *acl_stops(const struct limit_facts *f)
{
	if (!f->conf.known || !qemuconf_guards_devices(&f->conf) || !lacks_node(f))
		return NULL;
	return arena_printf(f->arena,
			    "libvirt does not let QEMU open the VFIO device nodes of a device that "
			    "a rule passes through; put this line in %s, as the only "
			    "cgroup_device_acl line, and restart %s: %s",
			    QEMUCONF, unit_of(f), acl_line(f));
}

const struct limit limits[] = {
	{ "memlock", memlock_stops },
	{ "cgroup_device_acl", acl_stops },
};
const size_t n_limits = sizeof(limits) / sizeof(limits[0]);

/* ---- looking ---- */

static bool is_of_xml(enum role role)
{
	return role == ROLE_HOSTDEV || role == ROLE_MANAGED;
}

static bool has_role(const struct survey *s, bool (*is)(enum role))
{
	for (size_t i = 0; i < s->n; i++)
		if (is(s->v[i].role))
			return true;
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (is(s->mdevs[i].role))
			return true;
	return false;
}

static bool is_grant(enum role role)
{
	return role == ROLE_GRANT;
}

static bool is_user(enum role role)
{
	return is_of_xml(role) || is_grant(role);
}

/* Does one of these devices go to QEMU by IOMMUFD, or by its group? */
static bool uses(const struct survey *s, bool (*is)(enum role), bool iommufd)
{
	for (size_t i = 0; i < s->n; i++)
		if (is(s->v[i].role) && s->v[i].iommufd == iommufd)
			return true;
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (is(s->mdevs[i].role) && s->mdevs[i].iommufd == iommufd)
			return true;
	return false;
}

static void add_node(struct limit_facts *f, const char *node)
{
	for (size_t i = 0; i < f->nodes.n; i++)
		if (str_eq(f->nodes.v[i], node))
			return;
	strv_push(f->arena, &f->nodes, node);
}

static bool group_is_of_xml(const struct survey *s, int group)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].pci.group == group && is_of_xml(s->v[i].role) && !s->v[i].iommufd)
			return true;
	return false;
}

/*
 * libvirt lets QEMU open the container and the group of each device of the XML that it does not
 * pass by IOMMUFD (qemuDomainNeedsVFIO() of libvirt 12). Of the others QEMU gets open files, and
 * may open no node. The group of an mdev that is yet to be made has no number yet.
 */
static void add_group_nodes(struct limit_facts *f, const struct survey *s)
{
	if (uses(s, is_grant, false) && !uses(s, is_of_xml, false))
		add_node(f, CONTAINER);
	for (size_t i = 0; i < s->n; i++)
		if (is_grant(s->v[i].role) && !s->v[i].iommufd && s->v[i].pci.group >= 0 &&
		    !group_is_of_xml(s, s->v[i].pci.group))
			add_node(f, arena_printf(f->arena, "/dev/vfio/%d", s->v[i].pci.group));
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (is_grant(s->mdevs[i].role) && !s->mdevs[i].iommufd && s->mdevs[i].group >= 0)
			add_node(f, arena_printf(f->arena, "/dev/vfio/%d", s->mdevs[i].group));
}

/* The names of those devices of rules that have one; *unnamed: of how many it is not known yet. */
static void add_cdevs(struct limit_facts *f, const struct survey *s, size_t *unnamed)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].cdev && is_grant(s->v[i].role) && s->v[i].iommufd)
			add_node(f, vfiocdev_node(f->arena, s->v[i].cdev));
		else if (!s->v[i].cdev && (is_user(s->v[i].role) || !subject_stays(&s->v[i])))
			++*unnamed;
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (s->mdevs[i].cdev && is_grant(s->mdevs[i].role) && s->mdevs[i].iommufd)
			add_node(f, vfiocdev_node(f->arena, s->mdevs[i].cdev));
		else if (!s->mdevs[i].cdev)
			++*unnamed;
}

static bool has_unnamed_grant(const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_grant(s->v[i].role) && s->v[i].iommufd && !s->v[i].cdev)
			return true;
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (is_grant(s->mdevs[i].role) && s->mdevs[i].iommufd && !s->mdevs[i].cdev)
			return true;
	return false;
}

/*
 * The wrapper uses libvirt's own iommufd object if the command line has one, and that has
 * /dev/iommu open. Devices that are yet to be bound get their names in any order.
 */
static void add_iommufd_nodes(struct limit_facts *f, const struct host *host,
			      const struct survey *s)
{
	struct strv names = { 0 };
	size_t unnamed = 0;

	if (!uses(s, is_grant, true))
		return;
	if (!uses(s, is_of_xml, true))
		add_node(f, IOMMUFD_NODE);
	add_cdevs(f, s, &unnamed);
	if (has_unnamed_grant(s))
		vfiocdev_next(host, unnamed, &names);
	for (size_t i = 0; i < names.n; i++)
		add_node(f, vfiocdev_node(f->arena, names.v[i]));
}

/* libvirt sets the limit itself for each of these (virCommandSetMaxMemLock()). */
static bool libvirt_raises(const struct survey *s, const struct domain_memory *m)
{
	return m->limited || m->locked || has_role(s, is_of_xml);
}

void limits_look(const struct host *host, const struct survey *s, const struct domain_memory *m,
		 pid_t daemon, struct limit_facts *f)
{
	*f = (struct limit_facts){ .arena = host->arena, .memlock = ULLONG_MAX };
	if (!has_role(s, is_grant))
		return;
	qemuconf_read(host, &f->conf);
	add_group_nodes(f, s);
	add_iommufd_nodes(f, host, s);
	f->unit = daemon_unit(host, daemon);
	if (!libvirt_raises(s, m))
		f->needs = m->kib + MARGIN;
	if (process_memlock(host, daemon, &f->memlock) < 0)
		f->memlock = ULLONG_MAX;
}

void limits_judge(const struct limit_facts *f, struct strv *refusals)
{
	for (size_t i = 0; i < n_limits; i++) {
		const char *why = limits[i].stops(f);

		if (why)
			strv_push(f->arena, refusals, why);
	}
}

const char *limits_nodes(const struct host *host, pid_t daemon, const struct strv *nodes)
{
	struct limit_facts f = { .arena = host->arena,
				 .nodes = *nodes,
				 .unit = daemon_unit(host, daemon) };

	qemuconf_read(host, &f.conf);
	return acl_stops(&f);
}
