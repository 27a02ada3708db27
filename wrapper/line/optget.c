/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/optget.h"

#include <string.h>

#include "str.h"
#include "wrapper/line/cpukey.h"
#include "wrapper/line/optval.h"

bool optval_same_key(const struct qemuopt *opt, const char *a, const char *b)
{
	if (opt->syntax == SYNTAX_CPU)
		return cpukey_same(a, b);
	for (; opt->flags & OPT_UNDERSCORE && *a && *b; a++, b++)
		if (*a != *b && !(strchr("_-", *a) && strchr("_-", *b)))
			return false;
	return str_eq(a, b);
}

/* In -cpu f=v yields to +f, and +f to -f, in any order. */
static int strength(const struct prop *p)
{
	return p->sign == '-' ? 2 : p->sign == '+' ? 1 : 0;
}

/* x86 CPUs have a property `model` too (-cpu qemu64,model=15): the model's name is the first item. */
bool optval_means(const struct optval *v, const struct prop *p, const char *key)
{
	if (v->json)
		return json_path_is(&v->tree, &v->tree.v[p->node], key);
	if (v->opt->syntax == SYNTAX_CPU && str_eq(key, "model"))
		return p->implied;
	return !(v->opt->syntax == SYNTAX_CPU && p->implied) &&
	       optval_same_key(v->opt, p->key, key);
}

const char *optval_key(const struct optval *v, const struct prop *p)
{
	return v->json ? json_path(v->arena, &v->tree, &v->tree.v[p->node]) : p->key;
}

const char *optval_value(const struct optval *v, struct prop *p)
{
	if (!p->value)
		p->value = json_plain(v->arena, &v->tree, &v->tree.v[p->node]);
	return p->value;
}

const struct prop *optval_get(const struct optval *v, const char *key)
{
	bool first = v->opt->flags & OPT_FIRST_ID && !v->json && str_eq(key, "id");
	struct prop *found = NULL;

	for (size_t i = 0; i < v->n; i++) {
		struct prop *p = &v->props[i];

		if (!optval_means(v, p, key))
			continue;
		if (!found || (!first && strength(p) >= strength(found)))
			found = p;
	}
	if (found)
		optval_value(v, found);
	return found;
}
