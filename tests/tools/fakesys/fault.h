/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;

/*
 * What a test wants to go wrong: lines of TREE/.faults, read at each operation,
 *
 *	GLOB OP COUNT ACTION
 *
 * GLOB is held against the path and against PATH=TEXT (what is written, without
 * its newline); OP is read, write or open; COUNT is n for the n-th operation that
 * fits since the line is there, or *. ACTION:
 *
 *	ENAME		fails with that error, nothing is done
 *	lie		says that it worked, nothing is done
 *	sleep:MS	is done after that time
 *	hang		is done once the line is gone, as in a kernel that nothing can kill
 *	kill-before	the process in TREE/.victim is killed, nothing is done
 *	kill-after	is done, and the process killed before the answer
 *
 * Two lines with the same words are one; a fifth word can tell them apart.
 */

enum fault_kind { FAULT_NONE, FAULT_ERROR, FAULT_LIE, FAULT_KILL };

struct operation {
	const char *op, *path, *text;
	int result;	  /* 0, -errno, or a length */
	const char *note; /* for the log: "lie"; NULL */
	long long begin;  /* ms */
};

/*
 * Looks for a fault and waits if it says so. FAULT_NONE: go on. FAULT_ERROR: o->result is the
 * answer. FAULT_LIE: so is success. FAULT_KILL: go on, then call fault_kill().
 */
enum fault_kind fault_before(struct arena *a, struct operation *o);
void fault_kill(struct arena *a);
/* Is there any at all? */
bool fault_any(struct arena *a);

/*
 * TREE/.log: a line a write, in the order in which they ended: when it came and when
 * it ended (ms, monotonic), path, text and result, with tabs; and one with the result
 * "hangs" when it begins to.
 */
void fault_log(const struct operation *o, const char *result);
const char *fault_result(struct arena *a, int result);
long long fault_now(void);
