/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [wrapper] and [hook]; [device] is settingdevice.c's. */
#include "conf/settingkeys.h"

#include <ctype.h>
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
	"3c59x", "8139cp", "8139too", "alx", "amd-xgbe", "ath5k", "ath9k", "ath*_pci",
	"atl1*", "atlantic", "b43-pci-bridge", "bcma-pci-bridge", "be2net", "bna", "bnx2",
	"bnx2x", "bnxt_en", "brcmfmac", "cxgb3", "cxgb4", "cxgb4vf", "dwmac-*", "e100",
	"e1000", "e1000e", "efa", "ena", "enic", "erdma", "fm10k", "forcedeth", "fsl_enetc*",
	"funeth", "gve", "hinic*", "hns3", "i40e", "iavf", "ice", "idpf", "igb", "igbvf",
	"igc", "intel-eth-pci", "ionic", "iosm", "iwl3945", "iwl4965", "iwlwifi", "ixgb",
	"ixgbe", "ixgbevf", "jme", "lan743x", "LiquidIO*", "mana", "mlx4_core", "mlx5_core",
	"mt7*", "mtk_t7xx", "mwifiex_pcie", "mwl8k", "myri10ge", "netxen_nic", "nfp", "ngbe",
	"niu", "octeon_ep*", "pcnet32", "pds_core", "qede", "qla3xxx", "qlcnic", "qlge",
	"r8101", "r8125", "r8126", "r8127", "r8168", "r8169", "rt2*pci", "rt61pci", "rtl8*",
	"rtw8*", "rtw_8*", "rvu_nic*", "sfc", "sfc-falcon", "sfc-siena", "sfc_ef100",
	"sis190", "sis900", "skge", "sky2", "stmmaceth", "tehuti", "tg3", "thunder-nic*",
	"tulip", "txgbe", "via-rhine", "via-velocity", "virtio-pci", "vmxnet3", "wil6210",
	"wl",
	/* InfiniBand */
	"hfi1", "ib_mthca", "ib_qib", "vmw_pvrdma",
	/* storage */
	"3w-*", "aacraid", "acard-ahci", "ahci", "aic7xxx", "aic79xx", "arcmsr", "ata_*",
	"be2iscsi", "csiostor", "efct", "esas2r", "fnic", "hpsa", "hptiop", "isci", "lpfc",
	"megaraid_sas", "mpi3mr", "mpt2sas", "mpt3sas", "mptfc", "mptsas", "mptspi",
	"mtip32xx", "mvsas", "mvumi", "nvme", "pata_*", "pm80xx", "qla2xxx", "qla4xxx",
	"qedf", "qedi", "sata_*", "smartpqi", "snic", "stex", "sym53c8xx", "vmw_pvscsi",
	/* card readers */
	"alcor_pci", "cb710", "jmb38x_ms", "rtsx_pci", "sdhci-pci", "tifm_7xx1", "ufshcd",
	/* USB, Thunderbolt, FireWire */
	"ehci-pci", "firewire_ohci", "ohci-pci", "thunderbolt", "uhci_hcd", "xhci_hcd",
	"xhci-pci*",
	/* sound, television */
	"b2c2_flexcop_pci", "bt878", "bttv", "cobalt", "cx18", "cx23885", "cx88*", "ddbridge",
	"dm1105", "earth-pt1", "earth-pt3", "ivtv", "ngene", "saa7134", "saa7164", "smipcie",
	"snd_*", "sof-audio-*", "solo6x10", "tw5864", "tw68", "tw686x",
	/* graphics, and what sits beside it on the card */
	"amdgpu", "ast", "bochs-drm", "cirrus*", "gma500", "hibmc-drm", "i2c-designware-pci",
	"i915", "loongson", "mgag200", "nouveau", "nvidia", "nvidia-gpu", "qxl", "radeon",
	"vmwgfx", "xe",
	/* accelerators, time, CAN, serial lines */
	"4xxx", "420xx", "6xxx", "amdxdna", "apex", "c3xxx*", "c4xxx", "c6xx*", "dfl-pci",
	"dh895xcc*", "exar_serial", "habanalabs", "hailo", "intel_vpu", "kvaser_pci*",
	"parport_serial", "peak_pci*", "ptp_ocp", "qaic", "serial", "tenstorrent", "xclmgmt",
	"xdma", "xocl",
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

	if (!colon || !isalnum((unsigned char)*item))
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
	size_t cap = s->n_extra;

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
	{ "extra-options", set_extra, .list = true },
	{ NULL },
};
_Static_assert(SETTING_KEYS_FIT(wrapper_keys), "keys of [wrapper]");

/* ---- [hook] ---- */

static const char *set_hook_enabled(const struct setting_place *p, const char *value)
{
	return set_bool(&p->settings->hook.enabled, value);
}

/* Without '!': a text that only looks like a glob would allow what it should not. */
static bool add_drivers(struct arena *a, struct strv *globs, const char *value)
{
	static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_.+-*?";

	for (const char *item; (item = setting_item(a, &value));) {
		if (strchr("_.+-", *item) || item[strspn(item, bytes)])
			return false;
		strv_push(a, globs, item);
	}
	return true;
}

static const char *set_unbind_drivers(const struct setting_place *p, const char *value)
{
	struct strv globs = p->append ? p->settings->hook.unbind_drivers : (struct strv){ 0 };

	if (!add_drivers(p->arena, &globs, value))
		return "names of drivers separated by commas, such as nvidia, snd_*";
	p->settings->hook.unbind_drivers = globs;
	return NULL;
}

static const char *set_companions(const struct setting_place *p, const char *value)
{
	static const char wanted[] = "refuse, auto, or auto: and names of drivers, such as "
				     "auto: i801_smbus, ccp";
	struct hook_settings *hook = &p->settings->hook;
	const char *colon = strchr(value, ':');
	const char *word = colon ? str_trim(p->arena, value, (size_t)(colon - value)) : value;
	struct strv globs = { 0 };

	if (!str_eq(word, "auto") && (colon || !str_eq(word, "refuse")))
		return wanted;
	if (colon && (!add_drivers(p->arena, &globs, str_skip_blanks(colon + 1)) || !globs.n))
		return wanted;
	hook->companions_auto = str_eq(word, "auto");
	hook->companion_drivers = globs;
	return NULL;
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

static const char *set_holders(const struct setting_place *p, const char *value)
{
	return setting_holders(p, p->settings->hook.holders, value);
}

static const char *set_managed(const struct setting_place *p, const char *value)
{
	return setting_managed(&p->settings->hook.managed, value);
}

static const struct setting_key hook_keys[] = {
	{ "enabled", set_hook_enabled },
	{ "unbind-drivers", set_unbind_drivers, .list = true },
	{ "companions", set_companions },
	{ "unbind-timeout", set_unbind_timeout },
	{ "holders-wait", set_holders_wait },
	{ "hugepages", set_hugepages },
	{ "pid-namespace", set_pid_namespace },
	{ "release-console", set_release_console },
	{ "holders", set_holders, .list = true },
	{ "managed", set_managed },
	{ NULL },
};
_Static_assert(SETTING_KEYS_FIT(hook_keys), "keys of [hook]");

const struct setting_key *const setting_keys[SECTION_COUNT] = {
	[SECTION_WRAPPER] = wrapper_keys,
	[SECTION_HOOK] = hook_keys,
	[SECTION_DEVICE] = setting_device_keys,
};
