/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For LD_PRELOAD: json-c as version 0.18 is, whose strict mode refuses every byte above ASCII
 * (its issues 875 and 892). With STRICTJSON=escapes it refuses \u too: a library that cannot
 * read what another has written, whatever the reason.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static int is_refused(const struct json_tokener *tok, const char *s, int len)
{
	const char *mode = getenv("STRICTJSON");

	if (!(tok->flags & JSON_TOKENER_STRICT))
		return 0;
	for (int i = 0; len < 0 ? s[i] != '\0' : i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return 1;
	return mode && strcmp(mode, "escapes") == 0 && strstr(s, "\\u");
}

struct json_object *json_tokener_parse_ex(struct json_tokener *tok, const char *s, int len)
{
	struct json_object *(*real)(struct json_tokener *, const char *, int);
	void *symbol = dlsym(RTLD_NEXT, "json_tokener_parse_ex");

	memcpy(&real, &symbol, sizeof(real));
	return is_refused(tok, s, len) ? NULL : real(tok, s, len);
}
