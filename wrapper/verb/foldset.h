/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arg;
struct assigns;
struct edit;
struct err;

/*
 * -set GROUP.ID.KEY=VALUE changes a property of an option that is written as key=value. For an
 * option in JSON, QEMU finds nothing and does not start ("there is no device … defined"): so the
 * properties become members of the JSON, and each -set is removed.
 */

/*
 * Folds all -set that name this argument into it, if it is JSON. The properties of `ours` (may be
 * NULL) are the rule's own to set: a -set of one of them is only removed. 0, or -EINVAL if a
 * value does not fit the type of its property.
 */
int foldset_into(struct edit *e, struct arg *arg, const struct assigns *ours, struct err *err);
