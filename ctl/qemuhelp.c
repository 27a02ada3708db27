/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/qemuhelp.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "ctl/capture.h"
#include "err.h"

/*
 * -help: "-name string…", "-h or -help", "-fda/-fdb file", "--preconfig"; the name of an
 * option is in a line that begins with its dash.
 */
static void read_options(struct arena *a, const char *text, struct strv *names)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *s = text;

		while (*s == '-') {
			size_t len;

			s += strspn(s, "-");
			len = strcspn(s, " \t\n/[");
			strv_push(a, names, arena_strndup(a, s, len));
			s += len;
			if (*s == '/')
				s++;
			else if (str_starts(s, " or "))
				s += 4;
		}
	}
}

/* pc-q35-7.2      Standard PC (Q35 + ICH9, 2009); the headline ends in a colon. */
static void read_machines(struct arena *a, const char *text, struct strv *names)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), word = strcspn(text, " \t\n");

		if (isalnum((unsigned char)*text) && text[len - 1] != ':')
			strv_push(a, names, arena_strndup(a, text, word));
		text += len + (text[len] == '\n');
	}
}

static int ask(struct arena *a, const char *const *argv, struct strv *names,
	       void (*read)(struct arena *a, const char *text, struct strv *names), struct err *err)
{
	const char *text = "", *said;
	int rc = capture_both(a, argv, &text, &said, err);

	if (rc && rc != -EIO)
		return rc;
	read(a, text, names);
	return 0;
}

int qemuhelp_options(struct arena *a, const char *path, struct strv *names, struct err *err)
{
	return ask(a, (const char *const[]){ path, "-help", NULL }, names, read_options, err);
}

int qemuhelp_machines(struct arena *a, const char *path, struct strv *names, struct err *err)
{
	return ask(a, (const char *const[]){ path, "-machine", "help", NULL }, names,
		   read_machines, err);
}
