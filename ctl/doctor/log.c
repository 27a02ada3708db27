/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of QEMU about an unknown option, in the logs of libvirt of the last starts. */
#include <string.h>

#include "arena.h"
#include "ctl/doctor/checks.h"
#include "ctl/doctor/facts.h"
#include "ctl/doctor/row.h"
#include "file.h"
#include "host/sysfs.h"
#include "root.h"
#include "shellword.h"

#define LOGS "/var/log/libvirt/qemu"
#define LOG_END ((size_t)64 * 1024)

/* The errors of QEMU (2 to 11) about an unknown option or value. */
static const char *const complaints[] = {
	": invalid option",
	"' not found",
	"is not a valid device model name",
	"Invalid parameter '",
	"unsupported machine type",
	"Parameter 'driver' expects",
	"unable to find CPU model",
	"Invalid parameter type for '",
	"does not accept value '",
	"' is unexpected",
	"invalid accelerator ",
};
#define N_COMPLAINTS (sizeof(complaints) / sizeof(complaints[0]))

static const char *complaint_in(const struct doctor *d, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		for (size_t i = 0; i < N_COMPLAINTS; i++)
			if (memmem(text, len, complaints[i], strlen(complaints[i])) &&
			    memmem(text, len, "qemu", 4) && len < 400)
				return arena_strndup(d->host.arena, text, len);
		text += len + (text[len] == '\n');
	}
	return NULL;
}

/* The part of a log behind the head of the last start: "…: starting up libvirt version: …". */
static const char *last_start(const char *text)
{
	const char *at = text, *next;

	while ((next = strstr(at, ": starting up")))
		at = next + 1;
	return at;
}

/* false: it cannot be read. */
static bool judge_log(const struct doctor *d, const char *name, struct row_texts *reported,
		      struct strv *domains)
{
	const char *path = arena_printf(d->host.arena, LOGS "/%s", name), *said;
	struct file file;

	if (file_read_tail(d->host.arena, root_path(&d->host, path), LOG_END, &file, NULL) < 0)
		return false;
	said = complaint_in(d, last_start(file.text));
	if (said) {
		row_add(d, reported, "%.*s: %s", (int)(strlen(name) - 4), name, said);
		strv_push(d->host.arena, domains,
			  arena_strndup(d->host.arena, name, strlen(name) - 4));
	}
	return true;
}

static bool is_asked_for(const struct doctor *d, const char *log)
{
	const char *name = d->domain ? d->domains[0].name : NULL;

	return str_ends(log, ".log") &&
	       (!name || str_eq(log, arena_printf(d->host.arena, "%s.log", name)));
}

struct row doctor_unknown_options(const struct doctor *d)
{
	struct row_texts reported = { 0 };
	struct strv names = { 0 }, domains = { 0 };
	bool seen = !doctor_hides(d, LOGS);

	sysfs_list(&d->host, LOGS, &names);
	for (size_t i = 0; i < names.n; i++)
		if (is_asked_for(d, names.v[i]) && !judge_log(d, names.v[i], &reported, &domains))
			seen = false;
	if (reported.n)
		return row_warn(d,
				arena_printf(d->host.arena,
					     "kvmshim check --qemu; kvmshim explain %s",
					     shellword(d->host.arena, domains.v[0])),
				"at the last start QEMU did not accept its command line: %s",
				row_list(d, &reported));
	if (!seen)
		return row_unseen(d, LOGS);
	return row_ok(d, "QEMU accepted its command line at the last starts");
}
