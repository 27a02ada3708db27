/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct err;

/*
 * The lists that a QEMU binary prints: -help, -device help, -device X,help, …
 * Each question is asked once.
 */
struct qemuhelp {
	struct arena *arena;
	const char *binary;
	struct qemuanswer *answers;
	size_t n, cap;
	bool silent; /* it did not answer in time, and is asked no more */
};

/*
 * The names that BINARY OPTION VALUE lists: for -help the options without
 * dashes; for a list of devices, machines… their names; for "X,help" the
 * properties of X. NULL where QEMU says nothing of it (no such X).
 */
const struct strv *qemuhelp_names(struct qemuhelp *h, const char *option, const char *value);

/* The type of one of X's properties, "bool", "uint16" …; NULL where QEMU does not say. */
const char *qemuhelp_type(struct qemuhelp *h, const char *option, const char *value,
			  const char *property);

/* The text that it prints on stderr; "" if it prints none. */
const char *qemuhelp_complaint(struct qemuhelp *h, const char *option, const char *value);

/* Can it be run at all? 0 or -errno. */
int qemuhelp_open(struct qemuhelp *h, struct err *err);
