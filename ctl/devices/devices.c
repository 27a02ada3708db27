/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmshim devices: the host's PCI functions, whose they are, and which a VM could have. */
#include "ctl/devices/devices.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/jsonout.h"
#include "ctl/devices/publish.h"
#include "err.h"

struct asked {
	struct ctl *ctl;
	struct filter filter;
	const char *html, *prometheus; /* files; NULL: not asked for */
	bool to_stdout;		       /* the text for Prometheus */
};

static void tell_unseen(const struct inventory *inv)
{
	for (size_t i = 0; i < inv->unseen.n; i++)
		ctl_fail("incomplete: %s", inv->unseen.v[i]);
}

static int publish_to(struct ctl *ctl, const char *path, const char *text)
{
	struct err err = { 0 };

	if (publish(ctl->arena, path, text, &err) == 0)
		return CTL_FINE;
	return ctl_fail("%s", err.text);
}

static int write_files(const struct asked *asked, const struct inventory *inv)
{
	struct ctl *ctl = asked->ctl;
	int status = CTL_FINE;

	if (asked->html)
		status = publish_to(ctl, asked->html, devices_html(ctl, inv));
	if (asked->prometheus && publish_to(ctl, asked->prometheus, devices_prometheus(ctl, inv)))
		status = CTL_USAGE;
	if (asked->to_stdout)
		fputs(devices_prometheus(ctl, inv), stdout);
	return status;
}

static int show(const struct asked *asked)
{
	struct inventory inv;

	inventory_read(asked->ctl, &inv);
	tell_unseen(&inv);
	if (asked->html || asked->prometheus || asked->to_stdout)
		return write_files(asked, &inv);
	if (asked->ctl->json)
		jsonout_print(devices_json(asked->ctl, &inv, &asked->filter));
	else
		devices_table(asked->ctl, &inv, &asked->filter);
	return CTL_FINE;
}

/* ---- what was asked ---- */

static bool set_group(struct asked *asked, const char *word)
{
	char *end;
	long group;

	errno = 0;
	group = strtol(word, &end, 10);
	if (errno || end == word || *end || group < 0 || group > INT_MAX) {
		ctl_fail("--group: '%s' is not a valid number of an IOMMU group", word);
		return false;
	}
	asked->filter.group = (int)group;
	return true;
}

static bool set_html(struct asked *asked, const char *word)
{
	asked->html = word;
	return true;
}

static bool set_prometheus(struct asked *asked, const char *word)
{
	asked->prometheus = word;
	asked->to_stdout = !word;
	return true;
}

static bool set_json(struct asked *asked, const char *word)
{
	(void)word;
	return asked->ctl->json = true;
}

static bool set_gpu(struct asked *asked, const char *word)
{
	(void)word;
	return asked->filter.gpu = true;
}

static bool set_free(struct asked *asked, const char *word)
{
	(void)word;
	return asked->filter.free = true;
}

enum wants { NOTHING, WORD, MAYBE };

static const struct option {
	const char *name;
	enum wants wants;
	bool (*set)(struct asked *asked, const char *word);
} options[] = {
	{ "--gpu", NOTHING, set_gpu },	{ "--free", NOTHING, set_free },
	{ "--group", WORD, set_group }, { "--json", NOTHING, set_json },
	{ "--html", WORD, set_html },	{ "--prometheus", MAYBE, set_prometheus },
};

static const struct option *find_option(const char *word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (str_eq(options[i].name, word))
			return &options[i];
	return NULL;
}

static int usage_of(const char *word)
{
	if (word[0] != '-')
		ctl_fail("devices: '%s' is no option; --json has every device for other filters",
			 word);
	return ctl_usage(&command_devices);
}

/* A filter that a page would not obey is not passed over in silence. */
static bool is_consistent(const struct asked *asked)
{
	bool files = asked->html || asked->prometheus || asked->to_stdout;
	bool filtered = asked->filter.gpu || asked->filter.free || asked->filter.group >= 0;

	if (files && (filtered || asked->ctl->json)) {
		ctl_fail("--html and --prometheus show all devices: without --gpu, --free, --group "
			 "and --json");
		return false;
	}
	return true;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	struct asked asked = { .ctl = ctl, .filter = { .group = -1 } };

	if (argc == 2 && str_eq(argv[1], "--help"))
		return ctl_help(&command_devices);
	for (int i = 1; i < argc; i++) {
		const struct option *o = find_option(argv[i]);
		bool has_word = o && o->wants != NOTHING && i + 1 < argc && argv[i + 1][0] != '-';

		if (!o || (o->wants == WORD && !has_word))
			return usage_of(argv[i]);
		if (!o->set(&asked, has_word ? argv[++i] : NULL))
			return CTL_USAGE;
	}
	return is_consistent(&asked) ? show(&asked) : CTL_USAGE;
}

const struct command command_devices = {
	.name = "devices",
	.usage = "[--gpu] [--free] [--group N] [--json] | [--html FILE] [--prometheus [FILE]]",
	.help = "the PCI devices of the host: driver, IOMMU group, which VM uses them, which are "
		"free",
	.run = run,
};
