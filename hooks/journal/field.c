/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/field.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "device/pciaddr.h"
#include "device/vfproperty.h"
#include "err.h"
#include "nodeset.h"
#include "str.h"

#define DIGITS "0123456789"
#define ALNUM DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool is_uuid(struct arena *a, const char *s)
{
	const char *uuid = str_uuid(a, s);

	return uuid && str_eq(uuid, s);
}

/* The address of a function, not of a slot; a slot has eight functions. */
static bool is_address(struct arena *a, const char *s)
{
	const char *dot = strchr(s, '.'), *address = pciaddr_spell(a, s);

	return address && str_eq(address, s) && dot && dot[1] <= '7';
}

static bool is_device(struct arena *a, const char *s)
{
	return is_address(a, s) || is_uuid(a, s);
}

/* The attributes of OP_KEEP, OP_ATTRIBUTE and OP_POWER. */
static bool is_attribute(struct arena *a, const char *s)
{
	static const char *const names[] = { "power/control", "d3cold_allowed", "reset_method",
					     "sriov_numvfs" };

	(void)a;
	return STR_AMONG(names, s);
}

static bool is_vf_property(struct arena *a, const char *s)
{
	(void)a;
	return vf_property_named(s) != VF_PROPERTIES;
}

/* UID:GID, each of at most ten digits. */
static bool is_owner(struct arena *a, const char *s)
{
	size_t uid = strspn(s, DIGITS), gid = s[uid] == ':' ? strspn(s + uid + 1, DIGITS) : 0;

	(void)a;
	return uid && uid <= 10 && gid && gid <= 10 && !s[uid + 1 + gid];
}

/* Past a number of at most `most` digits; NULL: the text does not begin with one. */
static const char *past_number(const char *s, size_t most)
{
	size_t len = strspn(s, DIGITS);

	return len && len <= most ? s + len : NULL;
}

static bool is_pool(struct arena *a, const char *s)
{
	(void)a;
	if (str_starts(s, "node")) {
		s = past_number(s + strlen("node"), 4);
		if (!s || *s++ != '/')
			return false;
	}
	if (!str_starts(s, "hugepages-"))
		return false;
	s = past_number(s + strlen("hugepages-"), 12);
	return s && str_eq(s, "kB");
}

static bool is_node(struct arena *a, const char *s)
{
	(void)a;
	if (str_starts(s, "devices/vfio"))
		s += strlen("devices/vfio");
	s = past_number(s, 10);
	return s && !*s;
}

static bool is_nodes(struct arena *a, const char *s)
{
	struct nodeset nodes;

	return nodeset_parse(s, &nodes) && str_eq(nodeset_text(a, &nodes), s);
}

/*
 * Either a question, or: prefix, one of first, any number of rest. No name begins
 * with a dash, which as a word of a command line would be an option, and nothing that
 * becomes a path with a dot.
 */
static const struct pattern {
	const char *is;
	bool (*holds)(struct arena *a, const char *s);
	const char *prefix, *first, *rest;
	bool may_be_empty;
} patterns[FIELD_COUNT] = {
	[FIELD_UUID] = { "UUID", is_uuid },
	[FIELD_ADDRESS] = { "PCI address", is_address },
	[FIELD_DEVICE] = { "PCI address or UUID", is_device },
	[FIELD_DRIVER] = { "driver name", NULL, "", ALNUM "_", ALNUM "_.-" },
	[FIELD_OVERRIDE] = { "driver_override", NULL, "", ALNUM "_.-", ALNUM "_.-", true },
	[FIELD_UNIT] = { "name of a systemd unit", NULL, "", ALNUM ":_.\\@", ALNUM ":_.\\@-" },
	[FIELD_SEAT] = { "name of a seat", NULL, "seat", ALNUM "_-", ALNUM "_-" },
	[FIELD_VTCON] = { "vtcon", NULL, "vtcon", DIGITS, DIGITS },
	[FIELD_CARD] = { "graphics card", NULL, "card", DIGITS, DIGITS },
	[FIELD_PLATFORM] = { "platform device", NULL, "", ALNUM "_", ALNUM ":_.-" },
	[FIELD_ATTRIBUTE] = { "attribute that kvmshim sets", is_attribute },
	[FIELD_VALUE] = { "attribute value", NULL, "", ALNUM "_ ", ALNUM "_ ", true },
	[FIELD_VF_PROPERTY] = { "property of a virtual function", is_vf_property },
	[FIELD_VF_VALUE] = { "value of such a property", NULL, "", ALNUM, ALNUM ":=. " },
	[FIELD_TYPE] = { "mdev type", NULL, "", ALNUM "_", ALNUM "_.-" },
	[FIELD_NUMBER] = { "number", NULL, "", DIGITS, DIGITS },
	[FIELD_NODE] = { "VFIO device node", is_node },
	[FIELD_OWNER] = { "UID:GID", is_owner },
	[FIELD_POOL] = { "pool of huge pages", is_pool },
	[FIELD_NODES] = { "set of NUMA nodes", is_nodes },
	[FIELD_BOOT] = { "boot id", NULL, "", ALNUM, ALNUM "-", true },
	[FIELD_TIME] = { "time", NULL, "", DIGITS, DIGITS "TZ:.+-" },
};

static bool holds(struct arena *a, const struct pattern *p, const char *s)
{
	size_t prefix;

	if (p->holds)
		return p->holds(a, s);
	if (!*s)
		return p->may_be_empty;
	prefix = strlen(p->prefix);
	if (!str_starts(s, p->prefix) || !s[prefix] || !strchr(p->first, s[prefix]))
		return false;
	return strlen(s) <= NAME_MAX && !s[prefix + strspn(s + prefix, p->rest)];
}

int field_check(struct arena *a, const char *key, const char *text, struct wanted wanted,
	       struct err *err)
{
	if (!text) {
		if (wanted.may_lack || wanted.word == FIELD_NONE)
			return 0;
		return err_set(err, EINVAL, "'%s' is missing", key);
	}
	if (wanted.word == FIELD_NONE)
		return err_set(err, EINVAL, "'%s' is not allowed here", key);
	if (wanted.word == FIELD_TEXT || holds(a, &patterns[wanted.word], text))
		return 0;
	return err_set(err, EINVAL, "'%s' is not a valid %s", key, patterns[wanted.word].is);
}
