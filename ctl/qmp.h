/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "ctl/outside.h"
#include "err.h"
#include "str.h"

struct json_object;

/*
 * One QEMU without a machine, which answers by QMP (docs/interop/qmp-spec of QEMU). Some questions
 * end some versions of QEMU: then such a question has no answer, and the next question starts
 * another QEMU. A QEMU that does not answer, or that answers something else, is asked no more.
 */
struct qmp {
	struct arena *arena;
	const char *binary, *path;
	struct outside program;
	int fd; /* -1: no QEMU runs */
	struct arena scratch;
	struct strbuf in;
	struct strbuf said; /* on stderr */
	unsigned questions, ends;
	int major, minor;   /* the version of QEMU */
	char refusal[32];   /* the class of the last error, "DeviceNotFound"; "": it was answered */
	struct err failure; /* with a text: it is asked no more */
};

/* Starts the program at path, which messages name binary. 0 or -errno. */
int qmp_open(struct qmp *q, struct arena *a, const char *binary, const char *path,
	     struct err *err);

/*
 * The value that the command returns; the caller owns it. NULL: QEMU refuses the question
 * or has no such command, or it gave no answer. Arguments are a JSON object, or NULL.
 */
struct json_object *qmp_ask(struct qmp *q, const char *command, const char *arguments);

/* The version is this one or a later one. */
bool qmp_since(const struct qmp *q, int major, int minor);

/* Ends QEMU. -errno with the reason if it has stopped to answer. */
int qmp_close(struct qmp *q, struct err *err);
