/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/filter.h"

#include "ctl/devices/device.h"

bool filter_takes(const struct filter *f, const struct device *d)
{
	bool gpu = d->pci.class >> 16 == 0x03 || device_is_gpu(d);

	return (!f->gpu || gpu) && (!f->free || d->state == DEVICE_FREE) &&
	       (f->group < 0 || d->pci.group == f->group);
}
