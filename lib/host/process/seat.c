/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process/seat.h"

#include "arena.h"
#include "file.h"
#include "root.h"
#include "str.h"

/* The value of NAME= in a file of NAME=VALUE lines; NULL: it has no such line, or it is empty. */
static const char *value_in(const struct host *host, const char *path, const char *name)
{
	struct file file = { 0 };

	if (file_read_any(host->arena, root_path(host, path), &file, NULL) < 0 || !file.text)
		return NULL;
	for (const char *line = file.text; line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		if (!str_starts(line, name))
			continue;
		line += strlen(name);
		len = strcspn(line, "\n");
		return len ? arena_strndup(host->arena, line, len) : NULL;
	}
	return NULL;
}

const char *seat_of_unit(const struct host *host, const char *unit)
{
	static const char prefix[] = "session-";
	const char *id = unit + strlen(prefix);
	size_t len;

	if (!str_starts(unit, prefix) || !str_ends(unit, ".scope"))
		return NULL;
	len = strlen(id) - strlen(".scope");
	return value_in(host,
			arena_printf(host->arena, "/run/systemd/sessions/%.*s", (int)len, id),
			"SEAT=");
}

bool seat_has_sessions(const struct host *host, const char *seat)
{
	return value_in(host, arena_printf(host->arena, "/run/systemd/seats/%s", seat),
			"SESSIONS=") != NULL;
}
