/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "arena.h"
#include "host/process/holders.h"
#include "root.h"

/*
 * The processes that have a device open, looked up for all lanes together. A pass over all
 * processes takes a big host a tenth of a second, and each function is asked about before
 * its unbind: lanes that ask at the same time share one.
 */
struct watch {
	struct root root;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a pass is through, or a claim decided */
	bool passing; /* some lane is at it, without the lock */
	double began; /* clock_ms() of the last pass that is through; 0: none is */
	struct arena arena;
	struct opendevices opens; /* what it saw */
	struct disk_claim *claims; /* of disks that may be below the devices of several lanes */
	size_t n_claims, claims_cap;
	struct arena claims_arena;
};

/* A disk that is held with O_EXCL until all lanes are through. */
struct disk_claim {
	const char *disk;
	int fd; /* -1: a lane is at it */
};

void watch_init(struct watch *w, const struct root *r);
/* With what a pass that began then has seen; it stays the caller's. */
void watch_seed(struct watch *w, const struct opendevices *opens, double began);
/* Releases the claimed disks, too. */
void watch_end(struct watch *w);

/*
 * The processes that have one of these device nodes open, by a pass that began at `since`
 * (clock_ms()) or later: one that has finished, or one that this waits for.
 */
void watch_holders(struct watch *w, struct arena *a, double since, const struct nodes *nodes,
		   struct holders *h);

/*
 * Is the disk still to be claimed? Then the caller tries, and says what came of it: a
 * descriptor, which is the watch's from then on, or -errno. One that another lane is trying
 * is waited for.
 */
bool watch_claim(struct watch *w, const char *disk);
void watch_claimed(struct watch *w, const char *disk, int fd);
