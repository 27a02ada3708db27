/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/slips.h"

#include <ctype.h>
#include <string.h>

#include "arena.h"
#include "conf/condition.h"
#include "conf/rules.h"
#include "ctl/check/slippattern.h"
#include "glob.h"
#include "mistake.h"
#include "str.h"

/* Is each value that this pattern matches one that a negated one matches? Where that is easy to see. */
static bool is_excluded(const struct condition *c, const char *glob)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->patterns[i].negated &&
		    (str_eq(c->patterns[i].glob, glob) || str_eq(c->patterns[i].glob, "*") ||
		     (glob_is_plain(glob) && glob_match(c->patterns[i].glob, glob))))
			return true;
	return false;
}

/* The line of the last pattern, if this condition contradicts itself; else 0. */
static unsigned contradicts(const struct condition *c)
{
	unsigned line = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->patterns[i].negated)
			continue;
		if (!is_excluded(c, c->patterns[i].glob))
			return 0;
		line = c->patterns[i].line;
	}
	return line;
}

static void warn_of_condition(struct arena *a, const struct rule *r, const struct condition *c,
			      struct mistakes *m)
{
	unsigned line;

	if (c->fact == FACT_OPTION)
		return;
	for (size_t i = 0; i < c->n; i++) {
		const char *slip = slippattern_find(a, c, &c->patterns[i]);

		if (slip)
			mistake_warn(m, r->file, c->patterns[i].line, "%s: '%s': %s",
				     condition_keys[c->fact], c->patterns[i].text, slip);
	}
	line = contradicts(c);
	if (line)
		mistake_warn(m, r->file, line,
			     "%s: no VM can have this: what it names, it also excludes with '!'",
			     condition_text(a, c));
}

/* ---- values for QEMU ---- */

/* Where the next option begins that was meant to be one of its own; NULL if there is none. */
static const char *second_option(const char *value)
{
	for (const char *s = value; (s = strstr(s, " -")); s += 2)
		if (isalpha((unsigned char)s[2]) && !strchr("\"'", s[-(s > value)]))
			return s + 1;
	return NULL;
}

/* Text for people, and shell code, have dashes and quotes of their own. */
static bool is_free_text(const char *option)
{
	static const char *const options[] = { "append", "name",    "fw_cfg",
					       "smbios", "chardev", "netdev" };

	return STR_AMONG(options, option);
}

/* "driver,a=b c=d": where c begins, if nothing before it is quoted. */
static const char *key_after_blank(struct arena *a, const char *value)
{
	const char *blank = strchr(value, ' ');
	size_t key = blank ? strspn(blank + 1, "abcdefghijklmnopqrstuvwxyz0123456789_-") : 0;

	if (!key || blank[1 + key] != '=' || memchr(value, '"', (size_t)(blank - value)))
		return NULL;
	return arena_strndup(a, blank + 1, key);
}

/* The first that is wrong with the value of a low verb; NULL. */
static const char *find_in_value(struct arena *a, const struct action *action)
{
	const char *value = action->rest, *option = action->target.option;
	const char *second = second_option(value);
	const char *key = action->verb == VERB_ADD ? key_after_blank(a, value) : NULL;
	size_t len = strlen(value);

	if (is_free_text(option))
		return NULL;
	if (second)
		return arena_printf(a,
				    "'%s' goes to QEMU as a part of the value of -%s; write one "
				    "option per line",
				    second, option);
	if (key)
		return arena_printf(a,
				    "'%s=' after a blank goes to QEMU as a part of the value before "
				    "it; write a comma, not a blank",
				    key);
	if (!action->target.n && strstr(value, "] "))
		return arena_printf(a, "a selector begins with '[' right after -%s", option);
	if (len > 1 && *value == '"' && value[len - 1] == '"')
		return "the quotes go to QEMU as a part of the value; leave them out";
	return NULL;
}

static void warn_of_value(const struct rule *r, const struct action *action, const char *slip,
			  struct mistakes *m)
{
	if (slip)
		mistake_warn(m, r->file, action->line, "%s: %s", verb_names[action->verb], slip);
}

static void warn_of_low(struct arena *a, const struct rule *r, const struct action *action,
			struct mistakes *m)
{
	warn_of_value(r, action, slippattern_placeholder(action->rest), m);
	warn_of_value(r, action, find_in_value(a, action), m);
}

static const char *find_in_word(struct arena *a, const char *word)
{
	const char *comma = strchr(word, ',');

	if (slippattern_placeholder(word))
		return slippattern_placeholder(word);
	if (*word == '/' && comma && (strchr(comma, '=') || str_eq(comma, ",ro")))
		return arena_printf(a,
				    "'%s' is a part of the path; write a blank, not a comma, between "
				    "words",
				    comma);
	return NULL;
}

static void warn_of_high(struct arena *a, const struct rule *r, const struct action *action,
			 struct mistakes *m)
{
	for (size_t i = 0; i < action->words.n; i++)
		warn_of_value(r, action, find_in_word(a, action->words.v[i]), m);
}

void slips_warn(struct arena *a, const struct rule_set *rules, struct mistakes *m)
{
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->v[i];

		for (size_t k = 0; r->enabled && k < r->n_conditions; k++)
			warn_of_condition(a, r, &r->conditions[k], m);
		for (size_t k = 0; r->enabled && k < r->n_actions; k++)
			if (verb_is_high(r->actions[k].verb))
				warn_of_high(a, r, &r->actions[k], m);
			else
				warn_of_low(a, r, &r->actions[k], m);
	}
}
