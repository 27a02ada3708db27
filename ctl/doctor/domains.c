/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The domains that libvirt has defined, from its own files. */
#include "ctl/doctor/domains.h"

#include <errno.h>
#include <unistd.h>

#include <libxml/tree.h>

#include "arena.h"
#include "ctl/capture.h"
#include "ctl/ctl.h"
#include "ctl/doctor/facts.h"
#include "err.h"
#include "file.h"
#include "hooks/domain/xmltree.h"
#include "host/sysfs.h"
#include "nearest.h"
#include "root.h"

/* The elements that the hook does not need. */
static void take_rest(struct arena *a, const char *xml, size_t len, struct defined *out)
{
	_cleanup_xml_ xmlDoc *doc = NULL;
	xmlNode *root, *devices, *os, *node;

	if (xmltree_read(a, xml, len, &doc, NULL) < 0)
		return;
	root = xmlDocGetRootElement(doc);
	devices = root ? xmltree_child(root, NULL, "devices") : NULL;
	os = root ? xmltree_child(root, NULL, "os") : NULL;
	node = devices ? xmltree_child(devices, NULL, "emulator") : NULL;
	if (node)
		out->emulator = xmltree_text(a, node);
	node = os ? xmltree_child(os, NULL, "type") : NULL;
	if (node)
		out->machine = xmltree_attr(a, node, "machine");
}

static void take_xml(struct arena *a, const char *xml, size_t len, struct defined *out)
{
	struct err err = { 0 };

	if (domain_parse(a, xml, len, &out->xml, &err) < 0) {
		out->problem = arena_strdup(a, err.text);
		return;
	}
	out->name = out->xml.name;
	take_rest(a, xml, len, out);
}

static void read_one(struct doctor *d, const char *file_name)
{
	const char *path = arena_printf(d->host.arena, DOMAIN_FOLDER "/%s", file_name);
	struct defined one = {
		.path = path,
		.name = arena_strndup(d->host.arena, file_name, strlen(file_name) - strlen(".xml")),
	};
	struct err err = { 0 };
	struct file file;

	if (file_read_any(d->host.arena, root_path(&d->host, path), &file, &err) < 0) {
		if (err.code == EACCES)
			d->unseen_domains++;
		return;
	}
	take_xml(d->host.arena, file.text, file.len, &one);
	*arena_push(d->host.arena, d->domains, d->n_domains, d->domains_cap) = one;
}

static void read_all(struct doctor *d)
{
	struct strv names = { 0 };

	if (access(root_path(&d->host, DOMAIN_FOLDER), R_OK) < 0 && errno == EACCES)
		d->unseen_domains++;
	sysfs_list(&d->host, DOMAIN_FOLDER, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_ends(names.v[i], ".xml"))
			read_one(d, names.v[i]);
}

/* If this user cannot read the files, libvirt may still answer. */
static int ask_libvirt(struct doctor *d, struct err *err)
{
	/* -r: a connection for every user, which does not start a daemon of this user */
	const char *const argv[] = { "virsh",	       "-r",	  "-c",
				     "qemu:///system", "dumpxml", "--inactive",
				     "--domain",       d->domain, NULL };
	struct defined one = { .name = d->domain };
	const char *text;
	int rc = capture(d->host.arena, argv, &text, err);

	if (rc)
		return rc;
	take_xml(d->host.arena, text, strlen(text), &one);
	d->domains = NULL;
	d->n_domains = d->domains_cap = d->unseen_domains = 0;
	*arena_push(d->host.arena, d->domains, d->n_domains, d->domains_cap) = one;
	return 0;
}

static bool is_called(const struct defined *one, const char *name, const char *uuid)
{
	return str_eq(one->name, name) || (uuid && one->xml.uuid && str_eq(one->xml.uuid, uuid));
}

static int keep_only(struct doctor *d, struct err *err)
{
	const char *uuid = str_uuid(d->host.arena, d->domain);
	struct nearest near = { .word = d->domain };
	int rc;

	for (size_t i = 0; i < d->n_domains; i++) {
		nearest_try(&near, d->domains[i].name);
		if (!is_called(&d->domains[i], d->domain, uuid))
			continue;
		d->domains[0] = d->domains[i];
		d->n_domains = 1;
		d->unseen_domains = 0;
		return 0;
	}
	rc = ask_libvirt(d, err);
	if (rc == 0 || rc == -ETIMEDOUT)
		return rc;
	if (d->unseen_domains)
		return err_set(
			err, EACCES,
			"only root can read the domain XML of '%s'; run kvmshim doctor as root",
			str_printable(d->host.arena, d->domain));
	return err_set(err, ENOENT, "domain '%s' does not exist%s",
		       str_printable(d->host.arena, d->domain), nearest_hint(d->host.arena, &near));
}

int doctor_look_domains(struct doctor *d, struct err *err)
{
	read_all(d);
	return d->domain ? keep_only(d, err) : 0;
}
