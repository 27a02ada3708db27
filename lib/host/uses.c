/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/uses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "host/below.h"
#include "host/host.h"
#include "host/sysfs.h"
#include "root.h"

/* linux/route.h, linux/ipv6_route.h */
#define ROUTE_UP 0x0001u
#define ROUTE_REJECT 0x0200u

/* A small file without its newline; NULL if it cannot be read. */
static char *text_of(struct arena *a, const struct root *r, const char *path)
{
	size_t len;
	char *text;

	if (host_read(a, r, path, &text, &len) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool exists(struct arena *a, const struct root *r, const char *path)
{
	return access(root_path(a, r, path), F_OK) == 0;
}

/* The last part of what a link points to; NULL if it is none. */
static const char *link_base(struct arena *a, const struct root *r, const char *path)
{
	char to[4096];
	ssize_t len = readlink(root_path(a, r, path), to, sizeof(to) - 1);
	const char *slash;

	if (len <= 0)
		return NULL;
	to[len] = '\0';
	slash = strrchr(to, '/');
	return arena_strdup(a, slash ? slash + 1 : to);
}

static char *next_line(char **text)
{
	return strsep(text, "\n");
}

/* ---- network ---- */

/* Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask … (net/ipv4/fib_trie.c) */
static bool has_ipv4_default(struct arena *a, const struct root *r, const char *name)
{
	char *text, *line;
	size_t len;

	if (host_read(a, r, "/proc/net/route", &text, &len) < 0)
		return false;
	while ((line = next_line(&text))) {
		char iface[64];
		unsigned long to, flags, mask;

		if (sscanf(line, "%63s %lx %*s %lx %*s %*s %*s %lx", iface, &to, &flags, &mask) ==
			    4 &&
		    str_eq(iface, name) && !to && !mask && flags & ROUTE_UP)
			return true;
	}
	return false;
}

/* Columns: destination, its prefix, source, its prefix, next hop, metric, …, flags, device. */
static bool has_ipv6_default(struct arena *a, const struct root *r, const char *name)
{
	static const char nowhere[] = "00000000000000000000000000000000";
	char *text, *line;
	size_t len;

	if (host_read(a, r, "/proc/net/ipv6_route", &text, &len) < 0)
		return false;
	while ((line = next_line(&text))) {
		char to[33], iface[64];
		unsigned prefix, flags;

		if (sscanf(line, "%32s %x %*s %*s %*s %*s %*s %*s %x %63s", to, &prefix, &flags,
			   iface) == 4 &&
		    str_eq(iface, name) && str_eq(to, nowhere) && !prefix &&
		    (flags & (ROUTE_UP | ROUTE_REJECT)) == ROUTE_UP)
			return true;
	}
	return false;
}

static const char *net_path(struct arena *a, const char *name, const char *file)
{
	return arena_printf(a, "/sys/class/net/%s/%s", name, file);
}

static const char *master_text(struct arena *a, const struct root *r, const char *name)
{
	const char *master = link_base(a, r, net_path(a, name, "master"));

	if (!master)
		return NULL;
	if (exists(a, r, net_path(a, name, "brport")) || exists(a, r, net_path(a, master, "bridge")))
		return arena_printf(a, "is a port of bridge %s", master);
	if (exists(a, r, net_path(a, name, "bonding_slave")) ||
	    exists(a, r, net_path(a, master, "bonding")))
		return arena_printf(a, "is a slave of bond %s", master);
	return arena_printf(a, "belongs to %s", master);
}

static bool is_vlan(struct arena *a, const struct root *r, const char *name)
{
	size_t len;
	char *text;

	return exists(a, r, arena_printf(a, "/proc/net/vlan/%s", name)) ||
	       (host_read(a, r, net_path(a, name, "uevent"), &text, &len) == 0 &&
		strstr(text, "DEVTYPE=vlan"));
}

/* What the kernel lets stand on top of an interface is an upper_* link of it. */
static const char *upper_text(struct arena *a, const struct root *r, const char *name)
{
	static const char front[] = "upper_";
	struct strv names = { 0 };

	sysfs_list(a, r, net_path(a, name, ""), &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *upper = names.v[i] + strlen(front);

		if (str_starts(names.v[i], front))
			return arena_printf(a, "has %s%s on top", upper,
					    is_vlan(a, r, upper) ? " (VLAN)" : "");
	}
	return NULL;
}

const char *uses_of_interface(struct arena *a, const struct root *r, const char *name)
{
	const char *why;

	if (has_ipv4_default(a, r, name))
		return "carries the default route";
	if (has_ipv6_default(a, r, name))
		return "carries the IPv6 default route";
	why = master_text(a, r, name);
	return why ? why : upper_text(a, r, name);
}

/* ---- disks ---- */

static const char *block_path(struct arena *a, const char *name, const char *file)
{
	return arena_printf(a, "/sys/class/block/%s/%s", name, file);
}

/* The disk and its partitions. */
static struct strv with_partitions(struct arena *a, const struct root *r, const char *disk)
{
	struct strv all = { 0 }, entries = { 0 };

	strv_push(a, &all, disk);
	sysfs_list(a, r, block_path(a, disk, ""), &entries);
	for (size_t i = 0; i < entries.n; i++)
		if (exists(a, r,
			   block_path(a, disk, arena_printf(a, "%s/partition", entries.v[i]))))
			strv_push(a, &all, entries.v[i]);
	return all;
}

/* \040 for a blank, and so on: three octal digits (proc(5)). */
static const char *unescaped(struct arena *a, const char *text)
{
	struct strbuf b = { .arena = a };
	unsigned code;

	for (; *text; text++) {
		if (*text == '\\' && sscanf(text, "\\%3o", &code) == 1 && strlen(text) > 3) {
			strbuf_addc(&b, (char)code);
			text += 3;
		} else {
			strbuf_addc(&b, *text);
		}
	}
	return strbuf_text(&b);
}

/*
 * One line of mountinfo (proc(5)): "36 35 8:1 / /srv rw shared:1 - ext4 /dev/sda1 rw".
 * btrfs has device numbers of its own there, and is known by its source.
 */
static bool is_mount_of(const char *line, const char *name, const char *dev, int *where)
{
	char number[32], source[256];
	const char *rest;

	*where = 0;
	if (sscanf(line, "%*s %*s %31s %*s %n", number, where) != 1 || !*where)
		return false;
	if (str_eq(number, dev))
		return true;
	rest = strstr(line + *where, " - ");
	return rest && sscanf(rest, " - %*s /dev/%255s", source) == 1 && str_eq(source, name);
}

/* Where it is mounted; NULL: not where we can see it. */
static const char *mount_of(struct arena *a, const struct root *r, const char *name)
{
	const char *dev = text_of(a, r, block_path(a, name, "dev"));
	char *text, *line;
	size_t len;
	int at;

	if (!dev || host_read(a, r, "/proc/self/mountinfo", &text, &len) < 0)
		return NULL;
	while ((line = next_line(&text)))
		if (is_mount_of(line, name, dev, &at))
			return unescaped(a, arena_strndup(a, line + at, strcspn(line + at, " ")));
	return NULL;
}

static bool is_swap(struct arena *a, const struct root *r, const char *name)
{
	const char *path = arena_printf(a, "/dev/%s ", name);
	char *text, *line;
	size_t len;

	if (host_read(a, r, "/proc/swaps", &text, &len) < 0)
		return false;
	while ((line = next_line(&text)))
		if (str_starts(line, path))
			return true;
	return false;
}

static const char *holder_text(struct arena *a, const struct root *r, const char *name)
{
	struct strv holders = { 0 };
	const char *label;

	sysfs_list(a, r, block_path(a, name, "holders"), &holders);
	if (!holders.n)
		return NULL;
	label = text_of(a, r, block_path(a, holders.v[0], "dm/name"));
	if (!label)
		return arena_printf(a, "%s is part of %s", name, holders.v[0]);
	return arena_printf(a, "%s is part of %s (%s)", name, holders.v[0], label);
}

const char *uses_of_disk(struct arena *a, const struct root *r, const char *name)
{
	struct strv all = with_partitions(a, r, name);

	for (size_t i = 0; i < all.n; i++) {
		const char *held = holder_text(a, r, all.v[i]);
		const char *where = mount_of(a, r, all.v[i]);

		if (where)
			return arena_printf(a, "%s is mounted on %s", all.v[i], where);
		if (is_swap(a, r, all.v[i]))
			return arena_printf(a, "%s is swap", all.v[i]);
		if (held)
			return held;
	}
	return NULL;
}

/* sysfs has ! where a name has a slash (cciss!c0d0): kobject_set_name_vargs(). */
int uses_claim_disk(struct arena *a, const struct root *r, const char *name)
{
	char *path = arena_printf(a, "/dev/%s", name);
	int fd;

	for (char *p = path; (p = strchr(p, '!'));)
		*p = '/';
	fd = open(root_path(a, r, path), O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* ---- the console ---- */

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
		const char *name = text_of(a, r, vtcon_path(a, all.v[i], "name"));
		const char *bind = text_of(a, r, vtcon_path(a, all.v[i], "bind"));

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
	return exists(a, r, uses_platform_path(a, driver, device));
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
