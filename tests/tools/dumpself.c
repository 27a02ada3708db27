/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dumpself: stands in QEMU's place and writes down all that a program
 * inherits: arguments, environment, ids, folders, umask, signals, limits,
 * scheduling and open descriptors. Two runs of it can be compared line by line.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What of /proc/self/status is inherited over an exec. */
static const char *const inherited[] = {
	"Umask:",   "Pid:",	     "PPid:",	      "Uid:",	 "Gid:",	"Groups:",
	"SigPnd:",  "ShdPnd:",	     "SigBlk:",	      "SigIgn:", "SigCgt:",	"CapInh:",
	"CapPrm:",  "CapEff:",	     "CapBnd:",	      "CapAmb:", "NoNewPrivs:", "Seccomp:",
	"Threads:", "Cpus_allowed:", "Mems_allowed:",
};

static void print_bytes(const char *label, const char *bytes)
{
	printf("%s ", label);
	for (; *bytes; bytes++) {
		if (isprint((unsigned char)*bytes) && *bytes != '\\')
			putchar(*bytes);
		else
			printf("\\x%02x", (unsigned char)*bytes);
	}
	putchar('\n');
}

static void print_file(const char *label, const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		printf("%s %s", label, line);
	if (f)
		fclose(f);
}

static void print_status(void)
{
	char line[8192];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(inherited) / sizeof(*inherited); i++)
			if (!strncmp(line, inherited[i], strlen(inherited[i])))
				printf("status %s", line);
	if (f)
		fclose(f);
}

static void print_link(const char *label, const char *path)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	print_bytes(label, target);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

/* The folder's own descriptor is closed by the time that each is looked at. */
static void print_descriptors(void)
{
	struct dirent **fds;
	int n = scandir("/proc/self/fd", &fds, NULL, by_number);

	for (int i = 0; i < n; i++) {
		char path[300], label[300];

		if (fds[i]->d_name[0] == '.' || fcntl(atoi(fds[i]->d_name), F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", fds[i]->d_name);
		snprintf(label, sizeof(label), "fd %s ->", fds[i]->d_name);
		print_link(label, path);
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", fds[i]->d_name);
		snprintf(label, sizeof(label), "fd %s", fds[i]->d_name);
		print_file(label, path);
	}
}

int main(int argc, char **argv)
{
	static char all[1 << 20]; /* nothing is written before all is seen */

	setvbuf(stdout, all, _IOFBF, sizeof(all));
	for (int i = 0; i < argc; i++)
		print_bytes("argv", argv[i]);
	for (char **e = environ; *e; e++)
		print_bytes("env", *e);
	print_link("cwd", "/proc/self/cwd");
	print_link("root", "/proc/self/root");
	print_link("exe", "/proc/self/exe");
	print_status();
	print_file("limits", "/proc/self/limits");
	print_file("cgroup", "/proc/self/cgroup");
	print_file("oom_score_adj", "/proc/self/oom_score_adj");
	print_file("coredump_filter", "/proc/self/coredump_filter");
	printf("pgid %d sid %d\n", (int)getpgid(0), (int)getsid(0));
	printf("nice %d policy %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	printf("personality %x\n", (unsigned int)personality(0xffffffff));
	printf("secure %lu\n", getauxval(AT_SECURE));
	print_descriptors();
	return fflush(stdout);
}
