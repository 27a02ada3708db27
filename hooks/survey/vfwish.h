/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct err;
struct host;
struct process;
struct settings;
struct subject;
struct vf_port;

/* The properties that kvmshim.conf wants of a virtual function while a VM has it. */

/* Reads what they are now, if its section wants any. deadline in milliseconds. */
void vfwish_look(const struct host *host, int deadline, struct subject *s);

/* Are they, of those that are wanted, the same in both? */
bool vfwish_same(const struct subject *a, const struct subject *b);

/* Why they cannot be set; NULL: they can, or none is wanted. */
const char *vfwish_why(struct arena *a, const struct settings *settings, const struct subject *s);

/* A sentence for an error of vfport_read(). */
const char *vfwish_unread(struct arena *a, const char *address, const struct vf_port *port, int error);
