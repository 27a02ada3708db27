/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct host;

/* The path of a system program on this host, which root_path() opens; NULL: not installed. */
const char *program_find(const struct host *host, const char *name);
