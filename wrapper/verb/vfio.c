/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass-pci and pass-mdev. On i440FX the device sits on pci.0 itself; on q35
 * behind a root port of its own, as a PCIe device expects. A whole slot of the
 * host becomes one slot of the guest, function by function.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf/grants.h"
#include "conf/passthrough.h"
#include "device/deviceid.h"
#include "device/pciaddr.h"
#include "err.h"
#include "glob.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/vfiocdev.h"
#include "str.h"
#include "wrapper/line/view.h"
#include "wrapper/match.h"
#include "wrapper/verb/common.h"
#include "wrapper/verb/editor.h"
#include "wrapper/verb/highverbs.h"
#include "wrapper/verb/slots.h"

/* pcie-root-port's chassis is 8 bits; libvirt counts its own from 1. */
#define CHASSIS_FIRST 128
#define CHASSIS_LAST 255

static bool chassis_taken(struct edit *e, unsigned chassis)
{
	return high_user_of(e, "chassis", arena_printf(e->arena, "%u", chassis)) != NULL;
}

static int root_port(struct edit *e, unsigned slot, struct place *place, struct err *err)
{
	unsigned chassis = CHASSIS_FIRST;

	while (chassis <= CHASSIS_LAST && chassis_taken(e, chassis))
		chassis++;
	if (chassis > CHASSIS_LAST)
		return err_set(err, ENOSPC, "no chassis number is free for a root port");
	*place = (struct place){ .bus = high_id(e, "kvmshim-port") };
	high_add(e, "device", "pcie-root-port,id=%s,bus=pcie.0,addr=0x%x,chassis=%u,slot=0",
		 place->bus, slot, chassis);
	return 0;
}

/* On q35 a root port of its own, on i440FX a slot of pci.0 or of a bridge. */
static int find_place(struct edit *e, const struct params *p, struct place *place,
		      struct err *err)
{
	const char *addr = params_get(p, "addr");
	struct slots slots;
	unsigned slot;
	int rc = slots_scan(e->arena, e->c, &slots, err);

	if (rc || slots.chipset != CHIPSET_Q35)
		return rc ? rc : high_slot(e, NULL, addr, place, err);
	rc = slots_take(&slots, addr, &slot, err);
	return rc ? rc : root_port(e, slot, place, err);
}

/* The properties that the rule gives, for QEMU to judge. */
static const char *properties(struct edit *e, const struct params *p)
{
	struct strbuf b = { .arena = e->arena };

	for (size_t i = 0; i < p->keys.n; i++)
		if (!str_eq(p->keys.v[i], "addr") && !str_eq(p->keys.v[i], "iommufd"))
			strbuf_addf(&b, ",%s=%s", p->keys.v[i],
				    quote_opts(e->arena, p->values.v[i]));
	return strbuf_text(&b);
}

static int check_romfile(const struct params *p, struct err *err)
{
	const char *file = params_get(p, "romfile");

	if (file && *file && access(file, R_OK) < 0)
		return err_set(err, errno, "romfile=%s: %s", file, strerror(errno));
	return 0;
}

static const char *uses_iommufd(const struct params *p)
{
	const char *value = params_get(p, "iommufd");

	return value ? value : "off";
}

/* Which device it is and where it goes is not the rule's to say twice. */
static int check_properties(const struct params *p, struct err *err)
{
	static const char *const ours[] = { "host", "sysfsdev", "id", "bus", "driver",
					    "multifunction", "fd" };

	for (size_t i = 0; i < p->keys.n; i++)
		if (STR_AMONG(ours, p->keys.v[i]))
			return err_set(err, EINVAL, "%s= is set by this verb; remove it",
				       p->keys.v[i]);
	return passthrough_iommufd(uses_iommufd(p), &(bool){ false }, err);
}

/* ---- IOMMUFD: an object for all devices, since QEMU 9.0 ---- */

/*
 * The id of the first one; NULL: the command line has none. libvirt's own is as good: it has
 * /dev/iommu open already, and counts locked memory for each process.
 */
static const char *iommufd_object(struct edit *e)
{
	const struct qemuopt *object = qemuopt_find(&e->c->opts, "object");

	for (size_t i = 0; i < e->c->n; i++) {
		struct arg *arg = &e->c->args[i];
		const struct optval *v =
			arg_is(arg, object) && arg->value ? view_parsed(e->c, arg, NULL) : NULL;
		const struct prop *type = v ? optval_get(v, "qom-type") : NULL;
		const struct prop *id = v ? optval_get(v, "id") : NULL;

		if (type && id && str_eq(type->value, "iommufd"))
			return id->value;
	}
	return NULL;
}

/* ",iommufd=ID" if the rule wants it, with an object of this id on the command line; else "". */
static const char *add_iommufd(struct edit *e, const struct params *p)
{
	const char *id = NULL;

	if (!str_eq(uses_iommufd(p), "on"))
		return "";
	id = iommufd_object(e);
	if (!id) {
		id = high_id(e, "kvmshim-iommufd");
		high_add(e, "object", "iommufd,id=%s", id);
	}
	return arena_printf(e->arena, ",iommufd=%s", quote_opts(e->arena, id));
}

/* Without the hook, has the kernel what it needs? */
static int check_iommufd(struct edit *e, const struct params *p, const char *device,
			 struct err *err)
{
	static const char fix[] = "boot a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV, "
				  "or remove iommufd=on";
	struct host host = high_host(e);

	if (!str_eq(uses_iommufd(p), "on"))
		return 0;
	if (!iommufd_object(e) && !vfiocdev_has_iommufd(&host))
		return err_set(err, ENODEV, "%s: iommufd=on, but " IOMMUFD_NODE " does not exist; %s",
			       device, fix);
	if (!vfiocdev_name(&host, device))
		return err_set(err, ENODEV,
			       "%s: iommufd=on, but the device has no device node in "
			       "/dev/vfio/devices; %s",
			       device, fix);
	return 0;
}

/* ---- pass-pci ---- */

/* The address as other tools write it, or the start of the rest of the line. */
static const char *address_in(struct arena *a, const char *word)
{
	static const char *const prefixes[] = { "host=", "pci_", "pci-", "0x" };
	char *copy;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(word, prefixes[i]))
			word += strlen(prefixes[i]);
	copy = arena_strndup(a, word, strcspn(word, ","));
	for (char *s = copy; *s; s++)
		if (*s == '_' || *s == '-')
			*s = strpbrk(s + 1, "_-") ? ':' : '.';
	return pciaddr_spell(a, copy);
}

/* The end of a message with the address that was meant; "" if that is not known. */
static const char *address_hint(struct arena *a, const char *word)
{
	const char *address = address_in(a, word), *comma = strchr(word, ',');

	if (deviceid_is(word))
		return arena_printf(a, "; `lspci -Dd %s` prints the addresses of the cards with this id",
				    word);
	if (!address)
		return "";
	return arena_printf(a, "; write %s%s%s", address, comma && comma[1] ? " " : "",
			    comma && comma[1] ? comma + 1 : "");
}

static int check_pci(struct arena *a, const struct params *p, struct err *err)
{
	if (strchr(p->place[0], '%') || pciaddr_spell(a, p->place[0]))
		return check_properties(p, err);
	return err_set(err, EINVAL,
		       "'%s': must be a PCI address such as 0000:05:00.0, or 0000:05:00 for the "
		       "whole slot%s",
		       p->place[0], address_hint(a, p->place[0]));
}

/* The id of the device that passes this function through already; NULL if no device does. */
static const char *passed_as(struct edit *e, const char *address)
{
	struct host host = high_host(e);
	const char *passed;
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(e->c, &at));) {
		if (match_passed(&host, e->c, v, &passed) == PASSED_PCI &&
		    hexaddr_equal(passed, address))
			return optval_get(v, "id") ? optval_get(v, "id")->value : "without an id";
	}
	return NULL;
}

/* May this function be taken, and is it nobody's yet? */
static int check_function(struct edit *e, const struct params *p, const char *address,
			  struct err *err)
{
	const char *user = passed_as(e, address), *driver;
	struct host host = high_host(e);

	if (user)
		return err_set(err, EEXIST, "%s is already on the command line (%s)", address,
			       user);
	if (e->names->grants->known)
		return grants_use(e->names->grants, e->rule, GRANT_PCI, address,
				  str_eq(uses_iommufd(p), "on"), err);
	if (!pci_id(&host, address))
		return err_set(err, ENODEV, "%s: this host has no such PCI device", address);
	driver = pci_driver(&host, address);
	if (!driver || !glob_match("*vfio*", driver))
		return err_set(err, EBUSY,
			       "%s: the driver is %s, not vfio-pci (the hook assigned no device to "
			       "this VM)",
			       address, driver ? driver : "none");
	return check_iommufd(e, p, address, err);
}

static unsigned function_of(const char *address)
{
	return (unsigned)(address[strlen(address) - 1] - '0');
}

/* Function 0 has to exist and to have multifunction=on if the slot has more functions. */
static int add_functions(struct edit *e, const struct params *p, const struct strv *functions,
			 struct err *err)
{
	const char *rest = properties(e, p), *iommufd = "";
	struct place place;
	int rc = find_place(e, p, &place, err);

	if (!rc)
		iommufd = add_iommufd(e, p);
	for (size_t i = 0; !rc && i < functions->n; i++) {
		unsigned f = functions->n > 1 ? function_of(functions->v[i]) : 0;

		rc = high_add_device(e, place.json, err, "vfio-pci,host=%s,id=%s%s%s%s%s%s",
				     functions->v[i], high_id(e, "kvmshim-pci"),
				     high_where(e, &place),
				     f ? arena_printf(e->arena, ".%u", f) : "",
				     functions->n > 1 && f == 0 ? ",multifunction=on" : "", iommufd,
				     f ? "" : rest);
	}
	return rc;
}

static int apply_pci(struct edit *e, const struct params *p, struct err *err)
{
	struct strv functions = { 0 };
	struct host host = high_host(e);
	int rc = check_pci(e->arena, p, err);

	if (!rc)
		rc = check_romfile(p, err);
	if (!rc)
		pci_functions(&host, p->place[0], &functions);
	if (!rc && functions.n == 0)
		rc = err_set(err, ENODEV, "%s: this host has no such PCI device", p->place[0]);
	for (size_t i = 0; !rc && i < functions.n; i++)
		rc = check_function(e, p, functions.v[i], err);
	if (!rc && functions.n > 1 && function_of(functions.v[0]) != 0)
		rc = err_set(err, ENODEV, "%s: the slot has no function 0", p->place[0]);
	return rc ? rc : add_functions(e, p, &functions, err);
}

const struct high high_pass_pci = {
	.form = {
		.usage = "ADDRESS [addr=SLOT] [PROPERTY=VALUE…]",
		.places = 1,
		.any_key = true,
	},
	.check = check_pci,
	.apply = apply_pci,
};

/* ---- pass-mdev ---- */

static int check_mdev(struct arena *a, const struct params *p, struct err *err)
{
	if (strchr(p->place[0], '%') || str_uuid(a, p->place[0]))
		return check_properties(p, err);
	return err_set(err, EINVAL, "'%s': must be the UUID of a mediated device", p->place[0]);
}

static int apply_mdev(struct edit *e, const struct params *p, struct err *err)
{
	const char *uuid = str_uuid(e->arena, p->place[0]), *path, *iommufd;
	struct host host = high_host(e);
	struct place place;
	int rc = check_mdev(e->arena, p, err);

	if (rc)
		return rc;
	path = mdev_path(e->arena, uuid);
	if (high_user_of(e, "sysfsdev", path))
		return err_set(err, EEXIST, "%s is already on the command line", uuid);
	if (e->names->grants->known)
		rc = grants_use(e->names->grants, e->rule, GRANT_MDEV, uuid,
				str_eq(uses_iommufd(p), "on"), err);
	else if (!mdev_exists(&host, uuid))
		rc = err_set(err, ENODEV, "%s: this host has no such mediated device", uuid);
	else
		rc = check_iommufd(e, p, uuid, err);
	if (!rc)
		rc = check_romfile(p, err);
	if (!rc)
		rc = find_place(e, p, &place, err);
	iommufd = rc ? "" : add_iommufd(e, p);
	if (!rc)
		rc = high_add_device(e, place.json, err, "vfio-pci,sysfsdev=%s,id=%s%s%s%s", path,
				     high_id(e, "kvmshim-mdev"), high_where(e, &place), iommufd,
				     properties(e, p));
	return rc;
}

const struct high high_pass_mdev = {
	.form = {
		.usage = "UUID [addr=SLOT] [PROPERTY=VALUE…]",
		.places = 1,
		.any_key = true,
	},
	.check = check_mdev,
	.apply = apply_mdev,
};
