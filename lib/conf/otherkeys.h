/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The key to write for one that rule files do not have, but libvirt, Proxmox, other tools or plain
 * thinking would call so; NULL if this word is not known.
 */
const char *otherkeys_meant(const char *key);
