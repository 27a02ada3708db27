/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/use/usesclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "arena.h"
#include "host/act/act.h"
#include "host/use/usesdisk.h"
#include "root.h"

struct opening {
	const struct host *host;
	const char *path;
	int deadline;
	struct process *stuck;
};

static int claim(void *user)
{
	const struct opening *o = user;

	return act_open(o->host, o->path, O_RDONLY | O_EXCL | O_NONBLOCK, o->deadline, o->stuck);
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
	return uses_claim_again(host, name, claim,
				&(struct opening){ host, path, deadline, stuck });
}
