/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct host;

/*
 * What a journal that journal_read() does not accept still says: nothing of it is acted on, but
 * a device that its bytes name may be the device of that VM.
 */
struct salvage {
	const char *uuid;
	const char *name; /* of the VM; its UUID if the bytes do not say */
	const char *why;  /* journal_read()'s sentence */
	const char *bytes;
	size_t len;
	bool whole; /* it was read, and ends as a journal ends: it names all of its devices */
};

void journal_salvage(const struct host *host, const char *uuid, const char *why, struct salvage *s);

/* Do the bytes have this word (a device, a pool)? */
bool salvage_names(const struct salvage *s, const char *word);

/* "VM web: /run/kvmshim/vm/UUID/journal.json: …" */
const char *salvage_text(struct arena *a, const struct salvage *s);
