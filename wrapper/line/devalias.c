/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The union of the tables of QEMU 2.0 to 10.2: no alias ever changed its meaning. */
#include "wrapper/line/devalias.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "arena.h"
#include "str.h"
#include "wrapper/line/arch.h"
#include "wrapper/line/cmdline.h"

static const struct {
	const char *alias, *driver;
} fixed[] = {
	{ "ac97", "AC97" },	     { "ahci", "ich9-ahci" }, { "e1000-82540em", "e1000" },
	{ "es1370", "ES1370" },	     { "lsi", "lsi53c895a" },
};

/* Each has the transport of its architecture behind it; these without ccw have none on s390x. */
static const struct {
	const char *alias;
	bool ccw, mmio;
} virtio[] = {
	{ "virtio-9p", true, true },	     { "virtio-balloon", true, true },
	{ "virtio-blk", true, true },	     { "virtio-gpu", true, true },
	{ "virtio-gpu-gl", false, true },    { "virtio-gpu-rutabaga", false, true },
	{ "virtio-input-host", true, true }, { "virtio-iommu", false, false },
	{ "virtio-keyboard", true, true },   { "virtio-mouse", true, true },
	{ "virtio-net", true, true },	     { "virtio-rng", true, true },
	{ "virtio-scsi", true, true },	     { "virtio-serial", true, true },
	{ "virtio-sound", false, true },    { "virtio-tablet", true, true },
};

static const char *with_transport(const struct cmdline *c, size_t i)
{
	const char *arch = arch_of(c->arena, c->emulator ? c->emulator : c->argv0);
	bool ccw = arch && str_eq(arch, "s390x"), mmio = arch && str_eq(arch, "m68k");

	if ((ccw && !virtio[i].ccw) || (mmio && !virtio[i].mmio))
		return NULL;
	return arena_join(c->arena, virtio[i].alias, ccw ? "-ccw" : mmio ? "-device" : "-pci");
}

const char *devalias_driver(const struct cmdline *c, const char *name)
{
	if (str_starts(name, "virtio-"))
		for (size_t i = 0; i < sizeof(virtio) / sizeof(virtio[0]); i++)
			if (str_eq(virtio[i].alias, name))
				return with_transport(c, i);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (str_eq(fixed[i].alias, name))
			return fixed[i].driver;
	return NULL;
}
