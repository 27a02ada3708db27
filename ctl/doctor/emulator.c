/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the wrapper in front of the emulators of libvirt, and does libvirt know the real emulators? */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "file.h"
#include "host/sysfs.h"
#include "nearest.h"
#include "root.h"
#include "shellword.h"

static bool is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_ctim.tv_sec != b->st_ctim.tv_sec ? a->st_ctim.tv_sec > b->st_ctim.tv_sec :
							a->st_ctim.tv_nsec > b->st_ctim.tv_nsec;
}

/* ---- wrapper ---- */

static const char *why_stale(const struct emulator *e)
{
	if (e->outdated)
		return "has another version of the wrapper in front";
	if (e->owner && str_eq(e->owner, "dpkg") && !e->diverted)
		return "is not diverted, so an upgrade would replace the wrapper";
	if (is_newer(&e->real_stat, &e->front_stat))
		return "was upgraded, but libvirt still uses the capabilities of the old version";
	return NULL;
}

/* The problem of an emulator that has, or had, the wrapper in front; NULL: none. */
static const char *trouble(const struct emulator *e)
{
	static const char *const texts[] = {
		[PLACE_HALF] = "is not behind the wrapper, because kvmshim-place was interrupted",
		[PLACE_ORPHAN] = "is the wrapper, but its real emulator is missing",
		[PLACE_REPLACED] = "is a new emulator that has replaced the wrapper",
		[PLACE_BOTH] = "is not the wrapper and not a new emulator, but its .real exists",
		[PLACE_HEADLESS] = "is missing, but its real emulator exists",
	};

	if (e->wraps)
		return why_stale(e);
	if (e->place == PLACE_BARE)
		return e->owner ? "is not behind the wrapper any more" : NULL;
	return texts[e->place];
}

static const char *first_of(const struct doctor *d, const struct emulator *e)
{
	return e->domains.n ? shellword(d->host.arena, e->domains.v[0]) : "NAME";
}

/* kvmshim-place refuses a file that is not a program, and the second name of an emulator. */
static const char *what_to_edit(const struct doctor *d, const struct emulator *e)
{
	int name = (int)strlen(e->path) - (int)strlen(".real");

	if (e->owner)
		return NULL;
	if (str_ends(e->path, ".real"))
		return arena_printf(d->host.arena, "set <emulator>%.*s</emulator> with virsh edit %s",
				    name, e->path, first_of(d, e));
	if (e->place == PLACE_ABSENT || (e->place == PLACE_BARE && !e->is_program))
		return arena_printf(d->host.arena,
				    "install the emulator, or correct <emulator> with virsh edit %s",
				    first_of(d, e));
	return NULL;
}

static const char *otherwise(const struct doctor *d, const char *path)
{
	return arena_printf(d->host.arena, "; if not: rm %s && kvmshim-place place %s",
			    shellword(d->host.arena, arena_join(d->host.arena, path, ".real")),
			    shellword(d->host.arena, path));
}

/* The command that puts the wrapper in front, and is not refused by kvmshim-place. */
static const char *remedy(const struct doctor *d, const struct emulator *e)
{
	const char *edit = what_to_edit(d, e), *p = shellword(d->host.arena, e->path),
		   *real = shellword(d->host.arena, arena_join(d->host.arena, e->path, ".real"));

	if (edit)
		return edit;
	if (e->place == PLACE_ORPHAN)
		return arena_printf(d->host.arena, "install the emulator %s again", e->path);
	if (e->place == PLACE_BOTH)
		return arena_printf(
			d->host.arena,
			"if %s.real is the emulator: mv -T %s %s && kvmshim-place place %s%s",
			e->path, real, p, p, e->is_binary ? otherwise(d, e->path) : "");
	return e->owner ? "kvmshim-place refresh" :
			  arena_printf(d->host.arena, "kvmshim-place place %s", p);
}

struct row doctor_wrapper(const struct doctor *d)
{
	struct row_texts front = { 0 }, wrong = { 0 };
	const struct emulator *first = NULL;

	for (size_t i = 0; i < d->n_emulators; i++) {
		const struct emulator *e = &d->emulators[i];
		const char *why = trouble(e);

		first = why && !first ? e : first;
		if (why)
			row_add(d, &wrong, "%s %s", e->path, why);
		else if (e->wraps)
			row_add(d, &front, "%s", e->path);
	}
	if (wrong.n)
		return row_fail(d, remedy(d, first), "%s", row_list(d, &wrong));
	if (front.n)
		return row_ok(d, "the wrapper is in front of %s", row_list(d, &front));
	if (doctor_has_rule(d, NULL))
		return row_fail(d, "kvmshim-place place",
				"the wrapper is not in front of an emulator, so no rule applies");
	return row_warn(d, "kvmshim-place place", "the wrapper is not in front of an emulator");
}

/* ---- emulators ---- */

struct row doctor_emulators(const struct doctor *d)
{
	struct row_texts past = { 0 };
	const struct emulator *first = NULL;

	if (!d->domain && !doctor_has_wrapper(d))
		return row_ok(d, "no emulator is behind the wrapper");
	for (size_t i = 0; i < d->n_emulators; i++) {
		const struct emulator *e = &d->emulators[i];

		if (!e->domains.n || e->wraps)
			continue;
		first = first ? first : e;
		row_add(d, &past, "%s%s runs %s", e->domains.v[0],
			e->domains.n > 1
				? arena_printf(d->host.arena, " (and %zu more)", e->domains.n - 1)
				: "",
			e->path);
	}
	if (past.n)
		return row_warn(d, remedy(d, first),
				"no rule applies, because the wrapper is not in front: %s",
				row_list(d, &past));
	if (d->unseen_domains)
		return row_unseen(d, "the emulators of the domains (" DOMAIN_FOLDER ")");
	return row_ok(d, "the emulators of all domains are behind the wrapper");
}

/* Root runs only what is root's, and QEMU. */
static struct row not_asked(const struct doctor *d, const char *reasons)
{
	return (struct row){
		GRADE_UNSEEN,
		arena_printf(d->host.arena, "an emulator was not asked, because %s", reasons),
		"use an emulator of root, in directories of root",
	};
}

struct row doctor_real_emulator(const struct doctor *d)
{
	struct row_texts wrong = { 0 }, fine = { 0 }, unasked = { 0 };

	for (size_t i = 0; i < d->n_emulators; i++) {
		const struct emulator *e = &d->emulators[i];

		if (e->problem)
			row_add(d, &wrong, "%s: %s", e->real, e->problem);
		else if (e->unasked)
			row_add(d, &unasked, "%s", e->unasked);
		else if (e->machines)
			row_add(d, &fine, "%s", e->real);
	}
	if (wrong.n)
		return row_fail(d,
				"install QEMU again, or correct real = in "
				"/etc/kvmshim/kvmshim.conf",
				"the real emulator cannot be run: %s", row_list(d, &wrong));
	if (unasked.n)
		return not_asked(d, row_list(d, &unasked));
	if (!fine.n)
		return row_warn(d, NULL, "this host has no emulator that libvirt uses");
	return row_ok(d, "%s answers", row_list(d, &fine));
}

/* ---- what libvirt remembers of them ---- */

#define CACHE "/var/cache/libvirt/qemu/capabilities"

/* The text of an element without attributes in a small file of libvirt's own making. */
static const char *element(const struct doctor *d, const char *xml, const char *name)
{
	const char *at = strstr(xml, arena_printf(d->host.arena, "<%s>", name));

	at = at ? at + strlen(name) + 2 : NULL;
	return at ? arena_strndup(d->host.arena, at, strcspn(at, "<")) : NULL;
}

/*
 * virQEMUCapsIsValid() compares the ctime of the path that it knows. So the result of a probe
 * is stale if that ctime is the wrapper's, and the real emulator is newer than the result.
 */
static bool is_stale(const struct emulator *e, const char *ctime, const struct stat *cached)
{
	return e->wraps && ctime &&
	       strtoll(ctime, NULL, 10) == (long long)e->front_stat.st_ctim.tv_sec &&
	       is_newer(&e->real_stat, cached);
}

/* false: it cannot be read. */
static bool judge_cached(const struct doctor *d, const char *name, struct row_texts *stale)
{
	const char *path = root_path(&d->host, arena_printf(d->host.arena, CACHE "/%s", name));
	const char *emulator, *ctime;
	struct stat cached;
	struct file file;

	if (stat(path, &cached) < 0 || file_read_any(d->host.arena, path, &file, NULL) < 0)
		return false;
	emulator = element(d, file.text, "emulator");
	ctime = element(d, file.text, "qemuctime");
	for (size_t i = 0; emulator && i < d->n_emulators; i++)
		if (str_eq(d->emulators[i].path, emulator) &&
		    is_stale(&d->emulators[i], ctime, &cached))
			row_add(d, stale, "%s", emulator);
	return true;
}

struct row doctor_capability_cache(const struct doctor *d)
{
	struct row_texts stale = { 0 };
	struct strv names = { 0 };
	bool seen = !doctor_hides(d, CACHE);
	size_t asked = 0;

	sysfs_list(&d->host, CACHE, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (!str_ends(names.v[i], ".xml"))
			continue;
		asked++;
		if (!judge_cached(d, names.v[i], &stale))
			seen = false;
	}
	if (stale.n)
		return row_fail(d, "kvmshim-place refresh",
				"libvirt still uses the capabilities of an older QEMU: %s",
				row_list(d, &stale));
	if (!seen)
		return row_unseen(d, CACHE);
	return row_ok(d, asked ? "libvirt has probed the emulators of this host" :
				 "libvirt has not probed an emulator yet");
}

/* ---- machine types ---- */

static const char *nearest_machine(const struct doctor *d, const struct emulator *e,
				   const char *machine)
{
	struct nearest near = { .word = machine };

	for (size_t i = 0; i < e->machines->n; i++)
		nearest_try(&near, e->machines->v[i]);
	return nearest_hint(d->host.arena, &near);
}

struct row doctor_machine_types(const struct doctor *d)
{
	struct row_texts gone = { 0 };
	const char *first = NULL, *unasked = NULL;
	size_t held = 0;

	for (size_t i = 0; i < d->n_domains; i++) {
		const struct defined *one = &d->domains[i];
		const struct emulator *e = doctor_emulator_of(d, one);

		unasked = unasked ? unasked : e ? e->unasked : NULL;
		if (!e || !e->machines || !one->machine)
			continue;
		held++;
		if (strv_has(e->machines, one->machine))
			continue;
		first = first ? first : one->name;
		row_add(d, &gone, "%s has %s%s", one->name, one->machine,
			nearest_machine(d, e, one->machine));
	}
	if (gone.n)
		return row_fail(
			d,
			arena_printf(d->host.arena, "virsh edit %s",
				     shellword(d->host.arena, first)),
			"QEMU does not support the machine type, so libvirt refuses the start: %s",
			row_list(d, &gone));
	if (d->unseen_domains)
		return row_unseen(d, DOMAIN_FOLDER);
	if (unasked)
		return not_asked(d, unasked);
	return row_ok(d, "QEMU supports the machine type of all %zu domain%s", held,
		      held == 1 ? "" : "s");
}
