/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "wrapper/verb/editor.h"

/* -global: each use is one key, DRIVER.PROPERTY; the last use of a key counts. */
int editglobal_assign(struct edit *e, const struct assign *as, struct err *err);
void editglobal_unset(struct edit *e, const struct assigns *keys);

/* Is it written driver=…,property=…,value=…? */
bool editglobal_is_long(struct arena *a, const char *text);

/* The dot between DRIVER and PROPERTY; key has a dot. */
const char *editglobal_dot(const char *key);

/* set and default of -cpu if the command line has no -cpu. */
int editglobal_without_cpu(struct edit *e, const struct assigns *as, struct err *err);
