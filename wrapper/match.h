/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct arena;
struct cmdline;
struct err;
struct facts;
struct host;
struct names;
struct optval;

/*
 * What conditions ask about, taken from the command line as it came in, from
 * facts.json, and, only for the bits of `needed` (1 << enum fact), from sysfs.
 * real: path of the real emulator, which tells the architecture.
 * 0, or -errno where facts.json is there but is not to be believed.
 */
int match_facts(const struct host *host, const struct cmdline *c, const char *real, unsigned needed,
		struct facts *f, struct err *err);

/* The accelerator that QEMU would try first. */
const char *match_accel(const struct cmdline *c);

/* The host's PCI address that a -device passes through; NULL if it is no such device. */
const char *match_passed_pci(const struct optval *v);

/* %n, %u, %h. */
void match_names(struct arena *a, const struct cmdline *c, struct names *names);
