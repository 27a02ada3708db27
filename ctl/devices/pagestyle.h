/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The style sheet of the page. */
extern const char *const page_style;
