/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct ctl;
struct assigned;
struct assigned_list;
struct json_object;

/* The two shapes of `kvmshim status`. */

/* One line of it, and one for each device and each stuck operation; steps: and each step, with its time. */
void status_text(struct ctl *ctl, const struct assigned *h, bool steps);

struct json_object *status_json(struct ctl *ctl, const struct assigned_list *list);
