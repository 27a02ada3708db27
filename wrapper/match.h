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
 * The facts that conditions need: from the original command line, from facts.json, and, only
 * for the bits of `needed` (1 << enum fact), from sysfs. real: path of the real emulator,
 * which shows the architecture. 0, or -errno if facts.json exists but cannot be trusted.
 */
int match_facts(const struct host *host, const struct cmdline *c, const char *real, unsigned needed,
		struct facts *f, struct err *err);

/* The accelerator that QEMU would try first. */
const char *match_accel(const struct cmdline *c);

/* The host's PCI address that a -device passes through; NULL for any other device. */
const char *match_passed_pci(const struct optval *v);

/* %n, %u, %h. */
void match_names(struct arena *a, const struct cmdline *c, struct names *names);
