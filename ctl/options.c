/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "nearest.h"
#include "str.h"

#define MOST 16	      /* options of one command, --help included */
#define FIRST_ROW 256 /* getopt_long() returns this and more for a row, and less for a letter */

struct reading {
	struct ctl *ctl;
	const struct command *command;
	int argc;
	char *const *argv;
	char *filled;
	const struct option_row *rows[MOST];
	struct option longs[MOST + 1];
	bool given[MOST];
	int n, status;
};

/* The reader judges values itself, so that one sentence names the word: to getopt all have one. */
static void add_row(struct reading *r, const struct option_row *row)
{
	r->longs[r->n] = (struct option){ row->name, optional_argument, NULL, FIRST_ROW + r->n };
	r->rows[r->n++] = row;
}

static void add_rows(struct reading *r)
{
	const struct option_row *row = r->command->options;

	for (; row && row->kind != OPTION_END && r->n < MOST - 1; row++)
		add_row(r, row);
	add_row(r, &help_row);
}

/* ---- what is wrong: each returns false ---- */

static bool wrong(const struct reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool wrong(const struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ctl_wrong(r->command, "%s", arena_vprintf(r->ctl->host.arena, fmt, ap));
	va_end(ap);
	return false;
}

static bool wrong_value(const struct reading *r, const struct option_row *row, const char *state)
{
	const char *before = row->kind == OPTION_MAYBE_JOINED ? "=" : " ";

	return wrong(r, "--%s: %s: write --%s%s%s", row->name, state, row->name, before,
		     row->value);
}

/* The only option that begins so, or one that is near. */
static const char *hint(const struct reading *r, const char *typed)
{
	struct nearest near = { .word = typed };
	const char *longer = NULL;
	int n = 0;

	for (int i = 0; i < r->n; i++) {
		const char *name = arena_printf(r->ctl->host.arena, "--%s", r->rows[i]->name);

		nearest_try(&near, name);
		if (str_starts(name, typed)) {
			longer = name;
			n++;
		}
	}
	if (n == 1)
		near = (struct nearest){ .word = typed, .best = longer };
	return nearest_hint(r->ctl->host.arena, &near);
}

static bool unknown(const struct reading *r, const char *word)
{
	const struct operand_row *o = &r->command->operands;
	struct arena *a = r->ctl->host.arena;
	const char *typed = arena_strndup(a, word, strcspn(word, "="));
	const char *where = o->is_command ? arena_printf(a, " before the %s", o->name) : "";
	const char *line = o->line_at ? "; a command line follows --" : "";

	return wrong(r, "'%s' is not a valid option%s%s%s; see %s --help", typed, where,
		     hint(r, typed), line, ctl_name(a, r->command));
}

static bool unexpected(const struct reading *r, const char *word)
{
	const char *name = r->command->operands.name;
	struct arena *a = r->ctl->host.arena;

	return wrong(r, "'%s' is unexpected%s: this command takes %s%s; see %s --help", word,
		     hint(r, arena_printf(a, "--%s", word)), name ? "one " : "options only",
		     name ? name : "", ctl_name(a, r->command));
}

/* ---- one option ---- */

static bool set_flag(struct reading *r, const struct option_row *row, const char *word)
{
	if (optarg)
		return wrong(r, "'%s' has a value: write --%s", word, row->name);
	if (row->kind == OPTION_HELP)
		r->status = help_print(r->ctl->host.arena, r->command);
	else if (row->kind == OPTION_JSON)
		r->ctl->json = true;
	else
		*(bool *)(void *)(r->filled + row->at) = true;
	return row->kind != OPTION_HELP;
}

static bool set_number(struct reading *r, const struct option_row *row, const char *value)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno || end == value || *end || number < row->min || number > row->max)
		return wrong(r, "--%s must be a number from %d to %d, not '%s'", row->name,
			     row->min, row->max, value);
	*(int *)(void *)(r->filled + row->at) = (int)number;
	return true;
}

static const char *value_of(const struct reading *r, const struct option_row *row)
{
	if (optarg || row->kind == OPTION_MAYBE_JOINED)
		return optarg;
	if (optind < r->argc && r->argv[optind][0] != '-')
		return r->argv[optind++];
	return NULL;
}

static bool set_value(struct reading *r, const struct option_row *row, bool *given)
{
	const char *value = value_of(r, row);

	if (*given)
		return wrong(r, "--%s is given twice: write it once", row->name);
	*given = true;
	if (!value && (row->kind == OPTION_WORD || row->kind == OPTION_NUMBER))
		return wrong_value(r, row, "a value is missing");
	if (value && !*value)
		return wrong_value(r, row, "the value is empty");
	if (row->kind == OPTION_NUMBER)
		return set_number(r, row, value);
	*(const char **)(void *)(r->filled + row->at) = value ? value : "";
	return true;
}

/* found: what getopt_long() made of a word; it takes abbreviations for the option. */
static bool read_option(struct reading *r, int found, const char *word)
{
	int i = found == 'h' ? r->n - 1 : found - FIRST_ROW;

	if (i < 0 || (found != 'h' && strlen(r->rows[i]->name) != strcspn(word + 2, "=")))
		return unknown(r, word);
	if (option_has_value(r->rows[i]))
		return set_value(r, r->rows[i], &r->given[i]);
	return set_flag(r, r->rows[i], word);
}

/* ---- all words ---- */

static bool add_operand(struct reading *r, const char *word)
{
	const struct operand_row *o = &r->command->operands;
	struct strv *words = (struct strv *)(void *)(r->filled + o->at);

	if (!o->name || (words->n && !o->many))
		return unexpected(r, word);
	strv_push(r->ctl->host.arena, words, word);
	return true;
}

/* "-" before the letters: getopt_long() returns an operand as the value of an option 1. */
static bool read_until_dashes(struct reading *r)
{
	optind = 0;
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int found = getopt_long(r->argc, r->argv, "-h", r->longs, NULL);

		if (found == -1)
			return true;
		if (found == 1 && r->command->operands.is_command) {
			optind = at;
			return true;
		}
		if (!(found == 1 ? add_operand(r, optarg) : read_option(r, found, r->argv[at])))
			return false;
	}
}

static bool read_rest(struct reading *r)
{
	const struct operand_row *o = &r->command->operands;
	struct strv *line = o->line_at ? (struct strv *)(void *)(r->filled + o->line_at) : NULL;

	for (int i = optind; i < r->argc && !o->is_command; i++) {
		if (line)
			strv_push(r->ctl->host.arena, line, r->argv[i]);
		else if (!add_operand(r, r->argv[i]))
			return false;
	}
	return true;
}

static bool has_needed(const struct reading *r)
{
	const struct operand_row *o = &r->command->operands;

	if (!o->needed || ((struct strv *)(void *)(r->filled + o->at))->n)
		return true;
	return wrong(r, "%s is missing: write %s %s", o->name, ctl_name(r->ctl->host.arena, r->command),
		     r->command->usage);
}

bool options_read(struct ctl *ctl, const struct command *command, int argc, char *const *argv,
		  void *filled, int *status)
{
	struct reading r = {
		.ctl = ctl,
		.command = command,
		.argc = argc,
		.argv = argv,
		.filled = filled,
		.status = CTL_USAGE,
	};
	bool fine;

	add_rows(&r);
	fine = read_until_dashes(&r) && read_rest(&r) && has_needed(&r);
	*status = r.status;
	return fine;
}
