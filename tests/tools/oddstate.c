/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oddstate FILE PROGRAM ARGV0 [WORD]...: runs PROGRAM under the name ARGV0 in
 * a state such as libvirt's, and odder: descriptors that no argument names,
 * one of them FILE at an offset, ignored and blocked signals, a strange umask,
 * limits and niceness.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(int rc, const char *what)
{
	if (rc < 0)
		err(99, "%s", what);
}

static void open_as(int fd, const char *path, int flags)
{
	int opened = open(path, flags);

	must(opened, path);
	must(dup2(opened, fd), "dup2");
	must(close(opened), path);
}

/* Everything above stderr goes first, so that only these are left. */
static void open_descriptors(const char *file)
{
	closefrom(3);
	open_as(27, file, O_RDWR | O_APPEND);
	must((int)lseek(27, 1234, SEEK_SET), "lseek");
	open_as(40, "/dev/null", O_WRONLY | O_NONBLOCK);
	open_as(43, "/", O_RDONLY | O_DIRECTORY);
}

static void set_signals(void)
{
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGRTMIN + 3);
	must(sigprocmask(SIG_SETMASK, &blocked, NULL), "sigprocmask");
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, sig == SIGPIPE || sig == SIGHUP || sig == SIGCHLD ? SIG_IGN : SIG_DFL);
	raise(SIGUSR1); /* stays pending */
}

static void set_limits(void)
{
	must(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }), "core");
	must(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 77, 99 }), "nofile");
	must(setrlimit(RLIMIT_STACK, &(struct rlimit){ 4 << 20, 4 << 20 }), "stack");
	must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ 8192, 8192 }), "memlock");
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(99, "usage: oddstate FILE PROGRAM ARGV0 [WORD]...");
	open_descriptors(argv[1]);
	set_signals();
	set_limits();
	must(setpriority(PRIO_PROCESS, 0, 5), "setpriority");
	must(personality(ADDR_NO_RANDOMIZE), "personality");
	umask(002);
	must(chdir("/tmp"), "/tmp");
	execv(argv[2], argv + 3);
	err(99, "%s", argv[2]);
}
