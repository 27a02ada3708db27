/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/inuse.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "conf/condition.h"
#include "conf/rules.h"
#include "host/pci/subdevices.h"
#include "host/usb.h"
#include "host/use/usesimage.h"
#include "host/use/usesusb.h"
#include "mistake.h"
#include "root.h"
#include "str.h"

static const char *disk_use(const struct host *host, const char *path)
{
	struct stat st;

	if (*path != '/' || stat(path, &st) < 0)
		return NULL;
	return uses_of_image(host, path, &st);
}

static const char *usb_use(const struct host *host, const char *what)
{
	struct usb_devices found = { 0 };
	struct usb_wanted w = { 0 };
	struct strv uses = { 0 };

	if (usb_wanted(what, &w))
		usb_find(host, &w, &found);
	for (size_t i = 0; i < found.n && !uses.n; i++)
		uses_of_usb(host, &found.v[i], &(struct subdevices){ 0 }, &uses);
	return uses.n ? uses.v[0] : NULL;
}

static void warn_of(const struct host *host, const struct rule *rule, const struct action *action,
		    struct mistakes *m)
{
	bool disk = action->verb == VERB_PASS_DISK;
	const char *what = action->words.n ? action->words.v[0] : "%", *use = NULL;

	if (strchr(what, '%') || action_allows_use(action))
		return;
	use = (disk ? disk_use : usb_use)(host, what);
	if (use)
		mistake_warn(m, rule->file, action->line,
			     "%s: %s is in use by the host now: %s; no VM starts with it until "
			     "you stop this use, or write %sin-use=yes",
			     verb_names[action->verb], what, use, disk ? "ro or " : "");
}

/* A rule for another host names the disks of that host. */
static bool is_here(const struct rule *rule, const struct facts *facts)
{
	for (size_t i = 0; i < rule->n_conditions; i++)
		if (rule->conditions[i].fact == FACT_HOST &&
		    condition_eval(&rule->conditions[i], facts) != COND_HOLDS)
			return false;
	return rule->enabled;
}

void inuse_warn(const struct host *host, const struct rule_set *rules, struct mistakes *m)
{
	char name[HOST_NAME_MAX + 1] = "";
	struct facts facts = { 0 };

	if (gethostname(name, sizeof(name) - 1) == 0 && *name)
		fact_add(host->arena, &facts, FACT_HOST, name);
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *rule = &rules->v[i];

		for (size_t k = 0; is_here(rule, &facts) && k < rule->n_actions; k++)
			if (verb_is_lent(rule->actions[k].verb))
				warn_of(host, rule, &rule->actions[k], m);
	}
}
