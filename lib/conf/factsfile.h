/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct err;
struct facts;
struct host;

/*
 * /run/kvmshim/vm/UUID/facts.json, written by the hook, read by the wrapper:
 *
 *   { "version": 1, "uuid": UUID,
 *     "nova": { "instance": DISPLAY NAME, "flavor": NAME,
 *               "project": { "name": …, "id": … }, "user": { "name": …, "id": … } },
 *     "grants": [ { "pci": "0000:05:00.0", "rule": "50-gpu.ini:section" },
 *                 { "mdev": UUID, "rule": … } ],
 *     "hostdevs": [ { "pci": "0000:06:00.0", "id": "10de:1b06" } ] }
 *
 * "nova" and each of its members may be missing: that fact is unknown then. "grants" may be
 * missing: then no device was assigned. "hostdevs" (the PCI devices of the domain XML) may be
 * missing: then there are none, or the hook was an older one. Other members are for other readers. Fills
 * when-flavor, when-project, when-user and when-instance. uuid must have come out of
 * str_uuid(). 0 (also if the file does not exist), or -errno with err filled (without the
 * path). A file that is a link, has another owner, or has not this shape is refused, not
 * repaired.
 */
int factsfile_read(const struct host *host, const char *uuid, struct facts *f, struct err *err);

const char *factsfile_path(const struct host *host, const char *uuid);
