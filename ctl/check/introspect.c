/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QEMU answers all questions by QMP. Only two things are in no answer of QMP itself:
 * - the devices that -device can name, and the kinds of -netdev that were compiled in: the human
 *   monitor has the lists, and QMP has a command for it;
 * - an option that fills no QemuOpts list, such as -no-reboot or -cpu: query-command-line-options
 *   does not have it (vm_config_groups in util/qemu-config.c). So -help is a process of its own,
 *   and it runs only if a rule has such an option.
 */
#include "ctl/check/introspect.h"

#include <errno.h>
#include <string.h>

#include "ctl/check/schema.h"
#include "ctl/outside.h"
#include "ctl/qemuhelp.h"
#include "jsondoc.h"

struct kindlist {
	const char *option;
	bool known;
	struct strv names, deprecated;
	struct strv aliases, real; /* some of the names, and beside each the name of the same kind */
};

struct proplist {
	const char *option, *kind;
	bool known;
	struct properties v;
};

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

/* ---- the QEMU ---- */

int introspect_open(struct introspect *q, struct arena *a, const char *binary, struct err *err)
{
	const char *path;
	int rc = outside_find_qemu(a, binary, &path, err);

	*q = (struct introspect){ .arena = a };
	return rc ? rc : qmp_open(&q->qmp, a, path, path, err);
}

int introspect_close(struct introspect *q, struct err *err)
{
	json_object_put(q->schema);
	json_object_put(q->options);
	if (qmp_close(&q->qmp, err) < 0)
		return -EIO;
	return *q->failure.text ? err_set(err, EIO, "%s", q->failure.text) : 0;
}

/* A question about one type. */
static struct json_object *ask_about(struct introspect *q, const char *command, const char *key,
				     const char *value)
{
	struct json_object *of = json_object_new_object(), *answer;

	json_object_object_add(of, key, jsondoc_string(q->arena, value));
	answer = qmp_ask(&q->qmp, command, json_object_to_json_string(of));
	json_object_put(of);
	return answer;
}

static struct json_object *schema(struct introspect *q)
{
	if (!q->has_schema)
		q->schema = qmp_ask(&q->qmp, "query-qmp-schema", NULL);
	q->has_schema = true;
	return q->schema;
}

/* ---- kinds ---- */

static void add_kind(struct introspect *q, struct kindlist *to, const char *spelling,
		     const char *real)
{
	to->known = true;
	strv_push(q->arena, &to->names, arena_strdup(q->arena, spelling));
	if (str_eq(spelling, real))
		return;
	strv_push(q->arena, &to->aliases, arena_strdup(q->arena, spelling));
	strv_push(q->arena, &to->real, arena_strdup(q->arena, real));
}

/* "X" after what is in front of it in a line of -device help: name "X", alias "X". */
static const char *quoted(struct introspect *q, const char *line, size_t len, const char *before)
{
	const char *at = memmem(line, len, before, strlen(before));

	at = at ? at + strlen(before) : NULL;
	return at ? arena_strndup(q->arena, at, strcspn(at, "\"\n")) : NULL;
}

/* name "virtio-net-pci", bus PCI, alias "virtio-net", … */
static void add_devices(struct introspect *q, struct kindlist *to, const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		const char *name, *alias;

		len = strcspn(text, "\n");
		name = quoted(q, text, len, "name \"");
		alias = name ? quoted(q, text, len, ", alias \"") : NULL;
		if (name)
			add_kind(q, to, name, name);
		if (alias)
			add_kind(q, to, alias, name);
	}
}

/* A name in each line, after the headline. */
static void add_lines(struct introspect *q, struct kindlist *to, const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		const char *name = str_trim(q->arena, text, len = strcspn(text, "\n"));

		if (*name && !strpbrk(name, " :"))
			add_kind(q, to, name, name);
	}
}

/* The human monitor ends a line with \r\n. */
static const char *without_returns(struct introspect *q, const char *text)
{
	struct strbuf b = { .arena = q->arena };

	for (; *text; text += strspn(text, "\r")) {
		strbuf_addn(&b, text, strcspn(text, "\r"));
		text += strcspn(text, "\r");
	}
	return strbuf_text(&b);
}

static void ask_human(struct introspect *q, struct kindlist *to, const char *line,
		      void (*add)(struct introspect *q, struct kindlist *to, const char *text))
{
	_cleanup_json_ struct json_object *text =
		ask_about(q, "human-monitor-command", "command-line", line);

	if (json_object_is_type(text, json_type_string))
		add(q, to, without_returns(q, json_object_get_string(text)));
}

/* The types that implement one; more than -device can name. */
static void ask_types(struct introspect *q, struct kindlist *to, const char *implements)
{
	_cleanup_json_ struct json_object *list =
		ask_about(q, "qom-list-types", "implements", implements);

	for (size_t i = 0; i < jsondoc_length(list); i++) {
		const char *name = text_of(json_object_array_get_idx(list, i), "name");

		if (name)
			add_kind(q, to, name, name);
	}
}

/* Lists of objects with a name, and perhaps an alias and `deprecated`. */
static void ask_list(struct introspect *q, struct kindlist *to, const char *command)
{
	_cleanup_json_ struct json_object *list = qmp_ask(&q->qmp, command, NULL);

	for (size_t i = 0; i < jsondoc_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *name = text_of(o, "name"), *alias = text_of(o, "alias");

		if (!name)
			continue;
		add_kind(q, to, name, name);
		if (alias)
			add_kind(q, to, alias, name);
		if (json_object_get_boolean(json_object_object_get(o, "deprecated")))
			strv_push(q->arena, &to->deprecated, arena_strdup(q->arena, name));
	}
}

static void ask_kinds(struct introspect *q, struct kindlist *to)
{
	if (str_eq(to->option, "device"))
		ask_human(q, to, "device_add help", add_devices);
	if (str_eq(to->option, "device") && !to->known)
		ask_types(q, to, "device");
	if (str_eq(to->option, "netdev"))
		ask_human(q, to, "netdev_add help", add_lines);
	if (str_eq(to->option, "object"))
		ask_types(q, to, "user-creatable");
	if (str_eq(to->option, "machine"))
		ask_list(q, to, "query-machines");
	if (str_eq(to->option, "cpu"))
		ask_list(q, to, "query-cpu-definitions");
	if (str_eq(to->option, "chardev"))
		ask_list(q, to, "query-chardev-backends");
}

static const struct kindlist *kinds_of(struct introspect *q, const char *option)
{
	struct kindlist *new;

	for (size_t i = 0; i < q->n_kinds; i++)
		if (str_eq(q->kinds[i].option, option))
			return &q->kinds[i];
	new = arena_push(q->arena, q->kinds, q->n_kinds, q->cap_kinds);
	*new = (struct kindlist){ .option = option };
	ask_kinds(q, new);
	strv_sort(&new->names);
	return new;
}

const struct strv *introspect_kinds(struct introspect *q, const char *option)
{
	const struct kindlist *list = kinds_of(q, option);

	return list->known ? &list->names : NULL;
}

const char *introspect_real_name(struct introspect *q, const char *option, const char *kind)
{
	const struct kindlist *list = kinds_of(q, option);

	for (size_t i = 0; i < list->aliases.n; i++)
		if (str_eq(list->aliases.v[i], kind))
			return list->real.v[i];
	return kind;
}

bool introspect_deprecates(struct introspect *q, const char *option, const char *kind)
{
	static const char *const listed[] = { "cpu", "device", "machine" };
	const char *real = introspect_real_name(q, option, kind);

	if (STR_AMONG(listed, option))
		return strv_has(&kinds_of(q, option)->deprecated, real);
	return schema_deprecates(schema(q), option, real);
}

/* ---- properties ---- */

/* QEMU marks a property as deprecated only in the text for people. */
static bool has_note(const char *text)
{
	return text && strcasestr(text, "deprecated");
}

static bool add_properties(struct introspect *q, struct properties *to, struct json_object *list,
			   const char *text_key)
{
	for (size_t i = 0; i < jsondoc_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *name = text_of(o, "name"), *type = text_of(o, "type");
		struct property *p = name ? properties_add(q->arena, to, name, type ? type : "") :
					    NULL;

		if (p)
			p->deprecated = has_note(text_of(o, text_key));
	}
	return jsondoc_length(list) > 0;
}

static bool ask_properties(struct introspect *q, const char *command, const char *type,
			   struct properties *to)
{
	_cleanup_json_ struct json_object *list = ask_about(q, command, "typename", type);

	return add_properties(q, to, list, "description");
}

static bool ask_of_kind(struct introspect *q, const char *option, const char *kind,
			struct properties *to)
{
	if (str_eq(option, "device"))
		return ask_properties(q, "device-list-properties", kind, to);
	if (str_eq(option, "machine"))
		return ask_properties(q, "qom-list-properties",
				      arena_join(q->arena, kind, "-machine"), to);
	return schema_properties(q->arena, schema(q), option, kind, to);
}

static struct proplist *proplist_find(struct introspect *q, const char *option, const char *kind)
{
	for (size_t i = 0; i < q->n_properties; i++)
		if (str_eq(q->properties[i].option, option) &&
		    str_eq(q->properties[i].kind, kind))
			return &q->properties[i];
	return NULL;
}

static struct proplist *proplist_add(struct introspect *q, const char *option, const char *kind)
{
	struct proplist *new = arena_push(q->arena, q->properties, q->n_properties,
					  q->cap_properties);

	*new = (struct proplist){ .option = option, .kind = kind };
	return new;
}

const struct properties *introspect_properties(struct introspect *q, const char *option,
					       const char *kind)
{
	const char *real = introspect_real_name(q, option, kind);
	struct proplist *list = proplist_find(q, option, real);

	if (!list) {
		list = proplist_add(q, option, real);
		list->known = ask_of_kind(q, option, real, &list->v);
		properties_sort(&list->v);
	}
	return list->known ? &list->v : NULL;
}

bool introspect_has_driver(struct introspect *q, const char *driver)
{
	json_object_put(ask_about(q, "device-list-properties", "typename", driver));
	return !str_eq(q->qmp.refusal, "DeviceNotFound");
}

/* ---- options ---- */

static struct json_object *options(struct introspect *q)
{
	if (!q->has_options)
		q->options = qmp_ask(&q->qmp, "query-command-line-options", NULL);
	q->has_options = true;
	return q->options;
}

/* The keys of -smp and -boot are in smp-opts and boot-opts, and those of -m in memory. */
static bool is_row_of(const char *row, const char *option)
{
	size_t len = strlen(option);

	return row && (str_eq(row, option) || (str_eq(option, "m") && str_eq(row, "memory")) ||
		       (strncmp(row, option, len) == 0 && str_eq(row + len, "-opts")));
}

static struct json_object *row_of(struct introspect *q, const char *option)
{
	struct json_object *all = options(q);

	for (size_t i = 0; i < jsondoc_length(all); i++) {
		struct json_object *row = json_object_array_get_idx(all, i);

		if (is_row_of(text_of(row, "option"), option))
			return row;
	}
	return NULL;
}

const struct properties *introspect_keys(struct introspect *q, const char *option)
{
	struct proplist *list = proplist_find(q, option, "");

	if (!list) {
		list = proplist_add(q, option, "");
		list->known = add_properties(
			q, &list->v, json_object_object_get(row_of(q, option), "parameters"),
			"help");
		properties_sort(&list->v);
	}
	return list->known ? &list->v : NULL;
}

bool introspect_has_option(struct introspect *q, const char *option)
{
	if (row_of(q, option))
		return true;
	if (!q->has_help)
		qemuhelp_options(q->arena, q->qmp.path, &q->help, &q->failure);
	q->has_help = true;
	return q->help.n == 0 || strv_has(&q->help, option);
}
