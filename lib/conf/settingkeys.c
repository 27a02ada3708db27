/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [wrapper] and [hook]; [device] is settingdevice.c's. */
#include "conf/settingkeys.h"

#include <string.h>

#include "arena.h"
#include "conf/settingdevice.h"
#include "conf/settings.h"
#include "conf/settingvalue.h"
#include "str.h"

/*
 * Drivers that let a device go while the host runs, as they call themselves in
 * /sys/bus/pci/drivers. Not in it: ports and bridges (pcieport, shpchp), what
 * the host itself is made of (lpc_ich, i801_smbus, intel_pmc), DMA engines, IOMMUs,
 * drivers that hold a device for somebody else (uio_pci_generic, igb_uio).
 */
static const char *default_drivers[] = {
	/* network */
	"8139cp", "8139too", "alx", "ath9k", "ath*_pci", "atl1*", "atlantic", "be2net", "bnx2", "bnx2x",
	"bnxt_en", "cxgb4", "cxgb4vf", "e100", "e1000", "e1000e", "ena", "enic", "fm10k",
	"forcedeth", "gve", "hinic*", "hns3", "i40e", "iavf", "ice", "idpf", "igb", "igbvf", "igc",
	"ionic", "iwlwifi", "ixgbe", "ixgbevf", "jme", "LiquidIO*", "mlx4_core", "mlx5_core", "mt7*",
	"nfp", "ngbe", "pcnet32", "qede", "qlcnic", "r8125", "r8168", "r8169", "rtw8*", "rvu_nic*",
	"sfc", "sfc_ef100", "sky2", "tg3", "txgbe", "virtio-pci", "vmxnet3",
	/* InfiniBand */
	"hfi1", "ib_mthca", "ib_qib",
	/* storage */
	"aacraid", "ahci", "arcmsr", "ata_*", "hpsa", "isci", "lpfc", "megaraid_sas", "mpi3mr",
	"mpt2sas", "mpt3sas", "mvsas", "nvme", "pata_*", "pm80xx", "qla2xxx", "qedf", "qedi",
	"rtsx_pci", "sata_*", "sdhci-pci", "smartpqi",
	/* USB */
	"ehci-pci", "ohci-pci", "uhci_hcd", "xhci_hcd", "xhci-pci*",
	/* sound, television */
	"bttv", "cx18", "cx23885", "ddbridge", "ngene", "saa7134", "saa7164", "snd_*",
	/* graphics, and what sits beside it on the card */
	"amdgpu", "ast", "bochs-drm", "cirrus*", "gma500", "hibmc-drm", "i2c-designware-pci", "i915",
	"mgag200", "nouveau", "nvidia", "nvidia-gpu", "qxl", "radeon", "xe",
	/* accelerators, serial lines */
	"4xxx", "420xx", "c3xxx*", "c4xxx", "c6xx*", "dh895xcc*", "habanalabs", "intel_vpu", "qaic",
	"serial",
	/* reserved for VMs already */
	"pci-stub",
};
#define N_DRIVERS (sizeof(default_drivers) / sizeof(default_drivers[0]))

void setting_hook_defaults(struct hook_settings *hook)
{
	*hook = (struct hook_settings){
		.enabled = true,
		.unbind_drivers = { default_drivers, N_DRIVERS, N_DRIVERS },
		.unbind_timeout = 15,
		.holders_wait = 10,
	};
}

static const char *set_bool(bool *to, const char *value)
{
	int on = str_to_bool(value);

	if (on < 0)
		return "yes or no";
	*to = on;
	return NULL;
}

/* A value that must be one of two words. */
static const char *set_second(bool *to, const char *value, const char *first, const char *second,
			      const char *wanted)
{
	if (!str_eq(value, first) && !str_eq(value, second))
		return wanted;
	*to = str_eq(value, second);
	return NULL;
}

/* ---- [wrapper] ---- */

static const char *set_enabled(const struct setting_place *p, const char *value)
{
	return set_bool(&p->settings->enabled, value);
}

static const char *set_on_error(const struct setting_place *p, const char *value)
{
	return set_second(&p->settings->pass_on_error, value, "refuse", "pass", "refuse or pass");
}

static const char *set_real(const struct setting_place *p, const char *value)
{
	if (*value != '/')
		return "an absolute path";
	p->settings->real = value;
	return NULL;
}

static bool extra_option_parse(const char *item, struct extra_option *o, struct arena *a)
{
	const char *colon = strrchr(item, ':');

	if (!colon || colon == item || *item == '-')
		return false;
	if (!str_eq(colon, ":arg") && !str_eq(colon, ":flag"))
		return false;
	o->name = arena_strndup(a, item, (size_t)(colon - item));
	o->has_arg = str_eq(colon, ":arg");
	return true;
}

static bool has_extra(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_extra; i++)
		if (str_eq(s->extra[i].name, name))
			return true;
	return false;
}

static const char *set_extra(const struct setting_place *p, const char *value)
{
	struct settings *s = p->settings;
	size_t cap = 0;

	for (const char *item; (item = setting_item(p->arena, &value));) {
		struct extra_option o;

		if (!extra_option_parse(item, &o, p->arena))
			return "NAME:arg or NAME:flag, separated by commas, without dashes";
		if (has_extra(s, o.name))
			return "NAME:arg or NAME:flag, each NAME once";
		*arena_push(p->arena, s->extra, s->n_extra, cap) = o;
	}
	return NULL;
}

static const struct setting_key wrapper_keys[] = {
	{ "enabled", set_enabled },
	{ "on-error", set_on_error },
	{ "real", set_real },
	{ "extra-options", set_extra },
	{ NULL },
};
_Static_assert(SETTING_KEYS_FIT(wrapper_keys), "keys of [wrapper]");

/* ---- [hook] ---- */

static const char *set_hook_enabled(const struct setting_place *p, const char *value)
{
	return set_bool(&p->settings->hook.enabled, value);
}

/* Without '!': a text that only looks like a glob would allow what it should not. */
static const char *set_unbind_drivers(const struct setting_place *p, const char *value)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_.+-*?";
	struct strv globs = { 0 };

	for (const char *item; (item = setting_item(p->arena, &value));) {
		if (*item == '\0' || item[strspn(item, bytes)])
			return "names of drivers separated by commas, such as nvidia, snd_*";
		strv_push(p->arena, &globs, item);
	}
	p->settings->hook.unbind_drivers = globs;
	return NULL;
}

static const char *set_companions(const struct setting_place *p, const char *value)
{
	return set_second(&p->settings->hook.companions_auto, value, "refuse", "auto",
			  "refuse or auto");
}

static const char *set_unbind_timeout(const struct setting_place *p, const char *value)
{
	int seconds = setting_seconds(value, 1, 600);

	if (seconds < 0)
		return "a number of seconds from 1 to 600";
	p->settings->hook.unbind_timeout = seconds;
	return NULL;
}

static const char *set_holders_wait(const struct setting_place *p, const char *value)
{
	int seconds = setting_seconds(value, 0, 600);

	if (seconds < 0)
		return "a number of seconds from 0 to 600";
	p->settings->hook.holders_wait = seconds;
	return NULL;
}

static const char *set_hugepages(const struct setting_place *p, const char *value)
{
	return set_second(&p->settings->hook.hugepages_allocate, value, "check", "allocate",
			  "check or allocate");
}

static const char *set_pid_namespace(const struct setting_place *p, const char *value)
{
	return set_second(&p->settings->hook.pid_namespace_warn, value, "refuse", "warn",
			  "refuse or warn");
}

static const char *set_release_console(const struct setting_place *p, const char *value)
{
	return set_bool(&p->settings->hook.release_console, value);
}

static const struct setting_key hook_keys[] = {
	{ "enabled", set_hook_enabled },
	{ "unbind-drivers", set_unbind_drivers },
	{ "companions", set_companions },
	{ "unbind-timeout", set_unbind_timeout },
	{ "holders-wait", set_holders_wait },
	{ "hugepages", set_hugepages },
	{ "pid-namespace", set_pid_namespace },
	{ "release-console", set_release_console },
	{ NULL },
};
_Static_assert(SETTING_KEYS_FIT(hook_keys), "keys of [hook]");

const struct setting_key *const setting_keys[SECTION_COUNT] = {
	[SECTION_WRAPPER] = wrapper_keys,
	[SECTION_HOOK] = hook_keys,
	[SECTION_DEVICE] = setting_device_keys,
};
