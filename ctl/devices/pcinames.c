/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/pcinames.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pci/pci.h>

#include "arena.h"
#include "root.h"
#include "str.h"

#define LOOKUP (PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB)
#define NAME_MAX_LEN 256

struct pcinames {
	struct arena *arena;
	struct pci_access *access;
	bool loaded;
};

/*
 * pci_init() would set these, and choose how to scan the bus, which is not wanted. error may
 * not return: a line of pci.ids that libpci does not understand ends its reading, and the
 * names before it are kept.
 */
static jmp_buf stop_reading;

/* NOLINTNEXTLINE(readability-non-const-parameter): libpci's type */
static void __attribute__((noreturn)) on_error(char *text, ...)
{
	(void)text;
	longjmp(stop_reading, 1);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): likewise */
static void on_warning(char *text, ...)
{
	(void)text;
}

/* Debian's and RHEL's places for it, in a host's folder. */
static char *path_below(const struct host *host)
{
	static const char *const places[] = { "/usr/share/misc/pci.ids",
					      "/usr/share/hwdata/pci.ids" };
	char target[1];

	for (size_t i = 0; *host->root.prefix && i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = root_path(host, places[i]);

		/* a link that leads nowhere is a host without names */
		if (access(path, F_OK) == 0 || readlink(path, target, 1) > 0)
			return arena_strdup(host->arena, path);
	}
	return NULL;
}

struct pcinames *pcinames_open(const struct host *host)
{
	struct pcinames *names = arena_new(host->arena, struct pcinames);
	char *path = path_below(host);

	names->arena = host->arena;
	names->access = pci_alloc();
	names->access->error = on_error;
	names->access->warning = on_warning;
	names->access->debug = on_warning;
	if (path)
		pci_set_name_list_path(names->access, path, 0);
	names->loaded = setjmp(stop_reading) ? false : pci_load_name_list(names->access) != 0;
	return names;
}

void pcinames_close(struct pcinames *names)
{
	pci_cleanup(names->access);
}

const char *pcinames_missing(const struct pcinames *names)
{
	return names->loaded ? NULL : names->access->id_file_name;
}

static const char *copy(struct pcinames *names, const char *name)
{
	return name && *name ? str_printable(names->arena, name) : NULL;
}

static void split(const char *id, int *vendor, int *device)
{
	*vendor = (int)strtoul(id, NULL, 16);
	*device = strchr(id, ':') ? (int)strtoul(strchr(id, ':') + 1, NULL, 16) : 0;
}

const char *pcinames_vendor(struct pcinames *names, const char *id)
{
	char buf[NAME_MAX_LEN];
	int vendor, device;

	split(id, &vendor, &device);
	return copy(names, pci_lookup_name(names->access, buf, sizeof(buf),
					   PCI_LOOKUP_VENDOR | LOOKUP, vendor));
}

const char *pcinames_device(struct pcinames *names, const char *id)
{
	char buf[NAME_MAX_LEN];
	int vendor, device;

	split(id, &vendor, &device);
	return copy(names, pci_lookup_name(names->access, buf, sizeof(buf),
					   PCI_LOOKUP_DEVICE | LOOKUP, vendor, device));
}

const char *pcinames_class(struct pcinames *names, unsigned class)
{
	char buf[NAME_MAX_LEN];

	return copy(names, pci_lookup_name(names->access, buf, sizeof(buf),
					   PCI_LOOKUP_CLASS | LOOKUP, (int)(class >> 8)));
}
