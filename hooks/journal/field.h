/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct err;

/*
 * The words that a journal may have at each place. Most become part of a path below /sys, a
 * word on the command line of modprobe or systemctl, or the value of an attribute. So each
 * place has a pattern.
 */
enum field {
	FIELD_NONE, /* nothing: the place is not used */
	FIELD_TEXT, /* anything: shown, never acted on */
	FIELD_UUID,
	FIELD_ADDRESS, /* 0000:05:00.0 */
	FIELD_DEVICE,  /* an address or a UUID */
	FIELD_DRIVER,  /* of a driver or module */
	FIELD_OVERRIDE,
	FIELD_UNIT,
	FIELD_SEAT,
	FIELD_VTCON,
	FIELD_CARD,
	FIELD_PLATFORM,
	FIELD_ATTRIBUTE,
	FIELD_VALUE,
	FIELD_VF_PROPERTY, /* vf-mac */
	FIELD_VF_VALUE,
	FIELD_TYPE,
	FIELD_NUMBER,
	FIELD_NODE, /* below /dev/vfio: 17, or devices/vfio3 */
	FIELD_OWNER,
	FIELD_POOL,  /* of huge pages: node1/hugepages-2048kB */
	FIELD_NODES, /* 0-1,3 */
	FIELD_BOOT,
	FIELD_TIME,
	FIELD_COUNT,
};

struct wanted {
	enum field word;
	bool may_lack;
};

/*
 * text may be NULL. 0, or -EINVAL: "'key' is missing", "… is not allowed here", "… is not a
 * valid PCI address".
 */
int field_check(struct arena *a, const char *key, const char *text, struct wanted wanted,
	       struct err *err);
