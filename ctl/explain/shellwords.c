/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain/shellwords.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"

/* A quoted text ('…' or "…") at *s, after its first quote; moves *s after the last quote. */
static bool take_quoted(const char **s, struct strbuf *word)
{
	char quote = *(*s)++;

	for (; **s && **s != quote; ++*s) {
		if (quote == '"' && **s == '\\' && (*s)[1] && strchr("\"\\$`", (*s)[1]))
			++*s;
		strbuf_addc(word, **s);
	}
	return **s && ++*s;
}

static bool take_word(const char **s, struct strbuf *word)
{
	while (**s && !strchr(" \t\n", **s)) {
		if (**s == '\'' || **s == '"') {
			if (!take_quoted(s, word))
				return false;
		} else if (**s == '\\' && (*s)[1] == '\n') {
			*s += 2;
		} else {
			*s += **s == '\\' && (*s)[1];
			strbuf_addc(word, *(*s)++);
		}
	}
	return true;
}

static const char *skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t' || (*s == '\\' && s[1] == '\n'))
		s += *s == '\\' ? 2 : 1;
	return s;
}

int shellwords(struct arena *a, const char *text, struct strv *words, const char **end,
	       struct err *err)
{
	const char *s = skip_space(text);

	while (*s && *s != '\n') {
		struct strbuf word = { .arena = a };

		strbuf_addn(&word, "", 0);
		if (!take_word(&s, &word))
			return err_set(err, EINVAL, "a quote in the command line is not closed");
		strv_push(a, words, word.text);
		s = skip_space(s);
	}
	if (end)
		*end = s;
	return 0;
}

static bool is_assignment(const char *word)
{
	size_t len = 0;

	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	return len && word[len] == '=';
}

int shellwords_command(struct arena *a, const char *text, struct strv *words, struct err *err)
{
	struct strv all = { 0 };
	size_t first = 0;
	int rc = shellwords(a, text, &all, NULL, err);

	if (rc)
		return rc;
	while (first < all.n && is_assignment(all.v[first]))
		first++;
	for (size_t i = first; i < all.n; i++)
		strv_push(a, words, all.v[i]);
	if (words->n == 0)
		return err_set(err, ENODATA, "the command line is missing");
	return 0;
}

/* "2026-11-20 23:42:46.249+0000: starting up libvirt version: …" */
static bool is_start(const char *line)
{
	static const char date[] = "dddd-dd-dd ", mark[] = ": starting up libvirt version: ";
	const char *zone;

	for (size_t i = 0; date[i]; i++)
		if (date[i] == 'd' ? !isdigit((unsigned char)line[i]) : line[i] != date[i])
			return false;
	zone = line + strlen(date) + strcspn(line + strlen(date), "+-\n");
	return strnlen(zone, 5) == 5 && str_starts(zone + 5, mark);
}

/* The beginning of the command of the last start in the text, or NULL. */
static const char *last_start(struct arena *a, const char *text)
{
	const char *start = NULL;

	for (const char *line = text; *line;) {
		struct strv skipped = { 0 };
		bool begins = is_start(line);

		line += strcspn(line, "\n");
		line += *line == '\n';
		if (!begins)
			continue;
		start = line;
		/* the text in a quoted word is not a line of the log */
		if (shellwords(a, line, &skipped, &line, NULL) < 0)
			break;
	}
	return start;
}

/* A host that crashed may leave NUL bytes in its logs, amid a word too: no quote spans them. */
int shellwords_libvirt_log(struct arena *a, const char *log, size_t len, struct strv *words,
			   struct err *err)
{
	const char *start = NULL;

	for (size_t at = 0; at < len; at += strlen(log + at) + 1) {
		const char *found = last_start(a, log + at);

		start = found ? found : start;
	}
	if (!start)
		return err_set(err, ENODATA, "this log contains no start of a VM");
	return shellwords_command(a, start, words, err);
}
