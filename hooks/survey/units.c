/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/units.h"

#include <errno.h>

#include "arena.h"
#include "err.h"
#include "host/act/actrun.h"
#include "root.h"
#include "str.h"

/* Milliseconds. A unit may take its TimeoutStopSec=, which is 90 s unless it says otherwise. */
#define ASK_DEADLINE 5000
#define CHANGE_DEADLINE 100000

static int systemctl(const struct host *host, const char *verb, const char *unit, int deadline,
		     struct err *err)
{
	const char *argv[] = { "systemctl", "--quiet", verb, "--", unit, NULL };

	return act_run(host, argv, deadline, err);
}

void units_active(const struct host *host, const struct strv *units, struct strv *active)
{
	struct err err;

	for (size_t i = 0; i < units->n; i++)
		if (systemctl(host, "is-active", units->v[i], ASK_DEADLINE, &err) == 0)
			strv_push(host->arena, active, units->v[i]);
}

static int change(const struct host *host, const char *verb, const char *unit, struct err *err)
{
	struct err why = { 0 };
	int rc = systemctl(host, verb, unit, CHANGE_DEADLINE, &why);

	if (rc)
		return err_set(err, rc < 0 ? -rc : EIO, "systemctl %s %s: %s", verb, unit, why.text);
	return 0;
}

int unit_stop(const struct host *host, const char *unit, struct err *err)
{
	return change(host, "stop", unit, err);
}

int unit_start(const struct host *host, const char *unit, struct err *err)
{
	systemctl(host, "reset-failed", unit, ASK_DEADLINE, NULL);
	return change(host, "start", unit, err);
}
