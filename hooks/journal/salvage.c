/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/salvage.h"

#include <string.h>

#include "arena.h"
#include "file.h"
#include "hooks/journal/journal.h"
#include "jsondoc.h"
#include "root.h"
#include "str.h"

static const char *find(const struct salvage *s, const char *word)
{
	return memmem(s->bytes, s->len, word, strlen(word));
}

/* jsondoc_text() indents all braces but the first and the last. */
static bool is_whole(const char *bytes, size_t len)
{
	static const char first[] = "{\n", last[] = "\n}\n";

	return len > strlen(first) + strlen(last) && memcmp(bytes, first, strlen(first)) == 0 &&
	       memcmp(bytes + len - strlen(last), last, strlen(last)) == 0;
}

/* The end of a string of JSON that begins at s; NULL: it has none. */
static const char *end_of_string(const char *s, const char *end)
{
	for (; s < end && *s != '"'; s++)
		if (*s == '\\')
			s++;
	return s < end ? s : NULL;
}

/* The first "name" is the VM's: those of its steps are behind it. */
static const char *name_in(struct arena *a, const struct salvage *s)
{
	static const char key[] = "\"name\": \"";
	const char *at = find(s, key), *from = at ? at + strlen(key) : NULL;
	const char *to = from ? end_of_string(from, s->bytes + s->len) : NULL;
	_cleanup_json_ struct json_object *o = NULL;
	struct json_object *name;
	const char *text;

	if (!to)
		return NULL;
	text = arena_printf(a, "{\"name\": \"%.*s\"}", (int)(to - from), from);
	o = jsondoc_parse(text, strlen(text));
	if (!o || !json_object_object_get_ex(o, "name", &name))
		return arena_strndup(a, from, (size_t)(to - from));
	return jsondoc_kept(a, name);
}

void journal_salvage(const struct host *host, const char *uuid, const char *why, struct salvage *s)
{
	struct file file = { 0 };
	const char *name;

	*s = (struct salvage){ .uuid = uuid, .name = uuid, .why = why, .bytes = "" };
	if (file_read_any(host->arena, journal_path(host, uuid), &file, NULL) < 0)
		return;
	s->bytes = file.text;
	s->len = file.len;
	s->whole = is_whole(file.text, file.len);
	name = name_in(host->arena, s);
	if (name)
		s->name = name;
}

bool salvage_names(const struct salvage *s, const char *word)
{
	return find(s, word) != NULL;
}

const char *salvage_text(struct arena *a, const struct salvage *s)
{
	return arena_printf(a, "VM %s: %s", str_printable(a, s->name), s->why);
}
