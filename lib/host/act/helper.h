/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "host/act/child.h"

/*
 * As child_do(), but by a child that is kept for the next task of the same thread: a fork
 * costs more than most writes to sysfs take. A child that does not finish by its deadline
 * is left behind as child_do() leaves it, and the next task gets another. The task has
 * path, text (may be NULL) and report, which need not be shared: run() sees copies. Not
 * across a fork(2). -ENAMETOOLONG: path or text have no room (PATH_MAX, a page).
 */
int helper_do(struct arena *a, const struct task *t, int deadline, struct process *stuck);

/* Ends this thread's, if it has one; with the thread it would end too. */
void helper_end(void);
