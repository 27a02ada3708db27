/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct cmdline;
struct stat;

/*
 * Does the command line give the guest this file or disk, under whatever name, and in whichever
 * of QEMU's ways to write an image: -blockdev, -drive, -hda, a word without option, file:/PATH,
 * json:{…}, /dev/fdset/N?
 */
bool images_has(const struct cmdline *c, const struct stat *disk);
