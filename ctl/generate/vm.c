/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml, proxmox, lxc and rule: a device for one guest. */
#include "ctl/generate/vm.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/generate/choice.h"

/* The chosen functions of the slot of the ith. */
static size_t of_slot(const struct choice *c, size_t i)
{
	const char *address = c->v[i].device->pci.address;
	size_t n = 0;

	for (size_t k = 0; k < c->n; k++)
		n += strncmp(c->v[k].device->pci.address, address, strcspn(address, ".") + 1) == 0;
	return n;
}

static void tell_usb(const struct choice *c, const struct usb_device *d)
{
	const struct usb_device *twin = chosen_usb_twin(c, d);

	printf("# %s\n", chosen_usb_name(c, d));
	if (twin)
		printf("# %s has the same ID (%s), so the rule names the port.\n",
		       twin->port, d->id);
}

/* ---- libvirt ---- */

/* A bus of the guest for each slot of the host that has several functions; high, so that it is likely free. */
#define GUEST_BUS 0x10

static void split(const char *address, unsigned *domain, unsigned *bus, unsigned *slot,
		  unsigned *function)
{
	char *at;

	*domain = (unsigned)strtoul(address, &at, 16);
	*bus = (unsigned)strtoul(at + 1, &at, 16);
	*slot = (unsigned)strtoul(at + 1, &at, 16);
	*function = (unsigned)strtoul(at + 1, NULL, 16);
}

static void xml_function(struct choice *c, size_t i, unsigned guest_bus)
{
	unsigned domain, bus, slot, function;

	split(c->v[i].device->pci.address, &domain, &bus, &slot, &function);
	printf("<hostdev mode='subsystem' type='pci' managed='no'>\n"
	       "  <source><address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>"
	       "</source>\n",
	       domain, bus, slot, function);
	if (of_slot(c, i) > 1)
		printf("  <address type='pci' domain='0x0000' bus='0x%02x' slot='0x00' "
		       "function='0x%x'%s/>\n",
		       guest_bus, function, function ? "" : " multifunction='on'");
	puts("</hostdev>");
}

/* "Multiple USB devices for …" of libvirt's virHostdevFindUSBDevice(). */
static void xml_tell_twin(const struct usb_device *twin)
{
	printf("<!-- Attention: %s has the same ID, so this XML names bus and number. The number\n"
	       "     changes each time the device is plugged in and the host boots: then the VM "
	       "does\n"
	       "     not get the device until you edit this. pass-usb uses the port instead "
	       "(kvmshim\n"
	       "     generate rule). -->\n",
	       twin->port);
}

static void xml_usb(const struct choice *c, const struct usb_device *d)
{
	const struct usb_device *twin = chosen_usb_twin(c, d);

	printf("<!-- %s  %s -->\n", d->port, chosen_usb_name(c, d));
	if (twin)
		xml_tell_twin(twin);
	printf("<hostdev mode='subsystem' type='usb' managed='yes'>\n"
	       "  <source startupPolicy='optional'><vendor id='0x%.4s'/><product id='0x%s'/>",
	       d->id, d->id + 5);
	if (twin)
		printf("<address bus='%u' device='%u'/>", d->bus, d->number);
	puts("</source>\n</hostdev>");
}

void generate_xml(struct choice *c)
{
	unsigned guest_bus = GUEST_BUS - 1;

	puts("<!-- Add this inside <devices> with virsh edit NAME. -->");
	if (c->n)
		puts("<!-- managed='no': kvmshim-hook assigns the device; 'yes': libvirt binds "
		     "it. -->");
	for (size_t i = 0; i < c->n; i++)
		if (chosen_is_first_of_slot(c, i) && of_slot(c, i) > 1) {
			puts("<!-- The functions of a slot stay together in the VM, on a bus "
			     "(q35) that no\n"
			     "     other <address> of the domain uses. -->");
			break;
		}
	for (size_t i = 0; i < c->n; i++) {
		guest_bus += chosen_is_first_of_slot(c, i) && of_slot(c, i) > 1;
		printf("<!-- %s  %s -->\n", c->v[i].device->pci.address, chosen_name(c, &c->v[i]));
		xml_function(c, i, guest_bus);
	}
	for (size_t i = 0; i < c->n_usb; i++)
		xml_usb(c, c->usb[i].device);
}

/* ---- Proxmox ---- */

/* pve_verify_configid() of Proxmox VE: a letter, and at least one more sign. */
static const char *mapping_id(struct choice *c, size_t i)
{
	const char *slug = chosen_slug(c, i);

	if (isalpha((unsigned char)slug[0]) && slug[1])
		return slug;
	return arena_printf(c->ctl->host.arena, "pci-%s", slug);
}

static void proxmox_mapping(struct choice *c, size_t i)
{
	const struct device *d = c->v[i].device;
	char host[HOST_NAME_MAX + 1] = "NODE";

	gethostname(host, sizeof(host) - 1);
	printf("#   pvesh create /cluster/mapping/pci --id %s --map node=%s,path=%s,id=%s",
	       mapping_id(c, i), host, chosen_address(c, &c->v[i]), d->pci.id);
	if (d->pci.subsystem)
		printf(",subsystem-id=%s", d->pci.subsystem);
	if (d->pci.group >= 0)
		printf(",iommugroup=%d", d->pci.group);
	putchar('\n');
}

static bool is_line(const struct choice *c, size_t i)
{
	return !c->v[i].whole || chosen_is_first_of_slot(c, i);
}

void generate_proxmox(struct choice *c)
{
	size_t n = 0;

	puts("# Add this to /etc/pve/qemu-server/VMID.conf, or run qm set VMID --hostpci0 …. The\n"
	     "# numbers after hostpci and usb must be unused there.");
	if (c->n)
		puts("# pcie=1 needs machine: q35. Add x-vga=1 if this is the only display of the "
		     "guest.");
	for (size_t i = 0; i < c->n; i++) {
		if (!is_line(c, i))
			continue;
		printf("# %s\n", chosen_name(c, &c->v[i]));
		printf("hostpci%zu: %s,pcie=1\n", n++, chosen_address(c, &c->v[i]));
	}
	for (size_t i = 0; i < c->n_usb; i++) {
		tell_usb(c, c->usb[i].device);
		printf("usb%zu: host=%s\n", i,
		       c->usb[i].by_port ? c->usb[i].device->port : c->usb[i].device->id);
	}
	if (!c->n)
		return;
	puts("# Or with a name that matches such a device on every host (use mapping=NAME "
	     "instead):");
	for (size_t i = 0; i < c->n; i++)
		if (is_line(c, i))
			proxmox_mapping(c, i);
}

/* ---- LXC ---- */

void generate_lxc(struct choice *c)
{
	puts("# Add this to the configuration of the container: /var/lib/lxc/NAME/config, or\n"
	     "# /etc/pve/lxc/CTID.conf.\n"
	     "#\n"
	     "# The number of a USB device changes each time it is plugged in. So the container "
	     "gets\n"
	     "# the directory of the bus, and permission to open every USB device (major 189). It\n"
	     "# can open the devices whose file mode allows it: a udev rule can give the dongle "
	     "its\n"
	     "# own group, or MODE=\"0666\".\n"
	     "lxc.cgroup2.devices.allow = c 189:* rwm");
	for (size_t i = 0; i < c->n_usb; i++) {
		const struct usb_device *d = c->usb[i].device;
		bool reported = false;

		for (size_t k = 0; k < i; k++)
			reported |= c->usb[k].device->bus == d->bus;
		printf("# %s  %s  %s, now /dev/bus/usb/%03u/%03u\n", d->port, d->id,
		       chosen_usb_name(c, d), d->bus, d->number);
		printf("#   SUBSYSTEM==\"usb\", ATTR{idVendor}==\"%.4s\", ATTR{idProduct}==\"%s\", "
		       "MODE=\"0666\"\n",
		       d->id, d->id + 5);
		if (!reported)
			printf("lxc.mount.entry = /dev/bus/usb/%03u dev/bus/usb/%03u none "
			       "bind,optional,create=dir 0 0\n",
			       d->bus, d->bus);
	}
}

/* ---- kvmshim's own ---- */

/* 1-4.2 is 1.4.2 there: the bus, and the ports that lead to it. */
static const char *usb_place(struct choice *c, const struct chosen_usb *usb)
{
	char *place = arena_strdup(c->ctl->host.arena, usb->device->port);

	*strchr(place, '-') = '.';
	return usb->by_port ? place : usb->device->id;
}

static const char *rule_name(struct choice *c)
{
	const char *id = c->n ? NULL : c->usb[0].device->id;

	return id ? arena_printf(c->ctl->host.arena, "usb-%.4s-%s", id, id + 5) : chosen_slug(c, 0);
}

void generate_rule(struct choice *c)
{
	const char *name = rule_name(c);

	printf("# Save as /etc/kvmshim/rules.d/60-%s.ini, and run kvmshim check.\n"
	       "# Set the name of your VM. UNDER LIBVIRT in kvmshim-verbs(5) lists what\n"
	       "# qemu.conf needs. With a <hostdev> in the domain XML, qemu.conf needs no "
	       "change.\n",
	       name);
	printf("[%s]\nwhen-name = CHANGE-ME\n", name);
	for (size_t i = 0; i < c->n; i++)
		if (is_line(c, i))
			printf("# %s\npass-pci = %s\n", chosen_name(c, &c->v[i]),
			       chosen_address(c, &c->v[i]));
	for (size_t i = 0; i < c->n_usb; i++) {
		tell_usb(c, c->usb[i].device);
		printf("pass-usb = %s\n", usb_place(c, &c->usb[i]));
	}
}
