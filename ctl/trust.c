/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/trust.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "way.h"

/* ---- PATH ---- */

#define PATH_OF_THE_SYSTEM "/usr/sbin:/usr/bin:/sbin:/bin"

static int judge(struct arena *a, const char *path, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	return way_program(a, path, err);
}

/* An empty or relative part of PATH is the current directory of the caller: root ignores it. */
static bool is_in(struct arena *a, const char *folder, size_t len, const char *name,
		  const char **path)
{
	if (geteuid() == 0 && (len == 0 || *folder != '/'))
		return false;
	*path = len ? arena_printf(a, "%.*s/%s", (int)len, folder, name) :
		      arena_printf(a, "./%s", name);
	return access(*path, X_OK) == 0;
}

static int look_up(struct arena *a, const char *name, const char **path, struct err *err)
{
	const char *folder = getenv("PATH");
	int rc = -ENOENT;

	for (folder = folder ? folder : PATH_OF_THE_SYSTEM;; folder++) {
		size_t len = strcspn(folder, ":");
		const char *found;

		if (is_in(a, folder, len, name, &found)) {
			*path = found;
			rc = judge(a, found, err);
			if (rc == 0)
				return 0;
		}
		folder += len;
		if (*folder == '\0')
			return rc;
	}
}

int trust_find(struct arena *a, const char *name, const char **path, struct err *err)
{
	if (!strchr(name, '/'))
		return look_up(a, name, path, err);
	*path = name;
	return access(name, F_OK) < 0 ? -ENOENT : judge(a, name, err);
}

/* ---- emulators ---- */

/* printf("QEMU emulator version " QEMU_FULL_VERSION …): version() in vl.c of QEMU. */
static bool has_version(const char *bytes, size_t len)
{
	static const char text[] = "QEMU emulator version ";
	const size_t n = sizeof(text) - 1;

	for (const char *at = bytes; (at = memmem(at, len - (size_t)(at - bytes), text, n)); at++)
		if ((size_t)(at - bytes) + n < len && isdigit((unsigned char)at[n]))
			return true;
	return false;
}

static bool names_qemu(const char *bytes, size_t len)
{
	return memmem(bytes, len, "qemu", 4) || memmem(bytes, len, "QEMU", 4) ||
	       memmem(bytes, len, "kvm", 3);
}

/* The script of a site can only be known by its words: it starts a QEMU. */
static bool looks_like_qemu(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *bytes;
	bool is;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 2)
		return false;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	if (memcmp(bytes, "#!", 2) == 0)
		is = names_qemu(bytes, (size_t)st.st_size) || names_qemu(basename(path), strlen(basename(path)));
	else
		is = has_version(bytes, (size_t)st.st_size);
	munmap(bytes, (size_t)st.st_size);
	return is;
}

int trust_find_qemu(struct arena *a, const char *name, const char **path, struct err *err)
{
	int rc = trust_find(a, name, path, err);

	if (rc || geteuid() != 0 || looks_like_qemu(*path))
		return rc;
	return err_set(err, ENOEXEC, "%s is not a QEMU emulator", *path);
}
