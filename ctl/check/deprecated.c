/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP marks machine types, CPU models, and what is in query-qmp-schema. For the rest QEMU has only
 * texts that it prints when it starts: the tables have docs/about/deprecated.rst of QEMU 11.1, and
 * the version that began to print them.
 */
#include "ctl/check/deprecated.h"

#include <string.h>

#include "arena.h"
#include "ctl/check/introspect.h"
#include "glob.h"
#include "str.h"

/* ---- options ---- */

const char *deprecated_option(struct introspect *q, const char *option)
{
	static const struct {
		const char *option;
		int major, minor;
		const char *instead;
	} options[] = {
		{ "async-teardown", 8, 1, "-run-with async-teardown=on" },
		{ "chroot", 8, 1, "-run-with chroot=DIR" },
		{ "mon", 11, 1, "-object monitor-qmp,id=ID,chardev=ID or -object monitor-hmp,…" },
		{ "no-acpi", 8, 0, "-machine acpi=off" },
		{ "no-hpet", 8, 0, "-machine hpet=off" },
		{ "runas", 9, 1, "-run-with user=USER" },
		{ "singlestep", 8, 1, "-accel tcg,one-insn-per-tb=on" },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (str_eq(options[i].option, option) &&
		    qmp_since(&q->qmp, options[i].major, options[i].minor))
			return options[i].instead;
	return NULL;
}

/* ---- kinds ---- */

/* pc-i440fx-7.2: "pc-i440fx-" */
static size_t family(const char *machine)
{
	const char *dash = strrchr(machine, '-');

	return dash ? (size_t)(dash + 1 - machine) : strlen(machine);
}

/* The newest type of the same family that is not deprecated. */
static const char *newest_machine(struct introspect *q, const char *old)
{
	const struct strv *names = introspect_kinds(q, "machine");
	const char *best = NULL;

	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];

		if (strncmp(name, old, family(old)) == 0 && family(name) == family(old) &&
		    !introspect_deprecates(q, "machine", name) &&
		    (!best || strverscmp(best, name) < 0))
			best = name;
	}
	return best ? best : "a type of -machine help that is not deprecated";
}

const char *deprecated_kind(struct introspect *q, const char *option, const char *kind)
{
	if (!introspect_deprecates(q, option, kind))
		return NULL;
	if (str_eq(option, "machine"))
		return newest_machine(q, introspect_real_name(q, option, kind));
	return "another one";
}

/* ---- properties and keys ---- */

struct row {
	const char *option, *kind, *key; /* kind: a glob */
	const char *value;		 /* NULL: any */
	int major, minor;
	const char *instead; /* NULL: nothing, remove the key */
};

static const struct row rows[] = {
	{ "chardev", "socket", "delay", NULL, 6, 0, "nodelay=on or nodelay=off" },
	{ "chardev", "socket", "reconnect", NULL, 9, 2, "reconnect-ms=MILLISECONDS" },
	{ "device", "cxl-type3", "memdev", NULL, 8, 0, "persistent-memdev=ID" },
	{ "device", "nvme", "num_queues", NULL, 7, 1, "max_ioqpairs=N" },
	{ "device", "nvme", "use-intel-id", NULL, 7, 1, NULL },
	{ "device", "nvme-ns", "eui64-default", NULL, 7, 1, "eui64=NUMBER" },
	{ "device", "scsi-block", "rotation_rate", NULL, 7, 1, NULL },
	{ "machine", "*", "memory-encryption", NULL, 11, 0, "confidential-guest-support=ID" },
	{ "name", "*", "debug-threads", NULL, 11, 1, NULL },
	{ "netdev", "stream", "reconnect", NULL, 9, 2, "reconnect-ms=MILLISECONDS" },
	{ "numa", "*", "mem", NULL, 4, 1, "memdev=ID and a -object memory-backend-*" },
	{ "plugin", "*", "arg", NULL, 6, 1, "NAME=VALUE" },
};

static const struct row *find_row(const char *option, const char *kind, const char *key,
				  const char *value)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(rows[i].option, option) && str_eq(rows[i].key, key) &&
		    glob_match(rows[i].kind, kind) &&
		    (!rows[i].value || (value && str_eq(rows[i].value, value))))
			return &rows[i];
	return NULL;
}

/* Does QEMU mark it itself? The kind may be a glob: then it is unknown. */
static bool is_marked(struct introspect *q, const char *option, const char *kind, const char *key)
{
	const struct properties *all = strpbrk(kind, "*?[%") ? NULL :
				       *kind ? introspect_properties(q, option, kind) :
					introspect_keys(q, option);

	for (size_t i = 0; all && i < all->n; i++)
		if (str_eq(all->v[i].name, key))
			return all->v[i].deprecated;
	return false;
}

const char *deprecated_key(struct introspect *q, const char *option, const char *kind,
			   const char *key, const char *value)
{
	const struct row *row = find_row(option, kind, key, value);
	bool known = row && qmp_since(&q->qmp, row->major, row->minor);

	if (!known && !is_marked(q, option, kind, key))
		return NULL;
	return row && row->instead ? row->instead : "";
}
