/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/holding.h"

#include "conf/settings.h"
#include "str.h"

static enum holding by_policy(const struct held_device *d, enum holder_kind kind)
{
	static const enum holding holdings[HOLDERS_POLICIES] = {
		[HOLDERS_REFUSE] = HOLDING_REFUSED,
		[HOLDERS_IGNORE] = HOLDING_NOTHING,
		[HOLDERS_TRY] = HOLDING_TRIED,
		[HOLDERS_ASK] = HOLDING_ASKED,
	};

	return holdings[settings_holders(d->settings, d->address, kind)];
}

/* The hook does not see the end of libvirt's unbind, so it cannot try one. */
static enum holding where_libvirt_binds(const struct held_device *d, enum holder_kind kind)
{
	enum managed_check managed = settings_managed(d->settings, d->address);
	enum holding holding = by_policy(d, kind);

	if (managed == MANAGED_NO || holding == HOLDING_NOTHING)
		return HOLDING_NOTHING;
	if (managed == MANAGED_ESSENTIAL)
		return kind == HOLDER_DISK ? HOLDING_REFUSED : HOLDING_NOTED;
	return holding == HOLDING_TRIED ? HOLDING_REFUSED : holding;
}

static enum holding of_kind(const struct held_device *d, enum holder_kind kind)
{
	if (kind == HOLDER_VFIO)
		return HOLDING_REFUSED;
	return d->role == ROLE_MANAGED ? where_libvirt_binds(d, kind) : by_policy(d, kind);
}

/*
 * Another VM's QEMU has a USB device or a keyboard open by itself. A name is enough: a user
 * who imitates it only keeps what this user has open.
 */
static bool is_emulator(const struct holder *h)
{
	return str_starts(h->command, "qemu") || str_eq(h->command, "kvm");
}

enum holding holding_of(const struct held_device *d, const struct holder *h)
{
	return is_emulator(h) ? HOLDING_REFUSED : of_kind(d, h->node->kind);
}

enum holding holding_of_hidden(const struct held_device *d, const struct nodes *nodes)
{
	enum holding strictest = HOLDING_NOTHING;

	for (size_t i = 0; i < nodes->n; i++) {
		enum holding holding = of_kind(d, nodes->v[i].kind);

		strictest = holding > strictest ? holding : strictest;
	}
	return strictest;
}
