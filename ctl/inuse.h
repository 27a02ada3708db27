/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct mistakes;
struct rule_set;

/*
 * Warns of each disk and USB device that an enabled rule for this host passes through while
 * the host uses it: the wrapper will refuse the start, with the same reason. What has a % in
 * its name, or is missing, is not looked at.
 */
void inuse_warn(const struct host *host, const struct rule_set *rules, struct mistakes *m);
