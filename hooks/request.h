/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct domain;
struct err;
struct grants;
struct assignment;
struct host;
struct hostdev_facts;
struct mistakes;
struct settings;

/* The devices that a VM requests: by its XML, and by the admin's rules. */

/* The host devices that rules pass to this VM. Mistakes in any rule file go to m. */
void request_grants(const struct host *host, const struct settings *s, const struct domain *d,
		    struct grants *g, struct mistakes *m);

/* The PCI devices that its XML passes as vfio-pci, for facts.json. */
void request_hostdevs(const struct host *host, const struct domain *d, struct hostdev_facts *known);

/* All of them as wishes. -EEXIST where a device is asked for twice. */
int request_wishes(struct assignment *h, const struct domain *d, const struct grants *g,
		   struct err *err);
