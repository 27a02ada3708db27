/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* /run/kvmshim in a test's own folder, with one VM. */
#include "err.h"
#include "file.h"
#include "hooks/journal/state.h"
#include "tree.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define TOP "run/kvmshim"
#define VMS TOP "/vm"
#define FOLDER VMS "/" UUID

static inline int open_vm(struct err *err)
{
	struct host host = tree_host();

	*err = (struct err){ 0 };
	return state_open(&host, UUID, err);
}

static inline int opened(void)
{
	struct err err;
	int fd;

	tree_folder("run");
	fd = open_vm(&err);
	if (fd < 0)
		fail_msg("%d: %s", fd, err.text);
	return fd;
}

static inline bool is_there(const char *path)
{
	return access(tree_path(path), F_OK) == 0;
}
