/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct explained;
struct json_object;

/* The same for programs. */
struct json_object *explain_json(const struct ctl *ctl, const struct explained *x);
