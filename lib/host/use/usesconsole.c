/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesconsole.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "host/act/act.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/sysfs.h"
#include "root.h"
#include "str.h"

static const char *vtcon_path(struct arena *a, const char *vtcon, const char *file)
{
	return arena_printf(a, "/sys/class/vtconsole/%s/%s", vtcon, file);
}

const char *uses_vtcon_path(struct arena *a, const char *vtcon)
{
	return vtcon_path(a, vtcon, "bind");
}

/* show_bind() of drivers/tty/vt/vt.c waits for the console's lock; show_name() does not. */
static bool is_bound(const struct host *host, const char *vtcon, int deadline, struct console *c)
{
	char *text;

	if (c->stuck.pid ||
	    act_read(host, vtcon_path(host->arena, vtcon, "bind"), deadline, &text, &c->stuck) < 0)
		return false;
	return str_eq(text, "1");
}

/* Adds the bound consoles whose name has `kind` in it. */
static void add_vtcons(const struct host *host, const char *kind, int deadline, struct console *c)
{
	struct strv all = { 0 };

	sysfs_list(host, "/sys/class/vtconsole", &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *name = sysfs_text(host, vtcon_path(host->arena, all.v[i], "name"));

		if (name && strstr(name, kind) && is_bound(host, all.v[i], deadline, c))
			strv_push(host->arena, &c->vtcons, all.v[i]);
	}
}

#define PLATFORM_DRIVERS "/sys/bus/platform/drivers"

const char *uses_platform_path(struct arena *a, const char *driver, const char *file)
{
	return arena_printf(a, PLATFORM_DRIVERS "/%s/%s", driver, file);
}

bool uses_platform_is_bound(const struct host *host, const char *driver, const char *device)
{
	return sysfs_has(host, uses_platform_path(host->arena, driver, device));
}

/* Drivers that show the firmware's picture, in memory of the boot display that is not theirs. */
static void add_framebuffers(const struct host *host, struct console *c)
{
	static const char *const drivers[] = { "efi-framebuffer", "vesa-framebuffer",
					       "simple-framebuffer" };

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct strv entries = { 0 };

		sysfs_list(host, uses_platform_path(host->arena, drivers[i], ""), &entries);
		for (size_t k = 0; k < entries.n; k++)
			if (strstr(entries.v[k], "framebuffer"))
				strv_push(host->arena, &c->framebuffers,
					  arena_printf(host->arena, "%s/%s", drivers[i],
						       entries.v[k]));
	}
}

#define GRAPHICS "/sys/class/graphics"

/*
 * The function that a framebuffer hangs below: the last one in the path that its link
 * has. NULL: a platform device's, or none.
 */
static const char *card_of(const struct host *host, const char *fb)
{
	char path[PATH_MAX], *save = NULL;
	ssize_t len = readlink(root_path(host, arena_printf(host->arena, GRAPHICS "/%s", fb)), path,
			       sizeof(path) - 1);
	const char *card = NULL;

	path[len < 0 ? 0 : len] = '\0';
	for (char *name = strtok_r(path, "/", &save); name; name = strtok_r(NULL, "/", &save))
		if (pci_is_address(name))
			card = name;
	return card ? arena_strdup(host->arena, card) : NULL;
}

enum fbs { FBS_NONE, FBS_UNOWNED, FBS_OF_ANOTHER };

/* Whose are the framebuffers, if this function has none? */
static enum fbs framebuffers_of_others(const struct host *host, const char *address)
{
	struct strv all = { 0 };
	enum fbs fbs = FBS_NONE;

	sysfs_list(host, GRAPHICS, &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *card = card_of(host, all.v[i]);

		if (!str_starts(all.v[i], "fb") || str_eq(all.v[i], "fbcon"))
			continue;
		if (card && !str_eq(card, address))
			return FBS_OF_ANOTHER;
		fbs = FBS_UNOWNED;
	}
	return fbs;
}

static bool is_hosts(const struct pci_function *f)
{
	return f->driver && !pci_driver_is_vfio(f->driver);
}

/*
 * Does this function show what is on the frame buffer consoles? A boot display alone
 * need not: a card with a driver of its own may have taken the console over. A kernel
 * without CONFIG_FB_DEVICE shows no framebuffer at all.
 */
static bool shows_framebuffers(const struct host *host, const struct pci_function *f,
			       const struct subdevices *b, const struct console *c)
{
	enum fbs others;

	if (b->framebuffers.n || !f->boot_vga)
		return b->framebuffers.n;
	others = framebuffers_of_others(host, f->address);
	if (others == FBS_OF_ANOTHER)
		return false;
	return c->framebuffers.n || (others == FBS_NONE && is_hosts(f));
}

void uses_of_console(const struct host *host, const struct pci_function *f,
		     const struct subdevices *b, int deadline, struct console *c)
{
	*c = (struct console){ 0 };
	if (f->boot_vga)
		add_framebuffers(host, c);
	if (shows_framebuffers(host, f, b, c))
		add_vtcons(host, "frame buffer", deadline, c);
	/* text mode needs no driver */
	if (f->boot_vga && (!f->driver || is_hosts(f)))
		add_vtcons(host, "VGA", deadline, c);
}
