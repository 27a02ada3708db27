/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/modprobe.h"

#include <string.h>

#include "arena.h"
#include "file.h"
#include "glob.h"
#include "host/sysfs.h"
#include "root.h"

/* In the order of kmod (libkmod_default_config_paths). */
static const char *const folders[] = { "/etc/modprobe.d", "/run/modprobe.d",
				       "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
				       "/lib/modprobe.d" };
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void take_words(struct arena *a, const char *line, size_t len, struct strv *words)
{
	for (size_t at = 0; at < len;) {
		size_t word = 0;

		at += strspn(line + at, " \t\\\n");
		while (at + word < len && !strchr(" \t\\\n", line[at + word]))
			word++;
		if (word)
			strv_push(a, words, arena_strndup(a, line + at, word));
		at += word;
	}
}

/* A backslash at the end of a line joins the next line to it. */
static size_t line_length(const char *text)
{
	size_t len = strcspn(text, "\n");

	while (text[len] && len && text[len - 1] == '\\')
		len += 1 + strcspn(text + len + 1, "\n");
	return len;
}

static void take_file(const struct host *host, const char *path, struct modprobe *m)
{
	struct file file = { 0 };

	if (file_read_any(host->arena, root_path(host, path), &file, NULL) < 0)
		return;
	for (const char *s = file.text; *s;) {
		size_t len = line_length(s);
		struct modprobe_line line = { .file = path };

		if (*s != '#')
			take_words(host->arena, s, len, &line.words);
		if (line.words.n >= 2)
			*arena_push(host->arena, m->v, m->n, m->cap) = line;
		s += len + (s[len] == '\n');
	}
}

void modprobe_read(const struct host *host, struct modprobe *m)
{
	struct strv seen = { 0 };

	*m = (struct modprobe){ 0 };
	for (size_t i = 0; i < N_FOLDERS; i++) {
		struct strv names = { 0 };

		sysfs_list(host, folders[i], &names);
		for (size_t k = 0; k < names.n; k++) {
			if (!str_ends(names.v[k], ".conf") || strv_has(&seen, names.v[k]))
				continue;
			strv_push(host->arena, &seen, names.v[k]);
			take_file(host, arena_printf(host->arena, "%s/%s", folders[i], names.v[k]),
				  m);
		}
	}
}

/* Is it this command on this module? A module's name may be spelled with - or _. */
static bool is_on(const struct modprobe_line *l, const char *command, const char *module)
{
	return str_eq(l->words.v[0], command) && glob_match_dashes(l->words.v[1], module);
}

const char *modprobe_option(const struct modprobe *m, const char *module, const char *key)
{
	size_t len = strlen(key);
	const char *value = NULL;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 2; is_on(&m->v[i], "options", module) && k < m->v[i].words.n; k++)
			if (str_starts(m->v[i].words.v[k], key) && m->v[i].words.v[k][len] == '=')
				value = m->v[i].words.v[k] + len + 1;
	return value;
}

const char *modprobe_blocks(const struct modprobe *m, const char *module)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct modprobe_line *l = &m->v[i];

		if (is_on(l, "blacklist", module) ||
		    (is_on(l, "install", module) && l->words.n > 2 &&
		     (str_ends(l->words.v[2], "/false") || str_ends(l->words.v[2], "/true"))))
			return l->file;
	}
	return NULL;
}

bool modprobe_goes_first(const struct modprobe *m, const char *module, const char *first)
{
	for (size_t i = 0; i < m->n; i++) {
		bool before = false;

		for (size_t k = 2; is_on(&m->v[i], "softdep", module) && k < m->v[i].words.n; k++) {
			const char *word = m->v[i].words.v[k];

			if (str_ends(word, ":"))
				before = str_eq(word, "pre:");
			else if (before && glob_match_dashes(first, word))
				return true;
		}
	}
	return false;
}
