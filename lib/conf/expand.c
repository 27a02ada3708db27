/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/expand.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"

static int unknown(char c, struct err *err)
{
	if (c == '\0')
		return err_set(err, EINVAL,
			       "'%%' at the end is not valid; write %%%% for the character itself");
	return err_set(err, EINVAL, "'%%%c': must be %%n (name), %%u (UUID), %%h (host) or %%%%",
		       c);
}

int expand_check(const char *text, struct err *err)
{
	for (; (text = strchr(text, '%')); text += 2)
		if (text[1] == '\0' || !strchr("nuh%", text[1]))
			return unknown(text[1], err);
	return 0;
}

static int check_name(struct arena *a, const char *name, struct err *err)
{
	if (strchr(name, '/') || *name == '.')
		return err_set(err, EINVAL, "%%n: the name '%s' contains '/' or begins with '.'",
			       str_printable(a, name));
	return 0;
}

static int value_of(struct arena *a, const struct names *names, char letter, const char **value,
		    struct err *err)
{
	switch (letter) {
	case 'n':
		*value = names->name;
		if (!*value || !**value)
			return err_set(err, EINVAL, "%%n: the command line has no -name");
		return check_name(a, *value, err);
	case 'u':
		*value = names->uuid;
		return *value ? 0 : err_set(err, EINVAL, "%%u: the command line has no -uuid");
	case 'h':
		*value = names->host;
		return *value ? 0 : err_set(err, EINVAL, "%%h: the host has no name");
	default:
		return unknown(letter, err);
	}
}

int expand(struct arena *a, const struct names *names, const char *text, expand_quote *quote,
	   const char **out, struct err *err)
{
	struct strbuf b = { .arena = a };

	*out = text;
	if (!strchr(text, '%'))
		return 0;
	for (; *text; text++) {
		const char *value = "%";
		int rc = 0;

		if (*text != '%') {
			strbuf_addc(&b, *text);
			continue;
		}
		if (*++text != '%')
			rc = value_of(a, names, *text, &value, err);
		if (rc)
			return rc;
		if (quote)
			value = quote(a, value);
		if (!value)
			return err_set(err, EINVAL,
				       "%%%c: the value contains a character that is "
				       "not allowed here",
				       *text);
		strbuf_add(&b, value);
	}
	*out = strbuf_text(&b);
	return 0;
}
