/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's configuration files (util/virconf.c): NAME = VALUE, where a value is a
 * number, a text in "…", '…' or """…""" without escapes, or [ a list of texts ], and
 * '#' begins a comment.
 */
#include "hooks/qemuconf.h"

#include <ctype.h>
#include <stddef.h>

#include "arena.h"
#include "file.h"
#include "root.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/*
 * All that defaultDeviceACL of qemu/qemu_cgroup.c had, from 9.0 to 12: /dev/kvm is no longer in
 * it, because libvirt adds it for each VM that uses KVM, and /dev/userfaultfd was not always.
 * A list that lacks one of them stops VMs; what this host does not have libvirt passes over.
 * So it is only for a qemu.conf without libvirt's comments, which name the default.
 */
static const char *default_acl[] = {
	"/dev/null",	"/dev/full", "/dev/zero", "/dev/random",
	"/dev/urandom", "/dev/ptmx", "/dev/kvm",  "/dev/userfaultfd",
};
static const char *default_controllers[] = { "cpu", "devices", "memory", "blkio", "cpuset",
					     "cpuacct" };
static const char *default_namespaces[] = { "mount" };

#define LIST(array) { (array), sizeof(array) / sizeof((array)[0]), sizeof(array) / sizeof((array)[0]) }

static const struct {
	const char *name;
	size_t offset;
} keys[] = {
	{ "cgroup_device_acl", offsetof(struct qemuconf, device_acl) },
	{ "cgroup_controllers", offsetof(struct qemuconf, controllers) },
	{ "namespaces", offsetof(struct qemuconf, namespaces) },
	{ "security_driver", offsetof(struct qemuconf, security) },
};

/* Over blanks, newlines and comments. */
static const char *skip(const char *s)
{
	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		if (*s != '#')
			return s;
		s += strcspn(s, "\n");
	}
}

/* Past the text at s, or NULL. */
static const char *past_text(struct arena *a, const char *s, struct strv *out)
{
	const char *quote = str_starts(s, "\"\"\"") ? "\"\"\"" : *s == '"' ? "\"" : "'", *end;

	if (!str_starts(s, quote))
		return NULL;
	s += strlen(quote);
	end = strstr(s, quote);
	if (!end)
		return NULL;
	strv_push(a, out, arena_strndup(a, s, (size_t)(end - s)));
	return end + strlen(quote);
}

static const char *past_list(struct arena *a, const char *s, struct strv *out)
{
	for (s = skip(s + 1); *s != ']'; s = skip(s)) {
		s = past_text(a, s, out);
		if (!s)
			return NULL;
		s = skip(s);
		if (*s == ',')
			s++;
		else if (*s != ']')
			return NULL;
	}
	return s + 1;
}

/* A text alone stands for a list of it; an empty one for none. */
static const char *past_value(struct arena *a, const char *s, struct strv *out)
{
	if (*s == '[')
		return past_list(a, s, out);
	if (*s == '"' || *s == '\'') {
		s = past_text(a, s, out);
		if (s && !*out->v[0])
			out->n = 0;
		return s;
	}
	return *s ? s + strcspn(s, " \t\r\n#") : NULL;
}

/* The text of a comment of many lines without its marks, up to the end of a list. */
static const char *uncommented(struct arena *a, const char *s)
{
	struct strbuf b = { .arena = a };

	while (*s == '#') {
		size_t len = strcspn(++s, "\n");

		strbuf_addn(&b, s, len);
		strbuf_addc(&b, '\n');
		if (memchr(s, ']', len))
			break;
		s += len + (s[len] == '\n');
	}
	return strbuf_text(&b);
}

/* libvirt's qemu.conf names the default of its version in a comment: "#cgroup_device_acl = [". */
static void read_default_acl(struct arena *a, const char *text, struct strv *acl)
{
	static const char name[] = "cgroup_device_acl";

	for (const char *line = text; line; line = strchr(line, '\n')) {
		struct strv v = { 0 };
		const char *s;

		line += *line == '\n';
		s = *line == '#' ? line + 1 + strspn(line + 1, " \t") : "";
		if (!str_starts(s, name))
			continue;
		s = skip(uncommented(a, line) + (s - line - 1) + strlen(name));
		if (*s != '=' || !past_value(a, skip(s + 1), &v) || !strv_has(&v, "/dev/null"))
			continue;
		*acl = v;
		return;
	}
}

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* If a name is given twice, the first counts (virConfGetValue()). */
static void keep(struct qemuconf *c, const char *name, size_t len, struct strv v, bool *seen)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (seen[i] || strlen(keys[i].name) != len || strncmp(keys[i].name, name, len) != 0)
			continue;
		*(struct strv *)((char *)c + keys[i].offset) = v;
		seen[i] = true;
	}
}

/* Past one setting; NULL: the text is not a setting. */
static const char *past_setting(struct arena *a, const char *s, struct qemuconf *c, bool *seen)
{
	size_t len = strspn(s, NAME_CHARS);
	const char *name = s;
	struct strv v = { 0 };

	s = skip(s + len);
	if (!len || *s != '=')
		return NULL;
	s = past_value(a, skip(s + 1), &v);
	if (s)
		keep(c, name, len, v, seen);
	return s;
}

void qemuconf_parse(struct arena *a, const char *text, struct qemuconf *c)
{
	bool seen[N_KEYS] = { false };

	*c = (struct qemuconf){
		.known = true,
		.device_acl = LIST(default_acl),
		.controllers = LIST(default_controllers),
		.namespaces = LIST(default_namespaces),
	};
	read_default_acl(a, text, &c->device_acl);
	for (const char *s = skip(text); s && *s; s = s ? skip(s) : NULL)
		s = past_setting(a, s, c, seen);
}

void qemuconf_read(const struct host *host, struct qemuconf *c)
{
	struct file file = { 0 };

	if (file_read_any(host->arena, root_path(host, QEMUCONF), &file, NULL) < 0)
		file.text = NULL;
	qemuconf_parse(host->arena, file.text ? file.text : "", c);
	c->known = file.text || !*host->root.prefix;
}

bool qemuconf_guards_devices(const struct qemuconf *c)
{
	return strv_has(&c->namespaces, "mount") || strv_has(&c->controllers, "devices");
}

bool qemuconf_allows(const struct qemuconf *c, const char *node)
{
	return strv_has(&c->device_acl, node);
}

bool qemuconf_may_confine(const struct qemuconf *c, const char *driver)
{
	return !c->security.n || strv_has(&c->security, driver);
}
