/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct ctl;
struct explained;

/*
 * Fills x->running where libvirt runs the domain. A pid file may outlive its
 * process: only one with the UUID or name of x->before (without one: the name
 * alone) is believed.
 */
void explain_find_running(struct ctl *ctl, const char *name, struct explained *x);
