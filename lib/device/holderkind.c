/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/holderkind.h"

#include <ctype.h>
#include <string.h>

#include "str.h"

const char *const holder_kind_names[HOLDER_KINDS] = {
	[HOLDER_OTHER] = "other",   [HOLDER_DISK] = "disk",   [HOLDER_NET] = "net",
	[HOLDER_DRM] = "drm",	    [HOLDER_NVIDIA] = "nvidia", [HOLDER_SOUND] = "sound",
	[HOLDER_INPUT] = "input",   [HOLDER_USB] = "usb",
};

struct word {
	const char *text;
	enum holder_kind kind;
};

/* A disk has nodes for commands as well, by which it can be written to. */
static const struct word subsystems[] = {
	{ "block", HOLDER_DISK },	     { "bsg", HOLDER_DISK },
	{ "nvme", HOLDER_DISK },	     { "nvme-generic", HOLDER_DISK },
	{ "scsi_generic", HOLDER_DISK },     { "scsi_tape", HOLDER_DISK },
	{ "scsi_changer", HOLDER_DISK },     { "infiniband_mad", HOLDER_NET },
	{ "infiniband_verbs", HOLDER_NET },  { "infiniband_cm", HOLDER_NET },
	{ "ptp", HOLDER_NET },		     { "wwan", HOLDER_NET },
	{ "drm", HOLDER_DRM },		     { "graphics", HOLDER_DRM },
	{ "nvidia", HOLDER_NVIDIA },	     { "sound", HOLDER_SOUND },
	{ "input", HOLDER_INPUT },	     { "hidraw", HOLDER_INPUT },
	{ "usb", HOLDER_USB },		     { "vfio-dev", HOLDER_VFIO },
	{ "vfio", HOLDER_VFIO },
};

/* The part of the name before the number. hiddev has the subsystem of USB. */
static const struct word names[] = {
	{ "card", HOLDER_DRM },	     { "renderD", HOLDER_DRM },	  { "fb", HOLDER_DRM },
	{ "controlC", HOLDER_SOUND }, { "pcmC", HOLDER_SOUND },	  { "hwC", HOLDER_SOUND },
	{ "midiC", HOLDER_SOUND },   { "compr", HOLDER_SOUND },	  { "event", HOLDER_INPUT },
	{ "mouse", HOLDER_INPUT },   { "js", HOLDER_INPUT },	  { "hidraw", HOLDER_INPUT },
	{ "usb", HOLDER_USB },	     { "nvidia", HOLDER_NVIDIA }, { "nvme", HOLDER_DISK },
	{ "sg", HOLDER_DISK },	     { "st", HOLDER_DISK },	  { "ptp", HOLDER_NET },
	{ "uverbs", HOLDER_NET },    { "umad", HOLDER_NET },	  { "vfio", HOLDER_VFIO },
};

static bool is_numbered(const char *name, const char *before)
{
	return str_starts(name, before) && isdigit((unsigned char)name[strlen(before)]);
}

enum holder_kind holder_kind_of(const char *subsystem, const char *name, bool block)
{
	if (block)
		return HOLDER_DISK;
	for (size_t i = 0; subsystem && i < sizeof(subsystems) / sizeof(*subsystems); i++)
		if (str_eq(subsystems[i].text, subsystem))
			return subsystems[i].kind;
	for (size_t i = 0; !subsystem && i < sizeof(names) / sizeof(*names); i++)
		if (is_numbered(name, names[i].text))
			return names[i].kind;
	return HOLDER_OTHER;
}
