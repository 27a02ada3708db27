/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;
struct assignment;
struct device_settings;
struct holder;
struct host;
struct reservations;
struct survey;

/*
 * Looks at each requested device and, for a PCI function, at the others of its IOMMU group,
 * which are added as ROLE_COMPANION. Changes nothing. It may take its time, and be stuck with
 * a device that is: it holds no lock in the meantime. survey_own() adds the owners.
 */
void survey_make(const struct assignment *h, const struct reservations *held, struct survey *out);

/* Under the lock, and quick: fills the owners, what is left, what VFs are used, and what is made on each. */
void survey_own(const struct assignment *h, const struct reservations *held, struct survey *out);

/*
 * Are the drivers the same as in the survey, and is the place for the devices to be made still
 * free? Another process may have used and returned them in between.
 */
bool survey_holds(const struct assignment *h, const struct reservations *held,
		  const struct survey *s);

/*
 * Have driver_override and the attributes still the values that an undo would restore? Call
 * this after the devices are reserved: before, another VM may have been returning one, and
 * its values in the meantime are not the admin's. It may hang with the device.
 */
bool survey_settings_hold(const struct assignment *h, const struct survey *survey);

/* "pulseaudio (pid 812, unit app.scope) has /dev/snd/controlC0 open" */
const char *survey_holder_text(struct arena *a, const struct holder *h);
/*
 * The end of a refusal with it: the line of kvmshim.conf that stops this holder; "" if none
 * does, or if the section of the device (conf; NULL: none) has it already.
 */
const char *survey_mend_text(struct arena *a, const struct device_settings *conf,
			     const char *address, const struct holder *h);
/* "nvme0n1p1 is mounted on /srv", or what is likely where we cannot see it. */
const char *survey_disk_text(const struct host *host, const char *disk);
