/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct arena;
struct err;
struct names;
struct strv;

/* Names of systemd units, in kvmshim.conf and in rules. */

/* The whole name, with .service where the word has no suffix; NULL if the word cannot be one. */
const char *unitnames_spell(struct arena *a, const char *word);

/*
 * Adds the units of a stop-units, start-units or pause-units of a rule, which are between commas
 * and blanks. names NULL: no VM exists yet; %n and the like are only checked then. 0 or -EINVAL.
 */
int unitnames_of_action(struct arena *a, const struct action *action, const struct names *names,
			struct strv *units, struct err *err);
