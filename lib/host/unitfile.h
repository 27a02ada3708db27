/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct host;

/* Whether systemd has a file for a unit, systemd.unit(5); an instance foo@bar has that of foo@. */
enum unitfile {
	UNITFILE_NONE,
	UNITFILE_MASKED, /* a link to /dev/null, or an empty file: it can never be started */
	UNITFILE_EXISTS,
};

enum unitfile unitfile_find(const struct host *host, const char *unit);

/* Is it started with a target (`systemctl enable`): NAME.wants or NAME.requires has it? */
bool unitfile_is_enabled(const struct host *host, const char *unit);
