/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writes.c - how long does a program wait for the kernel to do what it writes to sysfs?
 *
 *	BENCH_WRITES=FILE LD_PRELOAD=writes.so PROGRAM
 *
 * A driver is bound, or lets go, within one write(2). Each write to /sys (below
 * KVMSHIM_ROOT), by the program or its children, becomes a line of FILE: nanoseconds of
 * CLOCK_MONOTONIC at its begin and at its end.
 *
 * With BENCH_ACT=MS in the environment that /sys is one of plain files, and what the
 * kernel would do for driver_override, unbind and drivers_probe is done here; to let go
 * of a device takes MS milliseconds.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The file of /sys that was opened last. */
static _Thread_local char opened[PATH_MAX];
static _Thread_local int opened_fd = -1;

static const char *root(void)
{
	const char *path = getenv("KVMSHIM_ROOT");

	return path ? path : "";
}

static int is_sysfs(const char *path)
{
	size_t n = strlen(root());

	return strncmp(path, root(), n) == 0 && strncmp(path + n, "/sys/", 5) == 0;
}

/* The C library's headers name the parameters of these two __file, __fd … */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list rest;
	int fd;

	va_start(rest, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(rest, mode_t);
	va_end(rest);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd >= 0 && is_sysfs(path)) {
		snprintf(opened, sizeof(opened), "%s", path);
		opened_fd = fd;
	}
	return fd;
}

/* ---- a /sys of plain files ---- */

/* An attribute of a device; the text that was written is its address. */
static void attribute_of(char *path, size_t size, const char *address, size_t n, const char *name)
{
	snprintf(path, size, "%s/sys/bus/pci/devices/%.*s/%s", root(), (int)n, address, name);
}

static void let_go(const char *delay, const char *address, size_t n)
{
	long ms = strtol(delay, NULL, 10);
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	char path[PATH_MAX];

	nanosleep(&t, NULL);
	attribute_of(path, sizeof(path), address, n, "driver");
	unlink(path);
}

static void probe(const char *address, size_t n)
{
	char path[PATH_MAX], driver[64] = "", to[128];
	int fd;

	attribute_of(path, sizeof(path), address, n, "driver_override");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, driver, sizeof(driver) - 1) < 0)
		abort();
	close(fd);
	driver[strcspn(driver, "\n")] = '\0';
	snprintf(to, sizeof(to), "../../../bus/pci/drivers/%s", driver);
	attribute_of(path, sizeof(path), address, n, "driver");
	if (symlink(to, path) < 0)
		abort();
}

static ssize_t keep(int fd, const char *text, size_t n)
{
	const char *kept = *text == '\n' ? "(null)\n" : text;

	if (ftruncate(fd, 0) < 0)
		return -1;
	return syscall(SYS_write, fd, kept, kept == text ? n : strlen(kept)) < 0 ? -1 : (ssize_t)n;
}

static ssize_t act(int fd, const char *delay, const char *text, size_t n)
{
	const char *name = strrchr(opened, '/');

	if (strcmp(name, "/unbind") == 0)
		let_go(delay, text, n);
	else if (strcmp(name, "/drivers_probe") == 0)
		probe(text, n);
	else
		return keep(fd, text, n);
	return (ssize_t)n;
}

/* ---- watching ---- */

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec;
}

static void note(unsigned long long begin, unsigned long long end)
{
	const char *path = getenv("BENCH_WRITES");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	char line[64];
	int n = snprintf(line, sizeof(line), "%llu %llu\n", begin, end);

	if (fd < 0)
		return;
	if (syscall(SYS_write, fd, line, n) != n)
		abort();
	close(fd);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int fd, const void *bytes, size_t n)
{
	const char *delay = getenv("BENCH_ACT");
	unsigned long long begin;
	ssize_t put;

	if (fd < 0 || fd != opened_fd)
		return syscall(SYS_write, fd, bytes, n);
	opened_fd = -1;
	begin = now();
	put = delay ? act(fd, delay, bytes, n) : syscall(SYS_write, fd, bytes, n);
	note(begin, now());
	return put;
}
