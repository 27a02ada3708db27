/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct mistakes;
struct rule_set;
struct settings;

/*
 * Warns of units of kvmshim.conf that the hook cannot stop or start on this host: systemd has no
 * file for them, they are masked or units of users, or systemctl is missing.
 */
void unitswarn(const struct host *host, const struct settings *settings, struct mistakes *m);

/* The same of the stop-units, start-units and pause-units of rules. */
void unitswarn_rules(const struct host *host, const struct rule_set *rules, struct mistakes *m);
