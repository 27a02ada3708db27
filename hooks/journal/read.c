/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as input: who could write it is judged by lib/file.c, its members'
 * types here, and their words by journal_check().
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"
#include "hooks/journal/journal.h"
#include "hooks/journal/shape.h"
#include "hooks/journal/statefolder.h"
#include "jsondoc.h"
#include "root.h"
#include "str.h"

/* If the member is missing, *text does not change. */
static int read_text(struct arena *a, const struct json_object *o, const char *key,
		     const char **text, struct err *err)
{
	struct json_object *value;
	const char *s;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	s = json_object_is_type(value, json_type_string) ? jsondoc_kept(a, value) : NULL;
	if (!s)
		return err_set(err, EINVAL, "'%s' must be a text", key);
	*text = s;
	return 0;
}

static int read_texts(struct arena *a, const struct json_object *o, void *of,
		      const struct text_members *members, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < members->n; i++)
		rc = read_text(a, o, members->v[i].key,
			       (const char **)((char *)of + members->v[i].offset), err);
	return rc;
}

/* Which of the names, which must be there. */
static int read_word(struct arena *a, const struct json_object *o, const char *key,
		     const char *const *names, int n, int *index, struct err *err)
{
	const char *text = NULL;
	int rc = read_text(a, o, key, &text, err);

	if (rc)
		return rc;
	if (!text)
		return err_set(err, EINVAL, "'%s' is missing", key);
	for (*index = 0; *index < n; ++*index)
		if (str_eq(text, names[*index]))
			return 0;
	return err_set(err, EINVAL, "'%s' has a value that this version does not know", key);
}

/* If the member is missing, *n does not change. */
static int read_number(const struct json_object *o, const char *key, int64_t min, int64_t max,
		       int64_t *n, struct err *err)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	if (!json_object_is_type(value, json_type_int))
		return err_set(err, EINVAL, "'%s' must be a whole number", key);
	*n = json_object_get_int64(value);
	if (*n < min || *n > max)
		return err_set(err, EINVAL, "'%s' is out of range", key);
	return 0;
}

static int read_pid_and_start(const struct json_object *o, struct process *p, struct err *err)
{
	int64_t pid = 0, start = -1;
	int rc = read_number(o, "pid", 1, INT_MAX, &pid, err);

	if (rc == 0)
		rc = read_number(o, "start", 0, INT64_MAX - 1, &start, err);
	if (rc == 0 && (pid == 0 || start < 0))
		rc = err_set(err, EINVAL, "'%s' is missing", pid ? "start" : "pid");
	p->pid = (pid_t)pid;
	p->start = (unsigned long long)start;
	return rc;
}

static int read_process(const struct json_object *o, const char *key, struct process *p,
			struct err *err)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	if (!json_object_is_type(value, json_type_object))
		return err_set(err, EINVAL, "'%s' must be an object", key);
	return read_pid_and_start(value, p, err) ? err_wrap(err, "'%s'", key) : 0;
}

/* "pci" or "mdev", one of them. */
static int read_device_name(struct arena *a, const struct json_object *o,
			    struct journal_device *d, struct err *err)
{
	for (d->kind = HOSTDEV_PCI; d->kind <= HOSTDEV_MDEV; d->kind++)
		if (json_object_object_get_ex(o, device_kinds[d->kind], NULL))
			break;
	if (d->kind > HOSTDEV_MDEV)
		return err_set(err, EINVAL, "'pci' or 'mdev' is missing");
	if (d->kind == HOSTDEV_PCI && json_object_object_get_ex(o, device_kinds[HOSTDEV_MDEV], NULL))
		return err_set(err, EINVAL, "'pci' and 'mdev' must not be given together");
	return read_text(a, o, device_kinds[d->kind], &d->device, err);
}

static int read_device(struct arena *a, const struct json_object *o, struct journal *j,
		       struct err *err)
{
	struct journal_device d = { 0 };
	int64_t group = -1;
	int role = 0, rc = read_device_name(a, o, &d, err);

	if (rc == 0)
		rc = read_word(a, o, "role", role_names, ROLE_COUNT, &role, err);
	if (rc == 0)
		rc = read_texts(a, o, &d, &device_texts, err);
	if (rc == 0)
		rc = read_number(o, "group", 0, INT_MAX, &group, err);
	if (rc == 0)
		rc = jsondoc_flag(o, "iommufd", &d.iommufd, err);
	d.role = (enum role)role;
	d.group = (int)group;
	journal_add_device(a, j, d);
	return rc;
}

static int read_done(const struct json_object *o, struct step *s, struct err *err)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, "done", &value) ||
	    !json_object_is_type(value, json_type_boolean))
		return err_set(err, EINVAL, "'done' must be true or false");
	s->done = json_object_get_boolean(value);
	if (!json_object_object_get_ex(o, "ms", &value))
		return 0;
	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		return err_set(err, EINVAL, "'ms' must be a number");
	s->ms = json_object_get_double(value);
	return 0;
}

static int read_step(struct arena *a, const struct json_object *o, struct journal *j,
		     struct err *err)
{
	struct step s = { 0 };
	int64_t lane = -1;
	int op = 0, rc = read_word(a, o, "op", op_names, OP_COUNT, &op, err);

	if (rc == 0)
		rc = read_number(o, "lane", 0, INT_MAX, &lane, err);
	if (rc == 0 && lane < 0)
		rc = err_set(err, EINVAL, "'lane' is missing");
	if (rc == 0)
		rc = read_texts(a, o, &s, &step_texts, err);
	if (rc == 0)
		rc = read_done(o, &s, err);
	s.op = (enum op)op;
	s.lane = (unsigned)lane;
	journal_add_step(a, j, s);
	return rc;
}

static int read_stuck(struct arena *a, const struct json_object *o, struct journal *j,
		      struct err *err)
{
	struct stuck w = { 0 };
	int op = 0, rc = read_word(a, o, "op", op_names, OP_COUNT, &op, err);

	if (rc == 0)
		rc = read_texts(a, o, &w, &stuck_texts, err);
	if (rc == 0)
		rc = read_pid_and_start(o, &w.child, err);
	w.op = (enum op)op;
	*arena_push(a, j->stuck, j->n_stuck, j->stuck_cap) = w;
	return rc;
}

static int read_promise(struct arena *a, const struct json_object *o, struct journal *j,
			struct err *err)
{
	struct promise p = { 0 };
	int64_t page = 0, pages = 0;
	int rc = read_number(o, "page", 1, INT64_MAX, &page, err);

	if (rc == 0)
		rc = read_number(o, "pages", 1, INT64_MAX, &pages, err);
	if (rc == 0)
		rc = read_texts(a, o, &p, &promise_texts, err);
	p.page = (unsigned long long)page;
	p.pages = (unsigned long long)pages;
	*arena_push(a, j->memory, j->n_memory, j->memory_cap) = p;
	return rc;
}

typedef int read_one(struct arena *a, const struct json_object *o, struct journal *j,
		     struct err *err);

static const struct list {
	const char *key, *one;
	read_one *read;
	bool may_lack;
	const char *former; /* its key before the first release */
} lists[] = {
	{ "devices", "device", read_device },
	{ "steps", "step", read_step },
	{ "stuck", "stuck operation", read_stuck, .former = "wedged" },
	{ "memory", "memory", read_promise, true },
};

static int read_list(struct arena *a, const struct json_object *o, const struct list *l,
		     struct journal *j, struct err *err)
{
	struct json_object *list;
	int rc = 0;

	if (!json_object_object_get_ex(o, l->key, &list) &&
	    !(l->former && json_object_object_get_ex(o, l->former, &list))) {
		if (l->may_lack)
			return 0;
		return err_set(err, EINVAL, "'%s' must be a list", l->key);
	}
	if (!json_object_is_type(list, json_type_array))
		return err_set(err, EINVAL, "'%s' must be a list", l->key);
	for (size_t i = 0; rc == 0 && i < json_object_array_length(list); i++) {
		const struct json_object *one = json_object_array_get_idx(list, i);

		rc = json_object_is_type(one, json_type_object)
			     ? l->read(a, one, j, err)
			     : err_set(err, EINVAL, "it must be an object");
		if (rc)
			err_wrap(err, "%s %zu", l->one, i + 1);
	}
	return rc;
}

static int read_head(struct arena *a, const struct json_object *o, struct journal *j,
		     struct err *err)
{
	int64_t version = 0, uid = -1;
	int kind = 0, state = 0, rc = read_number(o, "version", INT64_MIN, INT64_MAX, &version, err);

	if (rc == 0 && version != JOURNAL_VERSION)
		rc = err_set(err, EINVAL, "'version' must be %d", JOURNAL_VERSION);
	if (rc == 0)
		rc = read_word(a, o, "kind", journal_kinds, JOURNAL_HAND + 1, &kind, err);
	if (rc == 0)
		rc = read_word(a, o, "state", journal_states, STATE_COUNT, &state, err);
	if (rc == 0)
		rc = read_texts(a, o, j, &journal_texts, err);
	if (rc == 0)
		rc = read_process(o, "daemon", &j->daemon, err);
	if (rc == 0)
		rc = read_process(o, "qemu", &j->qemu, err);
	if (rc == 0)
		rc = read_number(o, "uid", 0, UINT32_MAX - 1, &uid, err);
	j->user = (struct vm_user){ uid >= 0, (uid_t)uid };
	j->kind = (enum journal_kind)kind;
	j->state = (enum journal_state)state;
	return rc;
}

static int read_journal(struct arena *a, const struct file *file, const char *uuid,
			struct journal *j, struct err *err)
{
	_cleanup_json_ struct json_object *o = jsondoc_parse(file->text, file->len);
	int rc;

	if (!o)
		return err_set(err, EINVAL, "the file is not a valid JSON object");
	rc = read_head(a, o, j, err);
	for (size_t i = 0; rc == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		rc = read_list(a, o, &lists[i], j, err);
	return rc ? rc : journal_check(a, j, uuid, err);
}

const char *journal_path(const struct host *host, const char *uuid)
{
	return root_path(host, arena_printf(host->arena, STATE_VMS "/%s/" JOURNAL_FILE, uuid));
}

int journal_read(const struct host *host, const char *uuid, struct journal *j, struct err *err)
{
	_cleanup_fd_ int fd = statefolder_open(host, STATEFOLDER_VM, uuid, false, err);
	struct file file = { 0 };
	struct journal got = { 0 };
	struct err why = { 0 };
	int rc;

	if (fd < 0)
		return fd;
	rc = file_read_private(host, fd, JOURNAL_FILE, &file, &why);
	if (rc == 0)
		rc = read_journal(host->arena, &file, uuid, &got, &why);
	if (rc && rc != -ENOENT)
		return err_set(err, -rc,
			       "%s: %.4000s; the journal is not valid, so kvmshim ignores "
			       "its steps",
			       journal_path(host, uuid), why.text);
	if (rc == 0)
		*j = got;
	return rc;
}
