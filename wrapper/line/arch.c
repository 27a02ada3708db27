/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/arch.h"

#include <string.h>
#include <sys/utsname.h>

#include "arena.h"
#include "str.h"

const char *arch_of(struct arena *a, const char *emulator)
{
	static const char front[] = "qemu-system-";
	const char *base = emulator ? strrchr(emulator, '/') : NULL;
	struct utsname host;

	base = base ? base + 1 : emulator;
	if (base && str_starts(base, front)) {
		base += strlen(front);
		return arena_strndup(a, base,
				     strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_"));
	}
	return uname(&host) == 0 ? arena_strdup(a, host.machine) : NULL;
}
