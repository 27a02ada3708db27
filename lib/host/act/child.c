/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

int child_memory(size_t size, void **memory)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*memory = p;
	return 0;
}

int report_new(struct report **report)
{
	void *memory = NULL;
	int rc = child_memory(sizeof(**report), &memory);

	*report = memory;
	return rc;
}

void report_drop(struct report **report)
{
	if (*report)
		munmap(*report, sizeof(**report));
}

/* In the child. */

/* For a program: what is ignored or blocked stays so when it is run. */
static void signals_to_default(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

#ifndef SYS_close_range
#define SYS_close_range 436 /* the same on every architecture, as all since Linux 5.1 */
#endif

static unsigned to_number(const char *digits)
{
	unsigned n = 0;

	while (*digits >= '0' && *digits <= '9')
		n = n * 10 + (unsigned)(*digits++ - '0');
	return n;
}

/* In order, so that closing some does not hide others: proc_readfd_common() of fs/proc/fd.c. */
static bool close_listed(unsigned first)
{
	int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char buf[2048];
	long got = -1;

	while (list >= 0 && (got = syscall(SYS_getdents64, list, buf, sizeof(buf))) > 0)
		for (long at = 0; at < got; at += ((struct dirent64 *)(buf + at))->d_reclen) {
			const char *name = ((struct dirent64 *)(buf + at))->d_name;
			unsigned fd = *name == '.' ? 0 : to_number(name);

			if (fd >= first && fd != (unsigned)list)
				close((int)fd);
		}
	if (list >= 0)
		close(list);
	return list >= 0 && got == 0;
}

/* Without /proc, as many as a process has where nobody raised its limit, and some more. */
#define DESCRIPTORS 65536

/* close_range(2) is of Linux 5.9. RLIMIT_NOFILE may be a billion, or less than what is open. */
static void close_from(unsigned first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) == 0 || close_listed(first))
		return;
	for (unsigned fd = first; fd < DESCRIPTORS; fd++)
		close((int)fd);
}

/*
 * No O_CLOEXEC: a program is to have these three. stderr_fd moves up first, for it
 * may be one of the three itself if the caller came without.
 */
static int descriptors_to_null(int stderr_fd)
{
	int keep = stderr_fd < 0 ? -1 : fcntl(stderr_fd, F_DUPFD, 3);
	int null = open("/dev/null", O_RDWR | O_NOCTTY);

	if (null < 0 || (stderr_fd >= 0 && keep < 0))
		return errno;
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(keep < 0 ? null : keep, 2) < 0)
		return errno;
	close_from(3);
	return 0;
}

/*
 * This child must not act after its caller was killed: then another process undoes its
 * work. The signal comes when the *thread* that made the child ends, which waits for it. A
 * child that is left behind past its deadline dies when its call in the kernel returns.
 */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

/* ps shows a child that is stuck by this name. */
_Noreturn static void child_main(const struct task *t, pid_t parent)
{
	if (t->argv)
		signals_to_default();
	die_with(parent);
	setsid();
	prctl(PR_SET_NAME, "kvmshim-act");
	t->report->error = descriptors_to_null(t->stderr_fd);
	if (t->report->error == 0)
		t->run(t);
	t->report->done = true;
	_exit(0);
}

/* In the caller. */

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/*
 * In the child signals stay blocked, so that no handler of the caller runs in it. A child
 * that will be another program unblocks them.
 */
int child_start(struct child *c, const struct task *t)
{
	pid_t self = getpid();
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	c->pid = fork();
	if (c->pid == 0)
		child_main(t, self);
	failed = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (c->pid < 0)
		return -failed;
	/* of Linux 5.3; without one child_wait() asks again and again */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return 0;
}

void child_end(struct child *c)
{
	if (c->pidfd >= 0)
		close(c->pidfd);
}

/* Makes room by forgetting the first half. */
bool tail_read(struct tail *tail, int fd)
{
	ssize_t got;

	if (tail->len == TAIL_MAX) {
		size_t half = TAIL_MAX / 2;

		memcpy(tail->text, tail->text + half, half);
		tail->len = half;
	}
	got = read(fd, tail->text + tail->len, TAIL_MAX - tail->len);
	tail->len += got > 0 ? (size_t)got : 0;
	return got > 0 || (got < 0 && errno == EINTR);
}

/* ECHILD: SIGCHLD is ignored, and the child was reaped at its end. */
static bool has_ended(const struct child *c)
{
	siginfo_t end = { 0 };

	return waitid(P_PID, (id_t)c->pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0 ?
		       errno == ECHILD :
		       end.si_pid == c->pid;
}

#define LOOK_AGAIN 10 /* ms, where a pidfd does not wake us */

int child_wait(const struct child *c, int ms, int fd, struct tail *tail)
{
	double until = clock_ms() + ms;

	while (c->pidfd >= 0 || !has_ended(c)) {
		struct pollfd p[] = { { c->pidfd, POLLIN, 0 }, { fd, POLLIN, 0 } };
		int left = clock_left(until), most = c->pidfd < 0 ? LOOK_AGAIN : left;
		int n = poll(p, 2, left < most ? left : most);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && tail && p[1].revents && !tail_read(tail, fd))
			fd = -1;
		if (n > 0 && p[0].revents)
			return 0;
		if (left == 0)
			return -ETIMEDOUT;
	}
	return 0;
}

/* P_PID is as good as P_PIDFD here: the number is not given again before this. */
int child_reap(const struct child *c, siginfo_t *end)
{
	while (waitid(P_PID, (id_t)c->pid, end, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * 0, or why the child could not do it. Its report exists even if another caller reaped it
 * (SIGCHLD ignored).
 */
static int outcome(const struct child *c, const struct task *t)
{
	siginfo_t end;

	child_reap(c, &end);
	return t->report->done ? -t->report->error : -EIO;
}

/* A child that ends after all, between the deadline and the look at it, is not stuck. */
int child_wait_or_tell(struct arena *a, pid_t pid, child_wait_fn *wait, const void *of,
		       int deadline, struct process *stuck)
{
	int rc = wait(of, deadline);
	struct process p;

	if (rc != -ETIMEDOUT)
		return rc;
	p = process_real(a, pid);
	p.pid = pid;
	rc = wait(of, 0);
	if (rc == -ETIMEDOUT && stuck)
		*stuck = p;
	return rc;
}

static int wait_end(const void *of, int ms)
{
	return child_wait(of, ms, -1, NULL);
}

int child_do(struct arena *a, const struct task *t, int deadline, struct process *stuck)
{
	struct child c = { 0 };
	int rc = child_start(&c, t);

	if (stuck)
		*stuck = (struct process){ 0 };
	if (rc < 0)
		return rc;
	rc = child_wait_or_tell(a, c.pid, wait_end, &c, deadline, stuck);
	if (rc == 0)
		rc = outcome(&c, t);
	child_end(&c);
	return rc;
}
