/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [hook] and [device ADDRESS] of kvmshim.conf, and the example of all of it. */
#include "conf/settings.h"

#include "file.h"
#include "mistake.h"
#include "str.h"
#include "unit.h"

static void parse(const char *text, struct settings *s, struct mistakes *m)
{
	struct file file = { .path = "f", .text = text, .len = text ? strlen(text) : 0 };

	*m = (struct mistakes){ .arena = &arena };
	settings_parse(&arena, &file, s, m);
}

static const char *hook_text(const struct hook_settings *h)
{
	struct strbuf b = { .arena = &arena };

	strbuf_addf(&b, "%s %s %d %d %s %s", h->enabled ? "on" : "off",
		    h->companions_auto ? "auto" : "refuse", h->unbind_timeout, h->holders_wait,
		    h->hugepages_allocate ? "allocate" : "check", h->release_console ? "yes" : "no");
	for (size_t i = 0; h->unbind_drivers.n < 10 && i < h->unbind_drivers.n; i++)
		strbuf_addf(&b, " %s", h->unbind_drivers.v[i]);
	return strbuf_text(&b);
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static void add_names(struct strbuf *b, const char *key, const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		strbuf_addf(b, " %s %s", key, names->v[i]);
}

/* "ADDRESS ID SUBSYSTEM SERIAL TIMEOUT MDEV units… | attributes…\n" for each. */
static const char *devices_text(const struct settings *s)
{
	struct strbuf b = { .arena = &arena };

	strbuf_add(&b, "");
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct device_settings *d = &s->devices[i];

		strbuf_addf(&b, "%s %s %s %s %d %s", d->address, or_dash(d->expect_id),
			    or_dash(d->expect_subsystem), or_dash(d->expect_serial),
			    d->unbind_timeout, or_dash(d->mdev_type));
		for (size_t k = 0; k < d->stop_units.n; k++)
			strbuf_addf(&b, " %s", d->stop_units.v[k]);
		add_names(&b, "pause", &d->pause_units);
		add_names(&b, "start", &d->start_units);
		add_names(&b, "before", &d->units_before_unbind);
		add_names(&b, "unbound", &d->units_while_unbound);
		add_names(&b, "end", &d->end_sessions);
		add_names(&b, "unload", &d->unload_modules);
		add_names(&b, "load", &d->load_modules);
		strbuf_add(&b, d->rescan ? " rescan |" : " |");
		for (size_t k = 0; k < d->n_attributes; k++)
			strbuf_addf(&b, " %s=%s", d->attributes[k].name, d->attributes[k].value);
		for (enum vf_property k = VF_MAC; k < VF_PROPERTIES; k++)
			if (d->vf[k])
				strbuf_addf(&b, " %s=%s", vf_property_names[k], d->vf[k]);
		strbuf_addc(&b, '\n');
	}
	return strbuf_text(&b);
}

#define HOOK_DEFAULTS "on refuse 15 10 check no"

static const struct machine {
	const char *name, *text, *hook, *devices;
} machines[] = {
	{ "nothing is all defaults", NULL, HOOK_DEFAULTS, "" },
	{ "an empty [hook] too", "[hook]\n", HOOK_DEFAULTS, "" },
	{ "the switch of the hook is not that of the wrapper", "[wrapper]\nenabled = no\n", HOOK_DEFAULTS,
	  "" },
	{ "all of [hook]",
	  "[hook]\nenabled = no\nunbind-drivers = nvidia, snd_*,\ncompanions = auto\n"
	  "unbind-timeout = 600\nholders-wait = 0\nhugepages = allocate\nrelease-console = yes\n",
	  "off auto 600 0 allocate yes nvidia snd_*", "" },
	{ "a list that is added to", "[hook]\nunbind-drivers = nvidia\nunbind-drivers += a, b-*\n"
	  "unbind-drivers += c\n[device 05:00.0]\nstop-units += a\nstop-units += b.timer\n",
	  HOOK_DEFAULTS " nvidia a b-* c", "0000:05:00.0 - - - 15 - a.service b.timer |\n" },
	{ "a device of which nothing is said", "[device 0000:05:00.0]\n", HOOK_DEFAULTS,
	  "0000:05:00.0 - - - 15 - |\n" },
	{ "addresses in other spellings", "[device 5:0.0]\n[device 0000:AF:00.1 ]\n[device\t10000:1:0.0]\n",
	  HOOK_DEFAULTS,
	  "0000:05:00.0 - - - 15 - |\n0000:af:00.1 - - - 15 - |\n10000:01:00.0 - - - 15 - |\n" },
	{ "all of a device",
	  "[device 05:00.0]\nexpect = 10DE:1b06 serial=\"S 1\" subsystem=10de:3609\n"
	  "stop-units = ollama, jupyter@a.service\td-bus.socket a\\x2db.foo\nunbind-timeout = 60\n"
	  "mdev-type = nvidia-63\nd3cold_allowed = 0\npower = on\nreset_method = flr bus\n"
	  "sriov_numvfs = 0\n",
	  HOOK_DEFAULTS,
	  "0000:05:00.0 10de:1b06 10de:3609 S 1 60 nvidia-63 ollama.service jupyter@a.service "
	  "d-bus.socket a\\x2db.foo.service | d3cold_allowed=0 power/control=on reset_method=flr bus "
	  "sriov_numvfs=0\n" },
	{ "properties of a virtual function",
	  "[device 06:10.0]\nvf-mac = 52:54:00:AB:cd:01\nvf-vlan = 100  qos=3\nvf-trust = on\n"
	  "vf-spoofchk = off\nvf-link-state = enable\nvf-max-rate = 1000\n"
	  "vf-node-guid = 00:11:22:33:44:55:66:77\nvf-port-guid = 00:11:22:33:44:55:66:78\n",
	  HOOK_DEFAULTS,
	  "0000:06:10.0 - - - 15 - | vf-mac=52:54:00:ab:cd:01 vf-vlan=100 qos=3 vf-trust=on "
	  "vf-spoofchk=off vf-link-state=enable vf-max-rate=1000 vf-node-guid=00:11:22:33:44:55:66:77 "
	  "vf-port-guid=00:11:22:33:44:55:66:78\n" },
	{ "values in quotes", "[device 05:00.0]\nexpect = \"10de:1b06\"\nstop-units = \"a, b\"\n",
	  HOOK_DEFAULTS, "0000:05:00.0 10de:1b06 - - 15 - a.service b.service |\n" },
	{ "no reset at all", "[device 05:00.0]\nreset_method =\npower = auto\nd3cold_allowed = 1\n",
	  HOOK_DEFAULTS,
	  "0000:05:00.0 - - - 15 - | reset_method= power/control=auto d3cold_allowed=1\n" },
	{ "units that pause, and seats",
	  "[device 05:00.0]\npause-units = nvidia-persistenced, a.socket\npause-units += b\n"
	  "end-sessions = seat0 seat-pci-0\nend-sessions += seat1\n",
	  HOOK_DEFAULTS, "0000:05:00.0 - - - 15 - pause nvidia-persistenced.service pause a.socket pause b.service "
	  "end seat0 end seat-pci-0 end seat1 |\n" },
	{ "modules, as sysfs names them",
	  "[device 05:00.0]\nunload-modules = nvidia-uvm nvidia_drm\nunload-modules += nvidia_modeset\n",
	  HOOK_DEFAULTS, "0000:05:00.0 - - - 15 - unload nvidia_uvm unload nvidia_drm unload nvidia_modeset |\n" },
	{ "the admin's own steps",
	  "[device 05:00.0]\nstart-units = fan, a.target\nunits-before-unbind = b@1\nunits-before-unbind += c\n"
	  "units-while-unbound = d\nload-modules = vendor-reset, x\n",
	  HOOK_DEFAULTS, "0000:05:00.0 - - - 15 - start fan.service start a.target before b@1.service before "
	  "c.service unbound d.service load vendor_reset load x |\n" },
	{ "what the return does", "[device 05:00.0]\non-return = rescan\n", HOOK_DEFAULTS,
	  "0000:05:00.0 - - - 15 - rescan |\n" },
	{ "nothing to be stopped", "[device 05:00.0]\nstop-units =\n", HOOK_DEFAULTS,
	  "0000:05:00.0 - - - 15 - |\n" },
	{ "a device's timeout is that of [hook], wherever that stands",
	  "[device 05:00.0]\n[device 06:00.0]\nunbind-timeout = 2\n[hook]\nunbind-timeout = 30\n",
	  "on refuse 30 10 check no", "0000:05:00.0 - - - 30 - |\n0000:06:00.0 - - - 2 - |\n" },
};

static void reads_machines(void **state)
{
	const struct machine *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	if (m.n)
		fail_msg("%s", mistake_text(&arena, &m.v[0]));
	assert_text(hook_text(&s.hook), row->hook);
	assert_text(devices_text(&s), row->devices);
}

static const struct bad {
	const char *name, *text, *says;
} bad[] = {
	{ "keys of another section", "[wrapper]\ncompanions = auto\n", "f:2: error: 'companions' belongs in [hook]" },
	{ "[hook] twice", "[hook]\n[wrapper]\n[hook]\n",
	  "f:3: error: section [hook] is given twice: first at line 1" },
	{ "a key of [hook] twice", "[hook]\nenabled = no\nenabled = yes\n",
	  "f:3: error: 'enabled' is given twice: first at line 2" },
	{ "an unknown key of [hook], with the nearest", "[hook]\nholder-wait = 1\n",
	  "f:2: error: unknown key 'holder-wait' (did you mean 'holders-wait'?)" },
	{ "the hook's enabled", "[hook]\nenabled = 1\n", "f:2: error: enabled = 1: must be yes or no" },
	{ "a disk that is unbound in use", "[wrapper]\n[hook]\nholders = sound:try, disk:try\n",
	  "f:3: error: holders = sound:try, disk:try: must be disk:refuse, because the unbind of a disk in use loses data" },
	{ "also of one device", "[device 05:00.0]\nholders = disk:ignore\n", "f:2: error: holders = disk:ignore: must be disk:refuse" },
	{ "a kind that kvmshim does not have", "[hook]\nholders = hidraw:ignore\n",
	  "f:2: error: holders = hidraw:ignore: must be KIND:POLICY, separated by commas" },
	{ "a policy that kvmshim does not have", "[hook]\nholders = sound:kill\n", "f:2: error: holders = sound:kill" },
	{ "a kind alone", "[hook]\nholders = sound\n", "f:2: error: holders = sound: must be KIND:POLICY" },
	{ "a policy alone", "[hook]\nholders = :try\n", "f:2: error: holders = :try" },
	{ "kinds with blanks between them", "[hook]\nholders = sound:try usb:try\n", "f:2: error: holders" },
	{ "a kind twice", "[hook]\nholders = sound:try, sound:refuse\n",
	  "f:2: error: holders = sound:try, sound:refuse: must be KIND:POLICY with each KIND once" },
	{ "a kind that is added again", "[hook]\nholders = sound:try\nholders += sound:refuse\n", "f:3: error: holders += sound:refuse: must be" },
	{ "who cannot be asked", "[hook]\nholders = sound:ask\n", "f:2: error: holders = sound:ask: must be drm:ask" },
	{ "the device node of VFIO", "[hook]\nholders = vfio:ignore\n", "f:2: error: holders = vfio:ignore" },
	{ "managed", "[hook]\nmanaged = yes\n", "f:2: error: managed = yes: must be check, essential or no" },
	{ "managed of a device", "[device 05:00.0]\nmanaged = refuse\n", "f:2: error: managed = refuse: must be" },
	{ "managed is no list", "[hook]\nmanaged += no\n", "f:2: error: '+=' adds to a list, and managed is not a list" },
	{ "drivers with blanks between them", "[hook]\nunbind-drivers = nvidia nouveau\n",
	  "f:2: error: unbind-drivers = nvidia nouveau: must be names of drivers separated by commas, such as " },
	{ "two commas between drivers", "[hook]\nunbind-drivers = nvidia,,nouveau\n",
	  "f:2: error: unbind-drivers" },
	{ "a list that is begun after it was added to", "[hook]\nunbind-drivers += a\nunbind-drivers = b\n",
	  "f:3: error: 'unbind-drivers' is given twice: first at line 2" },
	{ "what is added is judged", "[hook]\nunbind-drivers += a b\n",
	  "f:2: error: unbind-drivers += a b: must be names of drivers" },
	{ "a word is no list", "[hook]\nhugepages += allocate\n",
	  "f:2: error: '+=' adds to a list, and hugepages is not a list; write hugepages = VALUE" },
	{ "nor is a word of a device", "[device 05:00.0]\npower += on\n",
	  "f:2: error: '+=' adds to a list, and power is not a list" },
	{ "reset methods are one choice", "[device 05:00.0]\nreset_method += bus\n",
	  "f:2: error: '+=' adds to a list, and reset_method is not a list" },
	{ "nor is what is expected", "[device 05:00.0]\nexpect += 10de:1b06\n",
	  "f:2: error: '+=' adds to a list, and expect is not a list" },
	{ "an unknown list, with the nearest", "[hook]\nunbind-driver += a\n",
	  "f:2: error: unknown key 'unbind-driver' (did you mean 'unbind-drivers'?)" },
	{ "a driver with a sign in front", "[hook]\nunbind-drivers = -nvme\n",
	  "f:2: error: unbind-drivers = -nvme: must be names of drivers" },
	{ "one that looks like an operator", "[hook]\nunbind-drivers = +apex\n", "f:2: error: unbind-drivers" },
	{ "drivers that are excluded", "[hook]\nunbind-drivers = *, !nvme\n", "f:2: error: unbind-drivers" },
	{ "companions", "[hook]\ncompanions = yes\n",
	  "f:2: error: companions = yes: must be refuse, auto, or auto: and names of drivers" },
	{ "companions with drivers that stay", "[hook]\ncompanions = refuse: ccp\n", "f:2: error: companions = refuse: ccp" },
	{ "companions without the drivers", "[hook]\ncompanions = auto:\n", "f:2: error: companions = auto:: must be" },
	{ "companions without the colon", "[hook]\ncompanions = auto, ccp\n", "f:2: error: companions = auto, ccp" },
	{ "companions with a blank in between", "[hook]\ncompanions = auto: ccp i801_smbus\n", "f:2: error: companions" },
	{ "companions are not added to", "[hook]\ncompanions += auto\n", "f:2: error: '+=' adds to a list" },
	{ "a timeout of nothing", "[hook]\nunbind-timeout = 0\n",
	  "f:2: error: unbind-timeout = 0: must be a number of seconds from 1 to 600" },
	{ "a timeout that is too long", "[hook]\nunbind-timeout = 601\n",
	  "f:2: error: unbind-timeout = 601: must be a number of seconds" },
	{ "a number that wraps", "[hook]\nunbind-timeout = 4294967311\n",
	  "f:2: error: unbind-timeout = 4294967311: must be a number of seconds" },
	{ "a unit of time", "[hook]\nholders-wait = 10s\n",
	  "f:2: error: holders-wait = 10s: must be a number of seconds from 0 to 600" },
	{ "a negative time", "[hook]\nholders-wait = -1\n", "f:2: error: holders-wait = -1" },
	{ "no time", "[hook]\nholders-wait =\n", "f:2: error: holders-wait = : must be" },
	{ "pid-namespace", "[hook]\npid-namespace = yes\n",
	  "f:2: error: pid-namespace = yes: must be refuse or warn" },
	{ "hugepages", "[hook]\nhugepages = yes\n", "f:2: error: hugepages = yes: must be check or allocate" },
	{ "release-console", "[hook]\nrelease-console = vt\n",
	  "f:2: error: release-console = vt: must be yes or no" },
	{ "a device without an address", "[device]\nexpect = 10de:1b06\n",
	  "f:1: error: section [device]: must be device and the address of one function, such as "
	  "[device 0000:05:00.0]" },
	{ "a device by its slot", "[device 05:00]\n",
	  "f:1: error: section [device 05:00]: must be device and the address of one function" },
	{ "a device by its name", "[device gpu]\n", "f:1: error: section [device gpu]: must be" },
	{ "the same device in another spelling", "[device 0000:05:00.0]\n[device 5:0.0]\n",
	  "f:2: error: section [device 0000:05:00.0] is given twice: first at line 1" },
	{ "an unknown key of a device, with the nearest", "[device 05:00.0]\nreset-method = flr\n",
	  "f:2: error: unknown key 'reset-method' (did you mean 'reset_method'?)" },
	{ "an expectation without a vendor", "[device 05:00.0]\nexpect = 1b06\n",
	  "f:2: error: expect = 1b06: must be VENDOR:DEVICE [subsystem=VENDOR:DEVICE] [serial=TEXT]" },
	{ "none at all", "[device 05:00.0]\nexpect =\n", "f:2: error: expect = : must be" },
	{ "a vendor with an 0x", "[device 05:00.0]\nexpect = 0x10de:0x1b06\n", "f:2: error: expect" },
	{ "one with a letter beyond f", "[device 05:00.0]\nexpect = 10de:1g06\n", "f:2: error: expect" },
	{ "one with a wildcard", "[device 05:00.0]\nexpect = 10de:*\n", "f:2: error: expect" },
	{ "one in quotes as a whole", "[device 05:00.0]\nexpect = \"10de:1b06 serial=x\"\n",
	  "f:2: error: expect" },
	{ "one with a quote that does not end", "[device 05:00.0]\nexpect = 10de:1b06 serial=\"x\n",
	  "f:2: error: expect" },
	{ "a subsystem that is none", "[device 05:00.0]\nexpect = 10de:1b06 subsystem=3609\n",
	  "f:2: error: expect" },
	{ "a subsystem twice",
	  "[device 05:00.0]\nexpect = 10de:1b06 subsystem=10de:3609 subsystem=10de:3609\n",
	  "f:2: error: expect" },
	{ "an empty serial number", "[device 05:00.0]\nexpect = 10de:1b06 serial=\n", "f:2: error: expect" },
	{ "anything else expected", "[device 05:00.0]\nexpect = 10de:1b06 revision=a1\n",
	  "f:2: error: expect" },
	{ "a module that is a path", "[device 05:00.0]\nunload-modules = ../x\n",
	  "f:2: error: unload-modules = ../x: must be names of kernel modules" },
	{ "a module that is an option", "[device 05:00.0]\nunload-modules = -f\n",
	  "f:2: error: unload-modules = -f: must be names of kernel modules" },
	{ "a pause of a scope", "[device 05:00.0]\npause-units = a.scope\n",
	  "f:2: error: pause-units = a.scope: must be names of systemd units that can be started again" },
	{ "a pause of no unit", "[device 05:00.0]\npause-units = a/b\n", "f:2: error: pause-units = a/b: must be names" },
	{ "a start of a scope", "[device 05:00.0]\nstart-units = a.scope\n",
	  "f:2: error: start-units = a.scope: must be names of systemd units that can be started; a scope cannot" },
	{ "a scope before the unbind", "[device 05:00.0]\nunits-before-unbind = a.scope\n",
	  "f:2: error: units-before-unbind = a.scope: must be names of systemd units that can be started" },
	{ "a path while unbound", "[device 05:00.0]\nunits-while-unbound = /bin/true\n",
	  "f:2: error: units-while-unbound = /bin/true: must be names of systemd units" },
	{ "a module to load that is a path", "[device 05:00.0]\nload-modules = a/b\n",
	  "f:2: error: load-modules = a/b: must be names of kernel modules, such as vendor-reset" },
	{ "what no return does", "[device 05:00.0]\non-return = reset\n",
	  "f:2: error: on-return = reset: must be bind or rescan" },
	{ "a seat that is a session", "[device 05:00.0]\nend-sessions = 2\n",
	  "f:2: error: end-sessions = 2: must be names of seats, such as seat0" },
	{ "a seat that is a path", "[device 05:00.0]\nend-sessions = seat0, seat/../x\n", "f:2: error: end-sessions" },
	{ "no number of a seat", "[device 05:00.0]\nend-sessions = seat\n", "f:2: error: end-sessions" },
	{ "a unit that would be an option", "[device 05:00.0]\nstop-units = -H.service\n",
	  "f:2: error: stop-units = -H.service: must be names of systemd units" },
	{ "a unit with a path", "[device 05:00.0]\nstop-units = a, ../b\n", "f:2: error: stop-units" },
	{ "a unit with a wildcard", "[device 05:00.0]\nstop-units = nvidia-*\n", "f:2: error: stop-units" },
	{ "a device's timeout", "[device 05:00.0]\nunbind-timeout = 0\n",
	  "f:2: error: unbind-timeout = 0: must be a number of seconds from 1 to 600" },
	{ "an mdev-type with a path", "[device 05:00.0]\nmdev-type = ../x\n",
	  "f:2: error: mdev-type = ../x: must be a name" },
	{ "an mdev-type with a dash", "[device 05:00.0]\nmdev-type = -63\n",
	  "f:2: error: mdev-type = -63: must be a name" },
	{ "no mdev-type", "[device 05:00.0]\nmdev-type =\n", "f:2: error: mdev-type" },
	{ "d3cold_allowed", "[device 05:00.0]\nd3cold_allowed = no\n",
	  "f:2: error: d3cold_allowed = no: must be 0 or 1" },
	{ "power", "[device 05:00.0]\npower = off\n", "f:2: error: power = off: must be on or auto" },
	{ "sriov_numvfs", "[device 05:00.0]\nsriov_numvfs = -1\n",
	  "f:2: error: sriov_numvfs = -1: must be a number of virtual functions" },
	{ "too many sriov_numvfs", "[device 05:00.0]\nsriov_numvfs = 65536\n",
	  "f:2: error: sriov_numvfs = 65536: must be a number of virtual functions" },
	{ "a MAC address of a group", "[device 06:10.0]\nvf-mac = 01:00:5e:00:00:01\n",
	  "f:2: error: vf-mac = 01:00:5e:00:00:01: must be the MAC address of one station, such as "
	  "52:54:00:12:34:56" },
	{ "a VLAN too high", "[device 06:10.0]\nvf-vlan = 4095\n",
	  "f:2: error: vf-vlan = 4095: must be a VLAN from 1 to 4094, with qos=0-7 and proto=802.1Q or "
	  "802.1ad if needed; or 0, for none" },
	{ "trust", "[device 06:10.0]\nvf-trust = maybe\n", "f:2: error: vf-trust = maybe: must be on or off" },
	{ "spoofchk", "[device 06:10.0]\nvf-spoofchk =\n", "f:2: error: vf-spoofchk" },
	{ "a link state", "[device 06:10.0]\nvf-link-state = up\n",
	  "f:2: error: vf-link-state = up: must be auto, enable or disable" },
	{ "a rate", "[device 06:10.0]\nvf-max-rate = 1gbit\n",
	  "f:2: error: vf-max-rate = 1gbit: must be a number of Mbit/s, 0 for no limit" },
	{ "a GUID of zeros", "[device 06:10.0]\nvf-node-guid = 00:00:00:00:00:00:00:00\n",
	  "f:2: error: vf-node-guid = 00:00:00:00:00:00:00:00: must be a GUID of eight bytes, not all zero" },
	{ "half a GUID", "[device 06:10.0]\nvf-port-guid = 00:11:22:33\n", "f:2: error: vf-port-guid" },
	{ "reset_method", "[device 05:00.0]\nreset_method = flr, bus\n",
	  "f:2: error: reset_method = flr, bus: must be names of reset methods" },
	{ "keys of a device that is none are judged", "[device x]\npower = off\n",
	  "f:1: error: section [device x]" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	assert_true(m.errors > 0);
	assert_says(mistake_text(&arena, &m.v[0]), row->says);
}

/* What is right in a [device] counts; a second one for the same device does not. */
static void keeps_what_is_right(void **state)
{
	struct mistakes m;
	struct settings s;

	(void)state;
	parse("[device 05:00.0]\npower = on\nexpect = x\nd3cold_allowed = 0\n"
	      "[device 05:00.0]\nexpect = 10de:1b06\npower = off\n"
	      "[device 05:00]\nexpect = 10de:1b06\nmdev-type = /\n"
	      "[hook]\nhugepages = allocate\ncompanions = x\n",
	      &s, &m);
	assert_int_equal(m.errors, 6);
	assert_text(devices_text(&s),
		    "0000:05:00.0 - - - 15 - | power/control=on d3cold_allowed=0\n");
	assert_true(s.hook.hugepages_allocate);
	assert_int_equal(s.devices[0].line, 1);
}

static void finds_devices(void **state)
{
	struct mistakes m;
	struct settings s;

	(void)state;
	parse("[device 05:00.0]\n[device 06:00.1]\npower = on\n", &s, &m);
	assert_ptr_equal(settings_of_device(&s, "0000:06:00.1"), &s.devices[1]);
	assert_null(settings_of_device(&s, "0000:06:00.0"));
}

static const struct driver {
	const char *name, *text, *driver;
	bool may, companion;
} drivers[] = {
	{ "a graphics card's", "", "nvidia", true },
	{ "its sound", "", "snd_hda_intel", true },
	{ "its USB", "", "xhci_hcd", true },
	{ "its charger", "", "nvidia-gpu", true },
	{ "a network card's", "", "ixgbe", true },
	{ "a disk's", "", "nvme", true },
	{ "dashes for underscores", "", "mlx5-core", true },
	{ "underscores for dashes", "", "virtio_pci", true },
	{ "a port of the chipset", "", "pcieport", false },
	{ "one that nobody knows", "", "frobnicator", false },
	{ "one that begins alike", "", "nvidia_x", false },
	{ "no driver", "", "", false },
	{ "one that is named", "[hook]\nunbind-drivers = frob*\n", "frobnicator", true },
	{ "what is named is all", "[hook]\nunbind-drivers = frob*\n", "nvidia", false },
	{ "what is added is one of them", "[hook]\nunbind-drivers += frob*\n", "frobnicator", true },
	{ "and the others stay", "[hook]\nunbind-drivers += frob*\n", "nvidia", true },
	{ "the sound of a laptop", "", "sof-audio-pci-intel-tgl", true },
	{ "a TPU", "", "apex", true },
	{ "FireWire", "", "firewire_ohci", true },
	{ "Thunderbolt", "", "thunderbolt", true },
	{ "Realtek's own", "", "r8126", true },
	{ "Broadcom's wireless", "", "brcmfmac", true },
	{ "Realtek's wireless of older kernels", "", "rtw_8822be", true },
	{ "and of newer kernels", "", "rtw88_8822be", true },
	{ "a part of the host", "", "i801_smbus", false },
	{ "its security processor", "", "ccp", false },
	{ "its volume management", "", "vmd", false },
	{ "a companion's", "[hook]\ncompanions = auto: i801_smbus, ccp\n", "i801_smbus", true, true },
	{ "with dashes", "[hook]\ncompanions = auto:i801-smbus,intel-*,\n", "i801_smbus", true, true },
	{ "but not a requested device's", "[hook]\ncompanions = auto: i801_smbus, ccp\n", "ccp", false },
	{ "nor another one", "[hook]\ncompanions = auto: i801_smbus, ccp\n", "lpc_ich", false, true },
	{ "companions can be unbound from all others", "[hook]\ncompanions = auto: ccp\n", "nvme", true, true },
	{ "dashes in a glob", "[hook]\nunbind-drivers = my-*-drv\n", "my_own_drv", true },
	{ "none may be unbound", "[hook]\nunbind-drivers =\n", "nvidia", false },
	{ "a list with a mistake is not taken in part", "[hook]\nunbind-drivers = frob, a b\n", "frob",
	  false },
};

static void may_unbind(void **state)
{
	const struct driver *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	assert_int_equal(settings_may_unbind(&s, row->driver, row->companion), row->may);
}

/* ---- who has it open ---- */

/* "disk:refuse … managed" of 0000:05:00.0. */
static const char *policies_text(const struct settings *s)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < HOLDER_KINDS; i++)
		strbuf_addf(&b, "%s:%s ", holder_kind_names[i],
			    holder_policy_names[settings_holders(s, "0000:05:00.0", (enum holder_kind)i)]);
	strbuf_add(&b, managed_check_names[settings_managed(s, "0000:05:00.0")]);
	return strbuf_text(&b);
}

#define BEFORE_DRM "other:refuse disk:refuse net:refuse "

static const struct policies {
	const char *name, *text, *want;
} policies[] = {
	{ "by default", "",
	  BEFORE_DRM "drm:refuse nvidia:refuse sound:try input:ignore usb:try essential" },
	{ "those of [hook]; the others stay", "[hook]\nholders = drm:ask, sound : refuse,\nmanaged = check\n",
	  BEFORE_DRM "drm:ask nvidia:refuse sound:refuse input:ignore usb:try check" },
	{ "more of them", "[hook]\nholders = drm:ask\nholders += usb:refuse, other:ignore, disk:refuse\n",
	  "other:ignore disk:refuse net:refuse drm:ask nvidia:refuse sound:try input:ignore usb:refuse essential" },
	{ "a device's go before those of [hook]",
	  "[device 5:0.0]\nholders = sound:refuse\nmanaged = no\n[hook]\nholders = sound:ignore, usb:ignore\nmanaged = check\n",
	  BEFORE_DRM "drm:refuse nvidia:refuse sound:refuse input:ignore usb:ignore no" },
	{ "not another device's", "[device 5:0.1]\nholders = sound:refuse\nmanaged = no\n",
	  BEFORE_DRM "drm:refuse nvidia:refuse sound:try input:ignore usb:try essential" },
	{ "none", "[hook]\nholders =\n",
	  BEFORE_DRM "drm:refuse nvidia:refuse sound:try input:ignore usb:try essential" },
	{ "a value with a mistake counts for nothing", "[hook]\nholders = sound:refuse, disk:try\n",
	  BEFORE_DRM "drm:refuse nvidia:refuse sound:try input:ignore usb:try essential" },
};

static void has_policies(void **state)
{
	const struct policies *row = *state;
	struct mistakes m;
	struct settings s;

	parse(row->text, &s, &m);
	assert_text(policies_text(&s), row->want);
}

/* ---- the example ---- */

/* Lines of the file that are keys or sections behind a '#'; text without a blank after it. */
static const char *uncommented(const char *text)
{
	struct strbuf b = { .arena = &arena };

	for (; *text; text++) {
		bool begins = b.len == 0 || b.text[b.len - 1] == '\n';

		if (begins && *text == '#' && text[1] != ' ' && text[1] != '\n' && text[1] != '#')
			continue;
		strbuf_addc(&b, *text);
	}
	return strbuf_text(&b);
}

static void example(const char *(*change)(const char *), struct settings *s)
{
	struct mistakes m;
	struct file file;

	assert_int_equal(file_read_any(&arena, "contrib/kvmshim.conf", &file, NULL), 0);
	parse(change ? change(file.text) : file.text, s, &m);
	if (m.n)
		fail_msg("%s", mistake_text(&arena, &m.v[0]));
}

static void example_is_all_defaults(void **state)
{
	struct settings s;

	(void)state;
	example(NULL, &s);
	assert_true(s.enabled);
	assert_false(s.pass_on_error);
	assert_null(s.real);
	assert_text(hook_text(&s.hook), HOOK_DEFAULTS);
	assert_int_equal(s.n_devices, 0);
}

/* Every key stands in it, those of [wrapper] and [hook] with what they are by default. */
static void example_tells_the_defaults(void **state)
{
	struct settings s, none;
	struct mistakes m;

	(void)state;
	parse(NULL, &none, &m);
	example(uncommented, &s);
	assert_int_equal(s.enabled, none.enabled);
	assert_int_equal(s.pass_on_error, none.pass_on_error);
	assert_int_equal(s.n_extra, 0);
	assert_text(hook_text(&s.hook), HOOK_DEFAULTS);
	assert_int_equal(s.hook.unbind_drivers.n, none.hook.unbind_drivers.n);
	for (size_t i = 0; i < none.hook.unbind_drivers.n; i++)
		assert_text(s.hook.unbind_drivers.v[i], none.hook.unbind_drivers.v[i]);
	for (size_t i = 0; i < HOLDER_KINDS; i++)
		assert_int_equal(s.hook.holders[i],
				 settings_holders(&none, "0000:09:00.0", (enum holder_kind)i));
	assert_int_equal(s.hook.managed, settings_managed(&none, "0000:09:00.0"));
	assert_int_equal(s.n_devices, 1);
	assert_int_equal(s.devices[0].n_attributes, 4);
	assert_int_equal(settings_vf_first(&s.devices[0]), VF_MAC);
}

int main(void)
{
	UNIT_ROWS(machines, reads_machines);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("what is right about a device is kept", keeps_what_is_right);
	UNIT_TEST("a device is found by its address", finds_devices);
	UNIT_ROWS(drivers, may_unbind);
	UNIT_ROWS(policies, has_policies);
	UNIT_TEST("the example is all defaults", example_is_all_defaults);
	UNIT_TEST("the example tells every default", example_tells_the_defaults);
	return unit_run("settingkeys");
}
