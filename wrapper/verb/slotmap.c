/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/slotmap.h"

#include "arena.h"
#include "str.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/optval.h"

void slots_mark(struct slots *s, unsigned long devfn, const char *user)
{
	unsigned long slot = devfn >> 3;

	if (slot >= SLOTS)
		return;
	if (!s->user[slot])
		s->user[slot] = user;
	s->function0[slot] |= (devfn & 7) == 0;
}

bool slots_is_bus(const struct slots *s, const char *bus)
{
	if (!s->first)
		return bus && str_eq(bus, s->bus);
	return !bus || str_eq(bus, s->bus) || str_eq(bus, s->chipset == CHIPSET_Q35 ? "pcie" : "pci");
}

const char *slots_user(const struct cmdline *c, const struct optval *v)
{
	const struct prop *id = optval_get(v, "id"),
			  *driver = optval_get(v, v->opt->implied); /* of -net the type */

	return arena_printf(c->arena, "%s%s%s", driver ? driver->value : "a device",
			    id ? " id=" : "", id ? id->value : "");
}
