/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal. What is believed has nothing but what its writer would have written: it can
 * be written, and read again as the same; what is not is refused with one sentence that
 * names the file, and nothing of it is handed out.
 */
#include <json-c/json.h>

#include "err.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/shape.h"
#include "state.h"

static const char *text_of(struct arena *a, const struct journal *j)
{
	struct json_object *o = journal_json(a, j);
	const char *text = arena_strdup(a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));

	json_object_put(o);
	return text;
}

/* Paths below /sys and /dev, and words for modprobe and systemctl, are made of these. */
static void check_words(const struct journal *j)
{
	for (size_t i = 0; i < j->n_devices; i++)
		must(j->devices[i].device && !strpbrk(j->devices[i].device, "/ \n") &&
			     !str_starts(j->devices[i].device, "."), "a device");
	for (size_t i = 0; i < j->n_steps; i++) {
		const struct step *s = &j->steps[i];

		must(!s->device || !strpbrk(s->device, "/ \n"), "the device of a step");
		must(!s->name || (!strstr(s->name, "..") && !strchr(" -/\n", *s->name)),
		     "the name '%s'", s->name);
		must(s->op < OP_COUNT, "op %d", (int)s->op);
	}
}

static void check_again(struct arena *a, const struct journal *j)
{
	const char *text = text_of(a, j);
	struct host host = { a, state_with("journal.json", text, strlen(text)) };
	struct journal again = { 0 };
	struct err err = { 0 };

	must(journal_read(&host, STATE_UUID, &again, &err) == 0, "what was written: %s", err.text);
	must(str_eq(text_of(a, &again), text), "not the same again: %s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct host host = { &arena, state_with("journal.json", data, size) };
	struct journal j = { 0 };
	struct err err = { 0 };

	if (journal_read(&host, STATE_UUID, &j, &err) == 0) {
		must(str_eq(j.uuid, STATE_UUID), "the uuid '%s'", j.uuid);
		check_words(&j);
		check_again(&arena, &j);
	} else {
		must(err.code > 0 && strstr(err.text, "/journal.json: "), "'%s'", err.text);
		must(!strpbrk(err.text, "\n\033"), "a control byte in '%s'", err.text);
		must(!j.uuid && !j.n_devices && !j.n_steps, "a part of it is handed out");
	}
	arena_free(&arena);
	return 0;
}
