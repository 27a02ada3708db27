/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct assigns;
struct edit;
struct err;

/*
 * Applies a verb that names a QEMU option to one command line. Changes the command line, and
 * reports each change, and each verb without effect, to the trace. 0, or -EINVAL if the rule
 * requests something impossible (a value that the syntax cannot carry, an id that is in use,
 * %n of a VM without a name): then the command line must not be used.
 */
int edit_apply(struct edit *e, struct err *err);

/* set, or default if the action says so, of these properties on e->opt. */
int edit_assign(struct edit *e, const struct assigns *as, struct err *err);
