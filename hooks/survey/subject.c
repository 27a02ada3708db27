/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/subject.h"

#include "hooks/survey/reserve.h"
#include "str.h"

bool subject_is_free(const struct subject *s)
{
	return !s->pci.driver || pci_driver_is_vfio(s->pci.driver);
}

/* A sibling without a driver harms no group (vfio.rst: it is viable). */
bool subject_stays(const struct subject *s)
{
	return s->role == ROLE_COMPANION && subject_is_free(s);
}

bool subject_is_bound_by_us(const struct subject *s)
{
	if (s->role == ROLE_MANAGED || s->vgpu || s->pci.bridge || subject_stays(s))
		return false;
	/* bound at boot or by hand: that is good enough, unless the XML wants another */
	if (s->pci.driver && pci_driver_is_vfio(s->pci.driver) && !s->model)
		return false;
	return !pci_same_driver(s->pci.driver, s->target);
}

struct subject *subject_find(const struct survey *s, const char *address)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->v[i].pci.address, address))
			return &s->v[i];
	return NULL;
}

void subject_note_left(struct survey *out, const struct reservation *owner)
{
	if (owner && owner->life == LIFE_NONE)
		out->left = owner;
}
