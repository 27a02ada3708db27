/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/qemuhelp.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "ctl/capture.h"
#include "ctl/trust.h"
#include "err.h"

struct qemuanswer {
	const char *option, *value;
	struct strv names;
	struct strv types; /* of properties, beside their names; "" if unknown */
	bool none;
};

/*
 * The shapes of lines with a name, in QEMU 5 to 10:
 *   name "e1000", bus PCI, …        -device help
 *   e1000.mac=<str>, mac=<str> - …  -device e1000,help
 *   pc-q35-7.2      Standard PC …   -machine help
 *   x86 qemu64      …               -cpu help
 *   secret                          -object help (indented)
 */
static const char *name_in_line(struct arena *a, const char *line, size_t len)
{
	const char *text = str_trim(a, line, len), *eq;
	size_t word;

	if (str_starts(text, "name \""))
		return arena_strndup(a, text + 6, strcspn(text + 6, "\""));
	if (str_starts(text, "x86 "))
		text = str_skip_blanks(text + 4);
	word = strcspn(text, " \t");
	eq = memchr(text, '=', word);
	if (eq)
		word = (size_t)(eq - text);
	if (word == 0 || text[word - 1] == ':' || !isalnum((unsigned char)*text))
		return NULL;
	return arena_strndup(a, text, word);
}

/* The text in =<…>. */
static const char *type_in_line(struct arena *a, const char *line, size_t len)
{
	const char *open = memmem(line, len, "=<", 2);
	const char *close = open ? memchr(open, '>', len - (size_t)(open - line)) : NULL;

	return close ? arena_strndup(a, open + 2, (size_t)(close - open - 2)) : "";
}

static void push(struct arena *a, struct qemuanswer *answer, const char *name, const char *type)
{
	strv_push(a, &answer->names, name);
	strv_push(a, &answer->types, type);
}

static void read_names(struct arena *a, const char *text, struct qemuanswer *answer)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *name = name_in_line(a, text, len);
		const char *type = type_in_line(a, text, len);
		const char *dot = name ? strrchr(name, '.') : NULL;

		if (name)
			push(a, answer, name, type);
		/* QEMU before 5 wrote DRIVER.PROPERTY=… */
		if (dot && dot[1])
			push(a, answer, dot + 1, type);
		text += len + (text[len] == '\n');
	}
}

/*
 * -help: "-name string…", "-h or -help", "-fda/-fdb file", "--preconfig"; the name of an
 * option is in a line that begins with its dash.
 */
static void read_options(struct arena *a, const char *text, struct qemuanswer *answer)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *s = text;

		while (*s == '-') {
			size_t len;

			s += strspn(s, "-");
			len = strcspn(s, " \t\n/[");
			push(a, answer, arena_strndup(a, s, len), "");
			s += len;
			if (*s == '/')
				s++;
			else if (str_starts(s, " or "))
				s += 4;
		}
	}
}

/* For -rtc and others, QEMU (7.2) lists the keys, and exits with 1. */
static void put_question(struct qemuhelp *h, const char *option, const char *value,
			 const char **text, const char **said)
{
	const char *const argv[] = { h->binary, option, value, NULL };

	*text = *said = "";
	if (!h->silent)
		h->silent = capture_both(h->arena, argv, text, said, NULL) == -ETIMEDOUT;
	if (h->silent)
		*text = *said = "";
}

const char *qemuhelp_complaint(struct qemuhelp *h, const char *option, const char *value)
{
	const char *text, *said;

	put_question(h, option, value, &text, &said);
	return said;
}

static const struct qemuanswer *ask(struct qemuhelp *h, const char *option, const char *value)
{
	struct qemuanswer *new;
	const char *text, *said;

	for (size_t i = 0; i < h->n; i++)
		if (str_eq(h->answers[i].option, option) &&
		    str_eq(h->answers[i].value ? h->answers[i].value : "", value ? value : ""))
			return &h->answers[i];
	new = arena_push(h->arena, h->answers, h->n, h->cap);
	*new = (struct qemuanswer){ .option = option, .value = value };
	put_question(h, option, value, &text, &said);
	if (*text == '\0')
		new->none = true;
	else
		(value ? read_names : read_options)(h->arena, text, new);
	return new;
}

const struct strv *qemuhelp_names(struct qemuhelp *h, const char *option, const char *value)
{
	const struct qemuanswer *answer = ask(h, option, value);

	return answer->none ? NULL : &answer->names;
}

const char *qemuhelp_type(struct qemuhelp *h, const char *option, const char *value,
			  const char *property)
{
	const struct qemuanswer *answer = ask(h, option, value);

	for (size_t i = 0; i < answer->names.n; i++)
		if (str_eq(answer->names.v[i], property) && *answer->types.v[i])
			return answer->types.v[i];
	return NULL;
}

/* The path of the program, which trust_find_qemu() accepts. */
static int find(struct qemuhelp *h, struct err *err)
{
	struct err why = { 0 };
	int rc = trust_find_qemu(h->arena, h->binary, &h->binary, &why);

	if (rc == -ENOENT)
		return err_set(err, ENOENT, "%s cannot be run: %s", h->binary, strerror(ENOENT));
	if (rc == -ENOEXEC)
		return err_set(err, ENOEXEC, "%s", why.text);
	return rc ? err_set(err, -rc, "%s is not run as root: %s", h->binary, why.text) : 0;
}

int qemuhelp_open(struct qemuhelp *h, struct err *err)
{
	const char *text = "";
	int rc = find(h, err);

	if (!rc)
		rc = capture(h->arena, (const char *const[]){ h->binary, "-version", NULL }, &text,
			     err);
	if (rc || strstr(text, "QEMU"))
		return rc;
	return err_set(err, 22, "%s is not a QEMU emulator", h->binary);
}
