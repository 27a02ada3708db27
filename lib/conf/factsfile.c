/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/factsfile.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "arena.h"
#include "cleanup.h"
#include "conf/condition.h"
#include "err.h"
#include "file.h"
#include "jsondoc.h"
#include "root.h"
#include "str.h"

#define VM_FOLDER "/run/kvmshim/vm"
#define FACTS_FILE "facts.json"

const char *factsfile_path(const struct host *host, const char *uuid)
{
	return root_path(host, arena_printf(host->arena, VM_FOLDER "/%s/" FACTS_FILE, uuid));
}

/* A member that exists must be of the right type; a member that is missing is unknown. */
static int add_string(struct arena *a, struct facts *f, enum fact fact,
		      const struct json_object *from, const char *member, struct err *err)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(from, member, &value))
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return err_set(err, EINVAL, "'%s' must be a string", member);
	text = jsondoc_kept(a, value);
	if (!text)
		return err_set(err, EINVAL, "'%s' must be a text without a NUL", member);
	fact_add(a, f, fact, text);
	return 0;
}

/* Finds an object member; *o is NULL if the member is missing. */
static int get_object(const struct json_object *from, const char *member, struct json_object **o,
		      struct err *err)
{
	*o = NULL;
	if (!json_object_object_get_ex(from, member, o))
		return 0;
	if (!json_object_is_type(*o, json_type_object))
		return err_set(err, EINVAL, "'%s' must be an object", member);
	return 0;
}

/* The same of a list. */
static int get_list(const struct json_object *from, const char *member, struct json_object **list,
		    struct err *err)
{
	*list = NULL;
	if (!json_object_object_get_ex(from, member, list))
		return 0;
	if (!json_object_is_type(*list, json_type_array))
		return err_set(err, EINVAL, "'%s' must be a list", member);
	return 0;
}

static int add_name_and_id(struct arena *a, struct facts *f, enum fact fact,
			   const struct json_object *from, const char *member, struct err *err)
{
	struct json_object *who;
	int rc = get_object(from, member, &who, err);

	if (rc || !who)
		return rc;
	rc = add_string(a, f, fact, who, "name", err);
	return rc ? rc : add_string(a, f, fact, who, "id", err);
}

static int add_nova(struct arena *a, struct facts *f, const struct json_object *nova,
		    struct err *err)
{
	int rc = add_string(a, f, FACT_INSTANCE, nova, "instance", err);

	if (!rc)
		rc = add_string(a, f, FACT_FLAVOR, nova, "flavor", err);
	if (!rc)
		rc = add_name_and_id(a, f, FACT_PROJECT, nova, "project", err);
	return rc ? rc : add_name_and_id(a, f, FACT_USER, nova, "user", err);
}

static int add_grant(struct arena *a, struct grants *g, const struct json_object *o,
		     struct err *err)
{
	static const char *const kinds[] = { [GRANT_PCI] = "pci", [GRANT_MDEV] = "mdev" };
	struct json_object *device, *rule;
	const char *name = NULL;
	bool iommufd;

	if (json_object_object_get_ex(o, "rule", &rule) &&
	    json_object_is_type(rule, json_type_string))
		name = jsondoc_kept(a, rule);
	if (!name)
		return err_set(err, EINVAL, "a grant has no rule");
	if (jsondoc_flag(o, "iommufd", &iommufd, err) < 0)
		return -EINVAL;
	for (enum grant_kind k = GRANT_PCI; k <= GRANT_MDEV; k++)
		if (json_object_object_get_ex(o, kinds[k], &device) &&
		    json_object_is_type(device, json_type_string)) {
			*arena_push(a, g->v, g->n, g->cap) = (struct grant){
				.kind = k,
				.device = arena_strdup(a, json_object_get_string(device)),
				.rule = name,
				.iommufd = iommufd,
			};
			return 0;
		}
	return err_set(err, EINVAL, "a grant has no device");
}

static int add_grants(struct arena *a, struct grants *g, const struct json_object *o,
		      struct err *err)
{
	struct json_object *list;
	int rc = get_list(o, "grants", &list, err);

	g->known = true;
	for (size_t i = 0; !rc && list && i < json_object_array_length(list); i++)
		rc = add_grant(a, g, json_object_array_get_idx(list, i), err);
	return rc;
}

static int add_hostdev(struct arena *a, struct hostdev_facts *h, const struct json_object *o,
		       struct err *err)
{
	struct json_object *address, *id;

	if (!json_object_object_get_ex(o, "pci", &address) ||
	    !json_object_is_type(address, json_type_string))
		return err_set(err, EINVAL, "a host device has no PCI address");
	if (json_object_object_get_ex(o, "id", &id) && !json_object_is_type(id, json_type_string))
		return err_set(err, EINVAL, "'id' must be a string");
	*arena_push(a, h->v, h->n, h->cap) = (struct hostdev_fact){
		.address = arena_strdup(a, json_object_get_string(address)),
		.id = id ? arena_strdup(a, json_object_get_string(id)) : NULL,
	};
	return 0;
}

static int add_hostdevs(struct arena *a, struct hostdev_facts *h, const struct json_object *o,
			struct err *err)
{
	struct json_object *list;
	int rc = get_list(o, "hostdevs", &list, err);

	for (size_t i = 0; !rc && list && i < json_object_array_length(list); i++)
		rc = add_hostdev(a, h, json_object_array_get_idx(list, i), err);
	return rc;
}

static int check_shape(const struct json_object *o, const char *uuid, struct err *err)
{
	struct json_object *version, *whose;

	if (!json_object_object_get_ex(o, "version", &version) ||
	    !json_object_is_type(version, json_type_int) || json_object_get_int(version) != 1)
		return err_set(err, EINVAL, "'version' must be 1");
	if (!json_object_object_get_ex(o, "uuid", &whose) ||
	    !json_object_is_type(whose, json_type_string) ||
	    !str_eq(json_object_get_string(whose), uuid))
		return err_set(err, EINVAL, "'uuid' is not the UUID in the name of the directory");
	return 0;
}

static int take_facts(struct arena *a, const struct file *file, const char *uuid,
		      struct facts *f, struct err *err)
{
	_cleanup_json_ struct json_object *o = jsondoc_parse(file->text, file->len);
	struct json_object *nova = NULL;
	int rc;

	if (!o)
		return err_set(err, EINVAL, "must be a JSON object");
	rc = check_shape(o, uuid, err);
	if (!rc)
		rc = add_grants(a, &f->grants, o, err);
	if (!rc)
		rc = add_hostdevs(a, &f->hostdevs, o, err);
	if (!rc)
		rc = get_object(o, "nova", &nova, err);
	return rc || !nova ? rc : add_nova(a, f, nova, err);
}

int factsfile_read(const struct host *host, const char *uuid, struct facts *f, struct err *err)
{
	const char *path = factsfile_path(host, uuid);
	struct file file = { .path = path };
	_cleanup_fd_ int fd =
		folder_open(&host->root, AT_FDCWD,
			    root_path(host, arena_printf(host->arena, VM_FOLDER "/%s", uuid)), err);
	int rc = fd < 0 ? fd : file_read(host, fd, FACTS_FILE, O_NOFOLLOW, &file, err);

	if (rc == -ENOENT)
		return 0;
	if (rc == 0 && !file.text)
		rc = err_set(err, EINVAL, "must be a regular file");
	if (rc == 0)
		rc = take_facts(host->arena, &file, uuid, f, err);
	return rc;
}
