/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where `kvmshim explain` takes command lines from. */
#include "ctl/explain/source.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "ctl/capture.h"
#include "ctl/ctl.h"
#include "ctl/explain/explained.h"
#include "ctl/explain/process.h"
#include "ctl/explain/shellwords.h"
#include "err.h"
#include "file.h"

#define LOG_FOLDER "/var/log/libvirt/qemu"
/* A log is read from its end: the last start is what counts. */
#define LOG_MAX ((size_t)64 * 1024 * 1024)

int explain_from_log(struct ctl *ctl, const char *path, struct explained *x, struct err *err)
{
	struct file file;
	int rc = file_read_tail(ctl->host.arena, path, LOG_MAX, &file, err);

	x->title = path;
	if (rc)
		return rc;
	rc = shellwords_libvirt_log(ctl->host.arena, file.text, file.len, &x->before, err);
	return rc ? err_wrap(err, "%s", path) : 0;
}

static bool is_without_start(int rc)
{
	return rc == -ENOENT || rc == -ENODATA;
}

/* virtlogd makes NAME.log.0 of a log of 2 MiB, .1 of that, and .2: they have a VM of long ago. */
static int last_start(struct ctl *ctl, const char *name, struct explained *x, struct err *err)
{
	const char *log =
		root_path(&ctl->host, arena_printf(ctl->host.arena, LOG_FOLDER "/%s.log", name));
	int rc = explain_from_log(ctl, log, x, err);
	struct err older;

	for (int i = 0; is_without_start(rc) && i < 3; i++)
		if (explain_from_log(ctl, arena_printf(ctl->host.arena, "%s.%d", log, i), x,
				     &older) == 0)
			rc = 0;
	return rc;
}

int explain_from_domain(struct ctl *ctl, const char *name, struct explained *x, struct err *err)
{
	int rc;

	if (strchr(name, '/') || *name == '\0')
		return err_set(err, EINVAL, "'%s' is not a valid domain name", name);
	rc = last_start(ctl, name, x, err);
	if (rc && !is_without_start(rc))
		return rc;
	x->title = name;
	x->domain = true;
	explain_find_running(ctl, name, x);
	if (rc && x->running.n) {
		x->problem = "the logs no longer contain a start of this domain, so its command "
			     "line is unknown";
		rc = 0;
	}
	return rc;
}

int explain_domain_names(struct ctl *ctl, struct strv *names, struct err *err)
{
	static const char *const argv[] = { "virsh", "list", "--all", "--name", NULL };
	const char *text;
	int rc = capture(ctl->host.arena, argv, &text, err);

	while (rc == 0 && *text) {
		size_t len = strcspn(text, "\n");

		if (len)
			strv_push(ctl->host.arena, names,
				  arena_strndup(ctl->host.arena, text, len));
		text += len + (text[len] == '\n');
	}
	return rc;
}
