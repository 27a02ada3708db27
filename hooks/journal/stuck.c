/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/stuck.h"

#include "arena.h"
#include "hooks/journal/journal.h"

const char *stuck_subject(const struct stuck *s)
{
	return s->device ? s->device : "a write";
}

const char *stuck_text(struct arena *a, const char *subject, const char *reason)
{
	return arena_printf(a,
			    "%s is stuck: %s; stop the program that uses the device and run "
			    "`kvmshim recover`, or reboot",
			    subject, reason);
}

const char *stuck_reason(struct arena *a, const struct stuck *s)
{
	return arena_printf(a, "%s has not finished in the kernel (process %ld)", op_names[s->op],
			    (long)s->child.pid);
}
