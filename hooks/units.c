/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/units.h"

#include <errno.h>

#include "arena.h"
#include "err.h"
#include "host/act/act.h"
#include "str.h"

/* Milliseconds. A unit may take its TimeoutStopSec=, which is 90 s unless it says otherwise. */
#define ASK_DEADLINE 5000
#define CHANGE_DEADLINE 100000

static int systemctl(struct arena *a, const struct root *r, const char *verb, const char *unit,
		     int deadline, struct err *err)
{
	const char *argv[] = { "systemctl", "--quiet", verb, "--", unit, NULL };

	return act_run(a, r, argv, deadline, err);
}

void units_active(struct arena *a, const struct root *r, const struct strv *units,
		  struct strv *active)
{
	struct err err;

	for (size_t i = 0; i < units->n; i++)
		if (systemctl(a, r, "is-active", units->v[i], ASK_DEADLINE, &err) == 0)
			strv_push(a, active, units->v[i]);
}

static int change(struct arena *a, const struct root *r, const char *verb, const char *unit,
		  struct err *err)
{
	struct err why = { 0 };
	int rc = systemctl(a, r, verb, unit, CHANGE_DEADLINE, &why);

	if (rc)
		return err_set(err, rc < 0 ? -rc : EIO, "systemctl %s %s: %s", verb, unit, why.text);
	return 0;
}

int unit_stop(struct arena *a, const struct root *r, const char *unit, struct err *err)
{
	return change(a, r, "stop", unit, err);
}

int unit_start(struct arena *a, const struct root *r, const char *unit, struct err *err)
{
	systemctl(a, r, "reset-failed", unit, ASK_DEADLINE, NULL);
	return change(a, r, "start", unit, err);
}
