/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/survey/judge.h"

#include <string.h>

#include "arena.h"
#include "conf/settings.h"
#include "err.h"
#include "glob.h"
#include "hooks/journal/stuck.h"
#include "hooks/survey/reserve.h"
#include "hooks/survey/subject.h"
#include "hooks/survey/survey.h"
#include "hooks/survey/vfwish.h"
#include "host/vfiocdev.h"

struct judging {
	struct arena *arena;
	const struct settings *settings;
	const struct survey *survey;
	struct strv *refusals, *notes;
};

/* Says why it may not be taken, or NULL. */
typedef const char *check(const struct judging *j, const struct subject *s);

#define SAY(...) arena_printf(j->arena, __VA_ARGS__)

static const char *driver_text(const struct subject *s)
{
	return s->pci.driver ? s->pci.driver : "no driver";
}

/* The members of a list as "a, b". */
static const char *joined(struct arena *a, const struct strv *v)
{
	struct strbuf b = { .arena = a };

	for (size_t i = 0; i < v->n; i++)
		strbuf_addf(&b, "%s%s", i ? ", " : "", v->v[i]);
	return strbuf_text(&b);
}

/* ---- who it is ---- */

static const char *is_there(const struct judging *j, const struct subject *s)
{
	return s->exists ? NULL : SAY("%s: this host has no such PCI device", s->pci.address);
}

static const char *is_endpoint(const struct judging *j, const struct subject *s)
{
	return !s->pci.bridge ? NULL
			      : SAY("%s is a PCI bridge; pass through the devices behind it",
				    s->pci.address);
}

static const char *unexpected(const struct judging *j, const struct subject *s, const char *what,
			      const char *want, const char *got)
{
	if (!want || (got && str_eq(got, want)))
		return NULL;
	return SAY("%s: the %s is %s, but %s:%u expects %s; check the hardware, then the section",
		   s->pci.address, what, got ? str_printable(j->arena, got) : "not readable now",
		   j->settings->path, s->conf->line, want);
}

/* 10DE:1b06 is 10de:1b06, and a serial number is not even a number. */
static const char *unexpected_id(const struct judging *j, const struct subject *s,
				 const char *what, const char *want, const char *got)
{
	if (want && got && hexaddr_equal(got, want))
		return NULL;
	return unexpected(j, s, what, want, got);
}

static const char *is_read(const struct judging *j, const struct subject *s)
{
	return s->unread ? SAY("%s: its device nodes cannot be read (%s), so its users are unknown",
			       s->pci.address, err_reason(s->unread)) :
			   NULL;
}

static const char *is_expected(const struct judging *j, const struct subject *s)
{
	const char *why = NULL;

	if (!s->conf)
		return NULL;
	why = unexpected_id(j, s, "id", s->conf->expect_id, s->pci.id);
	if (!why)
		why = unexpected_id(j, s, "subsystem", s->conf->expect_subsystem,
				    s->pci.subsystem);
	return why ? why : unexpected(j, s, "serial number", s->conf->expect_serial, s->serial);
}

static const char *is_isolated(const struct judging *j, const struct subject *s)
{
	if (s->pci.group >= 0 || s->vgpu)
		return NULL;
	return SAY("%s has no IOMMU group; enable the IOMMU in the firmware and on the "
		   "kernel command line (Intel: intel_iommu=on; AMD: no amd_iommu=off)",
		   s->pci.address);
}

static const char *is_movable(const struct judging *j, const struct subject *s)
{
	if (!s->rmrr || s->role == ROLE_COMPANION)
		return NULL;
	return SAY("%s: the firmware reserves memory for IOMMU group %d (RMRR, %s), so the kernel does "
		   "not let VFIO use the device; disable the RMRR of this slot in the firmware, or move "
		   "the card to another slot",
		   s->pci.address, s->pci.group, s->rmrr);
}

/* ---- how QEMU opens it ---- */

static const char *no_iommufd(struct arena *a, const char *device, const char *rule,
			      const char *what)
{
	return arena_printf(a,
			    "%s: %s%s requests IOMMUFD, but %s; boot a kernel with CONFIG_IOMMUFD "
			    "and CONFIG_VFIO_DEVICE_CDEV, or do not use iommufd",
			    device, rule ? "rule " : "the domain XML", rule ? rule : "", what);
}

const char *judge_no_cdev(struct arena *a, const char *device, const char *rule)
{
	return no_iommufd(a, device, rule, "the device has no device node in /dev/vfio/devices");
}

static const char *without_iommufd(const struct judging *j, const char *device, const char *rule,
				   bool bound, const char *cdev)
{
	if (!j->survey->has_iommufd)
		return no_iommufd(j->arena, device, rule, IOMMUFD_NODE " does not exist");
	return bound && !cdev ? judge_no_cdev(j->arena, device, rule) : NULL;
}

static bool is_opened(const struct subject *s)
{
	return s->role != ROLE_COMPANION;
}

static const char *has_iommufd(const struct judging *j, const struct subject *s)
{
	bool bound = s->pci.driver && pci_driver_is_vfio(s->pci.driver);

	if (!s->iommufd || !is_opened(s))
		return NULL;
	return without_iommufd(j, s->pci.address, s->rule, bound, s->cdev);
}

/*
 * A process with the group open cannot open a device of it, nor the reverse
 * (vfio_device_block_group()).
 */
static const char *is_one_way(const struct judging *j, const struct subject *s)
{
	if (!s->iommufd || !is_opened(s))
		return NULL;
	for (size_t i = 0; i < j->survey->n; i++) {
		const struct subject *o = &j->survey->v[i];

		if (o->pci.group == s->pci.group && is_opened(o) && !o->iommufd)
			return SAY("%s and %s share IOMMU group %d, but only %s uses IOMMUFD; set "
				   "iommufd for both devices, or for none",
				   s->pci.address, o->pci.address, s->pci.group, s->pci.address);
	}
	return NULL;
}

/* ---- whose it is ---- */

static const char *doubt_text(const struct judging *j, const char *device,
			      const struct salvage *doubt)
{
	return SAY("%s is possibly in use by VM %s, whose journal cannot be read: %s; to continue, "
		   "see REFUSALS in kvmshim-hook(8)",
		   device, str_printable(j->arena, doubt->name), doubt->why);
}

static const char *is_nobodys(const struct judging *j, const struct subject *s)
{
	if (!s->owner)
		return s->doubt ? doubt_text(j, s->pci.address, s->doubt) : NULL;
	if (s->role == ROLE_COMPANION)
		return SAY("%s shares IOMMU group %d with a requested device and is in use "
			   "by %s",
			   s->pci.address, s->pci.group, reserve_text(j->arena, s->owner));
	return SAY("%s is in use by %s", s->pci.address, reserve_text(j->arena, s->owner));
}

static const char *is_not_stuck(const struct judging *j, const struct subject *s)
{
	return s->stuck ? stuck_text(j->arena, s->pci.address, s->stuck, s->lasting) : NULL;
}

static const char *is_company(const struct judging *j, const struct subject *s)
{
	if (s->role != ROLE_COMPANION || subject_is_free(s) || j->settings->hook.companions_auto)
		return NULL;
	return SAY("%s (%s) shares IOMMU group %d with a requested device and still has a "
		   "host driver; add it to the domain XML, or set companions = auto in "
		   "kvmshim.conf",
		   s->pci.address, driver_text(s), s->pci.group);
}

static const char *may_be_unbound(const struct judging *j, const struct subject *s)
{
	bool companion = s->role == ROLE_COMPANION;

	if (subject_is_free(s) || s->vgpu ||
	    settings_may_unbind(j->settings, s->pci.driver, companion))
		return NULL;
	if (companion)
		return SAY("%s: driver %s is not in unbind-drivers of kvmshim.conf, so kvmshim "
			   "does not unbind it; to unbind only companions from it, set "
			   "companions = auto: %s",
			   s->pci.address, s->pci.driver, s->pci.driver);
	return SAY("%s: driver %s is not in unbind-drivers of kvmshim.conf, so kvmshim "
		   "does not unbind it",
		   s->pci.address, s->pci.driver);
}

/* vfio-pci does not take a PF whose VFs are enabled (vfio_pci_core_register_device()). */
const char *judge_vfs(struct arena *a, const struct pci_function *pf, const struct strv *used,
		      const struct device_settings *conf)
{
	const char *vfs = settings_attribute(conf, "sriov_numvfs");

	if (used->n)
		return arena_printf(a, "has virtual functions in use: %s", joined(a, used));
	if (!pf->vfs.n || (vfs && str_eq(vfs, "0")))
		return NULL;
	return arena_printf(a,
			    "has virtual functions enabled, so it cannot be passed through; set "
			    "sriov_numvfs = 0 in section [device %s] of kvmshim.conf, or write 0 "
			    "to its sriov_numvfs file",
			    pf->address);
}

static const char *has_no_used_vfs(const struct judging *j, const struct subject *s)
{
	if (!s->used_vfs.n)
		return NULL;
	return SAY("%s %s", s->pci.address, judge_vfs(j->arena, &s->pci, &s->used_vfs, s->conf));
}

static const char *has_no_vfs(const struct judging *j, const struct subject *s)
{
	const char *why = judge_vfs(j->arena, &s->pci, &s->used_vfs, s->conf);

	return why ? SAY("%s %s", s->pci.address, why) : NULL;
}

/* A parent that leaves its driver takes its mediated devices along (mdev_unregister_parent()). */
static const char *has_no_mdevs(const struct judging *j, const struct subject *s)
{
	if (!s->mdevs.n)
		return NULL;
	return SAY("%s has mediated devices, which an unbind would remove: %s; stop their "
		   "VMs and remove them first",
		   s->pci.address, joined(j->arena, &s->mdevs));
}

/* ---- what kvmshim.conf asks for ---- */

static const char *has_attributes(const struct judging *j, const struct subject *s)
{
	for (size_t i = 0; s->conf && i < s->conf->n_attributes; i++)
		if (!s->attributes.v[i])
			return SAY("%s has no attribute %s, but the section at %s:%u sets "
				   "it; remove it from that section",
				   s->pci.address, s->conf->attributes[i].name, j->settings->path,
				   s->conf->line);
	return NULL;
}

static const char *has_vf_properties(const struct judging *j, const struct subject *s)
{
	return vfwish_why(j->arena, j->settings, s);
}

/* current_vgpu_type accepts the number before the name in creatable_vgpu_types. */
static const char *has_vgpu_number(const struct judging *j, const struct subject *s)
{
	const char *type = s->vgpu ? s->conf->mdev_type : "0";

	if (*type && !type[strspn(type, "0123456789")])
		return NULL;
	return SAY("%s needs a number as mdev-type, but the section at %s:%u has '%s'; its "
		   "file nvidia/creatable_vgpu_types lists the numbers",
		   s->pci.address, j->settings->path, s->conf->line, str_printable(j->arena, type));
}

static const char *is_no_vgpu_yet(const struct judging *j, const struct subject *s)
{
	if (!s->vgpu || str_eq(s->vgpu, "0") || str_eq(s->vgpu, s->conf->mdev_type))
		return NULL;
	return SAY("%s is already a vGPU of type %s, but the section at %s:%u has %s; "
		   "write 0 to its " VGPU_TYPE,
		   s->pci.address, str_printable(j->arena, s->vgpu), j->settings->path,
		   s->conf->line, s->conf->mdev_type);
}

/* ---- what the host needs it for ---- */

static const char *is_off_the_network(const struct judging *j, const struct subject *s)
{
	if (!s->network.n)
		return NULL;
	return SAY("%s is in use by the host: %s", s->pci.address, joined(j->arena, &s->network));
}

static const char *is_no_console(const struct judging *j, const struct subject *s)
{
	if (!s->console.vtcons.n || j->settings->hook.release_console)
		return NULL;
	return SAY("%s shows the host console (%s); if a VM may have this device, set "
		   "release-console = yes in kvmshim.conf",
		   s->pci.address, joined(j->arena, &s->console.vtcons));
}

/* Units that are stopped may unload it; else nothing ends it. */
static const char *is_let_go(const struct judging *j, const struct subject *s)
{
	if (!s->modeset || s->units.n || strv_has(&s->modules, "nvidia_drm"))
		return NULL;
	return SAY("%s is in use: %s", s->pci.address, judge_modeset);
}

static const char *can_unload(const struct judging *j, const struct subject *s)
{
	if (!s->modules_user)
		return NULL;
	return SAY("%s: unload-modules cannot unload %s, because %s uses driver %s too",
		   s->pci.address, joined(j->arena, &s->modules), s->modules_user, s->pci.driver);
}

const char judge_modeset[] =
	"nvidia_drm has modeset=1, so driver nvidia would never unbind the device; set "
	"unload-modules = nvidia_uvm, nvidia_drm, nvidia_modeset in its section of kvmshim.conf, or "
	"boot with nvidia_drm.modeset=0";

/* May it be free in a while? */
static bool can_wait(const struct judging *j, const struct subject *s)
{
	return s->units.n || s->paused.n || s->seats.n || j->settings->hook.holders_wait > 0;
}

static const char *is_closed(const struct judging *j, const struct subject *s)
{
	if (!s->holders.n || can_wait(j, s))
		return NULL;
	return SAY("%s is in use: %s%s", s->pci.address,
		   survey_holder_text(j->arena, &s->holders.v[0]),
		   survey_mend_text(j->arena, s->conf, s->pci.address, &s->holders.v[0]));
}

/* The process that has a disk open, if any: it may be the user that claims the disk. */
static const struct holder *disk_holder(const struct subject *s)
{
	for (size_t i = 0; i < s->holders.n; i++)
		if (s->holders.v[i].node && s->holders.v[i].node->block)
			return &s->holders.v[i];
	return NULL;
}

/* A mount can end only if a unit is stopped or a process ends. */
static const char *is_unclaimed(const struct judging *j, const struct subject *s)
{
	if (!s->claimed.n || s->units.n)
		return NULL;
	if (!s->claim_is_known && disk_holder(s))
		return is_closed(j, s);
	return SAY("%s is in use: %s", s->pci.address, joined(j->arena, &s->claimed));
}

static const char *is_not_noted(const struct judging *j, const struct subject *s)
{
	if (!s->noted.n)
		return NULL;
	return SAY("%s is in use: %s", s->pci.address,
		   survey_holder_text(j->arena, &s->noted.v[0]));
}

/* ---- the order of the reasons: one is reported for each device ---- */

/* Of a device that libvirt binds: when is the reason one to refuse? Of others it always is. */
enum level {
	ALWAYS,	   /* also with managed = no */
	ESSENTIAL, /* data would be lost, or the host cut off, or another VM */
	DETAIL,	   /* with managed = check; with essential it is noted */
};

static const struct {
	check *holds;
	enum level level;
} checks[] = {
	{ is_there, ALWAYS },	     { is_endpoint, ALWAYS },	  { is_not_stuck, ALWAYS },
	{ is_read, ESSENTIAL },	     { is_expected, ESSENTIAL },  { has_no_mdevs, ESSENTIAL },
	{ is_nobodys, ALWAYS },	     { is_isolated, DETAIL },	  { is_movable, DETAIL },
	{ has_iommufd, ESSENTIAL },
	{ is_one_way, ESSENTIAL },   { is_company, ESSENTIAL },
	{ may_be_unbound, DETAIL },  { has_no_used_vfs, ESSENTIAL }, { has_no_vfs, DETAIL },
	{ has_vf_properties, ALWAYS },
	{ has_attributes, DETAIL },  { has_vgpu_number, ESSENTIAL }, { is_no_vgpu_yet, ESSENTIAL },
	{ is_off_the_network, ESSENTIAL }, { is_no_console, DETAIL }, { can_unload, ESSENTIAL },
	{ is_let_go, ESSENTIAL },    { is_unclaimed, ESSENTIAL },
	{ is_closed, ESSENTIAL },    { is_not_noted, DETAIL },
};

static bool applies(const struct subject *s, check *c)
{
	return !subject_stays(s) || c == is_nobodys || c == is_closed;
}

/* Is a reason of this level one to refuse? If not, `noted` says if it is reported. */
static bool refuses(const struct judging *j, const struct subject *s, enum level level, bool *noted)
{
	enum managed_check managed = settings_managed(j->settings, s->pci.address);

	*noted = managed == MANAGED_ESSENTIAL;
	if (s->role != ROLE_MANAGED || managed == MANAGED_CHECK || level == ALWAYS)
		return true;
	return managed == MANAGED_ESSENTIAL && level == ESSENTIAL;
}

static void note(const struct judging *j, const char *why)
{
	strv_push(j->arena, j->notes,
		  SAY("%s; the start continues, because libvirt binds this device (managed = "
		      "essential in kvmshim.conf)",
		      why));
}

/* Why the unbind may take long, or fail. */
static void note_tried(const struct judging *j, const struct subject *s)
{
	const struct node *node = s->tried.n ? s->tried.v[0].node : NULL;

	if (s->tried.n)
		strv_push(j->arena, j->notes,
			  SAY("%s is in use: %s; the unbind does not wait for this program (holders = "
			      "%s:try in kvmshim.conf)",
			      s->pci.address, survey_holder_text(j->arena, &s->tried.v[0]),
			      node ? holder_kind_names[node->kind] : "KIND"));
}

static void note_power(const struct judging *j, const struct subject *s)
{
	if (s->lost_power && !subject_stays(s))
		strv_push(j->arena, j->notes,
			  SAY("%s: the power state is %s, so the device possibly does not answer; if the VM does "
			      "not start, remove the device and rescan the bus, or power the host off and on",
			      s->pci.address, s->lost_power));
}

static void judge_function(const struct judging *j, const struct subject *s)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const char *why = applies(s, checks[i].holds) ? checks[i].holds(j, s) : NULL;
		bool noted;

		if (why && refuses(j, s, checks[i].level, &noted)) {
			strv_push(j->arena, j->refusals, why);
			return;
		}
		if (why && noted)
			note(j, why);
	}
	note_tried(j, s);
	note_power(j, s);
}

static void judge_mediated(const struct judging *j, const struct mediated *m)
{
	const char *name = SAY("mediated device %s", m->uuid), *why = NULL;

	if (m->owner)
		why = SAY("%s is in use by %s", name, reserve_text(j->arena, m->owner));
	else if (m->doubt)
		why = doubt_text(j, name, m->doubt);
	else if (m->holders.n)
		why = SAY("%s is in use: %s", name,
			  survey_holder_text(j->arena, &m->holders.v[0]));
	else if (m->iommufd)
		why = without_iommufd(j, name, m->rule, m->exists, m->cdev);
	if (!why && !m->exists && !m->parent)
		why = SAY("%s does not exist, and no [device …] section with mdev-type in "
			  "kvmshim.conf has an available instance",
			  name);
	if (why)
		strv_push(j->arena, j->refusals, why);
}

void judge(struct arena *a, const struct settings *settings, const struct survey *survey,
	   struct strv *refusals, struct strv *notes)
{
	struct judging j = { a, settings, survey, refusals, notes };

	for (size_t i = 0; i < survey->n; i++)
		judge_function(&j, &survey->v[i]);
	for (size_t i = 0; i < survey->n_mdevs; i++)
		judge_mediated(&j, &survey->mdevs[i]);
}
