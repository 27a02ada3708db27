/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"

/* The ']' that ends the selector, or NULL. */
static const char *selector_end(const char *s)
{
	for (; *s; s++)
		if (*s == ']' && (s[1] == '\0' || s[1] == ' ' || s[1] == '\t'))
			return s;
	return NULL;
}

/* The end of the item at s: an unescaped comma or end. */
static const char *item_end(const char *s, const char *end)
{
	for (; s < end && *s != ','; s++)
		if (*s == '\\' && s + 1 < end)
			s++;
	return s;
}

/* "driver!=x" and "driver = x" would be properties that no option has, and match nothing. */
static int check_operator(const char *item, const char *eq, struct err *err)
{
	static const char signs[] = "+-!?~<>|&^*: \t";

	if (!strchr(signs, eq[-1]) && !strchr(signs, *item) && (!eq[1] || !strchr("=~<> \t", eq[1])))
		return 0;
	return err_set(err, EINVAL,
		       "'%s' in the selector: must be key=glob, with = as the only operator and "
		       "without blanks around it",
		       item);
}

static int selkey_parse(struct arena *a, const char *item, struct selkey *k, struct err *err)
{
	const char *eq = strchr(item, '=');

	if (*item == '\0')
		return err_set(err, EINVAL, "the selector contains an empty item");
	if (!eq || eq == item)
		return err_set(err, EINVAL, "'%s' in the selector: must be key=glob", item);
	if (eq[1] == '!')
		return err_set(err, EINVAL,
			       "'%s' in the selector: only a condition can begin with '!' (write "
			       "\\! for the character itself)",
			       item);
	if (check_operator(item, eq, err) < 0)
		return -EINVAL;
	k->key = arena_strndup(a, item, (size_t)(eq - item));
	k->glob = arena_strdup(a, eq + 1);
	return 0;
}

static int selector_parse(struct arena *a, const char *s, const char *end, struct target *t,
			  struct err *err)
{
	size_t cap = 0;

	for (;;) {
		const char *stop = item_end(s, end);
		struct selkey k;
		int rc = selkey_parse(a, str_trim(a, s, (size_t)(stop - s)), &k, err);

		if (rc)
			return rc;
		*arena_push(a, t->keys, t->n, cap) = k;
		if (stop == end)
			return 0;
		s = stop + 1;
	}
}

int target_parse(struct arena *a, const char *text, struct target *t, const char **rest,
		 struct err *err)
{
	const char *name = text + (*text == '-') + (text[0] == '-' && text[1] == '-');
	size_t len = strcspn(name, "[ \t");
	const char *after = name + len;

	*t = (struct target){ 0 };
	if (name == text || len == 0)
		return err_set(err, EINVAL, "must begin with -OPTION, not with '%s'", text);
	t->option = arena_strndup(a, name, len);
	if (*after == '[') {
		const char *end = selector_end(after);
		int rc;

		if (!end)
			return err_set(
				err, EINVAL,
				"the selector of -%s has no ']' before a blank or at the end",
				t->option);
		rc = selector_parse(a, after + 1, end, t, err);
		if (rc)
			return rc;
		after = end + 1;
	}
	*rest = str_skip_blanks(after);
	return 0;
}
