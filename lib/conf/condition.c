/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "condition.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "device/deviceid.h"
#include "err.h"
#include "glob.h"
#include "str.h"

const char *const condition_keys[FACT_COUNT] = {
	[FACT_NAME] = "when-name",
	[FACT_UUID] = "when-uuid",
	[FACT_HOST] = "when-host",
	[FACT_MACHINE] = "when-machine",
	[FACT_ARCH] = "when-arch",
	[FACT_ACCEL] = "when-accel",
	[FACT_CPU] = "when-cpu",
	[FACT_PCI] = "when-pci",
	[FACT_FLAVOR] = "when-flavor",
	[FACT_PROJECT] = "when-project",
	[FACT_USER] = "when-user",
	[FACT_INSTANCE] = "when-instance",
	[FACT_OPTION] = "when-option",
};

bool fact_is_shared(enum fact fact)
{
	return fact == FACT_NAME || fact == FACT_UUID || fact == FACT_HOST || fact == FACT_FLAVOR ||
	       fact == FACT_PROJECT || fact == FACT_USER || fact == FACT_INSTANCE;
}

void fact_add(struct arena *a, struct facts *f, enum fact fact, const char *value)
{
	struct fact_values *values = &f->of[fact];

	values->known = true;
	*arena_push(a, values->v, values->n, values->cap) = value;
}

/* The end of the glob at s: an unescaped comma or the end of the text. */
static size_t glob_len(const char *s)
{
	size_t len = 0;

	while (s[len] && s[len] != ',')
		len += s[len] == '\\' && s[len + 1] ? 2 : 1;
	return len;
}

/* A text without a wildcard that no value of this fact can be. */
static int check_glob(struct arena *a, enum fact fact, const char *glob, struct err *err)
{
	if (!glob_is_plain(glob))
		return 0;
	if (fact == FACT_PCI && !deviceid_is(glob))
		return err_set(err, EINVAL,
			       "'%s': must be VENDOR:DEVICE as `lspci -nn` prints them, such as "
			       "10de:1b06 or 10de:*",
			       glob);
	if (fact == FACT_UUID && !str_uuid(a, glob))
		return err_set(err, EINVAL,
			       "'%s': must be a UUID, such as "
			       "4c4c4544-0031-3310-8047-b3c04f4a3532, or a part of a UUID with *",
			       glob);
	return 0;
}

static int add_globs(struct arena *a, struct condition *c, const char *value, unsigned line,
		     struct err *err)
{
	for (const char *s = value;;) {
		size_t len = glob_len(s);
		const char *text = str_trim(a, s, len);
		bool negated = *text == '!';
		const char *glob = negated ? str_skip_blanks(text + 1) : text;
		int rc = *glob ? check_glob(a, c->fact, glob, err) :
				 err_set(err, EINVAL, "the value is empty");

		if (rc)
			return rc;
		*arena_push(a, c->patterns, c->n, c->cap) =
			(struct pattern){ .negated = negated, .glob = glob, .text = text,
					  .line = line };
		if (s[len] == '\0')
			return 0;
		s += len + 1;
	}
}

static int add_target(struct arena *a, struct condition *c, const char *value, unsigned line,
		      struct err *err)
{
	struct pattern p = { .negated = *value == '!', .text = value, .line = line };
	const char *rest;
	int rc = target_parse(a, str_skip_blanks(value + p.negated), &p.target, &rest, err);

	if (rc)
		return rc;
	if (*rest)
		return err_set(err, EINVAL,
			       "'%s' after -%s is not allowed; write one "
			       "-OPTION[SELECTOR] per line",
			       rest, p.target.option);
	*arena_push(a, c->patterns, c->n, c->cap) = p;
	return 0;
}

int condition_add(struct arena *a, struct condition *c, const char *value, unsigned line,
		  struct err *err)
{
	if (c->fact == FACT_OPTION)
		return add_target(a, c, value, line, err);
	return add_globs(a, c, value, line, err);
}

/* UUIDs and PCI ids are hex: case means nothing. */
static bool value_matches(enum fact fact, const char *glob, const char *value)
{
	if (fact == FACT_UUID || fact == FACT_PCI)
		return glob_match_nocase(glob, value);
	return glob_match(glob, value);
}

static bool pattern_matches(const struct condition *c, const struct pattern *p,
			    const struct facts *f)
{
	const struct fact_values *values = &f->of[c->fact];

	if (c->fact == FACT_OPTION)
		return f->has_option(f->cmdline, &p->target);
	for (size_t i = 0; i < values->n; i++)
		if (value_matches(c->fact, p->glob, values->v[i]))
			return true;
	return false;
}

enum verdict condition_eval(const struct condition *c, const struct facts *f)
{
	bool positive = false, wanted = false;

	if (c->fact != FACT_OPTION && !f->of[c->fact].known)
		return COND_UNKNOWN;
	for (size_t i = 0; i < c->n; i++) {
		const struct pattern *p = &c->patterns[i];
		bool matches = pattern_matches(c, p, f);

		if (p->negated && matches)
			return COND_FAILS;
		positive |= !p->negated;
		wanted |= !p->negated && matches;
	}
	return !positive || wanted ? COND_HOLDS : COND_FAILS;
}

/* Wildcards only, and the signs that each value of the fact has. */
static bool matches_all(const struct condition *c, const struct pattern *p)
{
	const char *wild = c->fact == FACT_UUID ? "*?-" : c->fact == FACT_PCI ? "*?:" : "*?";

	return c->fact != FACT_OPTION && !p->glob[strspn(p->glob, wild)];
}

bool condition_restricts(const struct condition *c)
{
	bool positive = false;

	for (size_t i = 0; i < c->n; i++) {
		if (!c->patterns[i].negated && matches_all(c, &c->patterns[i]))
			return false;
		positive |= !c->patterns[i].negated;
	}
	return positive;
}

const char *condition_text(struct arena *a, const struct condition *c)
{
	struct strbuf b = { .arena = a };

	strbuf_addf(&b, "%s = ", condition_keys[c->fact]);
	for (size_t i = 0; i < c->n; i++)
		strbuf_addf(&b, "%s%s", i ? ", " : "", c->patterns[i].text);
	return strbuf_text(&b);
}
