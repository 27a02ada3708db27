/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * We read the domain XML as libvirt does, so that both mean the same device: elements in no
 * namespace, the first of several names, PCI numbers in C's notation
 * (virPCIDeviceAddressParseXML() of conf/device_conf.c: '0x1f' and '31' are the same slot).
 */
#include "hooks/domain/domain.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/tree.h>

#include "arena.h"
#include "err.h"
#include "hooks/domain/daclabel.h"
#include "hooks/domain/xmltree.h"
#include "str.h"

/* ---- who it is ---- */

/* QEMU's driver in libvirt has no '/' in names (virDomainDefPostParseCheckFeatures()). */
static int take_name(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	const xmlNode *node = xmltree_child(root, NULL, "name");
	int rc;

	d->name = xmltree_text(a, node);
	if (!d->name)
		return xmltree_err(root, err, EINVAL, "the domain has no <name>");
	rc = xmltree_check_text(node, d->name, err);
	if (rc)
		return rc;
	if (!*d->name)
		return xmltree_err(node, err, EINVAL, "the <name> of the domain is empty");
	if (strchr(d->name, '/'))
		return xmltree_err(node, err, EINVAL,
				   "the name of the domain must not contain '/': '%s'",
				   str_printable(a, d->name));
	fact_add(a, &d->facts, FACT_NAME, d->name);
	return 0;
}

static int take_uuid(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	const xmlNode *node = xmltree_child(root, NULL, "uuid");
	const char *text = xmltree_text(a, node);
	int rc = xmltree_check_text(node, text, err);

	if (rc)
		return rc;
	if (!text)
		return xmltree_err(root, err, EINVAL, "the domain has no <uuid>");
	d->uuid = str_uuid(a, text);
	if (!d->uuid)
		return xmltree_err(node, err, EINVAL,
				   "'%s' is not a valid UUID (8-4-4-4-12 hex digits)",
				   str_printable(a, text));
	fact_add(a, &d->facts, FACT_UUID, d->uuid);
	return 0;
}

static void take_host(struct arena *a, struct facts *f)
{
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) == 0 && *host)
		fact_add(a, f, FACT_HOST, arena_strdup(a, host));
}

/* ---- devices ---- */

static int get_attr(struct arena *a, const xmlNode *node, const char *name, const char **value,
		    struct err *err)
{
	*value = xmltree_attr(a, node, name);
	return xmltree_check_text(node, *value, err);
}

/* A number of C's, no sign. *n stays as it is where the attribute is missing. */
static int take_number(struct arena *a, const xmlNode *address, const char *name,
		       unsigned long max, unsigned long *n, struct err *err)
{
	const char *text;
	char *end;
	int rc = get_attr(a, address, name, &text, err);

	if (rc || !text)
		return rc;
	errno = 0;
	*n = strtoul(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || *n > max)
		return xmltree_err(address, err, EINVAL,
				   "%s='%s' of a PCI address must be a number up to %#lx", name,
				   str_printable(a, text), max);
	return 0;
}

static int take_pci(struct arena *a, const xmlNode *address, struct hostdev *h, struct err *err)
{
	enum { DOMAIN, BUS, SLOT, FUNCTION, PARTS };
	static const struct {
		const char *name;
		unsigned long max;
	} parts[PARTS] = { { "domain", 0xffffffff }, { "bus", 0xff }, { "slot", 0x1f }, { "function", 7 } };
	unsigned long n[PARTS] = { 0 };

	for (int i = 0; i < PARTS; i++) {
		int rc = take_number(a, address, parts[i].name, parts[i].max, &n[i], err);

		if (rc)
			return rc;
	}
	h->device = arena_printf(a, "%04lx:%02lx:%02lx.%lx", n[DOMAIN], n[BUS], n[SLOT], n[FUNCTION]);
	return 0;
}

static int take_mdev(struct arena *a, const xmlNode *address, struct hostdev *h, struct err *err)
{
	const char *text;
	int rc = get_attr(a, address, "uuid", &text, err);

	if (rc)
		return rc;
	h->device = text ? str_uuid(a, text) : NULL;
	if (!h->device)
		return xmltree_err(address, err, EINVAL,
				   "'%s' is not a valid UUID of a mediated device",
				   str_printable(a, text ? text : ""));
	return 0;
}

/* *yes stays as it is where the attribute is missing. */
static int take_yes(struct arena *a, const xmlNode *node, const char *name, bool *yes,
		    struct err *err)
{
	const char *text;
	int rc = get_attr(a, node, name, &text, err);

	if (rc || !text)
		return rc;
	*yes = str_eq(text, "yes");
	if (!*yes && !str_eq(text, "no"))
		return xmltree_err(node, err, EINVAL, "%s must be 'yes' or 'no', not '%s'", name,
				   str_printable(a, text));
	return 0;
}

/* A module and a sysfs folder have this name: MODULE_NAME_LEN of linux/module.h is less than 64. */
static bool is_module(const char *s)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return len && len < 64 && !s[len];
}

static int take_model(struct arena *a, const xmlNode *driver, struct hostdev *h, struct err *err)
{
	int rc = get_attr(a, driver, "model", &h->driver_model, err);

	if (!rc && h->driver_model && !is_module(h->driver_model))
		rc = xmltree_err(driver, err, EINVAL,
				 "<driver model='%s'> is not a valid driver name",
				 str_printable(a, h->driver_model));
	return rc;
}

/* Has the element this value of the attribute, or none at all? */
static bool attr_is(struct arena *a, const xmlNode *node, const char *name, const char *value,
		    bool if_missing)
{
	const char *text = xmltree_attr(a, node, name);

	return text ? str_eq(text, value) : if_missing;
}

static bool is_interface(struct arena *a, const xmlNode *node)
{
	const xmlNode *source = xmltree_child(node, NULL, "source");

	return xmltree_is(node, NULL, "interface") && attr_is(a, node, "type", "hostdev", false) &&
	       attr_is(a, xmltree_child(source, NULL, "address"), "type", "pci", true);
}

/* A disk that QEMU reads by VFIO and no driver of the host: block/nvme.c. */
static bool is_nvme(struct arena *a, const xmlNode *node)
{
	return xmltree_is(node, NULL, "disk") && attr_is(a, node, "type", "nvme", false) &&
	       attr_is(a, xmltree_child(node, NULL, "source"), "type", "pci", true);
}

static bool is_subsystem(struct arena *a, const xmlNode *node, const char *type)
{
	return xmltree_is(node, NULL, "hostdev") && attr_is(a, node, "mode", "subsystem", true) &&
	       attr_is(a, node, "type", type, false);
}

/* Is the device of a kind that VFIO serves? */
static bool is_vfio(struct arena *a, const xmlNode *node, enum hostdev_kind *kind)
{
	const xmlNode *driver = xmltree_child(node, NULL, "driver");

	*kind = HOSTDEV_MDEV;
	if (is_subsystem(a, node, "mdev"))
		return attr_is(a, node, "model", "vfio-pci", true);
	*kind = HOSTDEV_PCI;
	if (is_nvme(a, node))
		return true;
	return (is_subsystem(a, node, "pci") || is_interface(a, node)) &&
	       attr_is(a, driver, "name", "vfio", true);
}

static int take_hostdev(struct arena *a, const xmlNode *node, enum hostdev_kind kind,
			struct domain *d, struct err *err)
{
	const xmlNode *source = xmltree_child(node, NULL, "source"),
		      *address = xmltree_child(source, NULL, "address");
	const xmlNode *driver = xmltree_child(node, NULL, "driver");
	struct hostdev h = { .kind = kind, .nvme = is_nvme(a, node) };
	bool may_iommufd = kind == HOSTDEV_PCI && !h.nvme;
	int rc;

	if (!address)
		return xmltree_err(node, err, EINVAL, "the <%s> has no <source><address>",
				   (const char *)node->name);
	rc = kind == HOSTDEV_PCI ? take_pci(a, address, &h, err) : take_mdev(a, address, &h, err);
	if (!rc)
		rc = take_yes(a, h.nvme ? source : node, "managed", &h.managed, err);
	if (!rc)
		rc = take_model(a, driver, &h, err);
	h.iommufd = may_iommufd && d->iommufd;
	if (!rc && may_iommufd)
		rc = take_yes(a, driver, "iommufd", &h.iommufd, err);
	if (!rc)
		*arena_push(a, d->hostdevs, d->n, d->cap) = h;
	return rc;
}

/* Every element that is a device, in the order of the text. */
struct places {
	struct place {
		const char *device;
		const xmlNode *node;
		size_t at;
		bool nvme;
	} *v;
	size_t n, cap;
};

static int compare_places(const void *x, const void *y)
{
	const struct place *p = x, *q = y;
	int order = strcmp(p->device, q->device);

	return order ? order : (p->at > q->at) - (p->at < q->at);
}

/* Disks may be namespaces of one controller, which counts once then. */
static int check_twice(struct places *p, struct domain *d, struct err *err)
{
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), compare_places);
	for (size_t i = 1; i < p->n; i++) {
		if (!str_eq(p->v[i - 1].device, p->v[i].device))
			continue;
		if (!p->v[i - 1].nvme || !p->v[i].nvme)
			return xmltree_err(p->v[i].node, err, EINVAL, "device %s is given twice",
					   p->v[i].device);
		d->hostdevs[p->v[i].at].device = NULL;
	}
	return 0;
}

static void drop_repeated(struct domain *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->hostdevs[i].device)
			d->hostdevs[n++] = d->hostdevs[i];
	d->n = n;
}

static int take_devices(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	struct places places = { 0 };
	enum hostdev_kind kind;
	int rc;

	for (const xmlNode *devices = xmltree_child(root, NULL, "devices"); devices;
	     devices = xmltree_next(devices, NULL, "devices"))
		for (const xmlNode *node = devices->children; node; node = node->next) {
			if (is_subsystem(a, node, "usb") &&
			    (rc = domainusb_take(a, node, &d->usb, err)) < 0)
				return rc;
			if (!is_vfio(a, node, &kind))
				continue;
			if (d->n == HOSTDEVS_MAX)
				return xmltree_err(node, err, EINVAL,
						   "the domain has more than %d host devices",
						   HOSTDEVS_MAX);
			rc = take_hostdev(a, node, kind, d, err);
			if (rc)
				return rc;
			*arena_push(a, places.v, places.n, places.cap) =
				(struct place){ d->hostdevs[d->n - 1].device, node, d->n - 1,
						is_nvme(a, node) };
		}
	rc = check_twice(&places, d, err);
	drop_repeated(d);
	return rc;
}

/* ---- whom QEMU runs as ---- */

static int take_label(struct arena *a, const xmlNode *label, struct domain *d, struct err *err)
{
	const char *text = xmltree_text(a, label);
	int rc = xmltree_check_text(label, text, err);

	if (rc)
		return rc;
	d->has_owner = daclabel_parse(a, text, &d->uid, &d->gid);
	if (!d->has_owner)
		return xmltree_err(label, err, EINVAL,
				   "the DAC label '%s' is not a known user and group",
				   str_printable(a, text));
	return 0;
}

static int take_owner(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	for (const xmlNode *seclabel = xmltree_child(root, NULL, "seclabel"); seclabel;
	     seclabel = xmltree_next(seclabel, NULL, "seclabel")) {
		const xmlNode *label = xmltree_child(seclabel, NULL, "label");

		if (label && attr_is(a, seclabel, "model", "dac", false))
			return take_label(a, label, d, err);
	}
	return 0;
}

/* ---- the metadata of Nova ---- */

/* A fact that is missing or empty stays unknown. */
static int add_fact(struct arena *a, struct facts *f, enum fact fact, const xmlNode *node,
		    const char *value, struct err *err)
{
	int rc = xmltree_check_text(node, value, err);

	if (!rc && value && *value)
		fact_add(a, f, fact, value);
	return rc;
}

/* <nova:user uuid="…">name</nova:user>: either may be asked for. */
static int take_text_and_id(struct arena *a, const xmlNode *node, struct facts *f, enum fact fact,
			    struct err *err)
{
	int rc = add_fact(a, f, fact, node, xmltree_text(a, node), err);

	return rc ? rc : add_fact(a, f, fact, node, xmltree_attr(a, node, "uuid"), err);
}

/* As LibvirtConfigGuestMetaNovaInstance of nova/virt/libvirt/config.py writes it. */
static int take_instance(struct arena *a, const xmlNode *instance, const char *ns,
			 struct facts *f, struct err *err)
{
	const xmlNode *name = xmltree_child(instance, ns, "name"),
		      *flavor = xmltree_child(instance, ns, "flavor"),
		      *owner = xmltree_child(instance, ns, "owner");
	int rc = add_fact(a, f, FACT_INSTANCE, name, xmltree_text(a, name), err);

	if (!rc)
		rc = add_fact(a, f, FACT_FLAVOR, flavor, xmltree_attr(a, flavor, "name"), err);
	if (!rc)
		rc = take_text_and_id(a, xmltree_child(owner, ns, "user"), f, FACT_USER, err);
	if (!rc)
		rc = take_text_and_id(a, xmltree_child(owner, ns, "project"), f, FACT_PROJECT, err);
	return rc;
}

/* The newer one counts if both exist: libvirt keeps one element of each namespace. */
static int take_metadata(struct arena *a, const xmlNode *root, struct facts *f, struct err *err)
{
	static const char *const namespaces[] = {
		"http://openstack.org/xmlns/libvirt/nova/1.1",
		"http://openstack.org/xmlns/libvirt/nova/1.0",
	};
	const xmlNode *metadata = xmltree_child(root, NULL, "metadata");

	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const xmlNode *instance = xmltree_child(metadata, namespaces[i], "instance");

		if (instance)
			return take_instance(a, instance, namespaces[i], f, err);
	}
	return 0;
}

/*
 * ---- all of it ----
 *
 * <iommufd> is the default of all PCI devices, also of an <interface>, and a <driver iommufd=>
 * goes before it (qemuDomainPrepareHostdevPCI() of libvirt 12).
 */

typedef int taker(struct arena *a, const xmlNode *root, struct domain *d, struct err *err);

static int take_identity(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	int rc;

	if (!xmltree_is(root, NULL, "domain"))
		return xmltree_err(root, err, EINVAL,
				   "the root element must be <domain>, not <%s>",
				   str_printable(a, (const char *)root->name));
	rc = take_name(a, root, d, err);
	return rc ? rc : take_uuid(a, root, d, err);
}

static int take_domain(struct arena *a, const xmlNode *root, struct domain *d, struct err *err)
{
	int rc = take_identity(a, root, d, err);

	if (!rc)
		rc = take_yes(a, xmltree_child(root, NULL, "iommufd"), "enabled", &d->iommufd, err);
	if (!rc)
		rc = take_devices(a, root, d, err);
	if (!rc)
		rc = domainmemory_take(a, root, &d->memory, err);
	if (!rc)
		rc = take_owner(a, root, d, err);
	if (!rc)
		rc = take_metadata(a, root, &d->facts, err);
	take_host(a, &d->facts);
	return rc;
}

static int read_domain(struct arena *a, const char *xml, size_t len, taker *take, struct domain *d,
		       struct err *err)
{
	_cleanup_xml_ xmlDoc *doc = NULL;
	struct err why = { 0 };
	int rc;

	*d = (struct domain){ 0 };
	if (len > DOMAIN_MAX)
		return err_set(err, EFBIG, "domain XML: the text has more than %zu bytes",
			       DOMAIN_MAX);
	rc = xmltree_read(a, xml, len, &doc, &why);
	if (!rc)
		rc = take(a, xmlDocGetRootElement(doc), d, &why);
	if (rc)
		err_set(err, why.code, "domain XML, %s", why.text);
	return rc;
}

int domain_identify(struct arena *a, const char *xml, size_t len, struct domain *d, struct err *err)
{
	return read_domain(a, xml, len, take_identity, d, err);
}

int domain_parse(struct arena *a, const char *xml, size_t len, struct domain *d, struct err *err)
{
	return read_domain(a, xml, len, take_domain, d, err);
}
