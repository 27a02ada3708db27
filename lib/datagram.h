/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;

/*
 * A line for the host's log, in one datagram that never blocks and whose failure is not
 * reported: to journald's socket, else to syslog's. A long text is cut at 48 KiB.
 */
void datagram_log(const struct host *host, const char *identifier, const char *text);
