/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/stuck.h"

#include "arena.h"
#include "hooks/journal/journal.h"

const char *stuck_subject(const struct stuck *s)
{
	return s->device ? s->device : "a write";
}

const char *stuck_text(struct arena *a, const char *subject, const char *reason, bool lasting)
{
	static const char ends[] = "stop the program that uses the device and run `kvmshim recover`, or "
				   "reboot";
	static const char lasts[] = "driver nvidia 595 and newer does not continue when the program "
				    "has ended; reboot";

	return arena_printf(a, "%s is stuck: %s; %s", subject, reason, lasting ? lasts : ends);
}

const char *stuck_reason(struct arena *a, const struct stuck *s)
{
	return arena_printf(a, "%s has not finished in the kernel (process %ld)", op_names[s->op],
			    (long)s->child.pid);
}
