/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct action;
struct arena;
struct err;
struct qemuopts;

/* Is the action well-formed, whatever the command line? For reading rule files. */
int edit_check(struct arena *a, const struct qemuopts *opts, const struct action *action,
	       struct err *err);
