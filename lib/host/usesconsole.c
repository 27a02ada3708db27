/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/uses.h"

#include <string.h>

#include "arena.h"
#include "host/below.h"
#include "host/sysfs.h"
#include "root.h"

static const char *vtcon_path(struct arena *a, const char *vtcon, const char *file)
{
	return arena_printf(a, "/sys/class/vtconsole/%s/%s", vtcon, file);
}

const char *uses_vtcon_path(struct arena *a, const char *vtcon)
{
	return vtcon_path(a, vtcon, "bind");
}

static void add_vtcons(struct arena *a, const struct root *r, struct console *c)
{
	struct strv all = { 0 };

	sysfs_list(a, r, "/sys/class/vtconsole", &all);
	for (size_t i = 0; i < all.n; i++) {
		const char *name = sysfs_text(a, r, vtcon_path(a, all.v[i], "name"));
		const char *bind = sysfs_text(a, r, vtcon_path(a, all.v[i], "bind"));

		if (name && bind && strstr(name, "frame buffer") && str_eq(bind, "1"))
			strv_push(a, &c->vtcons, all.v[i]);
	}
}

#define PLATFORM_DRIVERS "/sys/bus/platform/drivers"

const char *uses_platform_path(struct arena *a, const char *driver, const char *file)
{
	return arena_printf(a, PLATFORM_DRIVERS "/%s/%s", driver, file);
}

bool uses_platform_is_bound(struct arena *a, const struct root *r, const char *driver,
			    const char *device)
{
	return sysfs_has(a, r, uses_platform_path(a, driver, device));
}

/* Drivers that show the firmware's picture, in memory of the boot display that is not theirs. */
static void add_framebuffers(struct arena *a, const struct root *r, struct console *c)
{
	static const char *const drivers[] = { "efi-framebuffer", "vesa-framebuffer",
					       "simple-framebuffer" };

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct strv entries = { 0 };

		sysfs_list(a, r, uses_platform_path(a, drivers[i], ""), &entries);
		for (size_t k = 0; k < entries.n; k++)
			if (strstr(entries.v[k], "framebuffer"))
				strv_push(a, &c->framebuffers,
					  arena_printf(a, "%s/%s", drivers[i], entries.v[k]));
	}
}

void uses_of_console(struct arena *a, const struct root *r, bool boot_vga, const struct below *b,
		     struct console *c)
{
	*c = (struct console){ 0 };
	if (!boot_vga && !b->framebuffers.n)
		return;
	add_vtcons(a, r, c);
	if (boot_vga)
		add_framebuffers(a, r, c);
}
