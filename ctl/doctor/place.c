/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The emulators of this host, and whether the wrapper is in front of them: the questions of
 * kvmshim-place(8), asked of the same files.
 */
#include "ctl/doctor/place.h"

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
#include "ctl/trust.h"
#include "err.h"
#include "file.h"
#include "host/sysfs.h"
#include "root.h"

#define WRAPPER "/usr/lib/kvmshim/kvmshim-wrapper"
#define LIST "/var/lib/kvmshim/emulators"
#define DIVERSIONS "/var/lib/dpkg/diversions"
#define DPKG_INFO "/var/lib/dpkg/info"
#define MD5_DIGITS 32

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

static bool is_elf(const struct mapped *m)
{
	return m->len > 4 && memcmp(m->bytes + 1, "ELF", 3) == 0;
}

static bool is_binary(const char *path)
{
	_cleanup_mapped_ struct mapped m = map(path);
	struct stat link;

	return lstat(path, &link) == 0 && S_ISREG(link.st_mode) && is_elf(&m);
}

/* An ELF file with its name in it. */
bool doctor_is_wrapper(const char *path)
{
	static const char name[] = "kvmshim-wrapper";
	_cleanup_mapped_ struct mapped m = map(path);

	return is_elf(&m) && memmem(m.bytes, m.len, name, strlen(name));
}

static bool same_bytes(const char *a, const char *b)
{
	_cleanup_mapped_ struct mapped x = map(a);
	_cleanup_mapped_ struct mapped y = map(b);

	return x.len == y.len && x.len && memcmp(x.bytes, y.bytes, x.len) == 0;
}

static const char *here(const struct doctor *d, const char *path)
{
	return root_path(&d->host, path);
}

/* ---- where a path leads ---- */

const char *doctor_resolved(const struct doctor *d, const char *path)
{
	char *real = realpath(here(d, path), NULL);
	const char *out = path;

	if (real && str_starts(real, d->host.root.prefix))
		out = arena_strdup(d->host.arena, real + strlen(d->host.root.prefix));
	free(real);
	return out;
}

static const char *beside(const struct doctor *d, const char *path, const char *name)
{
	if (*name == '/')
		return name;
	return arena_printf(d->host.arena, "%.*s%s", (int)(strrchr(path, '/') - path + 1), path,
			    name);
}

/* The program in the last line "exec qemu-…" of a script such as /usr/bin/kvm of Debian; NULL. */
static const char *executed(const struct doctor *d, const char *path)
{
	_cleanup_mapped_ struct mapped m = map(here(d, path));
	const char *text, *found = NULL;

	if (m.len < 2 || m.len > 65536 || memcmp(m.bytes, "#!", 2) != 0)
		return NULL;
	text = arena_strndup(d->host.arena, m.bytes, m.len);
	while ((text = strstr(text, "exec "))) {
		const char *word = text + 5 + (text[5] == '"'), *slash;
		size_t len = strcspn(word, " \"\n$");

		slash = memrchr(word, '/', len);
		if (str_starts(slash ? slash + 1 : word, "qemu-"))
			found = arena_strndup(d->host.arena, word, len);
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
	e = arena_push(d->host.arena, d->emulators, d->n_emulators, d->emulators_cap);
	*e = (struct emulator){ .path = path };
	return e;
}

static void add_of_domains(struct doctor *d)
{
	for (size_t i = 0; i < d->n_domains; i++)
		if (d->domains[i].emulator && *d->domains[i].emulator == '/')
			strv_push(d->host.arena,
				  &emulator_at(d, target_of(d, d->domains[i].emulator))->domains,
				  d->domains[i].name);
}

/* The emulators that libvirt uses by default for the CPU of this host. */
static void add_default(struct doctor *d)
{
	struct utsname name;
	const char *paths[2] = { NULL, "/usr/libexec/qemu-kvm" };

	if (!d->libvirt.program || uname(&name) < 0)
		return;
	paths[0] = arena_printf(d->host.arena, "/usr/bin/qemu-system-%s", name.machine);
	for (size_t i = 0; i < 2; i++)
		if (access(here(d, paths[i]), F_OK) == 0)
			emulator_at(d, target_of(d, paths[i]));
}

/* A line each: its path, and who brought it. */
static void add_recorded(struct doctor *d)
{
	struct file file;
	const char *s;

	if (file_read_any(d->host.arena, here(d, LIST), &file, NULL) < 0)
		return;
	for (s = file.text; *s;) {
		size_t line = strcspn(s, "\n"), path = strcspn(s, " \n");

		if (path)
			emulator_at(d, arena_strndup(d->host.arena, s, path))->owner =
				str_trim(d->host.arena, s + path, line - path);
		s += line + (s[line] == '\n');
	}
}

/* ---- the state of a path ---- */

/* Three lines each: the path, its new path, the package that diverts it (":": local). */
static bool is_diverted(const struct doctor *d, const char *path)
{
	const char *want = arena_printf(d->host.arena, "%s\n%s.real\n", path, path);
	_cleanup_mapped_ struct mapped m = map(here(d, DIVERSIONS));
	const char *at = m.len ? memmem(m.bytes, m.len, want, strlen(want)) : NULL;

	return at && (at == m.bytes || at[-1] == '\n');
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/qemu-system-x86_64", a line of a package's list. */
static bool lists_sum(const struct doctor *d, const char *list, const char *line)
{
	_cleanup_mapped_ struct mapped m =
		map(here(d, arena_printf(d->host.arena, DPKG_INFO "/%s", list)));

	return m.len && memmem(m.bytes, m.len, line, strlen(line));
}

/* Is this the file that dpkg has unpacked for this path, to the byte? */
static bool is_unpacked(const struct doctor *d, const char *path)
{
	const char *const argv[] = { "md5sum", here(d, path), NULL };
	struct strv lists = { 0 };
	const char *text, *line;

	if (capture(d->host.arena, argv, &text, NULL) < 0 || strcspn(text, " ") != MD5_DIGITS)
		return false;
	line = arena_printf(d->host.arena, "%.*s  %s\n", MD5_DIGITS, text, path + 1);
	sysfs_list(&d->host, DPKG_INFO, &lists);
	for (size_t i = 0; i < lists.n; i++)
		if (str_ends(lists.v[i], ".md5sums") && lists_sum(d, lists.v[i], line))
			return true;
	return false;
}

/* Is it an emulator that replaced the wrapper? As is_new_emulator() of place/look.sh asks. */
static bool is_new_emulator(const struct doctor *d, const struct emulator *e,
			    const struct stat *link)
{
	if (!e->owner || S_ISLNK(link->st_mode))
		return false;
	return e->diverted ? is_unpacked(d, e->path) : is_binary(here(d, e->path));
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static enum place place_of(const struct doctor *d, const struct emulator *e, const char *front,
			   const char *behind)
{
	struct stat link, real_link;
	bool there = lstat(front, &link) == 0, real = lstat(behind, &real_link) == 0;

	if (!there)
		return real ? PLACE_HEADLESS : PLACE_ABSENT;
	if (doctor_is_wrapper(front))
		return real ? PLACE_FRONT : PLACE_ORPHAN;
	if (!real)
		return PLACE_BARE;
	if (is_same_file(&link, &real_link))
		return PLACE_HALF;
	return is_new_emulator(d, e, &link) ? PLACE_REPLACED : PLACE_BOTH;
}

static bool has_front(enum place place)
{
	return place != PLACE_ABSENT && place != PLACE_HEADLESS && place != PLACE_ORPHAN;
}

static void look_at_place(struct doctor *d, struct emulator *e)
{
	const char *front = here(d, e->path),
		   *behind = arena_printf(d->host.arena, "%s.real", front);
	const char *conf = d->ours.settings.real, *installed = here(d, WRAPPER);

	e->diverted = is_diverted(d, e->path);
	e->place = place_of(d, e, front, behind);
	e->wraps = e->place == PLACE_FRONT ||
		   (e->place == PLACE_ORPHAN && conf && access(conf, F_OK) == 0);
	if (e->wraps)
		e->real = conf ? conf : behind;
	else if (has_front(e->place))
		e->real = front;
	e->outdated = e->wraps && access(installed, F_OK) == 0 &&
		      !same_bytes(front, installed);
	if (stat(front, &e->front_stat) < 0)
		e->front_stat = (struct stat){ 0 };
	e->is_binary = is_binary(front);
	e->is_program = S_ISREG(e->front_stat.st_mode) && access(front, X_OK) == 0;
	if (!e->real || stat(e->real, &e->real_stat) < 0)
		e->real_stat = (struct stat){ 0 };
}

/* A program that is the wrapper again, or cannot be run, is not asked. */
static const char *why_not_asked(const struct emulator *e)
{
	if (access(e->real, X_OK) < 0)
		return strerror(errno);
	if (e->wraps && doctor_is_wrapper(e->real))
		return "it is the wrapper itself";
	return NULL;
}

static void ask(struct doctor *d, struct emulator *e)
{
	struct strv *machines = arena_new(d->host.arena, struct strv);
	struct err err = { 0 };
	const char *path;

	e->problem = why_not_asked(e);
	if (e->problem)
		return;
	if (trust_find_qemu(d->host.arena, e->real, &path, &err) < 0) {
		e->unasked = arena_strdup(d->host.arena, err.text);
		return;
	}
	if (qemuhelp_machines(d->host.arena, path, machines, NULL) == -ETIMEDOUT)
		e->problem = arena_printf(d->host.arena, "it did not answer within %d s",
					  CAPTURE_SECONDS);
	else if (!machines->n)
		e->problem = "it does not answer -machine help";
	else
		e->machines = machines;
}

/* A QEMU starts in 0.1 s. The emulators of other CPUs can stay unasked. */
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
		if (d->emulators[i].wraps)
			return true;
	return false;
}
