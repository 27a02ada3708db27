/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct arena;

/*
 * The user and the group of a DAC label of libvirt's: "+64055:+64055", or "user:group", each
 * read as a name first, and as a number if the name does not exist. false if the label has
 * another form or they are unknown here.
 */
bool daclabel_parse(struct arena *a, const char *label, uid_t *uid, gid_t *gid);
