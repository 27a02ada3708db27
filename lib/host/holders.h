/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/below.h"
#include "host/process.h"

struct arena;
struct root;

/* A process with one of the nodes open. */
struct holder {
	struct process process;
	const char *command;	 /* "a process" if it is gone already */
	const char *unit;	 /* NULL: none */
	const struct node *node; /* NULL of one in `hidden` */
};

struct holders {
	struct holder *v;
	size_t n, cap;
	/*
	 * Live processes whose open files root may not see (AppArmor lets a hook, which is
	 * confined like its libvirtd, look at few others; SELinux): they may hold anything.
	 */
	struct holder *hidden;
	size_t n_hidden, hidden_cap;
};

/* A device that a process has open, once for each that it has. */
struct open_device {
	dev_t dev;
	bool block;
	pid_t pid;
};

/* All devices that all processes had open in one pass over them. */
struct opens {
	struct open_device *v;
	size_t n, cap;
	pid_t *hidden; /* as above */
	size_t n_hidden, hidden_cap;
};

/*
 * One pass over /proc/PID/fd of all processes, also in containers: by the device numbers
 * of what is open, not by path. Never blocks on a network file system (statx with
 * AT_STATX_DONT_SYNC). This process itself is left out. Who is not root sees what he
 * sees: nobody is in `hidden` then.
 */
void opens_read(struct arena *a, const struct root *r, struct opens *o);

/*
 * Who of them has one of these nodes, each once for each node; who is hidden may have any.
 * What is added to h has its memory in a.
 */
void opens_holders(struct arena *a, const struct root *r, const struct opens *o,
		   const struct nodes *nodes, struct holders *h);
