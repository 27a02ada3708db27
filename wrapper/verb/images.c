/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/images.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "str.h"
#include "wrapper/line/view.h"

struct search {
	const struct cmdline *c;
	const struct stat *disk;
};

static bool same_file(const struct search *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (S_ISBLK(s->disk->st_mode))
		return S_ISBLK(st.st_mode) && st.st_rdev == s->disk->st_rdev;
	return st.st_dev == s->disk->st_dev && st.st_ino == s->disk->st_ino;
}

/* ---- /dev/fdset/N, whose descriptors are in -add-fd ---- */

/* The number of the descriptor, if the option is of this set; NULL otherwise. */
static const char *fd_of_set(const struct cmdline *c, struct arg *arg, const char *set)
{
	const struct optval *v =
		arg_is(arg, qemuopt_builtin("add-fd")) ? view_parsed(c, arg, NULL) : NULL;
	const struct prop *of = v ? optval_get(v, "set") : NULL;
	const struct prop *fd = v ? optval_get(v, "fd") : NULL;

	return of && fd && strtoul(of->value, NULL, 0) == strtoul(set, NULL, 10) ? fd->value : NULL;
}

static bool in_fdset(const struct search *s, const char *set)
{
	for (size_t i = 0; s->c->files && i < s->c->n; i++) {
		const char *fd = fd_of_set(s->c, &s->c->args[i], set);

		if (fd && same_file(s, arena_printf(s->c->arena, "%s/%s", s->c->files, fd)))
			return true;
	}
	return false;
}

/* ---- the name of an image ---- */

/*
 * Protocols whose rest is a file of the host (the .protocol_name of QEMU's block drivers). The
 * rest of blkdebug: and blkverify: has a name of its own first, which can be empty.
 */
static const char *after_protocol(const char *name)
{
	static const char *const plain[] = { "file:", "host_device:", "host_cdrom:" };
	static const char *const two[] = { "blkdebug:", "blkverify:" };

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (str_starts(name, plain[i]))
			return name + strlen(plain[i]);
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
		const char *rest = str_starts(name, two[i]) ? strchr(name + strlen(two[i]), ':') :
							      NULL;

		if (rest)
			return rest + 1;
	}
	return NULL;
}

static bool names_file(const struct search *s, const char *name)
{
	static const char fdset[] = "/dev/fdset/";

	for (; name; name = after_protocol(name)) {
		if (str_starts(name, fdset) && in_fdset(s, name + strlen(fdset)))
			return true;
		if (same_file(s, name))
			return true;
	}
	return false;
}

/* filename, file.filename, file.file.filename…: block drivers are nested */
static bool is_filename(const struct optval *v, const struct prop *p)
{
	const struct json_node *node = v->json ? &v->tree.v[p->node] : NULL;

	if (node && node->kind != JSON_STRING)
		return false;
	return optval_means(v, p, "file") || str_ends(node ? node->key : p->key, "filename");
}

static bool json_names_file(const struct search *s, const char *json)
{
	struct optval v;

	if (*json != '{' ||
	    optval_parse(s->c->arena, qemuopt_builtin("blockdev"), json, &v, NULL) < 0)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if (is_filename(&v, &v.props[i]) && names_file(s, optval_value(&v, &v.props[i])))
			return true;
	return false;
}

static bool is_image(const struct search *s, const char *name)
{
	return str_starts(name, "json:") ? json_names_file(s, name + 5) : names_file(s, name);
}

/* ---- the command line ---- */

static bool arg_has_file(const struct search *s, struct arg *arg)
{
	static const char *const images[] = { "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb",
					      "sd",  "mtdblock", "pflash" };
	const struct optval *v;

	if (!arg->opt || !arg->value)
		return !arg->unknown && !arg->opt && is_image(s, arg->word);
	if (STR_AMONG(images, arg->opt->name))
		return is_image(s, arg->value);
	if (!str_eq(arg->opt->name, "blockdev") && !str_eq(arg->opt->name, "drive"))
		return false;
	v = view_parsed(s->c, arg, NULL);
	for (size_t i = 0; v && i < v->n; i++)
		if (is_filename(v, &v->props[i]) && is_image(s, optval_value(v, &v->props[i])))
			return true;
	return false;
}

bool images_has(const struct cmdline *c, const struct stat *disk)
{
	const struct search s = { c, disk };

	for (size_t i = 0; i < c->n; i++)
		if (!c->args[i].removed && arg_has_file(&s, &c->args[i]))
			return true;
	return false;
}
