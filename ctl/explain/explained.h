/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"
#include "wrapper/decide.h"

/* Where a command line came from, and, of a running VM, what its QEMU really got. */
struct explained {
	const char *title;	 /* a domain's name, a log's path; NULL */
	struct strv before;	 /* as libvirt or the caller wrote it */
	struct strv running;	 /* /proc/PID/cmdline; n is 0 where there is none */
	bool domain;		 /* of libvirt's, whose process was looked for */
	const char *problem;	 /* why there is no command line to explain; NULL */
	struct decision d;	 /* on `before`; empty where there is a problem */
	const char *unfit;	 /* what is wrong with d.real, such as "not there"; NULL */
	bool itself;		 /* it is the wrapper, which runs nothing then */
	bool running_as_decided; /* running is what the rules make of before, today */
};

/* The words as an argv, with a NULL behind them that does not count. */
char *const *explain_argv(struct arena *a, struct strv *words);

/* Is nothing started? For mistakes, or as what would be started is the wrapper. */
bool explain_refused(const struct explained *x);
