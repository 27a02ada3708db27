/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nova and juju: OpenStack. A compute node offers devices ([pci] device_spec), a flavor requests
 * them by an alias. A card with two functions has two of each.
 */
#include "ctl/generate/cloud.h"

#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/generate/boot.h"
#include "ctl/generate/choice.h"

/* The type of Nova: PciDeviceType of nova/objects/fields.py. */
static const char *type_of(const struct device *d)
{
	if (d->pci.physfn)
		return "type-VF";
	return d->place.total_vfs > 0 ? "type-PF" : "type-PCI";
}

/* The device_spec of a compute node, a JSON object. */
static const char *spec_of(struct choice *c, size_t i)
{
	const struct chosen *chosen = &c->v[i];
	const char *id = chosen->device->pci.id, *address = chosen->device->pci.address;

	if (!chosen->by_address)
		return arena_printf(c->ctl->host.arena,
				    "{\"vendor_id\": \"%.4s\", \"product_id\": "
				    "\"%s\"}",
				    id, id + 5);
	return arena_printf(c->ctl->host.arena,
			    "{\"vendor_id\": \"%.4s\", \"product_id\": \"%s\", \"address\": "
			    "\"%s\"}",
			    id, id + 5, address);
}

/* The alias that a flavor requests, a JSON object. */
static const char *alias_of(struct choice *c, size_t i)
{
	const struct device *d = c->v[i].device;

	return arena_printf(c->ctl->host.arena,
			    "{\"name\": \"%s\", \"vendor_id\": \"%.4s\", \"product_id\": \"%s\", "
			    "\"device_type\": \"%s\"}",
			    chosen_slug(c, i), d->pci.id, d->pci.id + 5, type_of(d));
}

/* Each function that was chosen by address has its device_spec, else each vendor:device. */
static bool has_spec(const struct choice *c, size_t i)
{
	return c->v[i].by_address || chosen_is_first_of_id(c, i);
}

/* "titan-xp:1,titan-xp-audio:1": one card, whole. */
static const char *flavor_aliases(struct choice *c)
{
	struct strbuf text = { .arena = c->ctl->host.arena };

	for (size_t i = 0; i < c->n; i++)
		if (chosen_is_first_of_id(c, i))
			strbuf_addf(&text, "%s%s:1", text.len ? "," : "", chosen_slug(c, i));
	return strbuf_text(&text);
}

static void tell_chosen(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		printf("# %s  %s  %s\n", c->v[i].device->pci.address, c->v[i].device->pci.id,
		       chosen_name(c, &c->v[i]));
}

void generate_nova(struct choice *c)
{
	puts("# Add this to nova.conf of this compute node. Add the aliases also to nova.conf of "
	     "the\n"
	     "# API and of the conductors. You can change the names of the aliases. The scheduler\n"
	     "# needs PciPassthroughFilter in its enabled_filters. Nova writes managed='yes': "
	     "libvirt\n"
	     "# binds the device, and kvmshim-hook only checks it.\n"
	     "#");
	tell_chosen(c);
	puts("[pci]");
	for (size_t i = 0; i < c->n; i++)
		if (has_spec(c, i))
			printf("device_spec = %s\n", spec_of(c, i));
	for (size_t i = 0; i < c->n; i++)
		if (chosen_is_first_of_id(c, i))
			printf("alias = %s\n", alias_of(c, i));
	printf("\n# A flavor that requests one; replace FLAVOR:\n"
	       "#   openstack flavor set FLAVOR --property pci_passthrough:alias=%s\n",
	       flavor_aliases(c));
	puts("# A VM with a device pins all its memory: keep ram_allocation_ratio at 1.0 here.");
}

/* A list in JSON, as the options of the charms take them. */
static void print_list(struct choice *c, bool (*takes)(const struct choice *c, size_t i),
		       const char *(*text)(struct choice *c, size_t i))
{
	bool first = true;

	putchar('[');
	for (size_t i = 0; i < c->n; i++) {
		if (!takes(c, i))
			continue;
		printf("%s%s", first ? "" : ", ", text(c, i));
		first = false;
	}
	putchar(']');
}

void generate_juju(struct choice *c)
{
	puts("# Run juju model-config THIS-FILE before the machines of the model are created. On "
	     "a\n"
	     "# machine that already exists, create the two files and run the two commands by "
	     "hand.\n"
	     "# If MAAS sets kernel options with a tag, put iommu and vfio-pci.ids there instead:\n"
	     "# only one tag with options takes effect.\n"
	     "#");
	tell_chosen(c);
	printf("#\n# The charms:\n#   juju config nova-compute pci-passthrough-whitelist='");
	print_list(c, has_spec, spec_of);
	printf("'\n#   juju config nova-cloud-controller pci-alias='");
	print_list(c, chosen_is_first_of_id, alias_of);
	printf("'\n#   openstack flavor set FLAVOR --property pci_passthrough:alias=%s\n",
	       flavor_aliases(c));
	puts("cloudinit-userdata: |\n"
	     "  write_files:\n"
	     "    - path: /etc/modprobe.d/vfio.conf\n"
	     "      permissions: '0644'\n"
	     "      content: |");
	generate_modules(c, "        ");
	puts("    - path: /etc/default/grub.d/90-vfio.cfg\n"
	     "      permissions: '0644'\n"
	     "      content: |");
	generate_kernel_line(c, "        ");
	puts("  postruncmd:\n"
	     "    - update-initramfs -u -k all\n"
	     "    - update-grub");
}
