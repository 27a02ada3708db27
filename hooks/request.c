/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/request.h"

#include "arena.h"
#include "conf/confdir.h"
#include "conf/expand.h"
#include "conf/grants.h"
#include "conf/passthrough.h"
#include "conf/rules.h"
#include "conf/settings.h"
#include "hooks/assignment.h"
#include "hooks/domain/domain.h"
#include "hooks/survey/lent.h"
#include "host/pci/pci.h"
#include "mistake.h"

struct reading {
	struct rule_set rules;
	struct mistakes *mistakes;
};

static void read_file(void *user, const struct file *file)
{
	struct reading *reading = user;

	rules_read(reading->mistakes->arena, file, &reading->rules, reading->mistakes);
}

struct asking {
	const struct host *host;
	const struct settings *settings;
};

static void functions(void *user, struct arena *a, const char *slot, struct strv *out)
{
	const struct asking *asking = user;

	pci_functions(&(struct host){ a, asking->host->root }, slot, out);
}

static int lend(void *user, enum verb verb, const char *what, struct err *err)
{
	const struct asking *asking = user;

	return lent_check_rule(asking->host, asking->settings, verb, what, err);
}

static const char *only(const struct facts *f, enum fact fact)
{
	return f->of[fact].n ? f->of[fact].v[0] : NULL;
}

void request_grants(const struct host *host, const struct settings *s, const struct domain *d,
		    struct grants *g, struct mistakes *m)
{
	struct reading reading = { .mistakes = m };
	struct asking asking = { host, s };
	struct passthrough_host asked = { .functions = functions, .lend = lend, .user = &asking };
	struct names names = {
		.name = d->name,
		.uuid = d->uuid,
		.host = only(&d->facts, FACT_HOST),
		.root = &host->root,
	};

	/* the kill switch of the wrapper, which would not add the assigned devices */
	if (!s->enabled)
		return;
	confdir_read(host, read_file, &reading, m);
	if (!m->errors)
		passthrough_find(host->arena, &reading.rules, &d->facts, &names, &asked, g, m);
}

void request_hostdevs(const struct host *host, const struct domain *d, struct hostdev_facts *known)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->hostdevs[i].kind == HOSTDEV_PCI && !d->hostdevs[i].nvme)
			*arena_push(host->arena, known->v, known->n, known->cap) =
				(struct hostdev_fact){ d->hostdevs[i].device,
						       pci_id(host, d->hostdevs[i].device) };
}

static int wish_for_hostdev(struct assignment *h, const struct hostdev *d, struct err *err)
{
	struct wish w = {
		.kind = d->kind,
		.role = d->managed ? ROLE_MANAGED : ROLE_HOSTDEV,
		.device = d->device,
		.iommufd = d->iommufd,
		.model = d->driver_model,
	};

	return assignment_wish(h, &w, err);
}

static int wish_for_grant(struct assignment *h, const struct grant *g, struct err *err)
{
	struct wish w = {
		.kind = g->kind == GRANT_PCI ? HOSTDEV_PCI : HOSTDEV_MDEV,
		.role = ROLE_GRANT,
		.device = g->device,
		.iommufd = g->iommufd,
		.rule = g->rule,
	};

	return assignment_wish(h, &w, err);
}

int request_wishes(struct assignment *h, const struct domain *d, const struct grants *g,
		   struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < d->n; i++)
		rc = wish_for_hostdev(h, &d->hostdevs[i], err);
	for (size_t i = 0; !rc && i < g->n; i++)
		rc = wish_for_grant(h, &g->v[i], err);
	return rc;
}
