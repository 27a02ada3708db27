/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct err;

/*
 * What a word of a journal may be. Most become part of a path below /sys, a
 * word on the command line of modprobe or systemctl, or what is written to an
 * attribute: so nothing but what such a place has.
 */
enum word {
	WORD_NONE, /* nothing: the place is not used */
	WORD_TEXT, /* anything: shown, never acted on */
	WORD_UUID,
	WORD_ADDRESS, /* 0000:05:00.0 */
	WORD_DEVICE,  /* an address or a UUID */
	WORD_DRIVER,  /* of a driver or module */
	WORD_OVERRIDE,
	WORD_UNIT,
	WORD_VTCON,
	WORD_PLATFORM,
	WORD_ATTRIBUTE,
	WORD_VALUE,
	WORD_TYPE,
	WORD_NUMBER,
	WORD_OWNER,
	WORD_POOL,  /* of huge pages: node1/hugepages-2048kB */
	WORD_NODES, /* 0-1,3 */
	WORD_BOOT,
	WORD_TIME,
	WORD_COUNT,
};

struct wanted {
	enum word word;
	bool may_lack;
};

/* text may be NULL. 0, or -EINVAL: "'key' is missing", "… does not belong there", "… is no PCI address". */
int word_check(struct arena *a, const char *key, const char *text, struct wanted wanted,
	       struct err *err);
