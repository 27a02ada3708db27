/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "str.h"

struct defined;
struct doctor;

/*
 * The state of an emulator path: the states of state_of() in place/look.sh, by the same words and
 * the same questions. tests/install/states.t asks both programs about the same trees.
 */
enum place {
	PLACE_ABSENT,	/* nothing */
	PLACE_BARE,	/* an emulator, and no wrapper */
	PLACE_HALF,	/* the same file twice: kvmshim-place was interrupted */
	PLACE_FRONT,	/* the wrapper, and the real emulator behind it */
	PLACE_ORPHAN,	/* the wrapper, and nothing behind it */
	PLACE_REPLACED, /* a new emulator has replaced the wrapper */
	PLACE_BOTH,	/* another file, and a NAME.real: only the admin knows which to keep */
	PLACE_HEADLESS, /* nothing, and the real emulator behind it */
};

struct emulator {
	const char *path;
	const char *owner;	/* the owner in the list of kvmshim-place; NULL: not in the list */
	struct strv domains;	/* the domains that name it, by this or another path */
	enum place place;
	bool wraps;		/* the wrapper is at the path, and has an emulator to run */
	const char *real;	/* the file that runs in the end; NULL: none */
	struct stat front_stat, real_stat;
	bool is_program;	/* a regular file that can be run */
	bool is_binary;		/* an ELF file, and not a link to one */
	bool outdated;		/* another version of the wrapper than the installed one */
	bool diverted;		/* dpkg unpacks it as NAME.real */
	const struct strv *machines; /* of the real emulator; NULL: not asked, or no answer */
	const char *problem;	/* why it did not answer; NULL */
	const char *unasked;	/* why root does not run it; NULL */
};

/* Reads the emulators that domains, libvirt or kvmshim-place name into d->emulators. */
void doctor_look_emulators(struct doctor *d);

/* Is the wrapper in front of an emulator? */
bool doctor_has_wrapper(const struct doctor *d);

/* Is this file the wrapper, of any version? */
bool doctor_is_wrapper(const char *path);

/* The path with all links followed; the path itself if a link is broken. */
const char *doctor_resolved(const struct doctor *d, const char *path);

/* The emulator that a domain's <emulator> leads to; NULL. */
const struct emulator *doctor_emulator_of(const struct doctor *d, const struct defined *domain);
