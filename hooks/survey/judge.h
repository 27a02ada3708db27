/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "str.h"

struct arena;
struct device_settings;
struct pci_function;
struct settings;
struct survey;

/*
 * May all devices of the survey be assigned? Pure. Adds one sentence for each reason against
 * it, which names the device, the obstacle, and what to do; no sentence: they may. A holder or
 * a claimed disk is not a reason if time or stopping units may change it: OP_FREE decides
 * then. notes: sentences about what is in the way and refuses nothing, for the log.
 */
void judge(struct arena *a, const struct settings *settings, const struct survey *survey,
	   struct strv *refusals, struct strv *notes);

/*
 * May a PF be assigned, for all of its VFs? used: the VFs in use, "0000:05:00.2 (VM web)";
 * conf may be NULL. NULL: it may; else what follows its address in the sentence.
 */
const char *judge_vfs(struct arena *a, const struct pci_function *pf, const struct strv *used,
		      const struct device_settings *conf);

/*
 * The sentence of a device that VFIO has without a device node for IOMMUFD. rule: that requests
 * it; NULL: the domain XML.
 */
const char *judge_no_cdev(struct arena *a, const char *device, const char *rule);

/* The reason for a card that nvidia's own modules keep. */
extern const char judge_modeset[];
