/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "host/act/act.h"
#include "host/use/usesdisk.h"
#include "root.h"

/* A hook that looks at the disk for another VM has it for a moment, as this one does. */
#define LOOKS 20
#define LOOK_AGAIN 10 /* ms */

static int claim(const struct host *host, const char *name, const char *path, int deadline,
		 struct process *stuck)
{
	int fd = -EBUSY;

	for (int i = 0; i < LOOKS && fd == -EBUSY; i++) {
		if (i)
			clock_sleep(LOOK_AGAIN);
		fd = act_open(host, path, O_RDONLY | O_EXCL | O_NONBLOCK, deadline, stuck);
		if (fd == -EBUSY && uses_of_disk(host, name))
			break;
	}
	return fd;
}

/* sysfs has ! where a name has a slash (cciss!c0d0): kobject_set_name_vargs(). */
int uses_claim_disk(const struct host *host, const char *name, int deadline, struct process *stuck)
{
	char *path = arena_printf(host->arena, "/dev/%s", name);

	*stuck = (struct process){ 0 };
	for (char *p = path; (p = strchr(p, '!'));)
		*p = '/';
	if (uses_unclaimed(host, name))
		return -EBUSY;
	return claim(host, name, path, deadline, stuck);
}
