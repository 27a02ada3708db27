/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct domain;
struct err;
struct grants;
struct assignment;
struct host;
struct mistakes;
struct settings;

/* The devices that a VM requests: by its XML, and by the admin's rules. */

/* The host devices that rules pass to this VM. Mistakes in any rule file go to m. */
void request_grants(const struct host *host, const struct settings *s, const struct domain *d,
		    struct grants *g, struct mistakes *m);

/* All of them as wishes. -EEXIST where a device is asked for twice. */
int request_wishes(struct assignment *h, const struct domain *d, const struct grants *g,
		   struct err *err);
