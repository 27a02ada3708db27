/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct mistakes;
struct root;

#define SETTINGS_FILE "kvmshim.conf"

/* An option of a newer or a vendor's QEMU, named by the admin. */
struct extra_option {
	const char *name; /* without dashes */
	bool has_arg;
};

/* kvmshim.conf(5), with its defaults. */
struct settings {
	const char *path;
	bool enabled;
	bool pass_on_error;
	const char *real; /* NULL: NAME.real beside the wrapper */
	struct extra_option *extra;
	size_t n_extra;
};

struct file;

/* The text of one file, over the defaults. */
void settings_parse(struct arena *a, const struct file *file, struct settings *s,
		    struct mistakes *m);

/* A missing file is all defaults. A key that was right is kept though others are mistakes. */
void settings_read(struct arena *a, const struct root *r, struct settings *s, struct mistakes *m);
