/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/common.h"

#include <stdarg.h>

#include "arena.h"
#include "conf/expand.h"
#include "glob.h"
#include "str.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/slots.h"

void high_add(struct edit *e, const char *option, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	editor_add(e, qemuopt_find(&e->c->opts, option), arena_vprintf(e->arena, fmt, ap));
	va_end(ap);
}

static const struct optval *value_of(struct edit *e, struct arg *arg)
{
	if (arg->removed || !arg->opt || !arg->value)
		return NULL;
	return view_parsed(e->c, arg, NULL);
}

/* -virtfs gives its tag to its -fsdev as the id. */
static const struct prop *id_of(const struct optval *v)
{
	const struct prop *id = optval_get(v, "id");

	return id || !str_eq(v->opt->name, "virtfs") ? id : optval_get(v, "mount_tag");
}

static bool id_taken(struct edit *e, const char *id)
{
	for (size_t i = 0; i < e->c->n; i++) {
		const struct optval *v = value_of(e, &e->c->args[i]);
		const struct prop *p = v ? id_of(v) : NULL;
		const struct prop *node = v ? optval_get(v, "node-name") : NULL;

		if ((p && str_eq(p->value, id)) || (node && str_eq(node->value, id)))
			return true;
	}
	return false;
}

const char *high_id(struct edit *e, const char *front)
{
	for (unsigned n = 0;; n++) {
		const char *id = arena_printf(e->arena, "%s%u", front, n);

		if (!id_taken(e, id))
			return id;
	}
}

struct host high_host(const struct edit *e)
{
	struct root none = { "" };

	return (struct host){ e->arena, e->names->root ? *e->names->root : none };
}

/* ---- places ---- */

int high_slot(struct edit *e, const char *bus, const char *addr, struct place *place,
	      struct err *err)
{
	struct slots slots;
	unsigned slot;
	int rc = slots_find(e->arena, e->c, bus, addr, &slots, &slot, err);

	if (!rc)
		*place = (struct place){ slots.bus, slot, slots.json };
	return rc;
}

const char *high_where(struct edit *e, const struct place *place)
{
	return arena_printf(e->arena, ",bus=%s,addr=0x%x", place->bus, place->slot);
}

/* The same device in JSON, its properties with the types that QEMU wants. */
static int json_device(struct edit *e, const char *text, const char **json, struct err *err)
{
	const struct qemuopt *device = qemuopt_builtin("device");
	struct optval from, to;
	int rc = optval_parse(e->arena, device, text, &from, err);

	*json = "{}";
	for (size_t i = 0; !rc && i < from.n; i++) {
		rc = optval_parse(e->arena, device, *json, &to, err);
		if (!rc)
			rc = optval_set(e->arena, &to, from.props[i].key, from.props[i].value,
					false, json, err);
	}
	return rc;
}

int high_add_device(struct edit *e, bool json, struct err *err, const char *fmt, ...)
{
	const char *text;
	va_list ap;
	int rc = 0;

	va_start(ap, fmt);
	text = arena_vprintf(e->arena, fmt, ap);
	va_end(ap);
	if (json)
		rc = json_device(e, text, &text, err);
	if (!rc)
		editor_add(e, qemuopt_builtin("device"), text);
	return rc;
}

const struct optval *high_device(struct edit *e, const char *id)
{
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(e->c, &at));) {
		const struct prop *p = optval_get(v, "id");

		if (p && str_eq(p->value, id))
			return v;
	}
	return NULL;
}

/* ---- users ---- */

static bool same_value(const char *key, const char *a, const char *b)
{
	return str_eq(a, b) || (str_eq(key, "host") && hexaddr_equal(a, b));
}

const char *high_user_of(struct edit *e, const char *key, const char *value)
{
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(e->c, &at));) {
		const struct prop *p = optval_get(v, key);

		if (p && same_value(key, p->value, value)) {
			const struct prop *id = optval_get(v, "id");

			return id ? id->value : "a device without an id";
		}
	}
	return NULL;
}
