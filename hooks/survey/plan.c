/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/plan.h"

#include "arena.h"
#include "conf/settings.h"
#include "hooks/survey/subject.h"

struct planning {
	struct arena *arena;
	const struct survey *survey;
	struct journal *journal;
	/* lane i + 1 is for what has this key: an IOMMU group, the parent of mdevs */
	struct strv lanes;
};

static unsigned lane_of(struct planning *p, const char *key)
{
	for (size_t i = 0; i < p->lanes.n; i++)
		if (str_eq(p->lanes.v[i], key))
			return (unsigned)i + 1;
	strv_push(p->arena, &p->lanes, key);
	return (unsigned)p->lanes.n;
}

/* Modules are of several cards: none is unbound before they are unloaded. */
static bool waits_for_modules(const struct planning *p, const struct subject *s)
{
	for (size_t i = 0; i < p->survey->n; i++) {
		const struct subject *o = &p->survey->v[i];

		if (o->modules.n && (o == s || (s->pci.group >= 0 && o->pci.group == s->pci.group)))
			return true;
	}
	return false;
}

static unsigned lane_of_subject(struct planning *p, const struct subject *s)
{
	if (waits_for_modules(p, s))
		return lane_of(p, "modules");
	if (s->pci.group < 0)
		return lane_of(p, s->pci.address);
	return lane_of(p, arena_printf(p->arena, "%d", s->pci.group));
}

static void add_step(struct planning *p, struct step step)
{
	journal_add_step(p->arena, p->journal, step);
}

static void add_once(struct planning *p, enum op op, const char *name)
{
	if (!journal_step_named(p->journal, op, name))
		add_step(p, (struct step){ .op = op, .name = name });
}

/* ---- what is done once, before all else ---- */

/* IOMMUFD does without the older backend. */
static bool needs_type1(const struct survey *survey)
{
	for (size_t i = 0; i < survey->n; i++)
		if (!survey->v[i].vgpu && !survey->v[i].iommufd)
			return true;
	for (size_t i = 0; i < survey->n_mdevs; i++)
		if (!survey->mdevs[i].iommufd)
			return true;
	return false;
}

static void add_names(struct planning *p, enum op op, const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		add_once(p, op, names->v[i]);
}

/* One that is stopped for the whole time does not pause. */
static void add_pauses(struct planning *p, const struct strv *units)
{
	for (size_t i = 0; i < units->n; i++)
		if (!journal_step_named(p->journal, OP_UNIT, units->v[i]))
			add_once(p, OP_PAUSE, units->v[i]);
}

/* A display manager shows a new greeter if its session ends: sessions end after units. */
static void plan_users(struct planning *p)
{
	const struct survey *survey = p->survey;

	for (size_t i = 0; i < survey->n; i++)
		if (!subject_stays(&survey->v[i]))
			add_names(p, OP_UNIT, &survey->v[i].units);
	add_names(p, OP_UNIT, &survey->units);
	for (size_t i = 0; i < survey->n; i++)
		if (!subject_stays(&survey->v[i]))
			add_pauses(p, &survey->v[i].paused);
	add_pauses(p, &survey->paused);
	for (size_t i = 0; i < survey->n; i++)
		if (!subject_stays(&survey->v[i]))
			add_names(p, OP_SESSIONS, &survey->v[i].seats);
}

static void plan_ahead(struct planning *p)
{
	const struct survey *survey = p->survey;

	plan_users(p);
	if (!survey->has_iommu_type1 && needs_type1(survey))
		add_once(p, OP_MODULE, "vfio_iommu_type1");
	for (size_t i = 0; i < survey->n; i++)
		if (!subject_stays(&survey->v[i]))
			add_names(p, OP_MODULE, &survey->v[i].loads);
	for (size_t i = 0; i < survey->n; i++)
		if (subject_is_bound_by_us(&survey->v[i]) && !survey->v[i].has_driver)
			add_once(p, OP_MODULE, survey->v[i].module);
}

/* ---- what is done to one function; each is called for all of them in turn ---- */

typedef void planner(struct planning *p, const struct subject *s);

/* "dri/card1": card1; NULL: another node. */
static const char *card_of(const struct node *node)
{
	return node->kind == HOLDER_DRM && str_starts(node->name, "dri/card") ? node->name + 4 : NULL;
}

static void plan_ask(struct planning *p, const struct subject *s)
{
	for (size_t i = 0; s->asks && i < s->below.nodes.n; i++) {
		const char *card = card_of(&s->below.nodes.v[i]);

		if (card)
			add_step(p, (struct step){ .op = OP_ASK,
						   .lane = lane_of_subject(p, s),
						   .device = s->pci.address,
						   .name = card });
	}
}

static void plan_free(struct planning *p, const struct subject *s)
{
	if (s->unasked || (subject_stays(s) && !s->holders.n))
		return;
	add_step(p, (struct step){ .op = OP_FREE,
				   .lane = lane_of_subject(p, s),
				   .device = s->pci.address });
}

static void plan_console(struct planning *p, const struct subject *s)
{
	unsigned lane = lane_of_subject(p, s);

	if (s->keeps_console && s->console.vtcons.n)
		return;
	for (size_t i = 0; i < s->console.vtcons.n; i++)
		if (!journal_step_named(p->journal, OP_VTCON, s->console.vtcons.v[i]))
			add_step(p, (struct step){ .op = OP_VTCON,
						   .lane = lane,
						   .name = s->console.vtcons.v[i] });
	for (size_t i = 0; i < s->console.framebuffers.n; i++) {
		const char *both = s->console.framebuffers.v[i];
		size_t len = strcspn(both, "/");

		add_step(p, (struct step){ .op = OP_PLATFORM,
					   .lane = lane,
					   .name = both + len + 1,
					   .from = arena_strndup(p->arena, both, len) });
	}
}

static void plan_unload(struct planning *p, const struct subject *s)
{
	for (size_t i = 0; i < s->modules.n; i++)
		if (!journal_step_named(p->journal, OP_UNLOAD, s->modules.v[i]))
			add_step(p, (struct step){ .op = OP_UNLOAD,
						   .lane = lane_of_subject(p, s),
						   .name = s->modules.v[i] });
}

/* Each unit once in a lane: that is, for an IOMMU group. */
static void add_units(struct planning *p, const struct subject *s, enum op op,
		      const struct strv *units)
{
	unsigned lane = lane_of_subject(p, s);

	for (size_t i = 0; i < units->n; i++) {
		struct step step = { .op = op,
				     .lane = lane,
				     .device = s->pci.address,
				     .name = units->v[i] };
		const struct step *known = NULL;

		while ((known = journal_next_step(p->journal, op, known)))
			if (str_eq(known->name, units->v[i]) && known->lane == lane)
				break;
		if (!known)
			add_step(p, step);
	}
}

static void plan_before(struct planning *p, const struct subject *s)
{
	add_units(p, s, OP_BEFORE, &s->before_unbind);
}

static void plan_ports(struct planning *p, const struct subject *s)
{
	for (size_t i = 0; i < p->survey->n_ports; i++) {
		const struct port *port = &p->survey->ports[i];

		if (str_eq(port->below, s->pci.address))
			add_step(p, (struct step){ .op = OP_PORT,
						   .lane = lane_of_subject(p, s),
						   .device = port->bridge,
						   .name = port->name,
						   .to = port->to,
						   .from = port->from });
	}
}

static void plan_unbound(struct planning *p, const struct subject *s)
{
	add_units(p, s, OP_UNBOUND, &s->while_unbound);
}

static void plan_start(struct planning *p, const struct subject *s)
{
	add_units(p, s, OP_START, &s->starts);
}

/*
 * Libvirt returns the devices that it binds, but it does not know the attributes that we
 * set.
 */
static bool is_kept(const struct subject *s)
{
	return subject_is_bound_by_us(s) ||
	       (s->role == ROLE_MANAGED && settings_attribute(s->conf, POWER));
}

static void plan_keep(struct planning *p, const struct subject *s)
{
	if (is_kept(s) && s->power)
		add_step(p, (struct step){ .op = OP_KEEP,
					   .lane = lane_of_subject(p, s),
					   .device = s->pci.address,
					   .name = POWER,
					   .from = s->power });
}

/* Is it one that the VFIO driver will set? Where libvirt binds, it is set once more at `start`. */
static bool is_set_by_vfio(const struct subject *s, const char *attribute)
{
	return is_kept(s) && str_eq(attribute, POWER);
}

static void add_attribute(struct planning *p, const struct subject *s, enum op op, size_t i)
{
	add_step(p, (struct step){ .op = op,
				   .lane = lane_of_subject(p, s),
				   .device = s->pci.address,
				   .name = s->conf->attributes[i].name,
				   .to = s->conf->attributes[i].value,
				   .from = s->attributes.v[i] });
}

/* A number of virtual functions is for who wants one of them: a PF that a VM has can have none. */
static bool is_for_its_vfs(const struct attribute_setting *want)
{
	return str_eq(want->name, "sriov_numvfs") && !str_eq(want->value, "0");
}

static void plan_attributes(struct planning *p, const struct subject *s)
{
	for (size_t i = 0; s->conf && i < s->conf->n_attributes; i++) {
		const struct attribute_setting *want = &s->conf->attributes[i];
		const char *now = s->attributes.v[i];

		if (now && !str_eq(now, want->value) && !is_set_by_vfio(s, want->name) &&
		    !is_for_its_vfs(want))
			add_attribute(p, s, OP_ATTRIBUTE, i);
	}
}

static void plan_power(struct planning *p, const struct subject *s)
{
	for (size_t i = 0; s->conf && i < s->conf->n_attributes; i++)
		if (s->attributes.v[i] && is_set_by_vfio(s, s->conf->attributes[i].name))
			add_attribute(p, s, OP_POWER, i);
}

static void plan_override(struct planning *p, const struct subject *s)
{
	if (subject_is_bound_by_us(s))
		add_step(p, (struct step){ .op = OP_OVERRIDE,
					   .lane = lane_of_subject(p, s),
					   .device = s->pci.address,
					   .to = s->target,
					   .from = s->override });
}

static void plan_unbind(struct planning *p, const struct subject *s)
{
	if (subject_is_bound_by_us(s) && s->pci.driver)
		add_step(p, (struct step){ .op = OP_UNBIND,
					   .lane = lane_of_subject(p, s),
					   .device = s->pci.address,
					   .from = s->pci.driver });
}

/*
 * While the VF has no driver: the one that finds it next reads what the PF has for it. Where
 * libvirt binds it, or it is bound already, QEMU resets it later.
 */
static void plan_vf(struct planning *p, const struct subject *s)
{
	for (enum vf_property k = VF_MAC; s->vf.interface && k < VF_PROPERTIES; k++) {
		const char *want = s->conf->vf[k];

		if (want && !str_same(s->vf.now[k], want))
			add_step(p, (struct step){ .op = OP_VF,
						   .lane = lane_of_subject(p, s),
						   .device = s->pci.address,
						   .name = vf_property_names[k],
						   .to = want,
						   .from = s->vf.now[k] });
	}
}

static void plan_probe(struct planning *p, const struct subject *s)
{
	if (subject_is_bound_by_us(s))
		add_step(p, (struct step){ .op = OP_PROBE,
					   .lane = lane_of_subject(p, s),
					   .device = s->pci.address,
					   .to = s->target,
					   .from = s->pci.driver });
}

static void plan_vgpu(struct planning *p, const struct subject *s)
{
	if (s->vgpu && s->conf && !str_eq(s->vgpu, s->conf->mdev_type))
		add_step(p, (struct step){ .op = OP_VGPU,
					   .lane = lane_of_subject(p, s),
					   .device = s->pci.address,
					   .to = s->conf->mdev_type,
					   .from = s->vgpu });
}

/*
 * All of a group are free before one is touched, and all have their override
 * before one is unbound: nothing can take a function in between.
 */
static planner *const planners[] = {
	plan_ask,      plan_free,   plan_console, plan_unload, plan_before, plan_ports, plan_keep,	plan_attributes,
	plan_override, plan_unbind, plan_unbound, plan_vf,     plan_probe,  plan_power,	plan_vgpu,
	plan_start,
};

/* ---- the record ---- */

static void record_function(struct planning *p, const struct subject *s)
{
	struct journal_device d = {
		.kind = HOSTDEV_PCI,
		.role = s->role,
		.device = s->pci.address,
		.driver = s->pci.driver,
		.target = subject_is_bound_by_us(s) ? s->target : s->pci.driver,
		.rule = s->rule,
		.group = s->pci.group,
		.iommufd = s->iommufd && s->role != ROLE_COMPANION,
	};

	journal_add_device(p->arena, p->journal, d);
}

static void plan_mediated(struct planning *p, const struct mediated *m)
{
	struct journal_device d = {
		.kind = HOSTDEV_MDEV,
		.role = m->role,
		.device = m->uuid,
		.rule = m->rule,
		.group = m->group,
		.iommufd = m->iommufd,
	};

	journal_add_device(p->arena, p->journal, d);
	if (m->exists)
		return;
	add_step(p, (struct step){ .op = OP_MDEV,
				   .lane = lane_of(p, m->parent),
				   .device = m->parent,
				   .name = m->uuid,
				   .to = m->type });
}

/* A device that stays as it is gets at most a wait. */
void plan_make(struct arena *a, const struct survey *survey, struct journal *j)
{
	struct planning p = { .arena = a, .survey = survey, .journal = j };

	plan_ahead(&p);
	for (size_t i = 0; i < survey->n; i++)
		record_function(&p, &survey->v[i]);
	for (size_t k = 0; k < sizeof(planners) / sizeof(planners[0]); k++)
		for (size_t i = 0; i < survey->n; i++)
			if (planners[k] == plan_free || !subject_stays(&survey->v[i]))
				planners[k](&p, &survey->v[i]);
	for (size_t i = 0; i < survey->n_mdevs; i++)
		plan_mediated(&p, &survey->mdevs[i]);
	add_names(&p, OP_START, &survey->starts);
}
