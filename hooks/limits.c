/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/limits.h"

#include <limits.h>

#include "arena.h"
#include "hooks/domain/memory.h"
#include "hooks/memory/memory.h"
#include "hooks/survey/subject.h"
#include "host/hugepages.h"
#include "host/process/daemon.h"
#include "root.h"

#define CONTAINER "/dev/vfio/vfio"

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

/* The whole value that it needs: the current value, or libvirt's default, and ours. */
static const char *acl_line(const struct limit_facts *f)
{
	struct strbuf b = { .arena = f->arena };
	const struct strv *has = &f->conf.device_acl;

	for (size_t i = 0; i < has->n; i++)
		strbuf_addf(&b, "%s\"%s\"", b.len ? ", " : "", has->v[i]);
	for (size_t i = 0; i < f->nodes.n; i++)
		if (!qemuconf_allows(&f->conf, f->nodes.v[i]))
			strbuf_addf(&b, "%s\"%s\"", b.len ? ", " : "", f->nodes.v[i]);
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
		if (s->v[i].pci.group == group && is_of_xml(s->v[i].role))
			return true;
	return false;
}

/* The group of an mdev that is yet to be made has no number yet. */
static void add_nodes(struct limit_facts *f, const struct survey *s)
{
	if (!has_role(s, is_of_xml))
		add_node(f, CONTAINER);
	for (size_t i = 0; i < s->n; i++)
		if (is_grant(s->v[i].role) && s->v[i].pci.group >= 0 &&
		    !group_is_of_xml(s, s->v[i].pci.group))
			add_node(f, arena_printf(f->arena, "/dev/vfio/%d", s->v[i].pci.group));
	for (size_t i = 0; i < s->n_mdevs; i++)
		if (is_grant(s->mdevs[i].role) && s->mdevs[i].group >= 0)
			add_node(f, arena_printf(f->arena, "/dev/vfio/%d", s->mdevs[i].group));
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
	add_nodes(f, s);
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
