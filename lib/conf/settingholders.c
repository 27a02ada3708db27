/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settingholders.h"

#include <string.h>

#include "arena.h"
#include "conf/settingkeys.h"
#include "conf/settingvalue.h"
#include "str.h"

const char *const holder_policy_names[HOLDERS_POLICIES] = {
	[HOLDERS_REFUSE] = "refuse",
	[HOLDERS_IGNORE] = "ignore",
	[HOLDERS_TRY] = "try",
	[HOLDERS_ASK] = "ask",
};

const char *const managed_check_names[MANAGED_CHECKS] = {
	[MANAGED_CHECK] = "check",
	[MANAGED_ESSENTIAL] = "essential",
	[MANAGED_NO] = "no",
};

/*
 * Keyboards and USB devices are unplugged while programs have them open, so their drivers end
 * at once. A sound server closes its card when the driver says that the card is removed. The
 * unbind of the others can hang, or takes the work of the program away.
 */
void setting_holders_default(enum holder_policy policies[HOLDER_KINDS])
{
	for (size_t i = 0; i < HOLDER_KINDS; i++)
		policies[i] = HOLDERS_REFUSE;
	policies[HOLDER_SOUND] = HOLDERS_TRY;
	policies[HOLDER_USB] = HOLDERS_TRY;
	policies[HOLDER_INPUT] = HOLDERS_IGNORE;
}

/* The index of a word; n: none of them. An index that has no word is passed over. */
static size_t index_of(const char *const *words, size_t n, const char *word)
{
	size_t i = 0;

	while (i < n && !(words[i] && str_eq(words[i], word)))
		i++;
	return i;
}

static const char *set_one(enum holder_policy policies[HOLDER_KINDS], const char *kind,
			   const char *policy)
{
	size_t k = index_of(holder_kind_names, HOLDER_KINDS, kind);
	size_t p = index_of(holder_policy_names, HOLDERS_POLICIES, policy);

	if (k == HOLDER_KINDS || p == HOLDERS_POLICIES)
		return "KIND:POLICY, separated by commas; KIND: disk, net, drm, nvidia, sound, input, "
		       "usb, other; POLICY: refuse, ignore, try, ask";
	if (k == HOLDER_DISK && p != HOLDERS_REFUSE)
		return "disk:refuse, because the unbind of a disk in use loses data";
	if (p == HOLDERS_ASK && k != HOLDER_DRM)
		return "drm:ask, because only programs with a graphics card open can be asked";
	if (policies[k])
		return "KIND:POLICY with each KIND once";
	policies[k] = (enum holder_policy)p;
	return NULL;
}

const char *setting_holders(const struct setting_place *p, enum holder_policy policies[HOLDER_KINDS],
			    const char *value)
{
	enum holder_policy set[HOLDER_KINDS] = { 0 };

	if (p->append)
		memcpy(set, policies, sizeof(set));
	for (const char *item; (item = setting_item(p->arena, &value));) {
		const char *colon = strchr(item, ':');
		const char *kind = colon ? str_trim(p->arena, item, (size_t)(colon - item)) : "";
		const char *wanted = set_one(set, kind, colon ? str_skip_blanks(colon + 1) : item);

		if (wanted)
			return wanted;
	}
	memcpy(policies, set, sizeof(set));
	return NULL;
}

const char *setting_managed(enum managed_check *to, const char *value)
{
	size_t i = index_of(managed_check_names, MANAGED_CHECKS, value);

	if (i == MANAGED_CHECKS)
		return "check, essential or no";
	*to = (enum managed_check)i;
	return NULL;
}
