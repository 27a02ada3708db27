/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct step;
struct work;

/*
 * Has the journal of another VM, or of `kvmshim bind`, the same step, so that it is not undone
 * yet? A journal that is being undone itself does not count: of two VMs that stop at the same
 * time, both undo it.
 */
bool shared_step(struct work *w, const struct step *s);
