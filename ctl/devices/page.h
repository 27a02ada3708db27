/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "str.h"

struct ctl;
struct guest;
struct inventory;

/* The page of `kvmshim devices --html`, which its parts write. */
struct page {
	struct ctl *ctl;
	const struct inventory *inv;
	struct strbuf out;
};

/* Text from outside: the signs of HTML become entities, and control characters \xNN. */
void page_text(struct page *p, const char *text);
/* Markup of our own, in which each %t is a text from outside, %s markup, and %zu a number. */
void page_add(struct page *p, const char *markup, ...);

/* The name of a VM, else its UUID. */
const char *page_guest(const struct guest *guest);

/* "2026-11-21 14:03 UTC (6 days)"; "" if it is unknown. */
const char *page_since(struct page *p, const struct guest *guest);
