/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/pciaddr.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

/* PCI_SLOT() and PCI_FUNC() of include/uapi/linux/pci.h: five bits and three. */
#define BUS_LAST 0xff
#define SLOT_LAST 0x1f
#define FUNCTION_LAST 7

/* The hex digits at *s, past which it puts *s; false if *s has no digits or too many. */
static bool take_hex(const char **s, size_t most, unsigned *value)
{
	size_t len = strspn(*s, "0123456789abcdefABCDEF");

	if (len == 0 || len > most)
		return false;
	*value = (unsigned)strtoul(*s, NULL, 16);
	*s += len;
	return true;
}

/* The domain may be 32 bits wide (VMD puts its buses into 0x10000 and up). */
static bool take_slot(const char **s, unsigned *domain, unsigned *bus, unsigned *slot)
{
	unsigned last;

	*domain = 0;
	if (!take_hex(s, 8, bus) || *(*s)++ != ':' || !take_hex(s, 2, slot))
		return false;
	if (**s == ':') {
		++*s;
		if (!take_hex(s, 2, &last))
			return false;
		*domain = *bus;
		*bus = *slot;
		*slot = last;
	}
	return *bus <= BUS_LAST && *slot <= SLOT_LAST;
}

const char *pciaddr_spell(struct arena *a, const char *address)
{
	unsigned domain, bus, slot, function;

	if (!take_slot(&address, &domain, &bus, &slot))
		return NULL;
	if (*address == '\0')
		return arena_printf(a, "%04x:%02x:%02x", domain, bus, slot);
	if (*address++ != '.' || !take_hex(&address, 1, &function) || *address)
		return NULL;
	if (function > FUNCTION_LAST)
		return NULL;
	return arena_printf(a, "%04x:%02x:%02x.%x", domain, bus, slot, function);
}

const char *pciaddr_spell_function(struct arena *a, const char *address)
{
	const char *spelled = pciaddr_spell(a, address);

	return spelled && strchr(spelled, '.') ? spelled : NULL;
}
