/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulators of this host, and whether the wrapper is in front of them: the questions of
 * kvmshim-place(8), asked of the same files.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "ctl/capture.h"
#include "ctl/doctor/facts.h"
#include "ctl/qemuhelp.h"
#include "err.h"
#include "file.h"
#include "root.h"

#define WRAPPER "/usr/lib/kvmshim/kvmshim-wrapper"
#define LIST "/var/lib/kvmshim/emulators"
#define DIVERSIONS "/var/lib/dpkg/diversions"

/* A file as it is in memory. */
struct mapped {
	char *bytes;
	size_t len;
};

static void mapped_drop(struct mapped *m)
{
	if (m->len)
		munmap(m->bytes, m->len);
}

#define _cleanup_mapped_ __attribute__((cleanup(mapped_drop)))

static struct mapped map(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return (struct mapped){ 0 };
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return (struct mapped){ 0 };
	return (struct mapped){ bytes, (size_t)st.st_size };
}

/* An ELF file with its name in it. */
bool doctor_is_wrapper(const char *path)
{
	static const char name[] = "kvmshim-wrapper";
	_cleanup_mapped_ struct mapped m = map(path);

	return m.len > 4 && memcmp(m.bytes + 1, "ELF", 3) == 0 &&
	       memmem(m.bytes, m.len, name, strlen(name));
}

static bool same_bytes(const char *a, const char *b)
{
	_cleanup_mapped_ struct mapped x = map(a);
	_cleanup_mapped_ struct mapped y = map(b);

	return x.len == y.len && x.len && memcmp(x.bytes, y.bytes, x.len) == 0;
}

static const char *here(const struct doctor *d, const char *path)
{
	return root_path(d->arena, d->root, path);
}

/* ---- where a path leads ---- */

const char *doctor_resolved(const struct doctor *d, const char *path)
{
	char *real = realpath(here(d, path), NULL);
	const char *out = path;

	if (real && str_starts(real, d->root->prefix))
		out = arena_strdup(d->arena, real + strlen(d->root->prefix));
	free(real);
	return out;
}

static const char *beside(const struct doctor *d, const char *path, const char *name)
{
	if (*name == '/')
		return name;
	return arena_printf(d->arena, "%.*s%s", (int)(strrchr(path, '/') - path + 1), path, name);
}

/* Of a script such as Debian's /usr/bin/kvm the program in its last line "exec qemu-…"; NULL. */
static const char *executed(const struct doctor *d, const char *path)
{
	_cleanup_mapped_ struct mapped m = map(here(d, path));
	const char *text, *found = NULL;

	if (m.len < 2 || m.len > 65536 || memcmp(m.bytes, "#!", 2) != 0)
		return NULL;
	text = arena_strndup(d->arena, m.bytes, m.len);
	while ((text = strstr(text, "exec "))) {
		const char *word = text + 5 + (text[5] == '"'), *slash;
		size_t len = strcspn(word, " \"\n$");

		slash = memrchr(word, '/', len);
		if (str_starts(slash ? slash + 1 : word, "qemu-"))
			found = arena_strndup(d->arena, word, len);
		text += 5;
	}
	return found ? beside(d, path, found) : NULL;
}

static const char *target_of(const struct doctor *d, const char *path)
{
	const char *target = doctor_resolved(d, path), *next = executed(d, target);

	return next ? doctor_resolved(d, next) : target;
}

/* ---- the list of them ---- */

static struct emulator *emulator_at(struct doctor *d, const char *path)
{
	struct emulator *e;

	for (size_t i = 0; i < d->n_emulators; i++)
		if (str_eq(d->emulators[i].path, path))
			return &d->emulators[i];
	e = arena_push(d->arena, d->emulators, d->n_emulators, d->emulators_cap);
	*e = (struct emulator){ .path = path };
	return e;
}

static void add_of_domains(struct doctor *d)
{
	for (size_t i = 0; i < d->n_domains; i++)
		if (d->domains[i].emulator && *d->domains[i].emulator == '/')
			strv_push(d->arena,
				  &emulator_at(d, target_of(d, d->domains[i].emulator))->domains,
				  d->domains[i].name);
}

/* What libvirt takes by itself for the host's own kind of CPU. */
static void add_default(struct doctor *d)
{
	struct utsname name;
	const char *paths[2] = { NULL, "/usr/libexec/qemu-kvm" };

	if (!d->libvirt.program || uname(&name) < 0)
		return;
	paths[0] = arena_printf(d->arena, "/usr/bin/qemu-system-%s", name.machine);
	for (size_t i = 0; i < 2; i++)
		if (access(here(d, paths[i]), F_OK) == 0)
			emulator_at(d, target_of(d, paths[i]));
}

/* A line each: its path, and who brought it. */
static void add_recorded(struct doctor *d)
{
	struct file file;
	const char *s;

	if (file_read_any(d->arena, here(d, LIST), &file, NULL) < 0)
		return;
	for (s = file.text; *s;) {
		size_t line = strcspn(s, "\n"), path = strcspn(s, " \n");

		if (path)
			emulator_at(d, arena_strndup(d->arena, s, path))->owner =
				str_trim(d->arena, s + path, line - path);
		s += line + (s[line] == '\n');
	}
}

/* ---- what is there ---- */

/* Three lines each: the path, where it is diverted to, by whose package (":": local). */
static bool is_diverted(const struct doctor *d, const char *path)
{
	const char *want = arena_printf(d->arena, "%s\n%s.real\n", path, path);
	_cleanup_mapped_ struct mapped m = map(here(d, DIVERSIONS));
	const char *at = m.len ? memmem(m.bytes, m.len, want, strlen(want)) : NULL;

	return at && (at == m.bytes || at[-1] == '\n');
}

static enum place place_of(const char *front, const char *behind)
{
	bool there = access(front, F_OK) == 0, real = access(behind, F_OK) == 0;

	if (there && doctor_is_wrapper(front))
		return real ? PLACE_FRONT : PLACE_ORPHAN;
	if (there)
		return real ? PLACE_REPLACED : PLACE_BARE;
	return real ? PLACE_HEADLESS : PLACE_ABSENT;
}

static void look_at_place(struct doctor *d, struct emulator *e)
{
	const char *front = here(d, e->path), *behind = arena_printf(d->arena, "%s.real", front);
	const char *conf = d->ours.settings.real, *installed = here(d, WRAPPER);

	e->place = place_of(front, behind);
	if (e->place == PLACE_ORPHAN && conf && access(conf, F_OK) == 0)
		e->place = PLACE_FRONT;
	if (e->place == PLACE_FRONT)
		e->real = conf ? conf : behind;
	else if (e->place == PLACE_BARE || e->place == PLACE_REPLACED)
		e->real = front;
	e->diverted = is_diverted(d, e->path);
	e->outdated = e->place == PLACE_FRONT && access(installed, F_OK) == 0 &&
		      !same_bytes(front, installed);
	if (stat(front, &e->front_stat) < 0)
		e->front_stat = (struct stat){ 0 };
	if (!e->real || stat(e->real, &e->real_stat) < 0)
		e->real_stat = (struct stat){ 0 };
}

/* It is the wrapper again, or cannot be run: then it is not asked. */
static const char *why_not_asked(const struct emulator *e)
{
	if (access(e->real, X_OK) < 0)
		return strerror(errno);
	if (e->place == PLACE_FRONT && doctor_is_wrapper(e->real))
		return "it is the wrapper itself";
	return NULL;
}

static void ask(struct doctor *d, struct emulator *e)
{
	struct qemuhelp *help = arena_new(d->arena, struct qemuhelp);

	e->problem = why_not_asked(e);
	if (e->problem)
		return;
	*help = (struct qemuhelp){ .arena = d->arena, .binary = e->real };
	e->machines = qemuhelp_names(help, "-machine", "help");
	if (help->silent)
		e->problem = arena_printf(d->arena, "it did not answer within %d "
						    "s", CAPTURE_SECONDS);
	else if (!e->machines)
		e->problem = "it does not answer -machine help";
}

/* Starting a QEMU takes a tenth of a second; those of other CPUs may stay unasked. */
#define ASKED 2

void doctor_look_emulators(struct doctor *d)
{
	size_t asked = 0;

	add_of_domains(d);
	add_default(d);
	add_recorded(d);
	for (size_t i = 0; i < d->n_emulators; i++) {
		struct emulator *e = &d->emulators[i];

		look_at_place(d, e);
		if (e->real && asked < ASKED && (e->domains.n || !d->domain)) {
			ask(d, e);
			asked++;
		}
	}
}

const struct emulator *doctor_emulator_of(const struct doctor *d, const struct defined *domain)
{
	for (size_t i = 0; i < d->n_emulators; i++)
		if (strv_has(&d->emulators[i].domains, domain->name))
			return &d->emulators[i];
	return NULL;
}

bool doctor_has_wrapper(const struct doctor *d)
{
	for (size_t i = 0; i < d->n_emulators; i++)
		if (d->emulators[i].place == PLACE_FRONT)
			return true;
	return false;
}
