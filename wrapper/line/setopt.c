/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/setopt.h"

#include <string.h>

#include "arena.h"
#include "str.h"
#include "wrapper/line/view.h"

/* %63[^.] of sscanf: the text up to a dot, whose place *at is moved past. */
static const char *take_name(struct arena *a, const char *text, const char *end, size_t *at)
{
	size_t len = strcspn(text + *at, end);
	const char *name = arena_strndup(a, text + *at, len);

	if (len == 0 || len > 63 || text[*at + len] == '\0')
		return NULL;
	*at += len + 1;
	return name;
}

bool setopt_read(struct arena *a, const char *text, struct setopt *s)
{
	size_t at = 0;

	s->group = take_name(a, text, ".", &at);
	s->id = s->group ? take_name(a, text, ".", &at) : NULL;
	s->key = s->id ? take_name(a, text, "=", &at) : NULL;
	s->value = text + at;
	return s->key != NULL;
}

bool setopt_names(const struct cmdline *c, const struct arg *set, struct arg *arg,
		  struct setopt *s)
{
	const struct optval *v;
	const struct prop *id;

	if (!arg->value || !set->value || !str_starts(set->value, arg->opt->name) ||
	    !setopt_read(c->arena, set->value, s) || !str_eq(s->group, arg->opt->name))
		return false;
	v = view_parsed(c, arg, NULL);
	id = v ? optval_get(v, "id") : NULL;
	return id && str_eq(id->value, s->id);
}
