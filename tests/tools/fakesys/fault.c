/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/fakesys/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "arena.h"
#include "cleanup.h"
#include "str.h"
#include "tests/tools/fakesys/tree.h"

struct fault {
	const char *line;
	char glob[256], op[8], count[12], action[24];
};

static const struct {
	const char *name;
	int code;
} errors[] = {
	{ "EACCES", EACCES }, { "EAGAIN", EAGAIN }, { "EBUSY", EBUSY },	  { "EEXIST", EEXIST },
	{ "EINVAL", EINVAL }, { "EIO", EIO },	    { "ENODEV", ENODEV }, { "ENOENT", ENOENT },
	{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "ENXIO", ENXIO },	  { "EPERM", EPERM },
	{ "ERANGE", ERANGE }, { "EUSERS", EUSERS }, { "ENOTTY", ENOTTY },
	{ "EOPNOTSUPP", EOPNOTSUPP },
};

#define COUNT(x) (sizeof(x) / sizeof(*(x)))

static int error_code(const char *name)
{
	for (size_t i = 0; i < COUNT(errors); i++)
		if (str_eq(errors[i].name, name))
			return errors[i].code;
	return 0;
}

const char *fault_result(struct arena *a, int result)
{
	for (size_t i = 0; i < COUNT(errors); i++)
		if (errors[i].code == -result)
			return errors[i].name;
	return result < 0 ? arena_printf(a, "%d", result) : "0";
}

long long fault_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* One write(2): two lines never mix. */
void fault_log(const struct operation *o, const char *result)
{
	struct arena a = { 0 };
	char *line = arena_printf(&a, "%lld\t%lld\t%s\t%s\t%s\n", o->begin, fault_now(), o->path,
				  str_printable(&a, o->text), result);
	_cleanup_fd_ int fd = open(tree_hidden(&a, "/.log"),
				   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		perror("fakesys: .log");
	arena_free(&a);
}

/* How often each line's operation was seen. Lines are few and never forgotten. */
static long count_up(const char *line)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct seen {
		struct seen *next;
		long n;
		char *line;
	} *all;
	struct seen *s;
	long n;

	pthread_mutex_lock(&lock);
	for (s = all; s && !str_eq(s->line, line); s = s->next)
		;
	if (!s) {
		s = malloc(sizeof(*s));
		if (!s)
			abort();
		*s = (struct seen){ all, 0, strdup(line) };
		all = s;
	}
	n = ++s->n;
	pthread_mutex_unlock(&lock);
	return n;
}

static bool fits(struct arena *a, const struct fault *f, const struct operation *o)
{
	return str_eq(f->op, o->op) &&
	       (fnmatch(f->glob, o->path, 0) == 0 ||
		fnmatch(f->glob, arena_printf(a, "%s=%s", o->path, o->text), 0) == 0);
}

bool fault_any(struct arena *a)
{
	struct stat st;

	return stat(tree_hidden(a, "/.faults"), &st) == 0 && st.st_size > 0;
}

static char *read_faults(struct arena *a)
{
	_cleanup_fd_ int fd = open(tree_hidden(a, "/.faults"), O_RDONLY | O_CLOEXEC);
	char text[16384];
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));

	return arena_strndup(a, text, len > 0 ? (size_t)len : 0);
}

/* The first whose turn it is; all lines that fit count. */
static bool fault_find(struct arena *a, const struct operation *o, struct fault *found)
{
	char *rest = read_faults(a), *line;
	bool is_found = false;

	while ((line = strsep(&rest, "\n"))) {
		struct fault f = { .line = line };
		long n;

		if (sscanf(line, "%255s %7s %11s %23s", f.glob, f.op, f.count, f.action) != 4 ||
		    !fits(a, &f, o))
			continue;
		n = count_up(line);
		if (is_found || (!str_eq(f.count, "*") && strtol(f.count, NULL, 10) != n))
			continue;
		*found = f;
		is_found = true;
	}
	return is_found;
}

static bool still_there(const char *wanted)
{
	struct arena a = { 0 };
	char *rest = read_faults(&a), *line;
	bool there = false;

	while (!there && (line = strsep(&rest, "\n")))
		there = str_eq(line, wanted);
	arena_free(&a);
	return there;
}

static void hang(const struct operation *o, const char *line)
{
	fault_log(o, "hangs");
	while (still_there(line))
		wait_ms(5);
}

void fault_kill(struct arena *a)
{
	long victim = strtol(tree_text(a, tree_hidden(a, "/.victim")), NULL, 10);

	if (victim > 1)
		kill((pid_t)victim, SIGKILL);
}

enum fault_kind fault_before(struct arena *a, struct operation *o)
{
	struct fault f;

	if (!fault_find(a, o, &f))
		return FAULT_NONE;
	o->note = arena_strdup(a, f.action);
	if (str_eq(f.action, "lie"))
		return FAULT_LIE;
	if (str_eq(f.action, "kill-after"))
		return FAULT_KILL;
	o->result = -error_code(f.action);
	if (o->result < 0)
		return FAULT_ERROR;
	if (str_eq(f.action, "kill-before")) {
		fault_kill(a);
		o->result = -EIO;
		return FAULT_ERROR;
	}
	if (str_starts(f.action, "sleep:"))
		wait_ms(strtol(f.action + strlen("sleep:"), NULL, 10));
	if (str_eq(f.action, "hang"))
		hang(o, f.line);
	return FAULT_NONE;
}
