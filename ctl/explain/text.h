/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct explained;

/* Prints it for people. */
void explain_text(const struct ctl *ctl, struct explained *x);
