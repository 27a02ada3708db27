/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct arena;
struct err;
struct strv;

/*
 * Takes a command apart as a POSIX shell would: blanks, '…', "…", \x, and backslash-newline;
 * ends at the first newline outside of these, or at the end of the text. *end (may be NULL) is
 * set to this position.
 */
int shellwords(struct arena *a, const char *text, struct strv *words, const char **end,
	       struct err *err);

/*
 * An emulator's command line as libvirt writes it, in the domain's log and by
 * virsh domxml-to-native: NAME=VALUE words first, which are dropped.
 */
int shellwords_command(struct arena *a, const char *text, struct strv *words, struct err *err);

/*
 * The last start in a domain's log (/var/log/libvirt/qemu/NAME.log), log[len]
 * being NUL. -ENODATA if the log has no start.
 */
int shellwords_libvirt_log(struct arena *a, const char *log, size_t len, struct strv *words,
			   struct err *err);
