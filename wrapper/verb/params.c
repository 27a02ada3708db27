/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/params.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "conf/expand.h"
#include "conf/rules.h"
#include "err.h"
#include "str.h"

static bool is_in(const char *const *list, const char *word, size_t len)
{
	for (; list && *list; list++)
		if (strlen(*list) == len && strncmp(*list, word, len) == 0)
			return true;
	return false;
}

/* Words that people write for a word of a verb. A row of a key ends in '='. */
static const struct {
	const char *written, *meant;
} hints[] = {
	{ "rw", "leave it out; without ro the guest can write" },
	{ "readonly", "write ro" },
	{ "readonly=on", "write ro" },
	{ "readonly=yes", "write ro" },
	{ "read-only", "write ro" },
	{ "ro=on", "write ro" },
	{ "ro=yes", "write ro" },
	{ "security_model=", "write security=MODEL" },
	{ "securitymodel=", "write security=MODEL" },
	{ "accessmode=", "write security=MODEL" },
	{ "mount_tag=", "write the tag first, without a key" },
	{ "tag=", "write the tag first, without a key" },
	{ "path=", "write the path without a key" },
	{ "file=", "write the path without a key" },
	{ "format=", "the disk is used as it is (raw)" },
	{ "if=", "write bus=virtio, bus=scsi or bus=sata" },
	{ "slot=", "write addr=SLOT" },
};

static const char *hint_for(const char *word)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (str_ends(hints[i].written, "=") ? str_starts(word, hints[i].written) :
						      str_eq(word, hints[i].written))
			return hints[i].meant;
	return NULL;
}

static int wrong(const struct action *action, const struct params_form *form, const char *word,
		 struct err *err)
{
	const char *name = verb_names[action->verb], *hint = hint_for(word);

	if (hint)
		return err_set(err, EINVAL, "'%s' is not valid here; %s", word, hint);
	if (str_ends(action->words.v[0], ","))
		return err_set(err, EINVAL,
			       "'%s' is not valid here; write a line %s = … for each device, "
			       "without a comma",
			       word, name);
	return err_set(err, EINVAL, "'%s' is not valid here; write %s = %s", word, name,
		       form->usage);
}

/* Is this word key=value? A path by place may have a '=' in it, so places come first. */
static int sort_word(struct arena *a, const struct action *action, const struct params_form *form,
		     const char *word, struct params *p, struct err *err)
{
	size_t key = strcspn(word, "=");

	if (p->n_places < form->places) {
		if (*word == '\0')
			return wrong(action, form, word, err);
		p->place[p->n_places++] = word;
		return 0;
	}
	if (word[key] == '\0' && is_in(form->flags, word, key)) {
		strv_push(a, &p->flags, word);
		return 0;
	}
	if (word[key] == '\0' || key == 0 || !(form->any_key || is_in(form->keys, word, key)))
		return wrong(action, form, word, err);
	if (params_get(p, arena_strndup(a, word, key)))
		return err_set(err, EINVAL, "%.*s= is given twice", (int)key, word);
	strv_push(a, &p->keys, arena_strndup(a, word, key));
	strv_push(a, &p->values, word + key + 1);
	return 0;
}

int params_parse(struct arena *a, const struct action *action, const struct params_form *form,
		 const struct names *names, struct params *p, struct err *err)
{
	int rc = 0;

	*p = (struct params){ 0 };
	for (size_t i = 0; !rc && i < action->words.n; i++) {
		const char *word = action->words.v[i];

		rc = names ? expand(a, names, word, NULL, &word, err) : expand_check(word, err);
		if (!rc)
			rc = sort_word(a, action, form, word, p, err);
	}
	if (!rc && p->n_places < form->places)
		rc = err_set(err, EINVAL, "a value is missing: write %s = %s",
			     verb_names[action->verb], form->usage);
	return rc;
}

const char *params_get(const struct params *p, const char *key)
{
	for (size_t i = 0; i < p->keys.n; i++)
		if (str_eq(p->keys.v[i], key))
			return p->values.v[i];
	return NULL;
}

int params_check_in_use(const struct params *p, struct err *err)
{
	const char *value = params_get(p, "in-use");

	return !value || str_eq(value, "yes") ?
		       0 :
		       err_set(err, EINVAL, "in-use=%s: must be yes", value);
}

bool params_has(const struct params *p, const char *flag)
{
	for (size_t i = 0; i < p->flags.n; i++)
		if (str_eq(p->flags.v[i], flag))
			return true;
	return false;
}
