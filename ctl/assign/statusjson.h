/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct assigned_list;
struct ctl;
struct json_object;

/* The same of all journals, for programs. */
struct json_object *status_json(struct ctl *ctl, const struct assigned_list *list);
