/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/factswrite.h"

#include <errno.h>

#include "conf/condition.h"
#include "conf/factsfile.h"
#include "conf/grants.h"
#include "err.h"
#include "hooks/journal/state.h"
#include "jsondoc.h"
#include "root.h"
#include "str.h"

/* The n-th value of a fact; NULL if it has none. */
static const char *value_of(const struct facts *f, enum fact fact, size_t n)
{
	return n < f->of[fact].n ? f->of[fact].v[n] : NULL;
}

/* Its name and its id, in this order, which no condition distinguishes. */
static void add_name_and_id(struct arena *a, struct json_object *nova, const char *key,
			    const struct facts *f, enum fact fact)
{
	struct json_object *who;

	if (!value_of(f, fact, 0))
		return;
	who = json_object_new_object();
	jsondoc_add_kept(a, who, "name", value_of(f, fact, 0));
	jsondoc_add_kept(a, who, "id", value_of(f, fact, 1));
	json_object_object_add(nova, key, who);
}

static void add_nova(struct arena *a, struct json_object *o, const struct facts *f)
{
	struct json_object *nova = json_object_new_object();

	jsondoc_add_kept(a, nova, "instance", value_of(f, FACT_INSTANCE, 0));
	jsondoc_add_kept(a, nova, "flavor", value_of(f, FACT_FLAVOR, 0));
	add_name_and_id(a, nova, "project", f, FACT_PROJECT);
	add_name_and_id(a, nova, "user", f, FACT_USER);
	if (json_object_object_length(nova))
		json_object_object_add(o, "nova", nova);
	else
		json_object_put(nova);
}

static void add_grants(struct arena *a, struct json_object *o, const struct grants *g)
{
	static const char *const kinds[] = { [GRANT_PCI] = "pci", [GRANT_MDEV] = "mdev" };
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < g->n; i++) {
		struct json_object *grant = json_object_new_object();

		jsondoc_add_kept(a, grant, kinds[g->v[i].kind], g->v[i].device);
		jsondoc_add_kept(a, grant, "rule", g->v[i].rule);
		jsondoc_add_flag(grant, "iommufd", g->v[i].iommufd);
		json_object_array_add(list, grant);
	}
	json_object_object_add(o, "grants", list);
}

/* Left out if there are none. */
static void add_hostdevs(struct arena *a, struct json_object *o, const struct hostdev_facts *h)
{
	struct json_object *list = h->n ? json_object_new_array() : NULL;

	for (size_t i = 0; i < h->n; i++) {
		struct json_object *hostdev = json_object_new_object();

		jsondoc_add_kept(a, hostdev, "pci", h->v[i].address);
		jsondoc_add_kept(a, hostdev, "id", h->v[i].id);
		json_object_array_add(list, hostdev);
	}
	if (list)
		json_object_object_add(o, "hostdevs", list);
}

static const char *facts_text(struct arena *a, const char *uuid, const struct facts *f,
			      const struct grants *g)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();

	json_object_object_add(o, "version", json_object_new_int(1));
	jsondoc_add_kept(a, o, "uuid", uuid);
	add_nova(a, o, f);
	add_grants(a, o, g);
	add_hostdevs(a, o, &f->hostdevs);
	return jsondoc_text(a, o);
}

int facts_write(struct arena *a, int folder, const char *uuid, const struct facts *f,
		const struct grants *g, struct err *err)
{
	return state_publish(a, folder, "facts.json", 0644, facts_text(a, uuid, f, g), err);
}

int facts_confirm(const struct host *host, const char *uuid, const struct facts *f,
		  const struct grants *g, struct err *err)
{
	struct facts got = { 0 };
	int rc = factsfile_read(host, uuid, &got, err);

	if (rc)
		return err_wrap(err, "facts.json, which was just written, cannot be read");
	if (!str_eq(facts_text(host->arena, uuid, &got, &got.grants),
		    facts_text(host->arena, uuid, f, g)))
		return err_set(err, EIO, "%s is not what was just written",
			       factsfile_path(host, uuid));
	return 0;
}
