/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;
struct strv;

/*
 * The mounts of the 9p and virtiofs devices below a PCI function, in sentences: "data (9p) is
 * mounted on /srv". Where the kernel does not say which device has a virtiofs tag (before
 * Linux 6.9), each mount of virtiofs counts for each of them.
 */
void uses_of_virtio(const struct host *host, const char *address, struct strv *uses);
