/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct choice;

/* Texts for OpenStack, printed to stdout. */
void generate_nova(struct choice *c);
void generate_juju(struct choice *c);
