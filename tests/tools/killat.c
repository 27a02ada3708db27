/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * killat - kills a program before or after one of the system calls by which it
 * and its children change something, as if the power of that one process had gone.
 *
 * usage: killat before|after N PROGRAM [ARG...]
 *        killat count - PROGRAM [ARG...]
 *
 * Calls that change something: see `calls`. N counts from 1, over all threads
 * and children together. SIGKILL goes to the program itself, not to its children,
 * whose system calls go on. Waits until the children are gone as well. Other calls
 * run at full speed: a seccomp filter tells us of those in `calls` only.
 * Prints the number of calls that were seen; exits with the program's status, or
 * 137 where it was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum when { COUNT, BEFORE, AFTER };

static struct {
	pid_t main;
	enum when when;
	long n, seen;
	int status;
} state;

static const struct call {
	unsigned number;
	unsigned flags; /* the argument with open(2)'s flags: those that make or empty a file */
} calls[] = {
	{ SYS_write, 0 },     { SYS_pwrite64, 0 }, { SYS_ftruncate, 0 }, { SYS_open, 1 },
	{ SYS_openat, 2 },    { SYS_mkdir, 0 },	   { SYS_mkdirat, 0 },	 { SYS_rename, 0 },
	{ SYS_renameat, 0 },  { SYS_renameat2, 0 }, { SYS_unlink, 0 },	 { SYS_unlinkat, 0 },
	{ SYS_rmdir, 0 },     { SYS_fchmod, 0 },   { SYS_fchmodat, 0 },	 { SYS_chown, 0 },
	{ SYS_fchown, 0 },    { SYS_fchownat, 0 }, { SYS_linkat, 0 },	 { SYS_symlinkat, 0 },
	{ SYS_kill, 0 },
};
#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

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
	default:
		return true;
	}
}

/* ---- the filter ---- */

static const struct sock_filter load_call =
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
static const struct sock_filter tell = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

/* Where the call is not this one the next instruction behind these is the next. */
static size_t add_call(struct sock_filter *code, const struct call *c)
{
	size_t n = 0;
	unsigned flags = offsetof(struct seccomp_data, args) + 8 * c->flags;

	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->number, 0,
						 c->flags ? 4 : 1);
	if (c->flags) {
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
							 O_CREAT | O_TRUNC, 1, 0);
		code[n++] = allow;
	}
	code[n++] = tell;
	return n;
}

static void set_filter(void)
{
	struct sock_filter code[2 + 5 * N_CALLS];
	size_t n = 0;

	code[n++] = load_call;
	for (size_t i = 0; i < N_CALLS; i++)
		n += add_call(code + n, &calls[i]);
	code[n++] = allow;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
	      &(struct sock_fprog){ .len = (unsigned short)n, .filter = code });
}

/* ---- the kill ---- */

static void kill_it(void)
{
	kill(state.main, SIGKILL);
}

/* A call begins that may change something. Returns how to go on. */
static enum __ptrace_request on_begin(pid_t tid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) < 0 || !changes(tid, &regs))
		return PTRACE_CONT;
	if (++state.seen != state.n)
		return PTRACE_CONT;
	if (state.when == BEFORE)
		kill_it();
	return state.when == AFTER ? PTRACE_SYSCALL : PTRACE_CONT;
}

static void go_on(pid_t tid, int status)
{
	enum __ptrace_request how = PTRACE_CONT;
	int sig = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_SECCOMP)
		how = on_begin(tid);
	else if (sig == (SIGTRAP | 0x80))
		kill_it(); /* the end of the one call that was to be followed */
	/* of a new child or thread, an exec, or one of the above there is nothing to pass on */
	if (status >> 16 || sig == (SIGTRAP | 0x80) || sig == SIGSTOP)
		sig = 0;
	ptrace(how, tid, NULL, (long)sig);
}

static void follow(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (WIFSTOPPED(status))
			go_on(tid, status);
		else if (tid == state.main)
			state.status = WIFEXITED(status) ? WEXITSTATUS(status) :
							   128 + WTERMSIG(status);
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
		set_filter();
		execv(argv[3], argv + 3);
		_exit(127);
	}
	waitpid(state.main, &status, 0);
	ptrace(PTRACE_SETOPTIONS, state.main, NULL,
	       (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		      PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP));
	ptrace(PTRACE_CONT, state.main, NULL, 0L);
	follow();
	printf("%ld\n", state.seen);
	return state.status;
}
