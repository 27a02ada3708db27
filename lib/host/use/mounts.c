/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/mounts.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "host/host.h"
#include "root.h"
#include "str.h"

/* \040 for a blank, and so on: three octal digits (proc(5)). */
static const char *unescaped(struct arena *a, const char *text)
{
	struct strbuf b = { .arena = a };
	unsigned code;

	for (; *text; text++) {
		if (*text == '\\' && sscanf(text, "\\%3o", &code) == 1 && strlen(text) > 3) {
			strbuf_addc(&b, (char)code);
			text += 3;
		} else {
			strbuf_addc(&b, *text);
		}
	}
	return strbuf_text(&b);
}

/* "36 35 8:1 / /srv rw shared:1 - ext4 /dev/sda1 rw" (proc(5)): a '-' before the last three. */
static void add_line(struct arena *a, char *line, struct mounts *m)
{
	enum { DEVICE = 2, WHERE = 4, BEFORE = 6 };
	const char *before[BEFORE] = { 0 }, *after[3] = { "", "", "" };
	size_t n = 0, k = 0;
	bool dash = false;
	char *word;

	while ((word = strsep(&line, " "))) {
		if (n >= BEFORE && !dash && str_eq(word, "-"))
			dash = true;
		else if (dash && k < 3)
			after[k++] = word;
		else if (n < BEFORE)
			before[n++] = word;
	}
	if (!dash)
		return;
	*arena_push(a, m->v, m->n, m->cap) = (struct mount){
		.device = before[DEVICE],
		.where = unescaped(a, before[WHERE]),
		.type = after[0],
		.source = unescaped(a, after[1]),
		.options = after[2],
	};
}

int mounts_read(const struct host *host, struct mounts *m)
{
	char *text, *line;
	size_t len;
	int rc = host_read(host, "/proc/self/mountinfo", &text, &len);

	*m = (struct mounts){ 0 };
	while (rc == 0 && (line = strsep(&text, "\n")))
		add_line(host->arena, line, m);
	return rc;
}
