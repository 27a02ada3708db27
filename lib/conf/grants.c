/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/grants.h"

#include <errno.h>
#include <string.h>

#include "conf/rules.h"
#include "err.h"
#include "str.h"

/* "50-gpu.ini:section" is what a grant calls a rule. */
static bool is_for(const struct grant *g, const struct rule *rule)
{
	const char *slash = strrchr(rule->file, '/'), *file = slash ? slash + 1 : rule->file;
	size_t len = strlen(file);

	return strncmp(g->rule, file, len) == 0 && g->rule[len] == ':' &&
	       str_eq(g->rule + len + 1, rule->section);
}

int grants_use(struct grants *g, const struct rule *rule, enum grant_kind kind, const char *device,
	       bool iommufd, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		struct grant *v = &g->v[i];

		if (v->kind != kind || v->iommufd != iommufd || v->used ||
		    !str_eq(v->device, device) || !is_for(v, rule))
			continue;
		v->used = true;
		return 0;
	}
	return err_set(err, EPERM,
		       "%s was not assigned for this rule, because rules have changed after "
		       "'prepare'; start the VM again",
		       device);
}

void grants_leave(struct grants *g, const struct rule *rule)
{
	for (size_t i = 0; i < g->n; i++)
		if (is_for(&g->v[i], rule))
			g->v[i].used = true;
}

int grants_all_used(const struct grants *g, struct err *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (!g->v[i].used)
			return err_set(err, EPERM,
				       "%s was assigned for rule %s, but that rule does not use "
				       "it, because rules have changed after 'prepare'; start the "
				       "VM again",
				       g->v[i].device, g->v[i].rule);
	return 0;
}
