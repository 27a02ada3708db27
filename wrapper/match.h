/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct cmdline;
struct err;
struct facts;
struct host;
struct hostdev_facts;
struct names;
struct optval;
struct strv;

/*
 * The facts that conditions need: from the original command line, from facts.json, and, only
 * for the bits of `needed` (1 << enum fact), from sysfs. real: path of the real emulator,
 * which shows the architecture. 0, or -errno if facts.json exists but cannot be trusted.
 */
int match_facts(const struct host *host, const struct cmdline *c, const char *real, unsigned needed,
		struct facts *f, struct err *err);

/* The accelerator that QEMU would try first. */
const char *match_accel(const struct cmdline *c);

/*
 * What a -device passes through. PASSED_UNKNOWN: a device of this host, of which the command
 * line has only a descriptor that does not say which (libvirt 12 with IOMMUFD).
 */
enum passed { PASSED_NONE, PASSED_PCI, PASSED_MDEV, PASSED_UNKNOWN };

/* *device: a PCI address as it is written, or a mediated device's UUID; NULL of the others. */
enum passed match_passed(const struct host *host, const struct cmdline *c, const struct optval *v,
			 const char **device);

/*
 * All of them. What the command line does not say is taken from the devices of the domain XML,
 * if there are as many. false: it is unknown what some of them are.
 */
bool match_all_passed(const struct host *host, const struct cmdline *c,
		      const struct hostdev_facts *known, struct strv *addresses,
		      struct strv *mdevs);

/* Fills when-pci, after f->hostdevs. A device with an unknown id makes it unknown. */
void match_pci(const struct host *host, const struct cmdline *c, struct facts *f);

/* %n, %u, %h. */
void match_names(struct arena *a, const struct cmdline *c, struct names *names);
