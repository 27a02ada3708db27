/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct host;

/*
 * Runs a program of the host: argv[0] is its name, looked for in /usr/sbin,
 * /usr/bin, /sbin and /bin below the root, with a fixed environment (PATH,
 * LC_ALL=C). 0, its exit status (1-255), -errno, or -ETIMEDOUT; err has the last line
 * of its stderr or why it could not be run. -EIO: a signal ended it. Past the deadline
 * it is killed, and all that it started in its process group.
 */
int act_run(const struct host *host, const char *const *argv, int deadline, struct err *err);
