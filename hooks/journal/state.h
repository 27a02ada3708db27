/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct err;
struct host;

/*
 * /run/kvmshim (0711): `lock`, `pool.lock`, and vm/UUID/ with journal.json and facts.json.
 * Folders are made as they are needed, and refused if they are links, not root's (or the
 * caller's below a KVMSHIM_ROOT), or writable by others.
 */

/* Waits for the lock that covers reserve, judge and journal: a descriptor (closing it unlocks), or -errno. */
int state_lock(const struct host *host, struct err *err);

/*
 * Waits for the lock that covers reading and changing a pool of huge pages, for at most
 * deadline milliseconds: a descriptor, or -errno.
 */
int state_lock_pools(const struct host *host, int deadline, struct err *err);

/*
 * The folder of a VM, made if it is missing, with its flock, held while the descriptor is
 * open: a descriptor (O_DIRECTORY), -EBUSY (no sentence) where another process
 * holds it, or another -errno. A folder removed in the meantime is not taken for the new one.
 */
int state_open(const struct host *host, const char *uuid, struct err *err);

/* Does another process hold the flock of this VM's folder? */
bool state_in_progress(const struct host *host, const char *uuid);

/* Publishes a file whole: a temporary one (O_EXCL), all written, closed, renamed. Nothing is left behind on failure. */
int state_publish(struct arena *a, int folder, const char *name, mode_t mode, const char *text,
		  struct err *err);

/* Removes one file of the folder; a missing file is fine. */
int state_unpublish(int folder, const char *name, struct err *err);

/* Removes the folder with all our files in it; the descriptor stays the caller's. */
int state_remove(const struct host *host, const char *uuid, int folder, struct err *err);
