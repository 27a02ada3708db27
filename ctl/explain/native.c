/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line that libvirt would start, by virsh domxml-to-native. libvirt (9.0) chooses
 * the way to pass a host device through only at a start, so for a <hostdev> without <driver
 * name=…/> virsh fails ("invalid PCI passthrough type 'default'", qemuBuildPCIHostdevDevProps()).
 * Then virsh gets the definition again, with the driver that a start would choose: VFIO.
 */
#include "ctl/explain/native.h"

#include <string.h>

#include <libxml/tree.h>

#include "arena.h"
#include "ctl/capture.h"
#include "ctl/ctl.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/shellwords.h"
#include "err.h"
#include "hooks/domain/xmltree.h"
#include "host/host.h"

static bool attr_is(struct arena *a, const xmlNode *node, const char *name, const char *value)
{
	const char *is = xmltree_attr(a, node, name);

	return is && str_eq(is, value);
}

static bool is_pci(struct arena *a, const xmlNode *node)
{
	if (xmltree_is(node, NULL, "interface"))
		return attr_is(a, node, "type", "hostdev");
	return xmltree_is(node, NULL, "hostdev") && attr_is(a, node, "mode", "subsystem") &&
	       attr_is(a, node, "type", "pci");
}

static void decide_driver(struct arena *a, xmlNode *hostdev)
{
	xmlNode *driver = xmltree_child(hostdev, NULL, "driver");

	if (!driver)
		driver = xmlNewChild(hostdev, NULL, BAD_CAST "driver", NULL);
	if (driver && !xmltree_attr(a, driver, "name"))
		xmlSetProp(driver, BAD_CAST "name", BAD_CAST "vfio");
}

/* NULL if it is not domain XML. */
static const char *decided(struct arena *a, const char *xml)
{
	_cleanup_xml_ xmlDoc *doc = NULL;
	xmlNode *devices;
	xmlChar *bytes = NULL;
	const char *out;
	int len;

	if (xmltree_read(a, xml, strlen(xml), &doc, NULL) < 0)
		return NULL;
	devices = xmltree_child(xmlDocGetRootElement(doc), NULL, "devices");
	for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && is_pci(a, node))
			decide_driver(a, node);
	xmlDocDumpMemory(doc, &bytes, &len);
	out = bytes ? arena_strdup(a, (const char *)bytes) : NULL;
	xmlFree(bytes);
	return out;
}

static int from_definition(struct arena *a, const char *name, const char **text)
{
	const char *const dump[] = { "virsh", "dumpxml", "--inactive", "--domain", name, NULL };
	const char *const native[] = { "virsh", "domxml-to-native", "qemu-argv",
				       "--xml", HOST_STDIN,	    NULL };
	const char *xml;
	int rc = capture(a, dump, &xml, NULL);

	xml = rc ? NULL : decided(a, xml);
	return xml ? capture_with(a, native, xml, text, NULL) : -1;
}

int explain_from_native(struct ctl *ctl, const char *name, struct explained *x, struct err *err)
{
	const char *const argv[] = { "virsh",	 "domxml-to-native", "qemu-argv",
				     "--domain", name,		     NULL };
	const char *text;
	int rc = capture(ctl->host.arena, argv, &text, err);

	x->title = name;
	if (rc && strstr(err->text, "passthrough type") &&
	    from_definition(ctl->host.arena, name, &text) == 0)
		rc = 0;
	return rc ? rc : shellwords_command(ctl->host.arena, text, &x->before, err);
}
