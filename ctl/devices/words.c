/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/words.h"

#include <string.h>

#include "arena.h"
#include "ctl/devices/device.h"

const char *device_short_name(struct arena *a, const struct device *d)
{
	const char *name = device_name(d), *open = strrchr(name, '[');

	if (open && open > name && str_ends(name, "]"))
		return arena_strndup(a, open + 1, strlen(open) - 2);
	return name;
}

/* Classes (base and sub) that people pass to VMs have a word each; others that of their base class. */
static const struct {
	unsigned class;
	const char *word;
} kinds[] = {
	{ 0x0100, "scsi" },    { 0x0101, "ide" },      { 0x0104, "raid" },    { 0x0106, "sata" },
	{ 0x0107, "sas" },     { 0x0108, "nvme" },     { 0x0200, "net" },     { 0x0207, "ib" },
	{ 0x0300, "vga" },     { 0x0302, "3d" },       { 0x0380, "display" }, { 0x0401, "audio" },
	{ 0x0403, "audio" },   { 0x0600, "host" },     { 0x0601, "isa" },     { 0x0604, "bridge" },
	{ 0x0805, "sd" },      { 0x0806, "iommu" },    { 0x0c03, "usb" },     { 0x0c05, "smbus" },
	{ 0x1080, "crypto" },
};

static const char *const base_kinds[] = {
	[0x01] = "storage", [0x02] = "net",    [0x03] = "display", [0x04] = "media", [0x05] = "memory",
	[0x06] = "bridge",  [0x07] = "serial", [0x08] = "system",  [0x09] = "input", [0x0b] = "cpu",
	[0x0c] = "bus",	    [0x0d] = "radio",  [0x10] = "crypto",  [0x11] = "signal", [0x12] = "accel",
};

const char *device_kind(const struct device *d)
{
	unsigned class = d->pci.class >> 8, base = class >> 8;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].class == class)
			return kinds[i].word;
	if (base < sizeof(base_kinds) / sizeof(base_kinds[0]) && base_kinds[base])
		return base_kinds[base];
	return "other";
}

const char *device_resets(struct arena *a, const struct device *d)
{
	struct strbuf text = { .arena = a };

	for (size_t i = 0; i < d->place.resets.n; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", d->place.resets.v[i]);
	return str_printable(a, strbuf_text(&text));
}
