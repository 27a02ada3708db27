/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kvmshim emulators: the emulators that the domains of libvirt name, one a line, for
 * kvmshim-place(8). It is not in the list of commands. Only /domain/devices/emulator counts:
 * metadata and comments are text of others.
 */
#include <stdio.h>

#include <libxml/tree.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "err.h"
#include "file.h"
#include "hooks/domain/xmltree.h"
#include "host/sysfs.h"
#include "str.h"

/* Definitions; and the states of running VMs, whose root element is domstatus. */
static const char *const folders[] = { "/etc/libvirt/qemu", "/run/libvirt/qemu" };

static xmlNode *domain_of(const xmlDoc *doc)
{
	xmlNode *root = xmlDocGetRootElement(doc);

	if (root && xmltree_is(root, NULL, "domstatus"))
		root = xmltree_child(root, NULL, "domain");
	return root && xmltree_is(root, NULL, "domain") ? root : NULL;
}

/* The emulator of a Xen or bhyve domain is another program. */
static bool is_of_qemu(struct arena *a, const xmlNode *domain)
{
	const char *type = xmltree_attr(a, domain, "type");

	return !type || str_eq(type, "qemu") || str_eq(type, "kvm") || str_eq(type, "hvf");
}

/* A path is a line of the list. */
static bool is_plain_path(const char *path)
{
	if (*path != '/')
		return false;
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

static int take(struct arena *a, const struct file *file, struct strv *found, struct err *err)
{
	_cleanup_xml_ xmlDoc *doc = NULL;
	xmlNode *domain, *devices, *emulator;
	const char *path;
	int rc = xmltree_read(a, file->text, file->len, &doc, err);

	if (rc)
		return rc;
	domain = domain_of(doc);
	if (!domain || !is_of_qemu(a, domain))
		return 0;
	devices = xmltree_child(domain, NULL, "devices");
	emulator = devices ? xmltree_child(devices, NULL, "emulator") : NULL;
	path = emulator ? xmltree_text(a, emulator) : NULL;
	if (path && is_plain_path(path) && !strv_has(found, path))
		strv_push(a, found, path);
	return 0;
}

/* false: it is not domain XML, or cannot be read. */
static bool read_one(struct ctl *ctl, const char *path, struct strv *found)
{
	struct err err = { 0 };
	struct file file;
	int rc = file_read_any(ctl->host.arena, root_path(&ctl->host, path), &file, &err);

	if (rc == 0)
		rc = take(ctl->host.arena, &file, found, &err);
	if (rc)
		ctl_fail("emulators: %s: %s", path, err.text);
	return rc == 0;
}

static bool read_folder(struct ctl *ctl, const char *folder, struct strv *found)
{
	struct strv names = { 0 };
	bool fine = true;

	sysfs_list(&ctl->host, folder, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_ends(names.v[i], ".xml") &&
		    !read_one(ctl, arena_printf(ctl->host.arena, "%s/%s", folder, names.v[i]), found))
			fine = false;
	return fine;
}

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct strv found = { 0 };
	bool fine = true;

	(void)argv;
	if (argc != 1)
		return ctl_fail("emulators: this command has no arguments");
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!read_folder(ctl, folders[i], &found))
			fine = false;
	strv_sort(&found);
	for (size_t i = 0; i < found.n; i++)
		puts(found.v[i]);
	return fine ? CTL_FINE : CTL_FOUND;
}

const struct command command_emulators = { .name = "emulators", .run = run };
