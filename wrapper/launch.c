/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/launch.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

static int status_for(int error)
{
	return error == ENOENT || error == ENOTDIR ? LAUNCH_MISSING : LAUNCH_CANNOT;
}

static bool is_self(const struct stat *real, const char *self)
{
	struct stat st;

	return self && stat(self, &st) == 0 && st.st_dev == real->st_dev &&
	       st.st_ino == real->st_ino;
}

bool launch_is_self(const char *real, const char *self)
{
	struct stat st;

	return stat(real, &st) == 0 && is_self(&st, self);
}

int launch(const char *real, const char *self, const char *const *argv, struct err *err)
{
	struct stat st;

	if (!real) {
		err_set(err, ENOENT,
			"the real emulator is unknown: /proc is not mounted, and "
			"kvmshim.conf has no 'real ='");
		return LAUNCH_MISSING;
	}
	if (stat(real, &st) < 0) {
		err_set(err, errno, "the real emulator %s: %s; set 'real =' in kvmshim.conf", real,
			strerror(errno));
		return status_for(err->code);
	}
	if (is_self(&st, self)) {
		err_set(err, ELOOP,
			"the real emulator %s is this wrapper itself; set 'real =' in kvmshim.conf",
			real);
		return LAUNCH_CANNOT;
	}
	execve(real, (char *const *)(const void *)argv, environ);
	err_set(err, errno, "the real emulator %s cannot be run: %s", real, strerror(errno));
	return status_for(err->code) == LAUNCH_MISSING ? LAUNCH_CANNOT : status_for(err->code);
}
