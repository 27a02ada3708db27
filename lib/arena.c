/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Under ASan each piece is a malloc of its own, so that overruns are seen. */
#if defined(__SANITIZE_ADDRESS__)
#define CHUNK 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHUNK 0
#endif
#endif
#ifndef CHUNK
#define CHUNK 16384
#endif

struct arena_chunk {
	struct arena_chunk *older;
	_Alignas(max_align_t) char data[];
};

static void out_of_memory(void)
{
	static const char text[] = "kvmshim: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

static char *chunk_add(struct arena *a, size_t size)
{
	struct arena_chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		out_of_memory();
	c->older = a->chunks;
	a->chunks = c;
	return c->data;
}

/* Aligned for anything. */
void *arena_raw(struct arena *a, size_t size)
{
	size_t need = (size + !size + 15) & ~(size_t)15;
	char *p;

	if (need < size)
		out_of_memory();
	if (need > CHUNK / 4)
		return chunk_add(a, size + !size);
	if (need > a->left) {
		a->next = chunk_add(a, CHUNK);
		a->left = CHUNK;
	}
	p = a->next;
	a->next += need;
	a->left -= need;
	return p;
}

/* Zeroed. */
void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_raw(a, size), 0, size + !size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_raw(a, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_join(struct arena *a, const char *s, const char *t)
{
	size_t len = strlen(s), more = strlen(t) + 1;
	char *p = arena_raw(a, len + more);

	memcpy(p, s, len);
	memcpy(p + len, t, more);
	return p;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char most[256]; /* nearly everything we write: no second round */
	va_list again;
	int len;
	char *p;

	va_copy(again, ap);
	len = vsnprintf(most, sizeof(most), fmt, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	if ((size_t)len < sizeof(most))
		return arena_strndup(a, most, (size_t)len);
	p = arena_alloc(a, (size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void *arena_grow(struct arena *a, void *array, size_t used, size_t *cap, size_t size)
{
	size_t bigger = *cap ? *cap * 2 : 2;
	void *p;

	if (used < *cap)
		return array;
	if (bigger > SIZE_MAX / size)
		out_of_memory();
	p = arena_alloc(a, bigger * size);
	if (used)
		memcpy(p, array, used * size);
	*cap = bigger;
	return p;
}

void arena_free(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->older;
		free(c);
	}
	a->next = NULL;
	a->left = 0;
}
