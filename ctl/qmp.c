/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/capture.h"
#include "jsondoc.h"

/* A QEMU that ends more often than this is asked no more: known versions end at three questions. */
#define ENDS_MAX 16

/* Lines between a question and its answer: events. */
#define EVENTS_MAX 1000

#define SAID_MAX 4096

/* Notes why QEMU is given up: the text that came is not QMP, or too much of it. */
static int fail(struct qmp *q, int error, const char *what)
{
	if (!*q->failure.text)
		err_set(&q->failure, error, "%s %s", q->binary, what);
	return -error;
}

static void end_qemu(struct qmp *q)
{
	if (q->fd < 0)
		return;
	outside_kill(&q->program);
	outside_end(&q->program);
	close(q->fd);
	q->fd = -1;
	arena_free(&q->scratch);
	q->scratch = (struct arena){ 0 };
}

/* ---- patience ---- */

/*
 * A QEMU that waits for something, or computes for ever, has a limit; a QEMU that only gets no CPU
 * has not. So the limit is for the time without any work, and for the work; for the whole there is
 * a limit too, because a program can work a little for ever.
 */
#define PATIENCE_MS (CAPTURE_SECONDS * 1e3)
#define PATIENCE_WHOLE 20

struct patience {
	double began, worked; /* when it last did */
	double cpu_before, cpu;
};

static double cpu_of(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct patience patience_begin(const struct qmp *q)
{
	double now = clock_ms(), cpu = cpu_of(q->program.pid);

	return (struct patience){ now, now, cpu, cpu };
}

static bool patience_ends(const struct qmp *q, struct patience *p)
{
	double now = clock_ms(), cpu = cpu_of(q->program.pid);

	if (cpu > p->cpu)
		p->worked = now;
	p->cpu = cpu;
	return now - p->worked >= PATIENCE_MS || cpu - p->cpu_before >= PATIENCE_MS ||
	       now - p->began >= PATIENCE_MS * PATIENCE_WHOLE;
}

/* ---- lines ---- */

/* Keeps the beginning of the text on stderr. */
static void hear_noise(struct qmp *q, struct pollfd *noise)
{
	char buf[1024];
	ssize_t got = read(q->program.err, buf, sizeof(buf));

	if (got > 0 && q->said.len < SAID_MAX)
		strbuf_addn(&q->said, buf, (size_t)got);
	if (got == 0)
		noise->fd = -1;
}

/* Waits for text. 0, or -errno if the patience ends. */
static int wait_for_text(struct qmp *q, struct patience *p)
{
	struct pollfd fds[] = { { .fd = q->fd, .events = POLLIN },
				{ .fd = q->program.err, .events = POLLIN },
				{ .fd = q->program.signals, .events = POLLIN } };

	do {
		if (patience_ends(q, p) || fds[2].revents) {
			err_set(&q->failure, ETIMEDOUT, "%s does not answer (%d s)", q->binary,
				CAPTURE_SECONDS);
			return -ETIMEDOUT;
		}
		if (poll(fds, 3, 500) > 0 && fds[1].revents)
			hear_noise(q, &fds[1]);
	} while (!fds[0].revents);
	return 0;
}

/* -EPIPE: QEMU has ended. */
static int read_text(struct qmp *q)
{
	char buf[16384];
	ssize_t got = recv(q->fd, buf, sizeof(buf), 0);

	if (got <= 0)
		return -EPIPE;
	strbuf_addn(&q->in, buf, (size_t)got);
	return q->in.len > CAPTURE_MAX ? fail(q, EPROTO, "does not stop to answer") : 0;
}

/* The next line, as the JSON object that it is. */
static int read_line(struct qmp *q, struct patience *p, struct json_object **line)
{
	const char *text, *end;
	struct strbuf rest = { .arena = &q->scratch };

	while (!q->in.len || !(end = memchr(strbuf_text(&q->in), '\n', q->in.len))) {
		int rc = wait_for_text(q, p);

		if (!rc)
			rc = read_text(q);
		if (rc)
			return rc;
	}
	text = strbuf_text(&q->in);
	*line = jsondoc_parse(text, (size_t)(end - text));
	strbuf_addn(&rest, end + 1, q->in.len - (size_t)(end + 1 - text));
	q->in = rest;
	return *line ? 0 : fail(q, EPROTO, "is not a QEMU emulator: its answer is not QMP");
}

/* ---- its beginning and its end ---- */

static int start(struct qmp *q)
{
	const char *const argv[] = { q->binary, "-machine", "none", "-nodefaults",
				     "-no-user-config", "-display", "none", "-S", "-qmp", "stdio",
				     NULL };
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(q, errno, strerror(errno));
	rc = outside_begin(&q->program, q->path, argv, pair[1], OUTSIDE_SOCKET);
	close(pair[1]);
	q->fd = pair[0];
	q->in = (struct strbuf){ .arena = &q->scratch };
	q->said = (struct strbuf){ .arena = q->arena };
	if (!rc)
		return 0;
	err_set(&q->failure, rc, "%s cannot be run: %s", q->binary, strerror(rc));
	outside_end(&q->program);
	close(q->fd);
	q->fd = -1;
	return -rc;
}

/* The reason why it ended: the first line that it printed on stderr. */
static const char *last_words(struct qmp *q)
{
	struct pollfd noise = { .fd = q->program.err, .events = POLLIN };
	const char *said;

	while (noise.fd >= 0 && q->said.len < SAID_MAX && poll(&noise, 1, 0) > 0)
		hear_noise(q, &noise);
	said = strbuf_text(&q->said);
	return *said ? arena_strndup(q->arena, said, strcspn(said, "\n")) :
		       "it ended and printed no error";
}

static int read_version(struct qmp *q, struct json_object *greeting)
{
	struct json_object *of = greeting;

	for (const char *const *key = (const char *const[]){ "QMP", "version", "qemu", NULL }; *key;
	     key++)
		if (!json_object_object_get_ex(of, *key, &of))
			return fail(q, EPROTO, "is not a QEMU emulator: its answer is not QMP");
	q->major = json_object_get_int(json_object_object_get(of, "major"));
	q->minor = json_object_get_int(json_object_object_get(of, "minor"));
	return 0;
}

static int greet(struct qmp *q)
{
	_cleanup_json_ struct json_object *greeting = NULL;
	struct patience p = patience_begin(q);
	int rc = read_line(q, &p, &greeting);

	if (rc == -EPIPE)
		return err_set(&q->failure, EIO, "%s failed: %s", q->binary, last_words(q));
	return rc ? rc : read_version(q, greeting);
}

/* ---- questions ---- */

static int send_question(struct qmp *q, const char *command, const char *arguments)
{
	const char *text = arena_printf(&q->scratch,
					"{\"execute\": \"%s\", \"arguments\": %s, \"id\": %u}\n",
					command, arguments ? arguments : "{}", ++q->questions);

	return send(q->fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -EPIPE : 0;
}

static bool is_answer(const struct qmp *q, struct json_object *line)
{
	struct json_object *id = json_object_object_get(line, "id");

	return json_object_is_type(id, json_type_int) &&
	       json_object_get_int64(id) == (int64_t)q->questions;
}

static int read_answer(struct qmp *q, struct json_object **answer)
{
	struct patience p = patience_begin(q);

	for (int i = 0; i < EVENTS_MAX; i++) {
		int rc = read_line(q, &p, answer);

		if (rc || is_answer(q, *answer))
			return rc;
		json_object_put(*answer);
		*answer = NULL;
	}
	return fail(q, EPROTO, "sends events, and no answer");
}

static struct json_object *take(struct qmp *q, struct json_object *answer)
{
	struct json_object *error = json_object_object_get(answer, "error");
	const char *class = json_object_get_string(json_object_object_get(error, "class"));

	snprintf(q->refusal, sizeof(q->refusal), "%s", class ? class : "");
	return json_object_get(json_object_object_get(answer, "return"));
}

static struct json_object *ask_once(struct qmp *q, const char *command, const char *arguments)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int rc = send_question(q, command, arguments);

	*q->refusal = '\0';
	rc = rc ? rc : read_answer(q, &answer);
	if (!rc)
		return take(q, answer);
	if (rc == -EPIPE && ++q->ends >= ENDS_MAX)
		err_set(&q->failure, EIO, "%s ends at one question after the other: %s",
			q->binary, last_words(q));
	end_qemu(q);
	return NULL;
}

static bool is_ready(struct qmp *q)
{
	struct json_object *nothing;

	if (q->fd >= 0 || *q->failure.text)
		return q->fd >= 0;
	if (start(q) < 0)
		return false;
	if (greet(q) < 0) {
		end_qemu(q);
		return false;
	}
	nothing = ask_once(q, "qmp_capabilities", NULL);
	json_object_put(nothing);
	if (q->fd < 0)
		fail(q, EIO, "failed: it ended after its greeting");
	return q->fd >= 0;
}

struct json_object *qmp_ask(struct qmp *q, const char *command, const char *arguments)
{
	struct json_object *answer;

	if (!is_ready(q))
		return NULL;
	answer = ask_once(q, command, arguments);
	if (q->fd >= 0 && q->in.len == 0) {
		arena_free(&q->scratch);
		q->scratch = (struct arena){ 0 };
		q->in = (struct strbuf){ .arena = &q->scratch };
	}
	return answer;
}

bool qmp_since(const struct qmp *q, int major, int minor)
{
	return q->major > major || (q->major == major && q->minor >= minor);
}

int qmp_open(struct qmp *q, struct arena *a, const char *binary, const char *path, struct err *err)
{
	*q = (struct qmp){ .arena = a, .binary = binary, .path = path, .fd = -1 };
	return is_ready(q) ? 0 : err_set(err, EIO, "%s", q->failure.text);
}

int qmp_close(struct qmp *q, struct err *err)
{
	end_qemu(q);
	return *q->failure.text ? err_set(err, EIO, "%s", q->failure.text) : 0;
}
