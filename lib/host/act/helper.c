/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/act/helper.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

enum turn {
	TURN_IDLE,
	TURN_ASKED, /* the child is to do, or does, what is asked */
	TURN_DONE,
	TURN_END, /* the child is to end */
};

/* The task and its result, in memory that both processes have. */
struct order {
	pid_t caller;
	_Atomic unsigned turn; /* enum turn; who waits for the other sleeps on it, futex(2) */
	void (*run)(const struct task *t);
	size_t len;
	char path[PATH_MAX];
	char text[4096];
	struct report report;
};

struct helper {
	struct child child;
	struct order *order; /* NULL: no helper exists */
};

static _Thread_local struct helper mine;

static void wake(struct order *o)
{
	syscall(SYS_futex, &o->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Sleeps while it is that turn, or less; false once ms milliseconds are over. */
static bool turn_wait(struct order *o, enum turn turn, int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	return syscall(SYS_futex, &o->turn, FUTEX_WAIT, turn, &t, NULL, 0) == 0 ||
	       errno != ETIMEDOUT;
}

/* ---- in the child ---- */

static void carry_out(struct order *o)
{
	struct task t = { .path = o->path, .text = o->text, .len = o->len, .report = &o->report };

	unsigned turn = TURN_ASKED;

	o->run(&t);
	/* if it is not the end by now */
	if (atomic_compare_exchange_strong(&o->turn, &turn, TURN_DONE))
		wake(o);
}

#define LOOK 100 /* ms, between two looks whether the other was killed */

/*
 * When its caller ends it is killed: see die_with(). Where prctl(2) is refused, it ends when it
 * sees that it has another parent.
 */
static void serve(const struct task *t)
{
	struct order *o = t->data;
	unsigned turn;

	while ((turn = atomic_load(&o->turn)) != TURN_END && getppid() == o->caller) {
		if (turn == TURN_ASKED)
			carry_out(o);
		else
			turn_wait(o, turn, LOOK);
	}
}

/* ---- in the caller ---- */

/* The helper ends at any point of its work; if it is stuck, when its call in the kernel returns. */
static void forget(struct helper *h)
{
	atomic_store(&h->order->turn, TURN_END);
	wake(h->order);
	munmap(h->order, sizeof(*h->order));
	child_end(&h->child);
	*h = (struct helper){ 0 };
}

void helper_end(void)
{
	pid_t pid = mine.child.pid;

	if (!mine.order)
		return;
	forget(&mine);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int start(struct helper *h)
{
	void *memory = NULL;
	int rc = child_memory(sizeof(*h->order), &memory);
	struct task t = { .run = serve, .stderr_fd = -1, .data = memory };

	if (rc < 0)
		return rc;
	h->order = memory;
	h->order->caller = getpid();
	t.report = &h->order->report;
	rc = child_start(&h->child, &t);
	if (rc < 0) {
		h->child.pidfd = -1;
		forget(h);
	}
	return rc;
}

static bool is_gone(const struct helper *h)
{
	return child_wait(&h->child, 0, -1, NULL) == 0;
}

static void ask(struct order *o, const struct task *t)
{
	o->run = t->run;
	o->len = t->len;
	memcpy(o->path, t->path, strlen(t->path) + 1);
	if (t->len)
		memcpy(o->text, t->text, t->len);
	atomic_store(&o->turn, TURN_ASKED);
	wake(o);
}

/* 0, -EIO: it was killed, or -ETIMEDOUT. */
static int wait_done(const void *of, int ms)
{
	const struct helper *h = of;
	double until = clock_ms() + ms;

	while (atomic_load(&h->order->turn) != TURN_DONE) {
		int left = clock_left(until);

		if (!left)
			return -ETIMEDOUT;
		if (!turn_wait(h->order, TURN_ASKED, left < LOOK ? left : LOOK) &&
		    is_gone(h) && atomic_load(&h->order->turn) != TURN_DONE)
			return -EIO;
	}
	return 0;
}

static int take_report(const struct order *o, struct report *to)
{
	to->error = o->report.error;
	to->len = o->report.len;
	memcpy(to->text, o->report.text, o->report.len);
	return -to->error;
}

int helper_do(struct arena *a, const struct task *t, int deadline, struct process *stuck)
{
	int rc = 0;

	if (stuck)
		*stuck = (struct process){ 0 };
	if (strlen(t->path) >= sizeof(mine.order->path) || t->len > sizeof(mine.order->text))
		return -ENAMETOOLONG;
	if (mine.order && is_gone(&mine))
		helper_end();
	if (!mine.order)
		rc = start(&mine);
	if (rc < 0)
		return rc;
	ask(mine.order, t);
	rc = child_wait_or_tell(a, mine.child.pid, wait_done, &mine, deadline, stuck);
	if (rc == 0)
		return take_report(mine.order, t->report);
	if (rc == -ETIMEDOUT)
		forget(&mine);
	else
		helper_end();
	return rc;
}
