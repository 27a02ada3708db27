/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/*
 * Memory with one owner. Everything read from files or from argv lives in the
 * arena that main() owns; nobody frees pieces of it. The wrapper's arena ends
 * in execve(). No call returns NULL: without memory the program says so and
 * exits with 1.
 */
struct arena {
	struct arena_chunk *chunks;
	char *next;
	size_t left;
};

void *arena_alloc(struct arena *a, size_t size);
/* The same, but what is in it is anything: for what is overwritten at once. */
void *arena_raw(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
/* The text t behind the text s. Every start of a VM makes paths, and printf is slow. */
char *arena_join(struct arena *a, const char *s, const char *t);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void arena_free(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Room for one more element in an array that lives in the arena: doubles it. */
void *arena_grow(struct arena *a, void *array, size_t used, size_t *cap, size_t size);

#define arena_push(a, array, n, cap) \
	((array) = arena_grow((a), (array), (n), &(cap), sizeof(*(array))), &(array)[(n)++])
