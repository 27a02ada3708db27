/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook's facts for the wrapper. What is believed has a device and a rule in each grant,
 * and no more of a fact than there are places for it; what is not is refused with one sentence.
 */
#include "conf/condition.h"
#include "conf/factsfile.h"
#include "conf/rules.h"
#include "err.h"
#include "state.h"

static void check_facts(const struct facts *f)
{
	for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
		must(f->of[fact].known || !f->of[fact].n, "values of what is unknown");
		must(f->of[fact].n <= 2, "%zu values", f->of[fact].n);
	}
	must(f->grants.known || !f->grants.n, "grants of nobody");
	for (size_t i = 0; i < f->grants.n; i++)
		must(f->grants.v[i].device && f->grants.v[i].rule && !f->grants.v[i].used, "grant %zu", i);
}

/* A grant is taken by the rule that it names, once. */
static void take(struct arena *a, struct grants *g, size_t i)
{
	const struct grant *v = &g->v[i];
	char *file = arena_strdup(a, v->rule), *colon = strchr(file, ':');
	struct rule rule = { .file = file, .section = colon ? colon + 1 : "" };
	struct err err = { 0 };

	if (!colon || memchr(file, '/', (size_t)(colon - file)))
		return;
	*colon = '\0';
	must(grants_use(g, &rule, v->kind, v->device, v->iommufd, &err) == 0, "not taken: %s", err.text);
}

static void take_all(struct arena *a, struct grants *g)
{
	size_t left = 0;
	struct err err = { 0 };

	for (size_t i = 0; i < g->n; i++)
		take(a, g, i);
	for (size_t i = 0; i < g->n; i++)
		left += !g->v[i].used;
	must((grants_all_used(g, &err) == 0) == (left == 0), "%zu left: '%s'", left, err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct host host = { &arena, state_with("facts.json", data, size) };
	struct facts facts = { 0 };
	struct err err = { 0 };

	if (factsfile_read(&host, STATE_UUID, &facts, &err) == 0) {
		check_facts(&facts);
		take_all(&arena, &facts.grants);
	} else {
		must(err.code > 0 && *err.text, "refused without a reason");
		must(!strpbrk(err.text, "\n\033"), "a control byte in '%s'", err.text);
	}
	arena_free(&arena);
	return 0;
}
