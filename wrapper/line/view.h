/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wrapper/line/cmdline.h"
#include "wrapper/line/optval.h"

struct err;
struct target;

/*
 * The meaning of the command line: repeated options are merged, or the last one counts, as in
 * QEMU; -enable-kvm is read as -machine accel=kvm. Pure.
 */

/*
 * The argument's value as properties, parsed once for each value it has.
 * NULL with err filled for JSON that QEMU refuses. arg has an option and a value.
 */
const struct optval *view_parsed(const struct cmdline *c, struct arg *arg, struct err *err);

/* The value that counts of a property of an option; NULL if the line does not give it. */
const char *view_get(const struct cmdline *c, const char *option, const char *key);

/* Index of the last living use of the option, or -1. */
ptrdiff_t view_last(const struct cmdline *c, const struct qemuopt *canonical);

/*
 * Does the selector mean this use of the option? Where uses merge it is asked of all
 * of them together, by view_has(). *refused (may be NULL) is set where the value is
 * JSON that QEMU refuses: such a value is nothing a rule may touch.
 */
bool view_selects(const struct cmdline *c, struct arg *arg, const struct target *t,
		  bool *refused);

/* For condition_eval(): does the target match any use? */
bool view_has(const void *cmdline, const struct target *t);

/* The index of the last use that mentions the key, among uses that merge; or -1. */
ptrdiff_t view_last_mention(const struct cmdline *c, const struct qemuopt *canonical,
			    const char *key);

/*
 * The -device arguments of a command line, in order, for
 *	size_t at = 0;
 *	for (const struct optval *v; (v = view_next_device(c, &at));)
 * The value of the next -device from *at on; moves *at past it. NULL at the end. A device
 * whose JSON QEMU refuses is omitted.
 */
const struct optval *view_next_device(const struct cmdline *c, size_t *at);
