/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/doctor/row.h"

#include <stdarg.h>

#include "arena.h"
#include "ctl/doctor/facts.h"

__attribute__((format(printf, 4, 0)))
static struct row row_make(const struct doctor *d, enum grade grade, const char *fix,
			   const char *fmt, va_list ap)
{
	return (struct row){ grade, arena_vprintf(d->host.arena, fmt, ap), fix };
}

struct row row_ok(const struct doctor *d, const char *fmt, ...)
{
	struct row row;
	va_list ap;

	va_start(ap, fmt);
	row = row_make(d, GRADE_OK, NULL, fmt, ap);
	va_end(ap);
	return row;
}

struct row row_warn(const struct doctor *d, const char *fix, const char *fmt, ...)
{
	struct row row;
	va_list ap;

	va_start(ap, fmt);
	row = row_make(d, GRADE_WARN, fix, fmt, ap);
	va_end(ap);
	return row;
}

struct row row_fail(const struct doctor *d, const char *fix, const char *fmt, ...)
{
	struct row row;
	va_list ap;

	va_start(ap, fmt);
	row = row_make(d, GRADE_FAIL, fix, fmt, ap);
	va_end(ap);
	return row;
}

struct row row_unseen(const struct doctor *d, const char *what)
{
	return (struct row){ GRADE_UNSEEN,
			     arena_printf(d->host.arena, "%s cannot be read by this user", what),
			     "run kvmshim doctor as root" };
}

#define LISTED 4

void row_add(const struct doctor *d, struct row_texts *t, const char *fmt, ...)
{
	va_list ap;

	t->text.arena = d->host.arena;
	if (t->n++ >= LISTED)
		return;
	va_start(ap, fmt);
	strbuf_addf(&t->text, "%s%s", t->n > 1 ? "; " : "", arena_vprintf(d->host.arena, fmt, ap));
	va_end(ap);
}

const char *row_list(const struct doctor *d, const struct row_texts *t)
{
	if (t->n <= LISTED)
		return strbuf_text(&t->text);
	return arena_printf(d->host.arena, "%s; and %zu more", strbuf_text(&t->text),
			    t->n - LISTED);
}
