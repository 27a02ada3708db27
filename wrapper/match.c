/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/match.h"

#include <limits.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arena.h"
#include "conf/condition.h"
#include "conf/expand.h"
#include "conf/factsfile.h"
#include "err.h"
#include "glob.h"
#include "host/pci/pci.h"
#include "root.h"
#include "str.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/view.h"

/* ---- the emulator ---- */

/* qemu-system-ARCH[.real]; qemu-kvm and kvm are of the host's own architecture. */
static const char *arch_of(struct arena *a, const char *real)
{
	static const char front[] = "qemu-system-";
	const char *base = real ? strrchr(real, '/') : NULL;
	struct utsname host;

	base = base ? base + 1 : real;
	if (base && str_starts(base, front)) {
		base += strlen(front);
		return arena_strndup(a, base,
				     strspn(base, "abcdefghijklmnopqrstuvwxyz0123456789_"));
	}
	return uname(&host) == 0 ? arena_strdup(a, host.machine) : NULL;
}

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

const char *match_passed_pci(const struct optval *v)
{
	const struct prop *driver = optval_get(v, "driver"), *host = optval_get(v, "host"),
			  *sysfsdev = optval_get(v, "sysfsdev");

	if (!driver || (!glob_match("vfio-pci*", driver->value) &&
			!glob_match("*pci-assign", driver->value)))
		return NULL;
	if (host)
		return host->value;
	return sysfsdev ? pci_in_path(sysfsdev->value) : NULL;
}

/* A device with an unknown id makes the fact unknown. */
static void add_pci(const struct host *host, const struct cmdline *c, struct facts *f)
{
	bool known = true;
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(c, &at));) {
		const char *address = match_passed_pci(v);
		const char *id = address ? pci_id(host, address) : NULL;

		if (id)
			fact_add(host->arena, f, FACT_PCI, id);
		known &= !address || id;
	}
	f->of[FACT_PCI].known = known;
}

/* ---- all of it ---- */

static void add_if(struct arena *a, struct facts *f, enum fact fact, const char *value)
{
	if (value && *value)
		fact_add(a, f, fact, value);
}

void match_names(struct arena *a, const struct cmdline *c, struct names *names)
{
	char host[HOST_NAME_MAX + 1] = "";

	*names = (struct names){ 0 };
	names->name = view_get(c, "name", "guest");
	names->uuid = view_get(c, "uuid", "value");
	names->uuid = names->uuid ? str_uuid(a, names->uuid) : NULL;
	names->host = gethostname(host, sizeof(host) - 1) == 0 ? arena_strdup(a, host) : NULL;
}

int match_facts(const struct host *host, const struct cmdline *c, const char *real, unsigned needed,
		struct facts *f, struct err *err)
{
	struct names names;

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
	if (needed & 1u << FACT_PCI)
		add_pci(host, c, f);
	/* always: a device that is assigned for a deleted rule is a mistake */
	if (names.uuid)
		return factsfile_read(host, names.uuid, f, err);
	return 0;
}
