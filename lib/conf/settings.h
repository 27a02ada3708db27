/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/settingholders.h"
#include "device/vfproperty.h"
#include "str.h"

struct arena;
struct host;
struct mistakes;

#define SETTINGS_FILE "kvmshim.conf"

/* An option of a newer or a vendor's QEMU, named by the admin. */
struct extra_option {
	const char *name; /* without dashes */
	bool has_arg;
};

/* An attribute that a device is to have while a VM has it: power/control, … */
struct attribute_setting {
	const char *name, *value;
};

/* [device ADDRESS] */
struct device_settings {
	const char *address; /* as pciaddr_spell() spells it */
	unsigned line;
	/* expect = 10de:1b06 subsystem=… serial=…; each NULL if not given */
	const char *expect_id, *expect_subsystem, *expect_serial;
	struct strv stop_units;  /* while a VM has the device */
	struct strv pause_units; /* only while its driver changes */
	struct strv start_units; /* while a VM has the device: started, and stopped again */
	struct strv units_before_unbind, units_while_unbound; /* started there, once each */
	struct strv end_sessions; /* seats */
	struct strv unload_modules; /* before the unbind, in this order; as sysfs names them */
	struct strv load_modules; /* before all else; they stay loaded */
	/*
	 * d3cold_allowed = 0|1, power = on|auto (power/control), reset_method = …,
	 * sriov_numvfs = N
	 */
	struct attribute_setting *attributes;
	size_t n_attributes, attributes_cap;
	const char *vf[VF_PROPERTIES]; /* of a VF: texts of vf_property_text(); NULL: not given */
	int unbind_timeout; /* seconds; that of [hook] if not given */
	const char *mdev_type;
	bool rescan; /* at the return, if its driver does not bind it: remove it, and scan the bus */
	enum holder_policy holders[HOLDER_KINDS]; /* HOLDERS_UNSET: as in [hook] */
	enum managed_check managed;
};

/* [hook] */
struct hook_settings {
	bool enabled;
	struct strv unbind_drivers; /* globs */
	bool companions_auto;
	struct strv companion_drivers; /* globs: more drivers, of companions only */
	int unbind_timeout, holders_wait; /* seconds */
	bool hugepages_allocate;
	bool pid_namespace_warn; /* else refuse */
	bool release_console;
	enum holder_policy holders[HOLDER_KINDS]; /* HOLDERS_UNSET: the default */
	enum managed_check managed;
};

/* kvmshim.conf(5), with its defaults. */
struct settings {
	const char *path;
	/* [wrapper] */
	bool enabled;
	bool pass_on_error;
	const char *real; /* NULL: NAME.real beside the wrapper */
	struct extra_option *extra;
	size_t n_extra;
	struct hook_settings hook;
	struct device_settings *devices;
	size_t n_devices, devices_cap;
};

struct file;

/* The text of one file, over the defaults. */
void settings_parse(struct arena *a, const struct file *file, struct settings *s,
		    struct mistakes *m);

/* A missing file is all defaults. A key that was right is kept though others are mistakes. */
void settings_read(const struct host *host, struct settings *s, struct mistakes *m);

/* The [device] section of a function; NULL if the function has none. */
const struct device_settings *settings_of_device(const struct settings *s, const char *address);

/* Does the hook stop this unit for the device of this section (NULL: none), if only for a moment? */
bool settings_stop_unit(const struct device_settings *d, const char *unit);

/* The value that this section (NULL: none) sets an attribute to; NULL: it does not set it. */
const char *settings_attribute(const struct device_settings *d, const char *name);

/* The first property of a virtual function that this section (NULL: none) sets; VF_PROPERTIES: none. */
enum vf_property settings_vf_first(const struct device_settings *d);

/* A section of a bridge is for the devices below it: does it set this attribute then? */
bool settings_is_of_bridge(const char *attribute);
/* The first key of a section that a bridge does not have; NULL: none. */
const char *settings_not_of_bridge(const struct device_settings *d);

/* The policy for a holder of this kind of this function. Never HOLDERS_UNSET. */
enum holder_policy settings_holders(const struct settings *s, const char *address,
				    enum holder_kind kind);

/* The checks of this function where libvirt binds it. Never MANAGED_UNSET. */
enum managed_check settings_managed(const struct settings *s, const char *address);

/* May the hook take a device from this driver? companion: one that comes along with another. */
bool settings_may_unbind(const struct settings *s, const char *driver, bool companion);
