/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct file;
struct host;
struct mistakes;

/*
 * The rule files of /etc/kvmshim/rules.d and /usr/lib/kvmshim/rules.d, sorted by
 * file name in byte order over both folders together; the same name in /etc
 * replaces the other, and a link to /dev/null masks it. A folder that is
 * missing holds no files. Files that cannot be believed are mistakes; names
 * that are no rule file's are warnings.
 */
typedef void confdir_file(void *user, const struct file *file);

/* Calls `each` for one file after the other, in order. A file's text is gone after the call. */
void confdir_read(const struct host *host, confdir_file *each, void *user, struct mistakes *m);

#define CONFDIR_ETC "/etc/kvmshim"
#define CONFDIR_LIB "/usr/lib/kvmshim"
