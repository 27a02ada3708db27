/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/deviceid.h"

#include <string.h>

bool deviceid_is(const char *text)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	return strspn(text, hex) == 4 && text[4] == ':' && strspn(text + 5, hex) == 4 && !text[9];
}
