/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/* Values that several keys of kvmshim.conf have. */

/* A number of digits alone within the limits; -1 for anything else. */
int setting_seconds(const char *value, int least, int most);

/*
 * The next item of a list with commas, without blanks around it, at *s. Moves *s past
 * the item; NULL at the end. A comma at the end does no harm; between two commas is an
 * empty item.
 */
const char *setting_item(struct arena *a, const char **s);
