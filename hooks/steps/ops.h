/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "hooks/journal/journal.h"
#include "root.h"
#include "str.h"

struct arena;
struct err;
struct settings;
struct watch;

/* A lane at work: each thread has its own. */
struct work {
	struct host host;
	const struct settings *settings;
	const struct journal *journal; /* that is worked on */
	struct watch *watch;	       /* of all lanes */
	double since; /* clock_ms(): an older look at who has something open does not count */
	struct stuck *stuck; /* what hung in this lane */
	size_t n_stuck, stuck_cap;
	struct strv *notes; /* sentences to report that are not failures */
};

#define LOOK_AGAIN 100 /* ms */

/* The result of a failed undo; a failed act always undoes all and refuses the VM. */
enum policy {
	FAILS_ALL, /* the journal is kept */
	FAILS_NOTE, /* it is reported, and nothing else changes */
};

typedef int op_fn(struct work *w, const struct step *s, struct err *err);

/* An undo's answer: the device is somebody else's by now, so none of its steps is undone. */
#define LEFT_ALONE 1

/*
 * The functions of a step. An undo looks first: if the step was never done, or was undone
 * already, it changes nothing. So a journal can be undone from any step at which its writer
 * was killed, and twice.
 */
struct op_row {
	op_fn *act, *undo; /* undo NULL: nothing to undo */
	enum policy undo_fails;
	const char *words; /* for people: %d device, %n name, %t to, %f from */
};

extern const struct op_row op_rows[OP_COUNT];

/* A step in words: "0000:03:00.0: unbind from nvme". */
const char *op_text(struct arena *a, const struct step *s);
