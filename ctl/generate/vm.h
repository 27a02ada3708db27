/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct choice;

/* Texts for one VM or container, printed to stdout. */
void generate_xml(struct choice *c);
void generate_proxmox(struct choice *c);
void generate_lxc(struct choice *c);
void generate_rule(struct choice *c);
