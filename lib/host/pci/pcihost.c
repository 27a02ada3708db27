/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/pci/pcihost.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "root.h"

#define PCI_SLOTS "/sys/bus/pci/slots"

/* Domains have at least four digits (%04x), and more only if they need them. */
int pcihost_compare(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	return la == lb ? strcmp(a, b) : la < lb ? -1 : 1;
}

static int compare_entries(const void *a, const void *b)
{
	return pcihost_compare(*(const char *const *)a, *(const char *const *)b);
}

void pcihost_addresses(const struct host *host, struct strv *addresses)
{
	struct strv names = { 0 };

	sysfs_list(host, PCI_DEVICES, &names);
	for (size_t i = 0; i < names.n; i++)
		if (pci_is_address(names.v[i]))
			strv_push(host->arena, addresses, names.v[i]);
	if (addresses->n)
		qsort(addresses->v, addresses->n, sizeof(*addresses->v), compare_entries);
}

/* "…/pci0000:00/0000:00:01.0/0000:01:00.0": the words of the path, from its end. */
static void read_path(struct arena *a, int all, const char *address, struct pci_place *p)
{
	char path[PATH_MAX];
	ssize_t len = readlinkat(all, address, path, sizeof(path) - 1);
	char *slash;

	path[len > 0 ? len : 0] = '\0';
	for (bool first = true; (slash = strrchr(path, '/')); first = false) {
		const char *word = slash + 1;

		if (!first && !p->above && pci_is_address(word))
			p->above = arena_strdup(a, word);
		if (str_starts(word, "pci") && strchr(word, ':')) {
			p->root = arena_strdup(a, word);
			return;
		}
		*slash = '\0';
	}
}

/* The words of an attribute, which are parted by blanks. */
static void split(struct arena *a, char *text, struct strv *words)
{
	for (char *save = NULL, *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		strv_push(a, words, word);
}

static void read_place(struct arena *a, int folder, struct pci_place *p)
{
	char *text = sysfs_text_at(a, folder, "reset_method");

	if (text)
		split(a, text, &p->resets);
	else if (sysfs_has_at(folder, "reset"))
		strv_push(a, &p->resets, "unnamed");
	text = sysfs_text_at(a, folder, "sriov_totalvfs");
	p->total_vfs = text ? atoi(text) : 0;
}

int pcihost_open(const struct host *host)
{
	return sysfs_folder(host, PCI_DEVICES);
}

const char *pcihost_above(const struct host *host, const char *address)
{
	_cleanup_fd_ int all = pcihost_open(host);
	struct pci_place place = { 0 };

	if (all >= 0)
		read_path(host->arena, all, address, &place);
	return place.above;
}

int pcihost_read(struct arena *a, int all, const char *address, struct pci_function *f,
		 struct pci_place *p)
{
	_cleanup_fd_ int folder = openat(all, address, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = pci_function_read_at(a, folder, address, f);

	*p = (struct pci_place){ 0 };
	if (rc)
		return rc;
	read_path(a, all, address, p);
	if (!p->root)
		p->root = arena_printf(a, "pci%.*s", (int)strlen(address) - 5, address);
	read_place(a, folder, p);
	return 0;
}

void pcihost_slots(const struct host *host, struct pci_slots *slots)
{
	struct strv names = { 0 };

	sysfs_list(host, PCI_SLOTS, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *path = arena_printf(host->arena, PCI_SLOTS "/%s/address", names.v[i]);
		const char *address = sysfs_text(host, path);

		if (address)
			*arena_push(host->arena, slots->v, slots->n, slots->cap) =
				(struct pci_slot){ names.v[i], address };
	}
}

const char *pcihost_slot(const struct pci_slots *slots, const char *address)
{
	size_t len = strcspn(address, ".");

	for (size_t i = 0; i < slots->n; i++)
		if (strlen(slots->v[i].address) == len &&
		    strncmp(slots->v[i].address, address, len) == 0)
			return slots->v[i].name;
	return NULL;
}

const char *pcihost_rescan_path(struct arena *a, const char *address)
{
	int bus = (int)(strlen(address) - strlen(":00.0"));

	return arena_printf(a, "/sys/class/pci_bus/%.*s/rescan", bus, address);
}
