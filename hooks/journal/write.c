/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "file.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/shape.h"
#include "hooks/journal/state.h"
#include "jsondoc.h"
#include "root.h"
#include "str.h"

static void add_texts(struct arena *a, struct json_object *o, const void *of,
		      const struct text_members *members)
{
	for (size_t i = 0; i < members->n; i++)
		jsondoc_add_kept(a, o, members->v[i].key, journal_text_of(of, &members->v[i]));
}

static void add_number(struct json_object *o, const char *key, long long n)
{
	json_object_object_add(o, key, json_object_new_int64(n));
}

static void fill_process(struct json_object *o, struct process p)
{
	add_number(o, "pid", p.pid);
	add_number(o, "start", (long long)p.start);
}

static void add_process(struct json_object *o, const char *key, struct process p)
{
	struct json_object *process;

	if (p.pid == 0)
		return;
	process = json_object_new_object();
	fill_process(process, p);
	json_object_object_add(o, key, process);
}

static struct json_object *device_object(struct arena *a, const struct journal_device *d)
{
	struct json_object *o = json_object_new_object();

	jsondoc_add(a, o, device_kinds[d->kind], d->device);
	jsondoc_add(a, o, "role", role_names[d->role]);
	add_texts(a, o, d, &device_texts);
	if (d->group >= 0)
		add_number(o, "group", d->group);
	jsondoc_add_flag(o, "iommufd", d->iommufd);
	return o;
}

/* Microseconds are enough, and people read it. */
static struct json_object *step_object(struct arena *a, const struct step *s)
{
	struct json_object *o = json_object_new_object();

	jsondoc_add(a, o, "op", op_names[s->op]);
	add_number(o, "lane", s->lane);
	add_texts(a, o, s, &step_texts);
	json_object_object_add(o, "done", json_object_new_boolean(s->done));
	if (s->done)
		json_object_object_add(
			o, "ms", json_object_new_double_s(s->ms, arena_printf(a, "%.3f", s->ms)));
	return o;
}

static struct json_object *stuck_object(struct arena *a, const struct stuck *w)
{
	struct json_object *o = json_object_new_object();

	add_texts(a, o, w, &stuck_texts);
	jsondoc_add(a, o, "op", op_names[w->op]);
	fill_process(o, w->child);
	return o;
}

static struct json_object *promise_object(struct arena *a, const struct promise *p)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "page", (long long)p->page);
	add_texts(a, o, p, &promise_texts);
	add_number(o, "pages", (long long)p->pages);
	return o;
}

static struct json_object *add_list(struct json_object *o, const char *key)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(o, key, list);
	return list;
}

static void add_lists(struct arena *a, struct json_object *o, const struct journal *j)
{
	struct json_object *list = add_list(o, "devices");

	for (size_t i = 0; i < j->n_devices; i++)
		json_object_array_add(list, device_object(a, &j->devices[i]));
	list = add_list(o, "steps");
	for (size_t i = 0; i < j->n_steps; i++)
		json_object_array_add(list, step_object(a, &j->steps[i]));
	list = add_list(o, "stuck");
	for (size_t i = 0; i < j->n_stuck; i++)
		json_object_array_add(list, stuck_object(a, &j->stuck[i]));
	if (!j->n_memory)
		return;
	list = add_list(o, "memory");
	for (size_t i = 0; i < j->n_memory; i++)
		json_object_array_add(list, promise_object(a, &j->memory[i]));
}

struct json_object *journal_json(struct arena *a, const struct journal *j)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "version", JOURNAL_VERSION);
	jsondoc_add(a, o, "kind", journal_kinds[j->kind]);
	jsondoc_add(a, o, "state", journal_states[j->state]);
	add_texts(a, o, j, &journal_texts);
	add_process(o, "daemon", j->daemon);
	add_process(o, "qemu", j->qemu);
	if (j->user.known)
		add_number(o, "uid", j->user.uid);
	add_lists(a, o, j);
	return o;
}

static const char *journal_text(struct arena *a, const struct journal *j)
{
	_cleanup_json_ struct json_object *o = journal_json(a, j);

	return jsondoc_text(a, o);
}

int journal_write(struct arena *a, int folder, const struct journal *j, struct err *err)
{
	int rc = journal_check(a, j, j->uuid, err);
	const char *text;

	if (rc)
		return err_wrap(err, "the new journal is not valid");
	text = journal_text(a, j);
	if (strlen(text) > FILE_MAX)
		return err_set(err, EFBIG, "the journal is larger than 1 MiB: %zu devices, %zu steps",
			       j->n_devices, j->n_steps);
	return state_publish(a, folder, JOURNAL_FILE, 0600, text, err);
}

int journal_confirm(const struct host *host, const struct journal *j, struct err *err)
{
	struct journal got = { 0 };
	int rc = journal_read(host, j->uuid, &got, err);

	if (rc == -ENOENT)
		return err_set(err, ENOENT, "the journal that was just written does not exist");
	if (rc)
		return err_wrap(err, "the journal that was just written cannot be read");
	if (!str_eq(journal_text(host->arena, &got), journal_text(host->arena, j)))
		return err_set(err, EIO, "%s is not what was just written",
			       journal_path(host, j->uuid));
	return 0;
}
