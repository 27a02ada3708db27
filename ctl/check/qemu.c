/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/qemu.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "ctl/check/deprecated.h"
#include "ctl/check/introspect.h"
#include "ctl/check/type.h"
#include "err.h"
#include "glob.h"
#include "nearest.h"
#include "str.h"
#include "wrapper/decide.h"
#include "wrapper/line/optval.h"
#include "wrapper/line/proptype.h"
#include "wrapper/verb/assign.h"
#include "wrapper/verb/global.h"

struct checkqemu {
	struct arena *arena;
	struct introspect q;
	struct decision *d;
	struct qemuopts opts;
	/* the line in hand, and the option that it speaks of */
	const struct rule *rule;
	const char *key; /* a verb, or when-option */
	unsigned line;
	const struct qemuopt *opt;
	/* of a verb */
	const struct action *action;
};

/*
 * Options whose kinds QEMU lists, the key that names the kind, and whether it
 * lists a kind's properties too.
 */
static const struct kind {
	const char *option, *key;
	bool properties;
} kinds[] = {
	{ "chardev", "backend", false }, { "cpu", "model", false }, { "device", "driver", true },
	{ "machine", "type", true },	 { "netdev", "type", false }, { "object", "qom-type", true },
};

/*
 * Keys that QEMU accepts though no list of properties has them: keys of every device or
 * object, and keys that -machine passes to the accelerator.
 */
static const char *const everywhere[] = {
	"id", "bus", "driver", "qom-type", "type", "accel", "kernel-irqchip", "kernel_irqchip",
	"kvm-shadow-mem", "kvm_shadow_mem", "igd-passthru",
};

/* Options that -help is silent about. */
static const char *const undocumented[] = { "qtest", "qtest-log" };

static const struct kind *kind_of(const struct qemuopt *opt)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].option, opt->name))
			return &kinds[i];
	return NULL;
}

static const char *hint(struct checkqemu *c, const struct strv *names, const char *word)
{
	struct nearest near = { .word = word };

	for (size_t i = 0; i < names->n; i++)
		nearest_try(&near, names->v[i]);
	return nearest_hint(c->arena, &near);
}

static void nearest_of(struct nearest *near, const struct properties *of)
{
	for (size_t i = 0; i < of->n; i++)
		nearest_try(near, of->v[i].name);
}

static const char *hint_of(struct checkqemu *c, const struct properties *of, const char *word)
{
	struct nearest near = { .word = word };

	nearest_of(&near, of);
	return nearest_hint(c->arena, &near);
}

static void say(struct checkqemu *c, bool stops_vm, const char *text)
{
	(stops_vm ? mistake_add : mistake_warn)(&c->d->mistakes, c->rule->file, c->line,
						"%s: %s", c->key, text);
}

/* instead: NULL, if it is current; "", if it has no successor. */
static void warn_deprecated(struct checkqemu *c, const char *what, const char *instead)
{
	if (instead)
		say(c, false,
		    arena_printf(c->arena, "this QEMU calls %s deprecated; %s%s", what,
				 *instead ? "write " : "remove it", instead));
}

/* ---- kinds: devices, machine types, CPU models … ---- */

static void check_kind(struct checkqemu *c, const struct kind *kind, const char *name)
{
	const struct strv *names = introspect_kinds(&c->q, kind->option);

	if (!names || strchr(name, '%'))
		return;
	if (strv_has(names, name))
		warn_deprecated(c, arena_printf(c->arena, "-%s %s", kind->option, name),
				deprecated_kind(&c->q, kind->option, name));
	else
		say(c, true,
		    arena_printf(c->arena, "this QEMU has no -%s %s%s", kind->option, name,
				 hint(c, names, name)));
}

static bool any_matches(const struct strv *names, const char *glob)
{
	for (size_t i = 0; i < names->n; i++)
		if (glob_match(glob, names->v[i]))
			return true;
	return false;
}

/* ---- properties ---- */

/* A list has only the part before the dot: of smp.cpus and of a.0. */
static const struct property *find_property(struct checkqemu *c, const struct properties *of,
					    const char *key)
{
	const char *front = arena_strndup(c->arena, key, strcspn(key, "."));

	for (size_t i = 0; of && i < of->n; i++)
		if (optval_same_key(c->opt, of->v[i].name, key) ||
		    optval_same_key(c->opt, of->v[i].name, front))
			return &of->v[i];
	return NULL;
}

/* addr is listed as a number and is a slot and function in hex. */
static bool has_plain_type(const struct assign *as)
{
	return as->value && !as->typed && !strchr(as->value, '%') && !str_eq(as->key, "addr");
}

/*
 * Does the value fit the type that this QEMU says, and would it be written as
 * that type into a JSON value?
 */
static void check_type(struct checkqemu *c, const struct kind *kind, const char *what,
		       const char *type, const struct assign *as)
{
	const char *wants;

	if (*type == '\0' || !has_plain_type(as))
		return;
	wants = checktype_wants(type, as->value);
	if (wants)
		say(c, true,
		    arena_printf(c->arena, "%s of %s must be %s (%s), not '%s'", as->key, what,
				 wants, type, as->value));
	else if (c->opt->flags & OPT_JSON &&
		 proptype(kind->option, what, as->key, as->value) != checktype_kind(type))
		say(c, false,
		    arena_printf(c->arena,
				 "%s of %s has type %s; if the argument is JSON, write %s:=JSON",
				 as->key, what, type, as->key));
}

/* A property is fine if one of the drivers that the glob means has it. */
static void check_property(struct checkqemu *c, const struct kind *kind, const char *glob,
			   const struct assign *as)
{
	const char *key = as->key;
	const struct strv *names = introspect_kinds(&c->q, kind->option);
	struct nearest near = { .word = key };

	if (!names || STR_AMONG(everywhere, key) || strchr(glob, '%'))
		return;
	for (size_t i = 0; i < names->n; i++) {
		const struct properties *all;
		const struct property *found;

		if (!glob_match(glob, names->v[i]))
			continue;
		all = introspect_properties(&c->q, kind->option, names->v[i]);
		found = find_property(c, all, key);
		if (found) {
			check_type(c, kind, names->v[i], found->type, as);
			return;
		}
		if (all)
			nearest_of(&near, all);
	}
	if (near.best)
		say(c, true,
		    arena_printf(c->arena, "this QEMU's -%s %s has no property '%s'%s",
				 kind->option, glob, key, nearest_hint(c->arena, &near)));
}

/* All models are devices, and `max` has what qemu64 has and more. */
static void check_cpu_property(struct checkqemu *c, const char *key)
{
	const struct properties *all = introspect_properties(&c->q, "device", "max-x86_64-cpu");

	if (all && !str_eq(key, "model") && !find_property(c, all, key))
		say(c, true,
		    arena_printf(c->arena, "this QEMU's CPUs have no property '%s'%s", key,
				 hint_of(c, all, key)));
}

/* Options with one set of keys that QEMU lists in full. */
static const char *const keyed[] = { "boot", "overcommit", "rtc", "smp" };

static void check_key(struct checkqemu *c, const char *key)
{
	const struct properties *all = introspect_keys(&c->q, c->opt->name);

	if (all && !find_property(c, all, key))
		say(c, true,
		    arena_printf(c->arena, "this QEMU's -%s has no key '%s'%s", c->opt->name, key,
				 hint_of(c, all, key)));
}

/* Devices that -global often names, and that -device help omits because only QEMU creates them. */
static const char *const unlisted[] = {
	"ICH9-LPC", "PIIX4_PM", "cfi.pflash01", "i440FX-pcihost", "isa-fdc", "kvm-pit", "kvmclock",
	"mc146818rtc", "mch", "q35-pcihost",
};

/* Abstract types (cpu, virtio-pci) and types that only QEMU creates list nothing, but exist. */
static void check_global_driver(struct checkqemu *c, const char *driver)
{
	const struct strv *devices = introspect_kinds(&c->q, "device");
	struct nearest near = { .word = driver };

	if (!devices || introspect_has_driver(&c->q, driver))
		return;
	for (size_t i = 0; i < devices->n; i++)
		nearest_try(&near, devices->v[i]);
	for (size_t i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++)
		nearest_try(&near, unlisted[i]);
	say(c, true,
	    arena_printf(c->arena, "this QEMU has no device %s%s", driver,
			 nearest_hint(c->arena, &near)));
}

static void check_global(struct checkqemu *c, const char *key)
{
	const char *dot = editglobal_dot(key);
	const char *driver = arena_strndup(c->arena, key, (size_t)(dot - key));
	const struct properties *all = introspect_properties(&c->q, "device", driver);

	if (!all)
		check_global_driver(c, driver);
	else if (!find_property(c, all, dot + 1))
		say(c, true,
		    arena_printf(c->arena, "this QEMU's %s has no property '%s'%s", driver,
				 dot + 1, hint_of(c, all, dot + 1)));
}

/* ---- one action ---- */

static const char *selected_kind(const struct target *target, const char *key)
{
	for (size_t i = 0; i < target->n; i++)
		if (str_eq(target->keys[i].key, key))
			return target->keys[i].glob;
	return NULL;
}

static void check_selector(struct checkqemu *c, const struct kind *kind,
			   const struct target *target)
{
	const char *glob = selected_kind(target, kind->key);
	const struct strv *names = glob ? introspect_kinds(&c->q, kind->option) : NULL;

	if (names && !strchr(glob, '%') && !any_matches(names, glob))
		say(c, false,
		    arena_printf(c->arena, "this QEMU has no -%s that matches '%s'%s", kind->option,
				 glob, hint(c, names, glob)));
}

/* A property or key that is written. what: the kind, a glob for it, or NULL. */
static void check_deprecated(struct checkqemu *c, const char *what, const char *key,
			     const char *value)
{
	if (c->opt->syntax == SYNTAX_OPTS || c->opt->syntax == SYNTAX_KEYVAL)
		warn_deprecated(c, arena_printf(c->arena, "%s of -%s", key, c->opt->name),
				deprecated_key(&c->q, c->opt->name, what ? what : "", key, value));
}

/* QemuOpts since 6.0 (opts_do_parse() in util/qemu-option.c): `mq`, `nowait`. */
static void check_short_form(struct checkqemu *c, const struct optval *v, const struct prop *p)
{
	const char *written = arena_strndup(c->arena, v->text + p->start, p->end - p->start);

	if (c->opt->syntax == SYNTAX_OPTS && !v->json && p->bare && qmp_since(&c->q.qmp, 6, 0))
		warn_deprecated(c,
				arena_printf(c->arena, "the short form '%s' of -%s", written,
					     c->opt->name),
				arena_printf(c->arena, "%s=%s", p->key, p->value));
}

static void check_assigns(struct checkqemu *c, const struct kind *kind)
{
	const char *glob = kind ? selected_kind(&c->action->target, kind->key) : NULL;
	const char *machine = rule_glob(c->rule, FACT_MACHINE);
	struct assigns as;

	if (assigns_parse(c->arena, c->opt, c->action->rest, &as, NULL) < 0)
		return;
	for (size_t i = 0; i < as.n; i++) {
		check_deprecated(c, glob, as.v[i].key, as.v[i].value);
		if (c->opt->syntax == SYNTAX_GLOBAL)
			check_global(c, as.v[i].key);
		else if (kind && str_eq(as.v[i].key, kind->key))
			check_kind(c, kind, as.v[i].value);
		else if (c->opt->syntax == SYNTAX_CPU)
			check_cpu_property(c, as.v[i].key);
		else if (STR_AMONG(keyed, c->opt->name))
			check_key(c, as.v[i].key);
		else if (kind && kind->properties && (glob || str_eq(kind->option, "machine")))
			check_property(c, kind, glob ? glob : machine ? machine : "pc*", &as.v[i]);
	}
}

static void check_added_global(struct checkqemu *c, const struct optval *v)
{
	const struct prop *driver = optval_get(v, "driver"), *property = optval_get(v, "property");

	if (driver && property)
		check_global(c, arena_printf(c->arena, "%s.%s", driver->value, property->value));
}

static void check_add(struct checkqemu *c, const struct kind *kind)
{
	const struct prop *name;
	struct optval v;

	if (optval_parse(c->arena, c->opt, c->action->rest, &v, NULL) < 0)
		return;
	if (c->opt->syntax == SYNTAX_GLOBAL)
		check_added_global(c, &v);
	for (size_t i = 0; i < v.n && STR_AMONG(keyed, c->opt->name); i++)
		check_key(c, optval_key(&v, &v.props[i]));
	name = kind ? optval_get(&v, kind->key) : NULL;
	if (name)
		check_kind(c, kind, name->value);
	for (size_t i = 0; i < v.n; i++) {
		check_short_form(c, &v, &v.props[i]);
		check_deprecated(c, name ? name->value : NULL, optval_key(&v, &v.props[i]),
				 v.json ? NULL : v.props[i].value);
	}
	for (size_t i = 0; name && i < v.n; i++) {
		const char *key = optval_key(&v, &v.props[i]);

		if (str_eq(key, kind->key))
			continue;
		if (c->opt->syntax == SYNTAX_CPU)
			check_cpu_property(c, key);
		else if (kind->properties)
			check_property(c, kind, name->value,
				       &(struct assign){ key,
							 v.json ? NULL : v.props[i].value, false });
	}
}

static void check_option(struct checkqemu *c)
{
	if (!STR_AMONG(undocumented, c->opt->name) && !introspect_has_option(&c->q, c->opt->name) &&
	    !introspect_has_option(&c->q, c->action->target.option))
		say(c, c->action->verb == VERB_ADD,
		    arena_printf(c->arena, "this QEMU has no option -%s", c->opt->name));
	else if (c->action->verb == VERB_ADD)
		warn_deprecated(c, arena_printf(c->arena, "-%s", c->opt->name),
				deprecated_option(&c->q, c->opt->name));
}

/* The text of a high verb needs a device, or a machine type, that this QEMU has. */
static void check_high(struct checkqemu *c)
{
	static const struct kind device = { "device", "driver", true },
				 machine = { "machine", "type", true },
				 object = { "object", "qom-type", true };
	static const struct {
		enum verb verb;
		const char *word; /* only where the rule has it; NULL: always */
		const char *driver;
	} drivers[] = {
		{ VERB_SHARE_9P, NULL, "virtio-9p-pci" },
		{ VERB_PASS_PCI, NULL, "vfio-pci" },
		{ VERB_PASS_MDEV, NULL, "vfio-pci" },
		{ VERB_PASS_USB, NULL, "usb-host" },
		{ VERB_PASS_USB, NULL, "qemu-xhci" },
		{ VERB_PASS_DISK, "bus=scsi", "virtio-scsi-pci" },
		{ VERB_PASS_DISK, "bus=sata", "ich9-ahci" },
	};

	if (c->action->verb == VERB_MACHINE_TYPE && c->action->words.n)
		check_kind(c, &machine, c->action->words.v[0]);
	if (verb_is_granted(c->action->verb) && strv_has(&c->action->words, "iommufd=on"))
		check_kind(c, &object, "iommufd");
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].verb == c->action->verb &&
		    (!drivers[i].word || strv_has(&c->action->words, drivers[i].word)))
			check_kind(c, &device, drivers[i].driver);
	c->opt = qemuopt_find(&c->opts, "device");
	for (size_t i = 1; verb_is_granted(c->action->verb) && i < c->action->words.n; i++) {
		const char *word = c->action->words.v[i];
		size_t key = strcspn(word, "=");

		if (str_starts(word, "iommufd="))
			continue;
		check_property(c, &device, "vfio-pci",
			       &(struct assign){ arena_strndup(c->arena, word, key),
						 word[key] ? word + key + 1 : NULL, false });
	}
}

static void check_action(struct checkqemu *c)
{
	const struct qemuopt *opt;
	const struct kind *kind;

	c->line = c->action->line;
	c->key = verb_names[c->action->verb];
	if (verb_is_high(c->action->verb)) {
		check_high(c);
		return;
	}
	opt = qemuopt_find(&c->opts, c->action->target.option);
	if (!opt)
		return;
	c->opt = qemuopt_canonical(opt);
	kind = kind_of(c->opt);
	check_option(c);
	if (kind)
		check_selector(c, kind, &c->action->target);
	if (c->action->verb == VERB_SET || c->action->verb == VERB_DEFAULT)
		check_assigns(c, kind);
	else if (c->action->verb == VERB_ADD)
		check_add(c, kind);
}

/* ---- a when-option ---- */

/* A rule for old machine types may look for a type that no longer exists. */
static void check_when_option(struct checkqemu *c, const struct pattern *p)
{
	const struct qemuopt *opt = qemuopt_find(&c->opts, p->target.option);
	const struct kind *kind = opt ? kind_of(qemuopt_canonical(opt)) : NULL;

	if (!kind || str_eq(kind->option, "machine"))
		return;
	c->opt = qemuopt_canonical(opt);
	c->line = p->line;
	c->key = condition_keys[FACT_OPTION];
	check_selector(c, kind, &p->target);
}

static void check_rule(struct checkqemu *c, const struct rule *rule)
{
	c->rule = rule;
	for (size_t i = 0; i < rule->n_conditions; i++) {
		const struct condition *when = &rule->conditions[i];

		for (size_t j = 0; when->fact == FACT_OPTION && j < when->n; j++)
			check_when_option(c, &when->patterns[j]);
	}
	for (size_t i = 0; i < rule->n_actions; i++) {
		c->action = &rule->actions[i];
		check_action(c);
	}
}

int checkqemu(struct arena *a, const char *binary, struct decision *d, struct err *err)
{
	struct checkqemu c = { .arena = a, .d = d, .opts = qemuopts_with(a, &d->settings) };
	int rc = introspect_open(&c.q, a, binary, err);

	for (size_t i = 0; rc == 0 && i < d->rules.n; i++)
		check_rule(&c, &d->rules.v[i]);
	return rc ? rc : introspect_close(&c.q, err);
}
