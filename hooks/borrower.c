/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/borrower.h"

#include <errno.h>

#include "arena.h"
#include "cleanup.h"
#include "err.h"
#include "hooks/journal/state.h"
#include "hooks/survey/reserve.h"
#include "root.h"
#include "str.h"

static int read_others(const struct host *host, const char *uuid, struct reservations *others,
		       struct err *err)
{
	_cleanup_fd_ int lock = state_lock(host, err);

	return lock < 0 ? lock : reserve_read(host, uuid, others, err);
}

int borrower_check(const struct host *host, const struct journal *j, const struct strv *devices,
		   struct err *err)
{
	struct reservations others = { 0 };
	int rc = read_others(host, j->uuid, &others, err);

	for (size_t i = 0; rc == 0 && i < j->n_devices; i++) {
		const char *device = j->devices[i].device;
		const struct reservation *owner = reserve_owner(&others, device, JOURNAL_HAND);

		const struct salvage *doubt = reserve_doubt(host, &others, device);

		if (devices && !strv_has(devices, device))
			continue;
		if (!owner && doubt)
			rc = err_set(err, EBUSY, "%s is possibly in use by %s", device,
				     salvage_text(host->arena, doubt));
		if (owner)
			rc = err_set(err, EBUSY, "%s is in use by %s", device,
				     reserve_text(host->arena, owner));
	}
	return rc;
}
