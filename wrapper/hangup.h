/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct cmdline;

/*
 * Ends as a QEMU does that fails at its start, after the reason is on stderr. libvirt shows
 * what is on stderr only if it is connected to the monitor when QEMU ends, or finds it gone.
 * Between the two it reports "Connection refused" or "Connection reset by peer", without the
 * reason. So this waits until libvirt has connected to the listening socket that it passed to
 * QEMU (-chardev socket,fd=N), and then for its first command: from then on it watches for the
 * end of QEMU (libvirt's qemuConnectMonitor() and qemuMonitorIO(), src/qemu/qemu_process.c and
 * qemu_monitor.c), and until what is on stderr has left the pipe to virtlogd. It waits ten seconds
 * at most for each. Without such a socket, returns at once.
 */
void hangup_after_refusal(const struct cmdline *c);
