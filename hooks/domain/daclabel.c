/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As virParseOwnershipIds(), virGetUserID() and virGetGroupID() of libvirt's util/virutil.c. */
#include "hooks/domain/daclabel.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* For all that getgrnam_r(3) says of a group, its members too. */
#define ENTRY_MAX ((size_t)1 << 20)

/* A number of 32 bits, except the last one, which means "leave it" to chown(2). */
static bool to_id(const char *s, unsigned *id)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	*id = (unsigned)n;
	return *s >= '0' && *s <= '9' && !*end && !errno && n < UINT_MAX;
}

static bool find_user(struct arena *a, const char *s, uid_t *uid)
{
	struct passwd entry, *found = NULL;

	if (*s == '+')
		return to_id(s + 1, uid);
	if (getpwnam_r(s, &entry, arena_raw(a, ENTRY_MAX), ENTRY_MAX, &found) != 0 || !found)
		return to_id(s, uid);
	*uid = found->pw_uid;
	return true;
}

static bool find_group(struct arena *a, const char *s, gid_t *gid)
{
	struct group entry, *found = NULL;

	if (*s == '+')
		return to_id(s + 1, gid);
	if (getgrnam_r(s, &entry, arena_raw(a, ENTRY_MAX), ENTRY_MAX, &found) != 0 || !found)
		return to_id(s, gid);
	*gid = found->gr_gid;
	return true;
}

bool daclabel_parse(struct arena *a, const char *label, uid_t *uid, gid_t *gid)
{
	const char *colon = strchr(label, ':');

	return colon && find_user(a, arena_strndup(a, label, (size_t)(colon - label)), uid) &&
	       find_group(a, colon + 1, gid);
}
