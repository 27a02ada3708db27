/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"
#include "wrapper/decide.h"

/* A command line with its source, and, for a VM that runs, the arguments that QEMU really got. */
struct explained {
	const char *title;	 /* a domain's name, a log's path; NULL */
	struct strv before;	 /* as libvirt or the caller wrote it */
	struct strv running;	 /* /proc/PID/cmdline; n is 0: it does not run */
	bool domain;		 /* it is a domain of libvirt, whose process was looked for */
	const char *problem;	 /* why the command line is unknown; NULL */
	struct decision d;	 /* on `before`; empty if problem is set */
	const char *unfit;	 /* what is wrong with d.real, such as "not there"; NULL */
	bool itself;		 /* it is the wrapper, which runs nothing then */
	bool running_as_decided; /* running is the result of the rules for before, today */
};

/* The words as an argv; the NULL after them does not count. */
char *const *explain_argv(struct arena *a, struct strv *words);

/* Is the start refused? Because of mistakes, or because the real emulator would be the wrapper. */
bool explain_refused(const struct explained *x);
