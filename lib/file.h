/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <fcntl.h>
#include <stddef.h>

struct arena;
struct err;
struct host;
struct root;

/*
 * Files that decide what runs are strangers until judged. Each is opened once,
 * and what was opened is judged by fstat: right owner, not writable by group
 * or other, and readable by everybody, because the wrapper reads it as the
 * user of the VM. Nothing blocks: O_NONBLOCK keeps a fifo from hanging us.
 */
struct file {
	const char *path; /* as messages name it */
	const char *text; /* NUL-terminated; NULL if it is a link to /dev/null */
	size_t len;
};

#define FILE_MAX (1024 * 1024)

/*
 * A folder's descriptor to open files in (O_PATH: it need not be readable), or
 * -errno. -ENOENT fills no err: an absent folder is fine.
 */
int folder_open(const struct root *r, int at, const char *name, struct err *err);

/*
 * Reads all of `name` in the folder `at`. extra_flags may hold O_NOFOLLOW.
 * 0, or -errno with err filled; -ENOENT as above.
 */
int file_read(const struct host *host, int at, const char *name, int extra_flags, struct file *file,
	      struct err *err);

/*
 * The same for private directories and files of kvmshim: nobody else needs to enter or read
 * them, and they must not be links or devices. The descriptor of the directory can be
 * locked, listed and changed (O_RDONLY).
 */
int folder_open_private(const struct root *r, int at, const char *name, struct err *err);
int file_read_private(const struct host *host, int at, const char *name, struct file *file,
		      struct err *err);

/* Any file, whoever owns it, such as a draft; at most FILE_MAX bytes. */
int file_read_any(struct arena *a, const char *path, struct file *file, struct err *err);

/* The same of a log: of one longer than max the last max bytes. */
int file_read_tail(struct arena *a, const char *path, size_t max, struct file *file,
		   struct err *err);

/* All of it, whatever interrupts. 0 or -errno. */
int file_write_all(int fd, const char *text);
