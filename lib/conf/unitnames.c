/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/unitnames.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "conf/expand.h"
#include "conf/rules.h"
#include "err.h"
#include "str.h"

/* unit_name_mangle() of systemd's basic/unit-name.c; it refuses a name of 256 bytes. */
#define UNIT_NAME_MAX 255
#define BYTES                                                                      \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.\\@-"

/* Units of these types can be stopped. */
static bool has_unit_suffix(const char *name)
{
	static const char *const suffixes[] = { ".service", ".socket", ".mount", ".automount",
						".swap", ".target", ".path", ".timer",
						".slice", ".scope" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (str_ends(name, suffixes[i]) && strlen(name) > strlen(suffixes[i]))
			return true;
	return false;
}

/* A '-' in front would be an option. */
const char *unitnames_spell(struct arena *a, const char *word)
{
	if (!*word || *word == '-' || word[strspn(word, BYTES)])
		return NULL;
	if (!has_unit_suffix(word))
		word = arena_printf(a, "%s.service", word);
	return strlen(word) <= UNIT_NAME_MAX ? word : NULL;
}

static int add_unit(struct arena *a, const struct action *action, const struct names *names,
		    const char *word, struct strv *units, struct err *err)
{
	static const struct names none = { .name = "x", .uuid = "x", .host = "x" };
	const char *unit;
	int rc = expand(a, names ? names : &none, word, NULL, &word, err);

	if (rc)
		return rc;
	unit = unitnames_spell(a, word);
	if (!unit)
		return err_set(err, EINVAL,
			       "'%s': must be the name of a systemd unit, such as ollama.service",
			       str_printable(a, word));
	if (action->verb != VERB_STOP_UNITS && str_ends(unit, ".scope"))
		return err_set(err, EINVAL, "'%s': a scope cannot be started", unit);
	strv_push(a, units, unit);
	return 0;
}

/* The commas of the rule file separate, and no comma of a VM's name. */
int unitnames_of_action(struct arena *a, const struct action *action, const struct names *names,
			struct strv *units, struct err *err)
{
	size_t before = units->n;
	int rc = 0;

	for (size_t i = 0; i < action->words.n; i++)
		for (const char *s = action->words.v[i]; !rc && *s; s += *s == ',') {
			size_t len = strcspn(s, ",");

			if (len)
				rc = add_unit(a, action, names, arena_strndup(a, s, len), units, err);
			s += len;
		}
	if (!rc && units->n == before)
		rc = err_set(err, EINVAL, "a value is missing: write %s = UNIT …",
			     verb_names[action->verb]);
	return rc;
}
