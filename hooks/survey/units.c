/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/units.h"

#include <errno.h>

#include "arena.h"
#include "clock.h"
#include "err.h"
#include "host/act/actrun.h"
#include "host/process/seat.h"
#include "root.h"
#include "str.h"

/* Milliseconds. A unit may take its TimeoutStopSec=, which is 90 s unless it says otherwise. */
#define ASK_DEADLINE 5000
#define CHANGE_DEADLINE 100000
/* Processes of a session get SIGTERM, and some stay where KillUserProcesses=no. */
#define SESSIONS_DEADLINE 15000
#define LOOK_AGAIN	  100

static int systemctl(const struct host *host, const char *verb, const char *unit, int deadline,
		     struct err *err)
{
	const char *argv[] = { "systemctl", "--quiet", verb, "--", unit, NULL };

	return act_run(host, argv, deadline, err);
}

/* systemctl(1), EXIT STATUS: "no such unit"; older versions say that it is not active. */
#define NO_SUCH_UNIT 4

static const char *note_of(const struct host *host, const char *unit, const char *where, int rc,
			   const struct err *err)
{
	if (rc == NO_SUCH_UNIT)
		return arena_printf(host->arena,
				    "systemd does not know the unit %s of %s, so the hook "
				    "does not stop it",
				    unit, where);
	return arena_printf(host->arena, "it is unknown if unit %s of %s is active, so the "
			    "hook does not stop it: systemctl: %s", unit, where, err->text);
}

void units_active(const struct host *host, const struct strv *units, struct strv *active,
		  const char *where, struct strv *notes)
{
	for (size_t i = 0; i < units->n; i++) {
		struct err err = { 0 };
		int rc = systemctl(host, "is-active", units->v[i], ASK_DEADLINE, &err);

		if (rc == 0)
			strv_push(host->arena, active, units->v[i]);
		if (rc == NO_SUCH_UNIT || rc < 0)
			strv_push(host->arena, notes, note_of(host, units->v[i], where, rc, &err));
	}
}

bool unit_is_active(const struct host *host, const char *unit)
{
	return systemctl(host, "is-active", unit, ASK_DEADLINE, NULL) == 0;
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

/* systemd.scope(5): the processes of a scope are started by others. */
static bool is_scope(const char *unit)
{
	return str_ends(unit, ".scope");
}

int unit_start(const struct host *host, const char *unit, struct err *err)
{
	if (is_scope(unit))
		return 0;
	systemctl(host, "reset-failed", unit, ASK_DEADLINE, NULL);
	return change(host, "start", unit, err);
}

static void wait_for_sessions(const struct host *host, const char *seat)
{
	double end = clock_ms() + SESSIONS_DEADLINE;

	while (seat_has_sessions(host, seat) && clock_ms() < end)
		clock_sleep(LOOK_AGAIN);
}

int sessions_end(const struct host *host, const char *seat, struct err *err)
{
	const char *argv[] = { "loginctl", "terminate-seat", "--", seat, NULL };
	struct err why = { 0 };
	int rc = act_run(host, argv, CHANGE_DEADLINE, &why);

	if (rc)
		return err_set(err, rc < 0 ? -rc : EIO, "loginctl terminate-seat %s: %s", seat,
			       why.text);
	wait_for_sessions(host, seat);
	return 0;
}
