/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Command lines as one text: words divided by blanks. A tab stands for a blank
 * inside a word and '' for the empty word. The program is not among them.
 */
#include "str.h"
#include "unit.h"
#include "wrapper/line/cmdline.h"

static inline char **line_argv(const char *text)
{
	struct strv v = { 0 };

	strv_push(&arena, &v, "qemu");
	while (*text) {
		size_t len = strcspn(text, " ");
		char *word = arena_strndup(&arena, text, len);

		for (char *p = word; (p = strchr(p, '\t'));)
			*p = ' ';
		strv_push(&arena, &v, str_eq(word, "''") ? "" : word);
		text += len + (text[len] == ' ');
	}
	strv_push(&arena, &v, NULL);
	return (char **)(void *)v.v;
}

static inline void line_parse(const char *text, struct cmdline *c)
{
	static const struct qemuopts opts;

	cmdline_parse(&arena, &opts, line_argv(text), c);
}

static inline const char *line_join(const char *const *argv)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; argv[i]; i++) {
		char *word = arena_strdup(&arena, *argv[i] ? argv[i] : "''");

		for (char *p = word; (p = strchr(p, ' '));)
			*p = '\t';
		strbuf_addf(&b, "%s%s", i ? " " : "", word);
	}
	return strbuf_text(&b);
}

/* The words after the program. */
static inline const char *line_text(const struct cmdline *c)
{
	return line_join(cmdline_argv(c, NULL) + 1);
}

static inline const struct qemuopt *line_option(const char *name)
{
	static const struct qemuopts opts;
	const struct qemuopt *o = qemuopt_find(&opts, name);

	if (!o)
		fail_msg("no option -%s", name);
	return o;
}
