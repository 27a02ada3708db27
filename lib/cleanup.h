/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <unistd.h>

/* Handles that close themselves at the end of their block. */
static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_fd_ __attribute__((cleanup(cleanup_close)))
