/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killat - kills a program before or after one of the system calls by which it
 * and its children change something, as if the power of that one process had gone.
 *
 * usage: killat before|after N PROGRAM [ARG...]
 *        killat count - PROGRAM [ARG...]
 *
 * Calls that change something: see changes(). N counts from 1, over all threads
 * and children together. SIGKILL goes to the program itself, not to its children,
 * whose system calls go on. Waits until the children are gone as well.
 * Prints the number of calls that were seen; exits with the program's status, or
 * 137 where it was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS 4096

enum when { COUNT, BEFORE, AFTER };

static struct {
	pid_t main;
	enum when when;
	long n, seen;
	bool killed;
	int status;
} state;

/* Of each thread: is it inside a call, and one that changes something? */
static struct task {
	pid_t tid;
	bool inside, counted;
	long number;
} tasks[TASKS];

static struct task *task_of(pid_t tid)
{
	struct task *free_one = NULL;

	for (size_t i = 0; i < TASKS; i++) {
		if (tasks[i].tid == tid)
			return &tasks[i];
		if (!tasks[i].tid && !free_one)
			free_one = &tasks[i];
	}
	if (!free_one)
		exit(125);
	*free_one = (struct task){ .tid = tid };
	return free_one;
}

/* Pipes, sockets and /dev/null keep nothing. */
static bool is_kept(pid_t tid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)tid, fd);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool changes(pid_t tid, const struct user_regs_struct *r)
{
	switch ((long)r->orig_rax) {
	case SYS_write:
	case SYS_pwrite64:
	case SYS_ftruncate:
		return is_kept(tid, (int)r->rdi);
	case SYS_open:
		return r->rsi & (O_CREAT | O_TRUNC);
	case SYS_openat:
		return r->rdx & (O_CREAT | O_TRUNC);
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_rmdir:
	case SYS_fchmod:
	case SYS_fchmodat:
	case SYS_chown:
	case SYS_fchown:
	case SYS_fchownat:
	case SYS_linkat:
	case SYS_symlinkat:
	case SYS_kill:
		return true;
	default:
		return false;
	}
}

static void kill_it(void)
{
	kill(state.main, SIGKILL);
	state.killed = true;
}

/* A stop at the beginning or the end of a call. */
static void on_call(struct task *t)
{
	struct user_regs_struct regs;

	t->inside = !t->inside;
	if (ptrace(PTRACE_GETREGS, t->tid, NULL, &regs) < 0)
		return;
	if (t->inside) {
		t->counted = changes(t->tid, &regs);
		if (!t->counted)
			return;
		t->number = ++state.seen;
		if (state.when == BEFORE && t->number == state.n)
			kill_it();
	} else if (t->counted && state.when == AFTER && t->number == state.n) {
		kill_it();
	}
}

/* Returns the signal to pass on. */
static int on_stop(struct task *t, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16) /* a new child or thread, an exec: nothing to pass on */
		return 0;
	if (sig == (SIGTRAP | 0x80)) {
		on_call(t);
		return 0;
	}
	return sig == SIGSTOP ? 0 : sig;
}

static void follow(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct task *t = task_of(tid);

		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_SYSCALL, tid, NULL, (long)on_stop(t, status));
			continue;
		}
		if (tid == state.main)
			state.status = WIFEXITED(status) ? WEXITSTATUS(status) :
							   128 + WTERMSIG(status);
		*t = (struct task){ 0 };
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = { [COUNT] = "count", [BEFORE] = "before",
					     [AFTER] = "after" };
	int status;

	if (argc < 4)
		return 2;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(argv[1], names[i]) == 0)
			state.when = (enum when)i;
	state.n = atol(argv[2]);
	state.main = fork();
	if (state.main == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		execv(argv[3], argv + 3);
		_exit(127);
	}
	waitpid(state.main, &status, 0);
	ptrace(PTRACE_SETOPTIONS, state.main, NULL,
	       (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		      PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC));
	ptrace(PTRACE_SYSCALL, state.main, NULL, 0L);
	follow();
	printf("%ld\n", state.seen);
	return state.status;
}
