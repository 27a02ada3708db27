/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/steps/watch.h"

#include <sys/sysmacros.h>

#include "clock.h"
#include "tree.h"

static void opens_zero(int pid)
{
	tree_folder(arena_printf(&arena, "proc/%d/fd", pid));
	tree_link(arena_printf(&arena, "proc/%d/fd/3", pid), "/dev/zero");
}

static struct holders holders_since(struct watch *w, struct arena *a, double since)
{
	struct node zero = { .dev = makedev(1, 5), .name = "zero" };
	struct nodes nodes = { .v = &zero, .n = 1 };
	struct holders h = { 0 };

	watch_holders(w, a, since, &nodes, &h);
	return h;
}

static void one_look_is_good_for_all_who_asked_before(void **state)
{
	struct host host = tree_host();
	struct watch w;
	double asked = clock_ms();

	(void)state;
	opens_zero(42);
	watch_init(&w, &host.root);
	assert_int_equal(holders_since(&w, &arena, asked).n, 1);
	opens_zero(43);
	assert_int_equal(holders_since(&w, &arena, asked).n, 1);
	clock_sleep(2);
	assert_int_equal(holders_since(&w, &arena, clock_ms()).n, 2);
	watch_end(&w);
}

/* Each lane in a thread: it asks again and again, and its own process is among the answers. */

struct lane {
	struct watch *watch;
	pthread_t thread;
	int pid;
	int missed;
};

static bool is_seen(struct watch *w, struct arena *a, int pid)
{
	struct holders h = holders_since(w, a, clock_ms());

	for (size_t i = 0; i < h.n; i++)
		if (h.v[i].process.pid == pid)
			return true;
	return false;
}

static void *looks(void *arg)
{
	struct lane *lane = arg;
	struct arena mine = { 0 };

	for (int i = 0; i < 50; i++)
		lane->missed += !is_seen(lane->watch, &mine, lane->pid);
	arena_free(&mine);
	return NULL;
}

static void lanes_ask_side_by_side(void **state)
{
	struct host host = tree_host();
	struct lane lanes[8];
	struct watch w;

	(void)state;
	watch_init(&w, &host.root);
	for (int i = 0; i < 8; i++) {
		lanes[i] = (struct lane){ .watch = &w, .pid = 100 + i };
		opens_zero(lanes[i].pid);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&lanes[i].thread, NULL, looks, &lanes[i]), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(lanes[i].thread, NULL);
		assert_int_equal(lanes[i].missed, 0);
	}
	watch_end(&w);
}

/* --- disks */

static void a_disk_is_claimed_once_for_all(void **state)
{
	struct host host = tree_host();
	struct watch w;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	watch_init(&w, &host.root);
	assert_true(watch_claim(&w, "nvme0n1"));
	assert_true(watch_claim(&w, "nvme1n1"));
	watch_claimed(&w, "nvme0n1", -EBUSY);
	watch_claimed(&w, "nvme1n1", fd);
	assert_false(watch_claim(&w, "nvme1n1"));
	assert_true(watch_claim(&w, "nvme0n1"));
	watch_claimed(&w, "nvme0n1", -EBUSY);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	watch_end(&w);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void *claims_too(void *arg)
{
	struct lane *lane = arg;

	lane->missed = watch_claim(lane->watch, "nvme0n1");
	if (lane->missed)
		watch_claimed(lane->watch, "nvme0n1", open("/dev/null", O_RDONLY | O_CLOEXEC));
	return NULL;
}

/* fd: what came of it. true: the other lane tried, too. */
static bool another_tries_after(int fd)
{
	struct host host = tree_host();
	struct lane lane;
	struct watch w;

	watch_init(&w, &host.root);
	lane = (struct lane){ .watch = &w };
	assert_true(watch_claim(&w, "nvme0n1"));
	assert_int_equal(pthread_create(&lane.thread, NULL, claims_too, &lane), 0);
	clock_sleep(20);
	watch_claimed(&w, "nvme0n1", fd);
	pthread_join(lane.thread, NULL);
	watch_end(&w);
	return lane.missed;
}

static void who_comes_meanwhile_waits_for_the_first(void **state)
{
	(void)state;
	assert_true(another_tries_after(-EBUSY));
	assert_false(another_tries_after(open("/dev/null", O_RDONLY | O_CLOEXEC)));
}

int main(void)
{
	TREE_TEST("one look is good for all who asked before it began",
		  one_look_is_good_for_all_who_asked_before);
	TREE_TEST("lanes that ask side by side each see what is there", lanes_ask_side_by_side);
	TREE_TEST("a disk is claimed once for all lanes", a_disk_is_claimed_once_for_all);
	TREE_TEST("a lane waits for another that is about to claim a disk",
		  who_comes_meanwhile_waits_for_the_first);
	return unit_run("watch");
}
