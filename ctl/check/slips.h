/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct mistakes;
struct rule_set;

/*
 * Warns of conditions of enabled rules that no VM can have, or that hardly mean what was
 * written, such as a regular expression, and of values that QEMU would get with the quotes or
 * the next option in them. Looks at the text only, so it is the same on every host.
 */
void slips_warn(struct arena *a, const struct rule_set *rules, struct mistakes *m);
