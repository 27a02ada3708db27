/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines as virsh prints them and as libvirt logs them. The words that are found, quoted as
 * we quote them, are the same words again.
 */
#include "ctl/explain/shellwords.h"
#include "err.h"
#include "fuzz.h"
#include "shellword.h"

static void again(struct arena *a, const struct strv *words)
{
	struct strbuf line = { .arena = a };
	struct strv same = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < words->n; i++) {
		bool dash = *words->v[i] == '-';
		const char *quoted = shellword(a, words->v[i]);

		strbuf_addf(&line, "%s ", dash ? quoted + strlen("-- ") : quoted);
	}
	must(shellwords(a, strbuf_text(&line), &same, NULL, &err) == 0, "'%s': %s", line.text, err.text);
	must(same.n == words->n, "%zu words, not %zu: '%s'", same.n, words->n, line.text);
	for (size_t i = 0; i < same.n; i++)
		must(str_eq(same.v[i], words->v[i]), "'%s', not '%s'", same.v[i], words->v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	const char *text = arena_strndup(&arena, (const char *)data, size), *end = NULL;
	char *log = arena_alloc(&arena, size + 1);
	struct strv words = { 0 }, command = { 0 }, started = { 0 };
	struct err err = { 0 };

	memcpy(log, data, size);
	if (shellwords(&arena, text, &words, &end, &err) == 0) {
		must(*end == '\0' || *end == '\n', "it ends at '%s'", end);
		again(&arena, &words);
	}
	if (shellwords_command(&arena, text, &command, &err) == 0) {
		must(command.n > 0 && command.n <= words.n, "%zu words of %zu", command.n, words.n);
		again(&arena, &command);
	}
	if (shellwords_libvirt_log(&arena, log, size, &started, &err) == 0)
		must(started.n > 0, "a start without words");
	arena_free(&arena);
	return 0;
}
