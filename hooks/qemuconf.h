/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "str.h"

struct arena;
struct host;

/* The values of libvirt's /etc/libvirt/qemu.conf that the hook needs, with their defaults. */
#define QEMUCONF "/etc/libvirt/qemu.conf"

struct qemuconf {
	bool known;		 /* false: a KVMSHIM_ROOT has no qemu.conf, so no libvirt */
	struct strv device_acl;	 /* cgroup_device_acl; else the default that the file names */
	struct strv controllers; /* cgroup_controllers */
	struct strv namespaces;
	struct strv security;	 /* security_driver; empty: whatever the host has */
};

/* A file that cannot be read or parsed counts as missing: libvirt does not start with it. */
void qemuconf_read(const struct host *host, struct qemuconf *c);
void qemuconf_parse(struct arena *a, const char *text, struct qemuconf *c);

/* Are VMs kept from device nodes that are not in cgroup_device_acl? */
bool qemuconf_guards_devices(const struct qemuconf *c);
bool qemuconf_allows(const struct qemuconf *c, const char *node);

/* May libvirt confine VMs by this driver? With no setting it takes what the host has. */
bool qemuconf_may_confine(const struct qemuconf *c, const char *driver);
