/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "hooks/journal/journal.h"

struct arena;
struct err;
struct json_object;

/* The members of a journal and their patterns, for its reader and its writer. */

#define JOURNAL_VERSION 1
#define JOURNAL_FILE "journal.json"

/* A member that is a text, and the const char * of a struct that it is in memory. */
struct text_member {
	const char *key;
	size_t offset;
};

struct text_members {
	const struct text_member *v;
	size_t n;
};

extern const struct text_members journal_texts, device_texts, step_texts, stuck_texts, promise_texts;

extern const char *const journal_kinds[JOURNAL_HAND + 1];
extern const char *const device_kinds[HOSTDEV_MDEV + 1]; /* the member that has the device's name */

const char *journal_text_of(const void *of, const struct text_member *m);

/*
 * Compares every word with the pattern of its place, and each step with the fields that its op
 * has. The writer asks too, before the first change: a journal that no reader accepts returns
 * no device. 0, or -EINVAL with a sentence ("step 3: 'device' is not a valid …").
 */
int journal_check(struct arena *a, const struct journal *j, const char *uuid, struct err *err);

/* As it is written: the caller's. Devices, steps and stuck in their order. */
struct json_object *journal_json(struct arena *a, const struct journal *j);
