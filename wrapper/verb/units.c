/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stop-units, start-units and pause-units: the hook does them, and nothing is to be done here. */
#include "wrapper/verb/units.h"

#include "conf/expand.h"
#include "conf/grants.h"
#include "conf/rules.h"
#include "conf/unitnames.h"
#include "str.h"
#include "wrapper/verb/editor.h"

int units_check(struct arena *a, const struct action *action, struct err *err)
{
	struct strv units = { 0 };

	return unitnames_of_action(a, action, NULL, &units, err);
}

int units_apply(struct edit *e, struct err *err)
{
	struct strv units = { 0 };
	int rc = unitnames_of_action(e->arena, e->action, e->names, &units, err);

	if (rc)
		return rc;
	editor_tell_nothing(e, e->names->grants && e->names->grants->known ?
				       "the hook does this, and the command line stays as it is" :
				       "only the hook does this, and it did not run for this VM");
	return 0;
}
