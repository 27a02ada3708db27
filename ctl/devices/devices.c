/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim devices: the host's PCI functions, whose they are, and which a VM could have. */
#include <limits.h>
#include <stdio.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "ctl/devices/filter.h"
#include "ctl/devices/html.h"
#include "ctl/devices/inventory.h"
#include "ctl/devices/json.h"
#include "ctl/devices/prometheus.h"
#include "ctl/devices/publish.h"
#include "ctl/devices/table.h"
#include "err.h"

struct asked {
	struct ctl *ctl;
	struct filter filter;
	const char *html, *prometheus; /* files; NULL: not asked for; "": stdout */
};

static void tell_unseen(const struct inventory *inv)
{
	for (size_t i = 0; i < inv->unseen.n; i++)
		ctl_fail("incomplete: %s", inv->unseen.v[i]);
}

static int publish_to(struct ctl *ctl, const char *path, const char *text)
{
	struct err err = { 0 };

	if (publish(ctl->host.arena, path, text, &err) == 0)
		return CTL_FINE;
	return ctl_fail("%s", err.text);
}

static int write_files(const struct asked *asked, const struct inventory *inv)
{
	struct ctl *ctl = asked->ctl;
	int status = CTL_FINE;

	if (asked->html)
		status = publish_to(ctl, asked->html, devices_html(ctl, inv));
	if (asked->prometheus && !*asked->prometheus)
		fputs(devices_prometheus(ctl, inv), stdout);
	else if (asked->prometheus &&
		 publish_to(ctl, asked->prometheus, devices_prometheus(ctl, inv)))
		status = CTL_USAGE;
	return status;
}

static int show(const struct asked *asked)
{
	struct inventory inv;

	inventory_read(asked->ctl, &inv);
	tell_unseen(&inv);
	if (asked->html || asked->prometheus)
		return write_files(asked, &inv);
	if (asked->ctl->json)
		ctl_print_json(asked->ctl->host.arena, devices_json(asked->ctl, &inv, &asked->filter));
	else
		devices_table(asked->ctl, &inv, &asked->filter);
	return CTL_FINE;
}

/* ---- what was asked ---- */

/* A filter that a page would not obey is not passed over in silence. */
static bool is_consistent(const struct asked *asked)
{
	bool files = asked->html || asked->prometheus;
	bool filtered = asked->filter.gpu || asked->filter.free || asked->filter.group >= 0;

	if (files && (filtered || asked->ctl->json)) {
		ctl_fail("--html and --prometheus show all devices: without --gpu, --free, --group "
			 "and --json");
		return false;
	}
	return true;
}

#define AT(member) offsetof(struct asked, member)
static const struct option_row options[] = {
	{ "gpu", OPTION_FLAG, AT(filter.gpu), .help = "only display controllers and accelerators" },
	{ "free", OPTION_FLAG, AT(filter.free), .help = "only devices that a VM can have now" },
	{ "group", OPTION_NUMBER, AT(filter.group), "N", "only the IOMMU group N, with its bridges",
	  0, INT_MAX },
	{ "json", OPTION_JSON, .help = "print the result as JSON, for programs and other filters" },
	{ "html", OPTION_WORD, AT(html), "FILE", "write a page about all devices to FILE" },
	{ "prometheus", OPTION_MAYBE, AT(prometheus), "FILE",
	  "write metrics for Prometheus to FILE, or to stdout" },
	{ 0 },
};

static int run(struct ctl *ctl, int argc, char *const *argv)
{
	struct asked asked = { .ctl = ctl, .filter = { .group = -1 } };
	int status;

	if (!options_read(ctl, &command_devices, argc, argv, &asked, &status))
		return status;
	return is_consistent(&asked) ? show(&asked) : CTL_USAGE;
}

const struct command command_devices = {
	.name = "devices",
	.usage = "[--gpu] [--free] [--group N] [--json]\n"
		 "[--html FILE] [--prometheus [FILE]]",
	.help = "list the PCI devices of the host: driver, IOMMU group, VM, state",
	.about = "Prints a table of the PCI devices of this host: driver, host driver, IOMMU\n"
		 "group, NUMA node, the VM that uses the device, and whether a VM can have it.\n"
		 "Changes nothing on the host.",
	.options = options,
	.examples = "kvmshim devices --gpu --free\n"
		    "kvmshim devices --html /var/www/html/devices.html",
	.run = run,
};
