/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settings.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/confdir.h"
#include "conf/inifile.h"
#include "err.h"
#include "file.h"
#include "mistake.h"
#include "nearest.h"
#include "root.h"
#include "str.h"

struct load {
	struct arena *arena;
	struct settings *settings;
	struct mistakes *mistakes;
	bool in_wrapper; /* the section we are in is one we know */
	bool any_section;
	unsigned section_line; /* where [wrapper] was */
	unsigned seen[4];
};

typedef const char *setter(struct load *l, const char *value);

static const char *set_enabled(struct load *l, const char *value)
{
	int on = str_to_bool(value);

	if (on < 0)
		return "yes or no";
	l->settings->enabled = on;
	return NULL;
}

static const char *set_on_error(struct load *l, const char *value)
{
	if (!str_eq(value, "refuse") && !str_eq(value, "pass"))
		return "refuse or pass";
	l->settings->pass_on_error = str_eq(value, "pass");
	return NULL;
}

static const char *set_real(struct load *l, const char *value)
{
	if (*value != '/')
		return "an absolute path";
	l->settings->real = value;
	return NULL;
}

static bool extra_option_parse(const char *item, struct extra_option *o, struct arena *a)
{
	const char *colon = strrchr(item, ':');

	if (!colon || colon == item || *item == '-')
		return false;
	if (!str_eq(colon, ":arg") && !str_eq(colon, ":flag"))
		return false;
	o->name = arena_strndup(a, item, (size_t)(colon - item));
	o->has_arg = str_eq(colon, ":arg");
	return true;
}

static const char *set_extra(struct load *l, const char *value)
{
	size_t cap = 0;

	for (const char *s = value; *s;) {
		size_t len = strcspn(s, ",");
		struct extra_option o;

		if (!extra_option_parse(str_trim(l->arena, s, len), &o, l->arena))
			return "NAME:arg or NAME:flag, with commas, without dashes";
		*arena_push(l->arena, l->settings->extra, l->settings->n_extra, cap) = o;
		s += len + (s[len] == ',');
	}
	return NULL;
}

static const struct {
	const char *key;
	setter *set;
} keys[] = {
	{ "enabled", set_enabled },
	{ "on-error", set_on_error },
	{ "real", set_real },
	{ "extra-options", set_extra },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(N_KEYS == sizeof(((struct load *)0)->seen) / sizeof(unsigned), "seen[] per key");

static void on_section(void *user, const char *name, unsigned line)
{
	struct load *l = user;
	struct nearest near = { .word = name };

	l->any_section = true;
	l->in_wrapper = str_eq(name, "wrapper");
	if (!l->in_wrapper) {
		nearest_try(&near, "wrapper");
		mistake_add(l->mistakes, l->settings->path, line, "unknown section [%s]%s", name,
			    nearest_hint(l->arena, &near));
	} else if (l->section_line) {
		mistake_add(l->mistakes, l->settings->path, line,
			    "section [wrapper] again: it began at line %u", l->section_line);
	} else {
		l->section_line = line;
	}
}

static void on_key(void *user, const char *key, const char *value, unsigned line)
{
	struct load *l = user;
	struct nearest near = { .word = key };

	if (!l->any_section)
		mistake_add(l->mistakes, l->settings->path, line,
			    "'%s' before any section: write [wrapper] above it", key);
	if (!l->in_wrapper)
		return;
	value = inifile_unquote(l->arena, value);
	for (size_t i = 0; i < N_KEYS; i++) {
		const char *wanted;

		nearest_try(&near, keys[i].key);
		if (!str_eq(keys[i].key, key))
			continue;
		if (l->seen[i]) {
			mistake_add(l->mistakes, l->settings->path, line,
				    "'%s' again: it stands at line %u", key, l->seen[i]);
			return;
		}
		l->seen[i] = line;
		wanted = keys[i].set(l, value);
		if (wanted)
			mistake_add(l->mistakes, l->settings->path, line, "%s = %s: must be %s",
				    key, value, wanted);
		return;
	}
	mistake_add(l->mistakes, l->settings->path, line, "unknown key '%s'%s", key,
		    nearest_hint(l->arena, &near));
}

void settings_parse(struct arena *a, const struct file *file, struct settings *s,
		    struct mistakes *m)
{
	static const struct ini_events events = { on_section, on_key };
	struct load l = { .arena = a, .settings = s, .mistakes = m };

	*s = (struct settings){ .path = file->path, .enabled = true };
	if (file->text)
		inifile_read(a, file, &events, &l, m);
}

void settings_read(struct arena *a, const struct root *r, struct settings *s, struct mistakes *m)
{
	const char *folder = root_path(a, r, CONFDIR_ETC);
	struct err err = { 0 };
	_cleanup_fd_ int fd = folder_open(r, AT_FDCWD, folder, &err);
	struct file file = { .path = root_path(a, r, CONFDIR_ETC "/" SETTINGS_FILE) };
	int rc;

	rc = fd < 0 ? fd : file_read(a, r, fd, SETTINGS_FILE, 0, &file, &err);
	if (rc < 0 && rc != -ENOENT)
		mistake_add(m, fd < 0 ? folder : file.path, 0, "%s", err.text);
	settings_parse(a, &file, s, m);
}
