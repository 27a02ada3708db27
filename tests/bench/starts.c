/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * starts.c - how long does it take to start these programs?
 *
 *	starts ROUNDS WORDS TARGET < ROWS
 *
 * WORDS is a file with the QEMU command line that every program gets, a word a
 * line; TARGET stands for QEMU. Each line of ROWS is one program to measure,
 * fields parted by tabs: a label, the folder for KVMSHIM_ROOT, the program, and
 * the script if the program is an interpreter. For each row this prints the
 * label, a tab, and the median in nanoseconds from before the start until the
 * program (and what it exec'ed in its place) has ended.
 *
 * Rows take turns: one start each, then the next round. Whatever disturbs the
 * machine then disturbs all alike, and only differences are looked at. Each
 * round has its own order, or the row behind Python would always find the
 * caches that Python has emptied.
 *
 * The measuring itself has to be cheap: posix_spawn, because fork would copy
 * our page tables; one processor, because a child that wakes up on the other
 * one, now and then, makes the median jump.
 */
#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROWS = 32, MAX_WORDS = 512, WARM_UPS = 5 };

struct row {
	char *label;
	char *program;
	char **argv;
	char *env[8];
	uint64_t *took; /* nanoseconds, one per round */
};

/* Says what went wrong with what, and ends. */
static void __attribute__((noreturn)) fatal(const char *what, const char *why)
{
	fprintf(stderr, "starts: %s: %s\n", what, why);
	exit(1);
}

static char *format(const char *before, const char *after)
{
	char *text;

	if (asprintf(&text, "%s%s", before, after) < 0)
		fatal(before, "no memory");
	return text;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		fatal("table", "no memory");
	return memory;
}

/* The next line of a file without its newline, or NULL; the caller owns it. */
static char *read_line(FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length = getline(&line, &size, file);

	if (length <= 0)
		return NULL;
	if (line[length - 1] == '\n')
		line[length - 1] = '\0';
	return line;
}

static size_t read_words(const char *path, char **words)
{
	FILE *file = fopen(path, "re");
	size_t count = 0;

	if (!file)
		fatal(path, strerror(errno));
	while (count < MAX_WORDS && (words[count] = read_line(file)))
		count++;
	fclose(file);
	return count;
}

/* Takes a line of ROWS apart; the row keeps pointing into it. */
static void row_read(struct row *row, char *line, char **words, size_t count, const char *target,
		     size_t rounds)
{
	size_t n = 0;
	char *root, *script;

	row->label = strsep(&line, "\t");
	root = strsep(&line, "\t");
	row->program = strsep(&line, "\t");
	script = strsep(&line, "\t");
	if (!row->program)
		fatal(row->label, "a row needs a label, a folder and a program");

	row->argv = allocate(count + 3, sizeof(*row->argv));
	row->argv[n++] = row->program;
	if (script)
		row->argv[n++] = script;
	memcpy(row->argv + n, words, count * sizeof(*words));

	/* What libvirt gives QEMU, and where the contenders find the target. */
	row->env[0] = format("LC_ALL=", "C");
	row->env[1] = format("PATH=", "/usr/sbin:/usr/bin:/sbin:/bin");
	row->env[2] = format("HOME=", "/");
	row->env[3] = format("KVMSHIM_ROOT=", root);
	row->env[4] = format("BENCH_TARGET=", target);
	row->took = allocate(rounds, sizeof(*row->took));
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t start(const struct row *row)
{
	uint64_t before = now();
	pid_t child;
	int status;

	errno = posix_spawn(&child, row->program, NULL, NULL, row->argv, row->env);
	if (errno != 0 || waitpid(child, &status, 0) != child)
		fatal(row->program, strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fatal(row->label, "the program failed");
	return now() - before;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Fisher-Yates. random() is not seeded, so two runs differ by the machine only. */
static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)random() % i;
		size_t last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

static void stay_on_this_processor(void)
{
	cpu_set_t set;
	int here = sched_getcpu();

	if (here < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)here, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	static char *words[MAX_WORDS];
	static struct row rows[MAX_ROWS];
	static size_t order[MAX_ROWS];
	size_t rounds, word_count, row_count = 0;
	char *line;

	if (argc != 4 || (rounds = strtoul(argv[1], NULL, 10)) == 0)
		fatal("usage", "starts ROUNDS WORDS TARGET < ROWS");
	word_count = read_words(argv[2], words);
	while (row_count < MAX_ROWS && (line = read_line(stdin)))
		row_read(&rows[row_count++], line, words, word_count, argv[3], rounds);

	stay_on_this_processor();
	for (size_t i = 0; i < row_count; i++) {
		order[i] = i;
		for (size_t warm_up = 0; warm_up < WARM_UPS; warm_up++)
			start(&rows[i]);
	}
	for (size_t round = 0; round < rounds; round++) {
		shuffle(order, row_count);
		for (size_t i = 0; i < row_count; i++)
			rows[order[i]].took[round] = start(&rows[order[i]]);
	}

	for (size_t i = 0; i < row_count; i++) {
		qsort(rows[i].took, rounds, sizeof(*rows[i].took), compare);
		printf("%s\t%llu\n", rows[i].label, (unsigned long long)rows[i].took[rounds / 2]);
	}
	return 0;
}
