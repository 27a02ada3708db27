/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;

/*
 * sysfs's own spelling of a PCI address: "0000:05:00.0" of a function's, with or
 * without the domain, leading zeros and small letters; of a slot's ("05:00")
 * "0000:05:00". NULL if it is neither.
 */
const char *pciaddr_spell(struct arena *a, const char *address);

/* pciaddr_spell() of a function's address; NULL for a slot's too. */
const char *pciaddr_spell_function(struct arena *a, const char *address);
