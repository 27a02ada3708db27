/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/settingdevice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf/settings.h"
#include "conf/settingvalue.h"
#include "conf/unitnames.h"
#include "conf/words.h"
#include "device/deviceid.h"
#include "device/vfproperty.h"
#include "str.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS	"0123456789"

/* ---- expect ---- */

/* "10de:1b06" in small letters; NULL for anything else. */
static const char *pci_id(struct arena *a, const char *text)
{
	char *id = arena_strdup(a, text);

	if (!deviceid_is(text))
		return NULL;
	for (char *c = id; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return id;
}

/* A word behind the first; false if it is not one of the two, or if one is given twice. */
static bool expect_word(struct arena *a, const char *word, const char **subsystem,
			const char **serial)
{
	if (str_starts(word, "subsystem=") && !*subsystem) {
		*subsystem = pci_id(a, word + strlen("subsystem="));
		return *subsystem != NULL;
	}
	if (str_starts(word, "serial=") && !*serial) {
		*serial = word + strlen("serial=");
		return **serial != '\0';
	}
	return false;
}

static const char *set_expect(const struct setting_place *p, const char *value)
{
	static const char wanted[] = "VENDOR:DEVICE [subsystem=VENDOR:DEVICE] [serial=TEXT], such as "
				     "10de:1b06 subsystem=10de:3609";
	const char *id, *subsystem = NULL, *serial = NULL;
	struct strv words = { 0 };

	if (words_parse(p->arena, value, &words, NULL) < 0 || words.n == 0)
		return wanted;
	id = pci_id(p->arena, words.v[0]);
	if (!id)
		return wanted;
	for (size_t i = 1; i < words.n; i++)
		if (!expect_word(p->arena, words.v[i], &subsystem, &serial))
			return wanted;
	p->device->expect_id = id;
	p->device->expect_subsystem = subsystem;
	p->device->expect_serial = serial;
	return NULL;
}

/* ---- units, sessions, modules ---- */

#define SEAT_NAME_MAX 255

/* seat_name_is_valid() of systemd */
static const char *seat_name(struct arena *a, const char *word)
{
	(void)a;
	return str_starts(word, "seat") && word[4] && !word[strspn(word, LETTERS DIGITS "_-")] &&
			       strlen(word) <= SEAT_NAME_MAX
		       ? word
		       : NULL;
}

/* Words between commas and blanks. false: one of them is not valid. */
static bool set_names(const struct setting_place *p, const char *value,
		      const char *(*name)(struct arena *a, const char *word), struct strv *list)
{
	static const char between[] = ", \t";
	struct strv names = p->append ? *list : (struct strv){ 0 };

	for (value += strspn(value, between); *value; value += strspn(value, between)) {
		size_t len = strcspn(value, between);
		const char *one = name(p->arena, arena_strndup(p->arena, value, len));

		if (!one)
			return false;
		strv_push(p->arena, &names, one);
		value += len;
	}
	*list = names;
	return true;
}

static const char units_wanted[] = "names of systemd units, such as ollama.service, jupyter.service";

static const char *set_stop_units(const struct setting_place *p, const char *value)
{
	return set_names(p, value, unitnames_spell, &p->device->stop_units) ? NULL : units_wanted;
}

/* No unit of the host starts the programs of a scope. wanted: what the value must be. */
static const char *set_startable(const struct setting_place *p, const char *value,
				 const char *wanted, struct strv *list)
{
	struct strv units = p->append ? *list : (struct strv){ 0 };

	if (!set_names(p, value, unitnames_spell, &units))
		return units_wanted;
	for (size_t i = 0; i < units.n; i++)
		if (str_ends(units.v[i], ".scope"))
			return wanted;
	*list = units;
	return NULL;
}

static const char *set_pause_units(const struct setting_place *p, const char *value)
{
	return set_startable(p, value,
			     "names of systemd units that can be started again; a scope cannot",
			     &p->device->pause_units);
}

static const char startable_wanted[] = "names of systemd units that can be started; a scope cannot";

static const char *set_start_units(const struct setting_place *p, const char *value)
{
	return set_startable(p, value, startable_wanted, &p->device->start_units);
}

static const char *set_units_before_unbind(const struct setting_place *p, const char *value)
{
	return set_startable(p, value, startable_wanted, &p->device->units_before_unbind);
}

static const char *set_units_while_unbound(const struct setting_place *p, const char *value)
{
	return set_startable(p, value, startable_wanted, &p->device->units_while_unbound);
}

static const char *set_end_sessions(const struct setting_place *p, const char *value)
{
	return set_names(p, value, seat_name, &p->device->end_sessions)
		       ? NULL
		       : "names of seats, such as seat0";
}

/* As sysfs has it, with '_' for '-'; MODULE_NAME_LEN of linux/module.h is less than 64. */
static const char *module_name(struct arena *a, const char *word)
{
	char *name = arena_strdup(a, word);

	if (*word == '-' || word[strspn(word, LETTERS DIGITS "_-")] || strlen(word) >= 64)
		return NULL;
	for (char *c = name; *c; c++)
		*c = (char)(*c == '-' ? '_' : *c);
	return name;
}

static const char *set_unload_modules(const struct setting_place *p, const char *value)
{
	return set_names(p, value, module_name, &p->device->unload_modules)
		       ? NULL
		       : "names of kernel modules, such as nvidia_uvm, nvidia_drm, nvidia_modeset";
}

static const char *set_load_modules(const struct setting_place *p, const char *value)
{
	return set_names(p, value, module_name, &p->device->load_modules)
		       ? NULL
		       : "names of kernel modules, such as vendor-reset";
}

/* ---- attributes ---- */

/* Documentation/ABI/testing/sysfs-bus-pci and sysfs-devices-power have these. */
static void add_attribute(const struct setting_place *p, const char *name, const char *value)
{
	struct device_settings *d = p->device;

	*arena_push(p->arena, d->attributes, d->n_attributes, d->attributes_cap) =
		(struct attribute_setting){ name, value };
}

static const char *set_d3cold_allowed(const struct setting_place *p, const char *value)
{
	if (!str_eq(value, "0") && !str_eq(value, "1"))
		return "0 or 1";
	add_attribute(p, "d3cold_allowed", value);
	return NULL;
}

static const char *set_power(const struct setting_place *p, const char *value)
{
	if (!str_eq(value, "on") && !str_eq(value, "auto"))
		return "on or auto";
	add_attribute(p, "power/control", value);
	return NULL;
}

static const char *set_reset_method(const struct setting_place *p, const char *value)
{
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz_ \t")])
		return "names of reset methods separated by blanks, such as flr bus; or default; "
		       "or empty, for none";
	add_attribute(p, "reset_method", value);
	return NULL;
}

static const char *set_sriov_numvfs(const struct setting_place *p, const char *value)
{
	size_t len = strspn(value, DIGITS);

	/* sriov_numvfs_store() of the kernel: an unsigned short */
	if (len == 0 || len > 5 || value[len] || strtol(value, NULL, 10) > 65535)
		return "a number of virtual functions, 0 for none";
	add_attribute(p, "sriov_numvfs", value);
	return NULL;
}

/* ---- properties of a virtual function ---- */

/* The key names the property. */
static const char *set_vf(const struct setting_place *p, const char *value)
{
	enum vf_property which = vf_property_named(p->key);
	struct vf_value v;

	if (!vf_property_parse(p->arena, which, value, &v) || !vf_property_may_be(which, &v))
		return vf_property_wanted(which);
	p->device->vf[which] = vf_property_text(p->arena, which, &v);
	return NULL;
}

/* ---- the rest ---- */

static const char *set_unbind_timeout(const struct setting_place *p, const char *value)
{
	int seconds = setting_seconds(value, 1, 600);

	if (seconds < 0)
		return "a number of seconds from 1 to 600";
	p->device->unbind_timeout = seconds;
	return NULL;
}

static const char *set_mdev_type(const struct setting_place *p, const char *value)
{
	if (strchr(".-", *value) || value[strspn(value, LETTERS DIGITS "_.-")])
		return "a name in mdev_supported_types, such as nvidia-63";
	p->device->mdev_type = value;
	return NULL;
}

static const char *set_on_return(const struct setting_place *p, const char *value)
{
	if (!str_eq(value, "bind") && !str_eq(value, "rescan"))
		return "bind or rescan";
	p->device->rescan = str_eq(value, "rescan");
	return NULL;
}

static const char *set_holders(const struct setting_place *p, const char *value)
{
	return setting_holders(p, p->device->holders, value);
}

static const char *set_managed(const struct setting_place *p, const char *value)
{
	return setting_managed(&p->device->managed, value);
}

const struct setting_key setting_device_keys[] = {
	{ "expect", set_expect, .words = true },
	{ "stop-units", set_stop_units, .list = true },
	{ "pause-units", set_pause_units, .list = true },
	{ "start-units", set_start_units, .list = true },
	{ "units-before-unbind", set_units_before_unbind, .list = true },
	{ "units-while-unbound", set_units_while_unbound, .list = true },
	{ "end-sessions", set_end_sessions, .list = true },
	{ "unload-modules", set_unload_modules, .list = true },
	{ "load-modules", set_load_modules, .list = true },
	{ "unbind-timeout", set_unbind_timeout },
	{ "mdev-type", set_mdev_type },
	{ "on-return", set_on_return },
	{ "holders", set_holders, .list = true },
	{ "managed", set_managed },
	{ "d3cold_allowed", set_d3cold_allowed },
	{ "power", set_power },
	{ "reset_method", set_reset_method },
	{ "sriov_numvfs", set_sriov_numvfs },
	{ "vf-mac", set_vf },
	{ "vf-vlan", set_vf },
	{ "vf-trust", set_vf },
	{ "vf-spoofchk", set_vf },
	{ "vf-link-state", set_vf },
	{ "vf-max-rate", set_vf },
	{ "vf-node-guid", set_vf },
	{ "vf-port-guid", set_vf },
	{ NULL },
};
_Static_assert(SETTING_KEYS_FIT(setting_device_keys), "keys of [device]");
