/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a kvmshim.conf. Every mistake has a line of the file; whatever the bytes, what
 * the hook is told is within its limits, and of what it puts into paths and command
 * lines of systemctl nothing leads elsewhere.
 */
#include "conf/settings.h"
#include "file.h"
#include "fuzz.h"
#include "mistake.h"

#define TIMEOUT_MAX 600 /* seconds */

static void check_mistakes(struct arena *a, const struct mistakes *m, const struct file *file)
{
	size_t lines = 1;

	for (size_t i = 0; i < file->len; i++)
		lines += file->text[i] == '\n';
	for (size_t i = 0; i < m->n; i++) {
		must(m->v[i].line > 0 && m->v[i].line <= lines, "line %u of %zu: %s", m->v[i].line,
		     lines, m->v[i].text);
		must(!strpbrk(mistake_text(a, &m->v[i]), "\n\033"), "a control byte in a message");
	}
}

static void check_hook(const struct hook_settings *h)
{
	must(h->unbind_timeout > 0 && h->unbind_timeout <= TIMEOUT_MAX, "%d s", h->unbind_timeout);
	must(h->holders_wait >= 0 && h->holders_wait <= TIMEOUT_MAX, "%d s", h->holders_wait);
	for (size_t i = 0; i < h->unbind_drivers.n; i++)
		must(*h->unbind_drivers.v[i], "a driver without a name");
}

static void check_address(const char *s)
{
	unsigned domain, bus, slot, function;
	char again[32];

	must(sscanf(s, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4, "'%s'", s);
	snprintf(again, sizeof(again), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	must(str_eq(s, again), "'%s'", s);
}

static void check_names(const struct strv *names, const char *prefix)
{
	for (size_t i = 0; i < names->n; i++)
		must(*names->v[i] != '-' && !strpbrk(names->v[i], " /\n") && str_starts(names->v[i], prefix),
		     "the unit or seat '%s'", names->v[i]);
}

static void check_device(const struct settings *s, const struct device_settings *d)
{
	check_address(d->address);
	must(settings_of_device(s, d->address), "%s is not found", d->address);
	must(d->unbind_timeout > 0 && d->unbind_timeout <= TIMEOUT_MAX, "%d s", d->unbind_timeout);
	check_names(&d->stop_units, "");
	check_names(&d->pause_units, "");
	check_names(&d->start_units, "");
	check_names(&d->units_before_unbind, "");
	check_names(&d->units_while_unbound, "");
	check_names(&d->end_sessions, "seat");
	check_names(&d->load_modules, "");
	for (size_t i = 0; i < d->n_attributes; i++)
		must(!strpbrk(d->attributes[i].value, "\n\033"),
		     "%s = '%s'", d->attributes[i].name, d->attributes[i].value);
	must(!d->mdev_type || !strpbrk(d->mdev_type, "/\n"), "the type '%s'", d->mdev_type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct file file = { "f", arena_strndup(&arena, (const char *)data, size), size };
	struct mistakes m = { .arena = &arena };
	struct settings s;

	settings_parse(&arena, &file, &s, &m);
	check_mistakes(&arena, &m, &file);
	check_hook(&s.hook);
	for (size_t i = 0; i < s.n_devices; i++)
		check_device(&s, &s.devices[i]);
	for (size_t i = 0; i < s.n_extra; i++)
		must(*s.extra[i].name && *s.extra[i].name != '-', "the option '%s'", s.extra[i].name);
	arena_free(&arena);
	return 0;
}
