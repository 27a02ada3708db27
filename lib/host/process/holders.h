/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/pci/subdevices.h"
#include "host/process/opendevices.h"
#include "host/process/process.h"

struct host;

/* A process with one of the device nodes open. */
struct holder {
	struct process process;
	const char *command;	 /* "a process" if it has ended already */
	const char *unit;	 /* NULL: none */
	const struct node *node; /* NULL of one in `hidden` */
	bool late;		 /* a pass ended before it had seen all: this process has most files */
	size_t files;		 /* then: how many of them were seen */
	int error;		 /* errno: the list of processes could not be read; then pid is 0 */
	const char *seat;	 /* of its session; NULL: none */
};

struct holders {
	struct holder *v;
	size_t n, cap;
	/* Live processes whose open files were not all seen: they may hold anything. */
	struct holder *hidden;
	size_t n_hidden, hidden_cap;
};

/*
 * The processes that have one of these device nodes open, each once for each device node,
 * of those processes that a pass saw. A hidden process may have any. The memory of an entry
 * that is added to h is in a.
 */
void holders_of(const struct host *host, const struct opendevices *o, const struct nodes *nodes,
		struct holders *h);
