/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules of VFIO, and the drivers that bind a card at boot. */
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "host/host.h"
#include "host/pci/pci.h"
#include "host/pci/subdevices.h"
#include "host/sysfs.h"
#include "host/use/usesconsole.h"
#include "host/vfiocdev.h"
#include "shellword.h"

#define INITRAMFS "then update-initramfs -u (dracut -f)"

static struct row row_blocked(const struct doctor *d, const char *module, const char *file)
{
	return row_fail(d, arena_printf(d->host.arena, "remove %s from %s", module, file),
			"%s cannot be loaded: %s disables it", module, file);
}

struct row doctor_vfio_modules(const struct doctor *d)
{
	static const char *const modules[] = { "vfio_pci", "vfio_iommu_type1" };
	struct row_texts missing = { 0 };
	bool loaded = true;

	for (size_t i = 0; i < 2; i++) {
		const char *file = modprobe_blocks(&d->modprobe, modules[i]);

		loaded = loaded && host_has_module(&d->host, modules[i]);
		if (!machine_has_module(&d->host, &d->machine, modules[i]))
			row_add(d, &missing, "%s", modules[i]);
		else if (file && !host_has_module(&d->host, modules[i]))
			return row_blocked(d, modules[i], file);
	}
	if (missing.n && host_lost_modules(&d->host))
		return row_fail(d, "reboot", "the modules of the running kernel %s were removed from /lib/modules, so "
				"these cannot be loaded: %s",
				d->machine.release, row_list(d, &missing));
	if (missing.n)
		return row_fail(
			d,
			"install linux-modules-extra (kernel-modules-extra) of this kernel",
			"kernel %s does not have %s", d->machine.release, row_list(d, &missing));
	return row_ok(d, "vfio_pci and vfio_iommu_type1 are %s",
		      loaded ? "loaded" : "installed, and loaded when they are needed");
}

/* ---- vfio-pci.ids ---- */

/* The IDs that vfio-pci binds at boot: on the kernel command line, or else in modprobe.d. */
static const char *early_ids(const struct doctor *d)
{
	const char *ids = machine_kernel_value(&d->machine, "vfio-pci.ids");

	return ids ? ids : modprobe_option(&d->modprobe, "vfio-pci", "ids");
}

/* Is this id in "10de:1b06:*:*,…"? */
static bool lists(const char *ids, const char *id)
{
	while (*ids) {
		size_t len = strcspn(ids, ",");

		if (len >= strlen(id) && strncasecmp(ids, id, strlen(id)) == 0)
			return true;
		ids += len + (ids[len] == ',');
	}
	return false;
}

/* "0000:05:00.0, 0000:06:00.0": all from this one on that are the same kind of card; *n: how many.
 */
static const char *same_kind(const struct doctor *d, size_t from, size_t *n)
{
	struct strbuf cards = { .arena = d->host.arena };
	const struct pci_function *f = d->machine.functions;

	*n = 0;
	for (size_t i = from; i < d->machine.n_functions; i++)
		if (str_eq(f[i].id, f[from].id))
			strbuf_addf(&cards, "%s%s", (*n)++ ? ", " : "", f[i].address);
	return strbuf_text(&cards);
}

static bool is_first_of_kind(const struct doctor *d, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(d->machine.functions[k].id, d->machine.functions[i].id))
			return false;
	return true;
}

struct row doctor_vfio_ids(const struct doctor *d)
{
	const char *ids = early_ids(d), *cards;
	struct row_texts twins = { 0 };
	size_t n;

	if (!ids)
		return row_ok(d, "vfio-pci binds no device at boot");
	for (size_t i = 0; i < d->machine.n_functions; i++) {
		if (!lists(ids, d->machine.functions[i].id) || !is_first_of_kind(d, i))
			continue;
		cards = same_kind(d, i, &n);
		if (n > 1)
			row_add(d, &twins, "%s matches %zu devices (%s)",
				d->machine.functions[i].id, n, cards);
	}
	if (twins.n)
		return row_warn(
			d, "remove the ID from vfio-pci.ids; the hook binds by address",
			"vfio-pci binds all of these devices, even if the host needs one of them: %s",
			row_list(d, &twins));
	return row_ok(d, "vfio-pci binds %s at boot, one device for each ID", ids);
}

/* The module of a driver, which may be called otherwise: xhci_pci of xhci_hcd. */
static const char *module_of(const struct doctor *d, const char *driver)
{
	const char *module = sysfs_link(&d->host, pci_driver_path(d->host.arena, driver, "module"));

	return module ? module : driver;
}

/* Did vfio-pci lose this device at boot, because another driver was bound first? */
static bool is_lost(const struct doctor *d, const char *ids, const struct pci_function *f)
{
	return lists(ids, f->id) && f->driver && !pci_driver_is_vfio(f->driver) &&
	       !modprobe_goes_first(&d->modprobe, module_of(d, f->driver), "vfio-pci");
}

struct row doctor_softdeps(const struct doctor *d)
{
	const char *ids = early_ids(d), *driver = NULL;
	struct row_texts lost = { 0 };

	if (!ids)
		return row_ok(d, "no softdep is needed: the hook binds devices when a VM starts");
	for (size_t i = 0; i < d->machine.n_functions; i++) {
		const struct pci_function *f = &d->machine.functions[i];

		if (!is_lost(d, ids, f))
			continue;
		driver = driver ? driver : f->driver;
		row_add(d, &lost, "%s is bound to %s", f->address, f->driver);
	}
	if (!lost.n)
		return row_ok(d, "no other driver is bound to a device of vfio-pci.ids");
	return row_warn(
		d,
		arena_printf(
			d->host.arena,
			"echo softdep %s pre: vfio-pci >>/etc/modprobe.d/vfio.conf, " INITRAMFS,
			shellword(d->host.arena, module_of(d, driver))),
		"another driver was bound before vfio-pci: %s", row_list(d, &lost));
}

/* ---- who has a card that a VM is to get ---- */

static const struct pci_function *passed(const struct doctor *d, size_t i)
{
	return machine_function(&d->machine, d->passed.v[i]);
}

#define LOOK_MS 200

/* "efi-framebuffer.0", "simple-framebuffer.0": the firmware's picture on the boot display; NULL. */
static const char *firmware_framebuffer(const struct doctor *d, const struct pci_function *f)
{
	struct console c = { 0 };
	struct subdevices b = { 0 };

	if (f->class >> 16 != 0x03 || subdevices_read(&d->host, f->address, &b) < 0)
		return NULL;
	uses_of_console(&d->host, f, &b, LOOK_MS, &c);
	return c.framebuffers.n ? strchr(c.framebuffers.v[0], '/') + 1 : NULL;
}

struct row doctor_boot_display(const struct doctor *d)
{
	struct row_texts held = { 0 };

	for (size_t i = 0; i < d->passed.n; i++) {
		const char *fb = firmware_framebuffer(d, passed(d, i));

		if (fb)
			row_add(d, &held, "%s uses memory of %s", fb, d->passed.v[i]);
	}
	if (!held.n)
		return row_ok(d, "no firmware framebuffer uses a device that a VM needs");
	if (d->ours.settings.hook.release_console)
		return row_ok(d, "%s; the hook releases the framebuffer (release-console = yes)",
			      row_list(d, &held));
	return row_warn(d,
			"set release-console = yes in section [hook] of "
			"/etc/kvmshim/kvmshim.conf, or add "
			"initcall_blacklist=sysfb_init to the kernel command line",
			"%s", row_list(d, &held));
}

struct row doctor_nouveau(const struct doctor *d)
{
	struct row_texts had = { 0 };

	for (size_t i = 0; i < d->passed.n; i++)
		if (passed(d, i)->driver && str_eq(passed(d, i)->driver, "nouveau"))
			row_add(d, &had, "%s", d->passed.v[i]);
	if (!had.n)
		return row_ok(d, "nouveau is not bound to a device that a VM needs");
	return row_warn(
		d, "echo blacklist nouveau >/etc/modprobe.d/nouveau.conf, " INITRAMFS,
		"nouveau is bound to %s, and can be unbound only while no program uses the card",
		row_list(d, &had));
}

#define PERSISTENCED "nvidia-persistenced"

static bool is_kept(const struct doctor *d, const struct pci_function *f)
{
	const struct device_settings *conf = settings_of_device(&d->ours.settings, f->address);

	return f->driver && str_eq(f->driver, "nvidia") &&
	       !settings_stop_unit(conf, PERSISTENCED ".service");
}

/* Does another card need it while a VM has one? Then it can only pause. */
static const char *key_for_persistenced(const struct doctor *d)
{
	for (size_t i = 0; i < d->machine.n_functions; i++)
		if (str_same(d->machine.functions[i].driver, "nvidia") &&
		    !strv_has(&d->passed, d->machine.functions[i].address))
			return "pause-units";
	return "stop-units";
}

/* nvidia-persistenced has /dev/nvidiaN open all the time. */
struct row doctor_nvidia_persistenced(const struct doctor *d)
{
	struct row_texts kept = { 0 };
	const char *first = NULL;
	pid_t pid;

	for (size_t i = 0; i < d->passed.n; i++) {
		if (!is_kept(d, passed(d, i)))
			continue;
		first = first ? first : d->passed.v[i];
		row_add(d, &kept, "%s", d->passed.v[i]);
	}
	pid = first ? process_named(&d->host, PERSISTENCED) : 0;
	if (!pid)
		return row_ok(d, "nvidia-persistenced has no device open that a VM needs");
	return row_fail(d,
			arena_printf(d->host.arena,
				     "set %s = " PERSISTENCED
				     ".service in section [device %s] of "
				     "/etc/kvmshim/kvmshim.conf",
				     key_for_persistenced(d), first),
			"nvidia-persistenced (pid %ld) has devices open that a VM needs: %s",
			(long)pid, row_list(d, &kept));
}

/* ---- IOMMUFD ---- */

static void add_requests(const struct doctor *d, const struct defined *one, struct row_texts *t)
{
	struct mistakes m;
	struct grants g;

	for (size_t i = 0; i < one->xml.n; i++)
		if (one->xml.hostdevs[i].iommufd)
			row_add(d, t, "%s requests it for %s", one->name, one->xml.hostdevs[i].device);
	doctor_grants(d, one, &g, &m);
	for (size_t i = 0; i < g.n; i++)
		if (g.v[i].iommufd)
			row_add(d, t, "rule %s requests it for %s of %s", g.v[i].rule, g.v[i].device,
				one->name);
}

struct row doctor_iommufd(const struct doctor *d)
{
	bool has = vfiocdev_has_iommufd(&d->host);
	struct row_texts asked = { 0 };

	for (size_t i = 0; i < d->n_domains; i++)
		if (!d->domains[i].problem)
			add_requests(d, &d->domains[i], &asked);
	if (!asked.n && d->unseen_domains)
		return row_unseen(d, DOMAIN_FOLDER);
	if (!asked.n)
		return row_ok(d, "no domain requests IOMMUFD; this kernel %s",
			      has ? "has " IOMMUFD_NODE : "has no " IOMMUFD_NODE);
	if (has)
		return row_ok(d, IOMMUFD_NODE " exists: %s", row_list(d, &asked));
	return row_fail(d,
			"boot a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV, or do not use "
			"iommufd",
			IOMMUFD_NODE " does not exist: %s", row_list(d, &asked));
}
