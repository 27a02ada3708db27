/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wrapper/line/json.h"
#include "wrapper/line/optget.h"
#include "wrapper/line/qemuopt.h"

struct arena;
struct err;

/*
 * The value of an option as properties, whatever its syntax: -device a,b=c and -device
 * '{"driver":"a","b":"c"}' look the same from here. Edits return a new text in which only the
 * bytes of that property differ.
 */
struct prop {
	const char *key;   /* as QEMU reads it; NULL in JSON: optval_key() */
	const char *value; /* decoded; in JSON NULL until optval_get() or optval_value() made it */
	size_t start, end; /* the item in the text, without its comma */
	size_t node;	   /* in JSON */
	char sign;	   /* in -cpu: '+', '-', or 0 for f=v and f */
	bool implied;	   /* written without its key */
	bool bare;	   /* written without a value: `key`, `nokey` */
};

struct optval {
	struct arena *arena;
	const struct qemuopt *opt;
	const char *text;
	bool json, short_global;
	struct prop *props;
	size_t n, cap;
	struct json_tree tree;
};

/* Fails (-EINVAL) only for JSON that QEMU would refuse. */
int optval_parse(struct arena *a, const struct qemuopt *opt, const char *text, struct optval *v,
		 struct err *err);

/*
 * Sets the property to the value; an absent property is added at the end. With `typed`, value
 * is JSON text. *text is the new whole value. 0, or -EINVAL if the syntax cannot carry the
 * value.
 */
int optval_set(struct arena *a, const struct optval *v, const char *key, const char *value,
	       bool typed, const char **text, struct err *err);

/* "key=value" as the option's own syntax writes it. */
int optval_item(struct arena *a, const struct qemuopt *opt, const char *key, const char *value,
		bool typed, const char **item, struct err *err);

/* A value as QemuOpts and keyval carry it: every comma doubled. */
const char *quote_opts(struct arena *a, const char *value);

/* Takes every mention of the property out. */
const char *optval_unset(struct arena *a, const struct optval *v, const char *key);
