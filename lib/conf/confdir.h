/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

struct file;
struct host;
struct mistakes;

/*
 * The rule files of /etc/kvmshim/rules.d and /usr/lib/kvmshim/rules.d, sorted by file name
 * in byte order over both directories together. A file in /etc replaces the file of the
 * same name in /usr/lib, and a link to /dev/null masks it. A directory that is missing has
 * no files. A file that cannot be accepted is a mistake. A name that is not the name of a
 * rule file is a warning.
 */
typedef void confdir_file(void *user, const struct file *file);

/* Calls `each` for one file after the other, in order. A file's text is freed after the call. */
void confdir_read(const struct host *host, confdir_file *each, void *user, struct mistakes *m);

#define CONFDIR_ETC "/etc/kvmshim"
#define CONFDIR_LIB "/usr/lib/kvmshim"
