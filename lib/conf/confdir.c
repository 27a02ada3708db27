/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confdir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"
#include "mistake.h"
#include "root.h"
#include "str.h"

#define RULES "rules.d"

struct entry {
	const char *name;
	int place; /* 0: /etc, which wins; 1: /usr/lib */
};

struct listing {
	struct entry *v;
	size_t n, cap;
};

static const char *const places[] = { CONFDIR_ETC, CONFDIR_LIB };
#define N_PLACES 2

static bool is_rule_file_name(const char *name)
{
	if (!isalnum((unsigned char)*name) || !str_ends(name, ".ini"))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

static const char *place_path(const struct host *host, int place, const char *name)
{
	static const char *const rules[] = { CONFDIR_ETC "/" RULES, CONFDIR_LIB "/" RULES };
	const char *file = *name ? arena_join(host->arena, "/", name) : "";

	return root_path(host, arena_join(host->arena, rules[place], file));
}

/* Opens PLACE/rules.d by way of PLACE, both judged; -ENOENT if either is missing. */
static int open_place(const struct host *host, int place, struct mistakes *m)
{
	const char *top = root_path(host, places[place]);
	struct err err = { 0 };
	_cleanup_fd_ int fd = folder_open(&host->root, AT_FDCWD, top, &err);
	int rules;

	if (fd < 0) {
		if (fd != -ENOENT)
			mistake_add(m, top, 0, "%s", err.text);
		return fd;
	}
	rules = folder_open(&host->root, fd, RULES, &err);
	if (rules < 0 && rules != -ENOENT)
		mistake_add(m, place_path(host, place, ""), 0, "%s", err.text);
	return rules;
}

static void list_entry(const struct host *host, int place, const char *name, struct listing *list,
		       struct mistakes *m)
{
	if (str_eq(name, ".") || str_eq(name, ".."))
		return;
	if (is_rule_file_name(name))
		*arena_push(host->arena, list->v, list->n, list->cap) =
			(struct entry){ arena_strdup(host->arena, name), place };
	else
		mistake_warn(m, place_path(host, place, name), 0,
			     "ignored, because the name is not a valid rule file name (letters, "
			     "digits, '._-', .ini)");
}

/* getdents64(2) and not opendir(3), which allocates 32 KiB for every start of a VM. */
static int list_entries(const struct host *host, int place, int fd, struct listing *list,
			struct mistakes *m)
{
	_Alignas(struct dirent64) char buf[4096];
	ssize_t got;

	while ((got = getdents64(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *d = (const void *)(buf + at);

			list_entry(host, place, d->d_name, list, m);
			at += d->d_reclen;
		}
	return got < 0 ? -errno : 0;
}

static void list_place(const struct host *host, int place, int at, struct listing *list,
		       struct mistakes *m)
{
	_cleanup_fd_ int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : list_entries(host, place, fd, list, m);
	struct stat st;

	if (rc < 0)
		mistake_add(m, place_path(host, place, ""), 0, "cannot be listed: %s",
			    err_reason(-rc));
	else if (fstat(at, &st) == 0 && !(st.st_mode & S_IROTH))
		mistake_add(m, place_path(host, place, ""), 0,
			    "the user that VMs run as cannot list it (mode %04o); run chmod 0755",
			    (unsigned)st.st_mode & 07777);
}

static int by_name_then_place(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int names = strcmp(a->name, b->name);

	return names ? names : a->place - b->place;
}

/* The text goes into memory of its own, which the next file's takes again: fewer pages. */
static void read_entry(const struct host *host, const int *fds, const struct entry *e,
		       confdir_file *each, void *user, struct mistakes *m)
{
	struct file file = { .path = place_path(host, e->place, e->name) };
	struct arena text = { 0 };
	struct err err;
	int rc = file_read(&(struct host){ &text, host->root }, fds[e->place], e->name, 0, &file,
			   &err);

	if (rc == -ENOENT)
		mistake_add(m, file.path, 0, "the link leads to a file that does not exist");
	else if (rc < 0)
		mistake_add(m, file.path, 0, "%s", err.text);
	else if (file.text)
		each(user, &file);
	arena_free(&text);
}

void confdir_read(const struct host *host, confdir_file *each, void *user, struct mistakes *m)
{
	struct listing list = { 0 };
	int fds[N_PLACES];

	for (int i = 0; i < N_PLACES; i++) {
		fds[i] = open_place(host, i, m);
		if (fds[i] >= 0)
			list_place(host, i, fds[i], &list, m);
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_name_then_place);
	for (size_t i = 0; i < list.n; i++)
		if (i == 0 || strcmp(list.v[i].name, list.v[i - 1].name) != 0)
			read_entry(host, fds, &list.v[i], each, user, m);
	for (int i = 0; i < N_PLACES; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
