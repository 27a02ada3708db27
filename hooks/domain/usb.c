/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As virDomainHostdevSubsysUSBDefParseXML() of libvirt's conf/domain_conf.c reads it. */
#include "hooks/domain/usb.h"

#include <errno.h>
#include <stdlib.h>

#include <libxml/tree.h>

#include "arena.h"
#include "err.h"
#include "hooks/domain/xmltree.h"
#include "str.h"

#define ID_MAX 0xffff
#define BUS_MAX 0xffff

/* A number of C's, no sign; *n is 0 where the element or the attribute is missing. */
static int take_number(struct arena *a, const xmlNode *node, const char *name,
		       unsigned long max, unsigned *n, struct err *err)
{
	const char *text = node ? xmltree_attr(a, node, name) : NULL;
	unsigned long value;
	char *end;
	int rc = node ? xmltree_check_text(node, text, err) : 0;

	*n = 0;
	if (rc || !text)
		return rc;
	errno = 0;
	value = strtoul(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || value > max)
		return xmltree_err(node, err, EINVAL,
				   "%s='%s' of a USB device must be a number up to %#lx", name,
				   str_printable(a, text), max);
	*n = (unsigned)value;
	return 0;
}

static int take_id(struct arena *a, const xmlNode *source, struct usb_wanted *u, struct err *err)
{
	const xmlNode *vendor = xmltree_child(source, NULL, "vendor"),
		      *product = xmltree_child(source, NULL, "product");
	unsigned of_vendor, of_product;
	int rc = take_number(a, vendor, "id", ID_MAX, &of_vendor, err);

	if (!rc)
		rc = take_number(a, product, "id", ID_MAX, &of_product, err);
	if (!rc && vendor && product)
		u->id = arena_printf(a, "%04x:%04x", of_vendor, of_product);
	return rc;
}

static int take_address(struct arena *a, const xmlNode *address, struct usb_wanted *u,
			struct err *err)
{
	int rc = take_number(a, address, "bus", BUS_MAX, &u->bus, err);

	if (!rc)
		rc = take_number(a, address, "device", BUS_MAX, &u->number, err);
	if (!rc && address) {
		u->ports = xmltree_attr(a, address, "port");
		rc = xmltree_check_text(address, u->ports, err);
	}
	return rc;
}

int domainusb_take(struct arena *a, const xmlNode *hostdev, struct usb_hostdevs *u, struct err *err)
{
	const xmlNode *source = xmltree_child(hostdev, NULL, "source");
	struct usb_wanted d = { 0 };
	int rc = take_id(a, source, &d, err);

	if (!rc)
		rc = take_address(a, xmltree_child(source, NULL, "address"), &d, err);
	if (!rc && (d.id || (d.bus && (d.number || d.ports))))
		*arena_push(a, u->v, u->n, u->cap) = d;
	return rc;
}
