/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/initramfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "arena.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "root.h"
#include "str.h"

static const struct {
	const char *script, *update;
} ways[] = {
	{ INITRAMFS_TOOLS_SCRIPT, "update-initramfs -u" },
	{ INITRAMFS_DRACUT_SCRIPT, "dracut -f" },
};

/* Debian and its kin, Fedora and its kin; the last one is of both. */
static const char *const images[] = { "/boot/initrd.img-%s", "/boot/initramfs-%s.img",
				      "/boot/initrd-%s" };

static long long changed(const struct host *host, const char *path)
{
	struct stat st;

	return stat(root_path(host, path), &st) == 0 ? (long long)st.st_mtime : 0;
}

static void read_image(const struct host *host, struct initramfs *out)
{
	struct utsname kernel;

	if (uname(&kernel) < 0)
		return;
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]) && !out->built; i++) {
		const char *at = strstr(images[i], "%s");

		out->image = arena_printf(host->arena, "%.*s%s%s", (int)(at - images[i]), images[i],
					  kernel.release, at + 2);
		out->built = changed(host, out->image);
	}
	if (!out->built)
		out->image = NULL;
}

static void read_line(const struct host *host, const char *line, struct initramfs *out)
{
	char address[16], id[16];

	if (sscanf(line, INITRAMFS_WORD " %15s %15s", address, id) == 2 && pci_is_address(address))
		*arena_push(host->arena, out->v, out->n, out->cap) = (struct initramfs_entry){
			arena_strdup(host->arena, address),
			arena_strdup(host->arena, id),
		};
}

static void read_script(const struct host *host, struct initramfs *out)
{
	size_t len;
	char *text;

	out->unread = host_read(host, out->script, &text, &len) < 0;
	for (char *line = out->unread ? NULL : text; line && *line;) {
		char *end = line + strcspn(line, "\n"), last = *end;

		*end = '\0';
		read_line(host, line, out);
		line = end + (last != '\0');
	}
}

void initramfs_read(const struct host *host, struct initramfs *out)
{
	*out = (struct initramfs){ 0 };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !out->script; i++) {
		out->written = changed(host, ways[i].script);
		if (!out->written)
			continue;
		out->script = ways[i].script;
		out->update = ways[i].update;
		read_script(host, out);
		read_image(host, out);
	}
}
