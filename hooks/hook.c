/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "conf/settings.h"
#include "datagram.h"
#include "err.h"
#include "glob.h"
#include "hooks/assignment.h"
#include "hooks/domain/domain.h"
#include "hooks/recover.h"
#include "hooks/request.h"
#include "hooks/running.h"
#include "hooks/survey/lent.h"
#include "mistake.h"
#include "root.h"
#include "str.h"

struct call {
	struct host host;
	const char *name, *op;
	struct process daemon;
	struct settings settings;
	struct mistakes mistakes; /* of kvmshim.conf and the rule files */
	struct domain domain;
	struct assignment assignment;
};

typedef int op_run(struct call *c, struct err *err);
typedef int op_read(struct arena *a, const char *xml, size_t len, struct domain *d,
		    struct err *err);

/* ---- saying ---- */

/* To libvirt, which shows it where the status is not 0, and to the host's log. */
static void report(const struct call *c, const char *text)
{
	const char *line = str_printable(c->host.arena, text);

	fprintf(stderr, "kvmshim: %s\n", line);
	datagram_log(&c->host, "kvmshim-hook",
		     arena_printf(c->host.arena, "%s (%s): %s",
				  str_printable(c->host.arena, c->name), c->op, line));
}

static void tell_notes(const struct call *c)
{
	for (size_t i = 0; i < c->assignment.notes.n; i++)
		report(c, c->assignment.notes.v[i]);
}

static int tell_mistakes(struct call *c)
{
	mistakes_sort(&c->mistakes);
	for (size_t i = 0; i < c->mistakes.n; i++)
		if (!c->mistakes.v[i].warning)
			report(c, mistake_text(c->host.arena, &c->mistakes.v[i]));
	return -EINVAL;
}

/* ---- the operations ---- */

static int prepare(struct call *c, struct err *err)
{
	struct grants grants = { .known = true };
	int rc;

	if (!c->settings.hook.enabled)
		return 0;
	request_grants(&c->host, &c->settings, &c->domain, &grants, &c->mistakes);
	if (c->mistakes.errors && !c->settings.pass_on_error)
		return tell_mistakes(c);
	if (c->mistakes.errors) {
		tell_mistakes(c);
		grants = (struct grants){ .known = true };
	}
	request_hostdevs(&c->host, &c->domain, &c->domain.facts.hostdevs);
	c->assignment.facts = &c->domain.facts;
	c->assignment.grants = &grants;
	c->assignment.memory = &c->domain.memory;
	rc = request_wishes(&c->assignment, &c->domain, &grants, err);
	if (!rc)
		rc = lent_check(&c->host, &c->settings, &c->domain, err);
	return rc ? rc : assignment_make(&c->assignment, err);
}

static int start(struct call *c, struct err *err)
{
	if (!c->settings.hook.enabled)
		return 0;
	return running_start(&c->assignment, &c->domain, err);
}

static int started(struct call *c, struct err *err)
{
	return running_note(&c->assignment, err);
}

static int release(struct call *c, struct err *err)
{
	return assignment_return(&c->assignment, NULL, err);
}

static int reconnect(struct call *c, struct err *err)
{
	int rc = running_note(&c->assignment, err);

	recover_all(&c->assignment, NULL, NULL);
	return rc;
}

static const struct {
	const char *op, *subop;
	op_read *read; /* no more of the XML than it needs */
	op_run *run;
	bool may_fail; /* else the status is 0: to libvirt another would be a reason to kill the VM */
} operations[] = {
	{ "prepare", "begin", domain_parse, prepare, true },
	{ "start", "begin", domain_parse, start, true },
	{ "started", "begin", domain_identify, started, false },
	{ "release", "end", domain_identify, release, true }, /* libvirt logs it and continues */
	{ "reconnect", "begin", domain_identify, reconnect, false },
};
#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static size_t find(const char *op, const char *subop)
{
	for (size_t i = 0; i < N_OPERATIONS; i++)
		if (str_eq(operations[i].op, op) && str_eq(operations[i].subop, subop))
			return i;
	return N_OPERATIONS;
}

bool hook_knows(const char *op, const char *subop)
{
	return find(op, subop) < N_OPERATIONS;
}

/* ---- one call ---- */

/* In a container the daemon may be process 1; elsewhere that is who takes orphans in. */
struct process hook_daemon(const struct host *host)
{
	pid_t parent = getppid();
	const char *command = parent == 1 ? process_command(host, parent) : NULL;

	if (parent == 1 && !(command && strstr(command, "virt")))
		return (struct process){ 0 };
	return process_real(host->arena, parent);
}

static void set_up(struct call *c)
{
	c->mistakes.arena = c->host.arena;
	settings_read(&c->host, &c->settings, &c->mistakes);
	c->assignment = (struct assignment){
		.host = c->host,
		.settings = &c->settings,
		.kind = JOURNAL_VM,
		.uuid = c->domain.uuid,
		.name = c->domain.name,
		.daemon = c->daemon,
	};
}

static int run(struct call *c, size_t row, const char *xml, size_t len)
{
	struct err err = { 0 };
	int rc = operations[row].read(c->host.arena, xml, len, &c->domain, &err);

	if (rc == 0) {
		set_up(c);
		rc = operations[row].run(c, &err);
	}
	tell_notes(c);
	if (rc && *err.text)
		report(c, err.text);
	return rc ? 1 : 0;
}

/* In a child, so that not even a crash of ours kills a VM that runs. */
static int run_harmlessly(struct call *c, size_t row, const char *xml, size_t len)
{
	pid_t pid = fork();

	if (pid == 0) {
		run(c, row, xml, len);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int hook_run(const struct host *host, struct process daemon, const char *name, const char *op,
	     const char *subop, const char *xml, size_t len)
{
	struct call c = { .host = *host, .name = name, .op = op, .daemon = daemon };
	size_t row = find(op, subop);

	if (row == N_OPERATIONS)
		return 0;
	if (!operations[row].may_fail)
		return run_harmlessly(&c, row, xml, len);
	return run(&c, row, xml, len);
}

bool hook_is_backup(const char *argv0)
{
	static const char *const backups[] = { ".*", "*~", "*.dpkg-*", "*.rpm*" };
	const char *slash = strrchr(argv0, '/'), *base = slash ? slash + 1 : argv0;

	for (size_t i = 0; i < sizeof(backups) / sizeof(backups[0]); i++)
		if (glob_match(backups[i], base))
			return true;
	return false;
}
