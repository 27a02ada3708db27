/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/match.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "conf/condition.h"
#include "conf/expand.h"
#include "conf/factsfile.h"
#include "err.h"
#include "glob.h"
#include "host/pci/mdev.h"
#include "host/pci/pci.h"
#include "host/sysfs.h"
#include "host/vfiocdev.h"
#include "root.h"
#include "str.h"
#include "wrapper/line/arch.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/view.h"

/* ---- the emulator ---- */

/*
 * The first accelerator that the command line names. If it names none, QEMU uses kvm first if
 * its program name ends in "kvm", else tcg (configure_accelerators() of vl.c).
 */
const char *match_accel(const struct cmdline *c)
{
	const struct qemuopt *accel = qemuopt_find(&c->opts, "accel");
	const char *named = view_get(c, "machine", "accel");

	for (size_t i = 0; i < c->n; i++)
		if (arg_is(&c->args[i], accel) && c->args[i].value) {
			const struct optval *v = view_parsed(c, &c->args[i], NULL);
			const struct prop *p = optval_get(v, "accel");

			named = p ? p->value : named;
			break;
		}
	if (named)
		return arena_strndup(c->arena, named, strcspn(named, ":"));
	return c->argv0 && str_ends(c->argv0, "kvm") ? "kvm" : "tcg";
}

/* ---- devices passed through ---- */

static bool passes_pci(const struct optval *v)
{
	const struct prop *driver = optval_get(v, "driver");

	return driver && (glob_match("vfio-pci*", driver->value) ||
			  glob_match("*pci-assign", driver->value));
}

/* By sysfs's name of a device. */
static enum passed kind_of(struct arena *a, const char *name)
{
	if (!name)
		return PASSED_UNKNOWN;
	if (pci_is_address(name))
		return PASSED_PCI;
	return str_uuid(a, name) ? PASSED_MDEV : PASSED_UNKNOWN;
}

/* sysfsdev= may be any path that leads to the device. */
static enum passed passed_path(const struct host *host, const char *path, const char **device)
{
	const char *mdevs = mdev_path(host->arena, ""), *slash = strrchr(path, '/');
	enum passed kind;

	*device = pci_in_path(path);
	if (*device)
		return PASSED_PCI;
	if (str_starts(path, mdevs)) {
		*device = path + strlen(mdevs);
		return PASSED_MDEV;
	}
	*device = slash ? slash + 1 : path;
	kind = kind_of(host->arena, *device);
	if (kind != PASSED_UNKNOWN)
		return kind;
	*device = sysfs_link(host, path);
	return kind_of(host->arena, *device);
}

enum passed match_passed(const struct host *host, const struct cmdline *c, const struct optval *v,
			 const char **device)
{
	const struct prop *address = optval_get(v, "host"), *path = optval_get(v, "sysfsdev"),
			  *fd = optval_get(v, "fd");

	*device = NULL;
	if (!passes_pci(v))
		return PASSED_NONE;
	if (address) {
		*device = address->value;
		return PASSED_PCI;
	}
	if (path)
		return passed_path(host, path->value, device);
	*device = fd ? vfiocdev_device(host, c->files, fd->value) : NULL;
	return kind_of(host->arena, *device);
}

static bool is_listed(const struct strv *addresses, const char *address)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (hexaddr_equal(addresses->v[i], address))
			return true;
	return false;
}

/* The domain XML has exactly so many devices more than the command line shows: it is these. */
static bool add_hostdevs(struct arena *a, const struct hostdev_facts *known, size_t n,
			 struct strv *addresses)
{
	struct strv others = { 0 };

	for (size_t i = 0; i < known->n; i++)
		if (!is_listed(addresses, known->v[i].address))
			strv_push(a, &others, known->v[i].address);
	for (size_t i = 0; i < others.n && others.n == n; i++)
		strv_push(a, addresses, others.v[i]);
	return others.n == n;
}

bool match_all_passed(const struct host *host, const struct cmdline *c,
		      const struct hostdev_facts *known, struct strv *addresses,
		      struct strv *mdevs)
{
	size_t at = 0, unknown = 0;
	const char *device;

	for (const struct optval *v; (v = view_next_device(c, &at));) {
		enum passed kind = match_passed(host, c, v, &device);

		if (kind == PASSED_PCI)
			strv_push(host->arena, addresses, device);
		else if (kind == PASSED_MDEV)
			strv_push(host->arena, mdevs, device);
		unknown += kind == PASSED_UNKNOWN;
	}
	return !unknown || add_hostdevs(host->arena, known, unknown, addresses);
}

static const char *id_of(const struct host *host, const struct hostdev_facts *known,
			 const char *address)
{
	const char *id = pci_id(host, address);

	for (size_t i = 0; !id && i < known->n; i++)
		if (hexaddr_equal(known->v[i].address, address))
			return known->v[i].id;
	return id;
}

void match_pci(const struct host *host, const struct cmdline *c, struct facts *f)
{
	struct strv addresses = { 0 }, mdevs = { 0 };
	bool known = match_all_passed(host, c, &f->hostdevs, &addresses, &mdevs);

	f->of[FACT_PCI] = (struct fact_values){ 0 };
	for (size_t i = 0; i < addresses.n; i++) {
		const char *id = id_of(host, &f->hostdevs, addresses.v[i]);

		if (id)
			fact_add(host->arena, f, FACT_PCI, id);
		known &= id != NULL;
	}
	f->of[FACT_PCI].known = known;
}

/* ---- all of it ---- */

static void add_if(struct arena *a, struct facts *f, enum fact fact, const char *value)
{
	if (value && *value)
		fact_add(a, f, fact, value);
}

/* The UUID that smbios_entry_add() of QEMU's hw/smbios/smbios.c takes for the VM's own, as -uuid. */
static const char *smbios_uuid(const struct cmdline *c)
{
	const struct qemuopt *smbios = qemuopt_builtin("smbios");

	for (size_t i = c->n; i-- > 0;) {
		const struct optval *v =
			arg_is(&c->args[i], smbios) ? view_parsed(c, &c->args[i], NULL) : NULL;
		const struct prop *type = v ? optval_get(v, "type") : NULL;
		const struct prop *uuid = v ? optval_get(v, "uuid") : NULL;

		if (type && uuid && strtoul(type->value, NULL, 0) == 1)
			return uuid->value;
	}
	return NULL;
}

void match_names(struct arena *a, const struct cmdline *c, struct names *names)
{
	char host[HOST_NAME_MAX + 1] = "";

	*names = (struct names){ 0 };
	names->name = view_get(c, "name", "guest");
	names->uuid = view_get(c, "uuid", "value");
	if (!names->uuid)
		names->uuid = smbios_uuid(c);
	names->uuid = names->uuid ? str_uuid(a, names->uuid) : NULL;
	names->host = gethostname(host, sizeof(host) - 1) == 0 ? arena_strdup(a, host) : NULL;
}

int match_facts(const struct host *host, const struct cmdline *c, const char *real, unsigned needed,
		struct facts *f, struct err *err)
{
	struct names names;
	int rc = 0;

	*f = (struct facts){ .has_option = view_has, .cmdline = c };
	match_names(host->arena, c, &names);
	add_if(host->arena, f, FACT_NAME, names.name);
	add_if(host->arena, f, FACT_UUID, names.uuid);
	add_if(host->arena, f, FACT_HOST, names.host);
	add_if(host->arena, f, FACT_MACHINE, view_get(c, "machine", "type"));
	add_if(host->arena, f, FACT_CPU, view_get(c, "cpu", "model"));
	add_if(host->arena, f, FACT_ACCEL, match_accel(c));
	if (needed & 1u << FACT_ARCH)
		add_if(host->arena, f, FACT_ARCH, arch_of(host->arena, real));
	/* always: a device that is assigned for a deleted rule is a mistake */
	if (names.uuid)
		rc = factsfile_read(host, names.uuid, f, err);
	if (needed & 1u << FACT_PCI)
		match_pci(host, c, f);
	return rc;
}
