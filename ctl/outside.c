/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "ctl/trust.h"
#include "err.h"

typedef int finder(struct arena *a, const char *name, const char **path, struct err *err);

static int find_by(finder *find, struct arena *a, const char *name, const char **path,
		   struct err *err)
{
	struct err why = { 0 };
	int rc = find(a, name, path, &why);

	if (rc == -ENOENT)
		return err_set(err, ENOENT, "%s cannot be run: %s", name, strerror(ENOENT));
	if (rc == -ENOEXEC)
		return err_set(err, ENOEXEC, "%s", why.text);
	return rc ? err_set(err, -rc, "%s is not run as root: %s", name, why.text) : 0;
}

int outside_find(struct arena *a, const char *name, const char **path, struct err *err)
{
	return find_by(trust_find, a, name, path, err);
}

int outside_find_qemu(struct arena *a, const char *name, const char **path, struct err *err)
{
	return find_by(trust_find_qemu, a, name, path, err);
}

/* ---- signals ---- */

static void hold_signals(struct outside *p)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction now;
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, deadly[i]);
	sigprocmask(SIG_BLOCK, &held, &p->before);
	p->signals = signalfd(-1, &held, SFD_CLOEXEC);
}

/*
 * A program starts with no signal blocked and none ignored, whatever our caller ignores: the
 * background job of a script has SIGINT ignored, and so would QEMU and its children.
 */
static void place_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
}

/* ---- its beginning ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void place_descriptors(int in, int out, int err, posix_spawn_file_actions_t *actions)
{
	if (in < 0)
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
}

static int spawn(struct outside *p, const char *path, const char *const *argv, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	posix_spawnattr_init(&attr);
	place_signals(&attr);
	posix_spawn_file_actions_init(&actions);
	place_descriptors(p->in, out, err, &actions);
	rc = posix_spawn(&p->pid, path, &actions, &attr, (char *const *)(const void *)argv,
			 environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return rc;
}

int outside_begin(struct outside *p, const char *path, const char *const *argv, int in,
		  enum outside_stdout to)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;

	*p = (struct outside){ .pid = -1, .in = in, .out = -1, .err = -1 };
	hold_signals(p);
	if ((to == OUTSIDE_PIPE && pipe2(out, O_CLOEXEC) < 0) || pipe2(err, O_CLOEXEC) < 0)
		rc = errno;
	else
		rc = spawn(p, path, argv, to == OUTSIDE_PIPE ? out[1] : in, err[1]);
	close_fd(&out[1]);
	close_fd(&err[1]);
	p->out = out[0];
	p->err = err[0];
	return rc;
}

/* ---- its end ---- */

/* A program that is stuck in the kernel cannot be killed: it is left behind. */
#define GRACE_MS 1000

void outside_kill(const struct outside *p)
{
	kill(-p->pid, SIGKILL);
	for (int ms = 0; ms < GRACE_MS && waitpid(p->pid, NULL, WNOHANG) == 0; ms += 10)
		clock_sleep(10);
}

void outside_end(const struct outside *p)
{
	int fds[] = { p->out, p->err, p->signals };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close_fd(&fds[i]);
	sigprocmask(SIG_SETMASK, &p->before, NULL);
}
