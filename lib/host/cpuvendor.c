/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/cpuvendor.h"

#include <string.h>

#include "arena.h"
#include "host/host.h"
#include "root.h"
#include "str.h"

const char *cpuvendor(const struct host *host)
{
	static const char key[] = "vendor_id";
	const char *line;
	size_t len;
	char *text;

	if (host_read(host, "/proc/cpuinfo", &text, &len) < 0)
		return NULL;
	line = strstr(text, key);
	if (!line)
		return NULL;
	line += strlen(key);
	line += strspn(line, "\t :");
	return str_trim(host->arena, line, strcspn(line, "\n"));
}
