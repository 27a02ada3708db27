/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "host/process/process.h"

struct subdevices;
struct err;
struct step;
struct work;

/*
 * Moving a PCI function from one driver to another
 * (Documentation/ABI/testing/sysfs-bus-pci: driver_override, drivers_probe).
 * drivers_probe says 0 though nothing was bound: the driver link alone is believed.
 */

/* Writes to an attribute; what hangs becomes a stuck operation of the work. 0 or -errno. */
int opdriver_put(struct work *w, const struct step *s, const char *path, const char *text,
		 struct err *err);

/* Notes a child that hangs in a step as a stuck operation of the work. -ETIMEDOUT. */
int opdriver_hangs(struct work *w, const struct step *s, struct process child, struct err *err);

/* Reads one that may hang, likewise. */
int opdriver_get(struct work *w, const struct step *s, const char *path, char **text,
		 struct err *err);

/* Loads it with all it needs, by its name or its alias; waits a minute for it. */
int opdriver_modprobe(struct work *w, const char *module, struct err *err);

/* Was the device of this step removed from the host? */
bool opdriver_is_gone(struct work *w, const struct step *s);

/* How long an operation of this step may take: seconds. */
int opdriver_patience(const struct work *w, const struct step *s);

/*
 * -EBUSY, with who it is, where somebody has it open, by a look no older than w->since.
 * Fills what is below it.
 */
int opdriver_unused(struct work *w, const char *device, struct subdevices *b, struct err *err);

/*
 * Looks again and again, with a new result each time, for as long as holders-wait allows,
 * until it is not -EBUSY. b: what the last look found below the device.
 */
typedef int opdriver_look(struct work *w, const char *device, struct subdevices *b, struct err *err);
int opdriver_wait(struct work *w, const char *device, opdriver_look *look, struct subdevices *b,
		  struct err *err);

/* OP_OVERRIDE, OP_UNBIND, OP_PROBE, and their undoing. */
int opdriver_aim(struct work *w, const struct step *s, struct err *err);
int opdriver_unaim(struct work *w, const struct step *s, struct err *err);
int opdriver_unbind(struct work *w, const struct step *s, struct err *err);
int opdriver_rebind(struct work *w, const struct step *s, struct err *err);
int opdriver_probe(struct work *w, const struct step *s, struct err *err);
int opdriver_unprobe(struct work *w, const struct step *s, struct err *err);
