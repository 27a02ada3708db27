/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/journal/shape.h"

#include <errno.h>
#include <math.h>

#include "err.h"
#include "hooks/journal/field.h"
#include "str.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const op_names[OP_COUNT] = {
	[OP_UNIT] = "unit",
	[OP_PAUSE] = "pause",
	[OP_SESSIONS] = "sessions",
	[OP_MODULE] = "module",
	[OP_HUGEPAGES] = "hugepages",
	[OP_ASK] = "ask",
	[OP_FREE] = "free",
	[OP_VTCON] = "vtcon",
	[OP_PLATFORM] = "platform",
	[OP_UNLOAD] = "unload",
	[OP_BEFORE] = "before",
	[OP_PORT] = "port",
	[OP_KEEP] = "keep",
	[OP_ATTRIBUTE] = "attribute",
	[OP_OVERRIDE] = "override",
	[OP_UNBIND] = "unbind",
	[OP_UNBOUND] = "unbound",
	[OP_VF] = "vf",
	[OP_PROBE] = "probe",
	[OP_POWER] = "power",
	[OP_MDEV] = "mdev",
	[OP_VGPU] = "vgpu",
	[OP_NODE] = "node",
	[OP_START] = "start",
};

const char *const role_names[ROLE_COUNT] = {
	[ROLE_HOSTDEV] = "hostdev",
	[ROLE_MANAGED] = "managed",
	[ROLE_GRANT] = "grant",
	[ROLE_COMPANION] = "companion",
	[ROLE_HAND] = "hand",
};

const char *const journal_states[STATE_COUNT] = {
	[STATE_BINDING] = "binding",
	[STATE_BOUND] = "bound",
	[STATE_RUNNING] = "running",
	[STATE_RELEASING] = "releasing",
};

const char *const journal_kinds[] = { [JOURNAL_VM] = "vm", [JOURNAL_HAND] = "hand" };
const char *const device_kinds[] = { [HOSTDEV_PCI] = "pci", [HOSTDEV_MDEV] = "mdev" };

static const struct text_member of_journal[] = {
	{ "uuid", offsetof(struct journal, uuid) },
	{ "name", offsetof(struct journal, name) },
	{ "boot", offsetof(struct journal, boot) },
	{ "created", offsetof(struct journal, created) },
};

static const struct wanted journal_wants[] = {
	{ FIELD_UUID },
	{ FIELD_TEXT, .may_lack = true },
	{ FIELD_BOOT },
	{ FIELD_TIME, .may_lack = true },
};

/* "pci" and "mdev" are the kind too: reader and writer have those by themselves. */
static const struct text_member of_device[] = {
	{ "driver", offsetof(struct journal_device, driver) },
	{ "target", offsetof(struct journal_device, target) },
	{ "rule", offsetof(struct journal_device, rule) },
};

static const struct wanted device_wants[] = {
	{ FIELD_DRIVER, .may_lack = true },
	{ FIELD_DRIVER, .may_lack = true },
	{ FIELD_TEXT, .may_lack = true },
};

static const enum field device_words[] = { [HOSTDEV_PCI] = FIELD_ADDRESS, [HOSTDEV_MDEV] = FIELD_UUID };

static const struct text_member of_step[] = {
	{ "device", offsetof(struct step, device) },
	{ "name", offsetof(struct step, name) },
	{ "to", offsetof(struct step, to) },
	{ "from", offsetof(struct step, from) },
};

/* In the order of of_step; what an op does not use is FIELD_NONE. */
#define DEVICE 0
#define NAME 1
#define TO 2
#define FROM 3

static const struct wanted step_wants[OP_COUNT][COUNT(of_step)] = {
	[OP_UNIT] = { [NAME] = { FIELD_UNIT } },
	[OP_PAUSE] = { [NAME] = { FIELD_UNIT } },
	[OP_SESSIONS] = { [NAME] = { FIELD_SEAT } },
	[OP_MODULE] = { [NAME] = { FIELD_DRIVER } },
	[OP_HUGEPAGES] = { [NAME] = { FIELD_POOL }, [TO] = { FIELD_NUMBER }, [FROM] = { FIELD_NUMBER } },
	[OP_ASK] = { [DEVICE] = { FIELD_ADDRESS }, [NAME] = { FIELD_CARD } },
	[OP_FREE] = { [DEVICE] = { FIELD_ADDRESS } },
	[OP_VTCON] = { [NAME] = { FIELD_VTCON } },
	[OP_PLATFORM] = { [NAME] = { FIELD_PLATFORM }, [FROM] = { FIELD_DRIVER } },
	[OP_UNLOAD] = { [NAME] = { FIELD_DRIVER } },
	[OP_BEFORE] = { [DEVICE] = { FIELD_ADDRESS }, [NAME] = { FIELD_UNIT } },
	[OP_PORT] = { [DEVICE] = { FIELD_ADDRESS },
		      [NAME] = { FIELD_ATTRIBUTE },
		      [TO] = { FIELD_VALUE },
		      [FROM] = { FIELD_VALUE } },
	[OP_KEEP] = { [DEVICE] = { FIELD_ADDRESS },
		      [NAME] = { FIELD_ATTRIBUTE },
		      [FROM] = { FIELD_VALUE } },
	[OP_ATTRIBUTE] = { [DEVICE] = { FIELD_ADDRESS },
			   [NAME] = { FIELD_ATTRIBUTE },
			   [TO] = { FIELD_VALUE },
			   [FROM] = { FIELD_VALUE } },
	[OP_OVERRIDE] = { [DEVICE] = { FIELD_ADDRESS },
			  [TO] = { FIELD_DRIVER },
			  [FROM] = { FIELD_OVERRIDE } },
	[OP_UNBIND] = { [DEVICE] = { FIELD_ADDRESS }, [FROM] = { FIELD_DRIVER } },
	[OP_UNBOUND] = { [DEVICE] = { FIELD_ADDRESS }, [NAME] = { FIELD_UNIT } },
	[OP_VF] = { [DEVICE] = { FIELD_ADDRESS },
		    [NAME] = { FIELD_VF_PROPERTY },
		    [TO] = { FIELD_VF_VALUE },
		    [FROM] = { FIELD_VF_VALUE, .may_lack = true } },
	[OP_PROBE] = { [DEVICE] = { FIELD_ADDRESS },
		       [TO] = { FIELD_DRIVER },
		       [FROM] = { FIELD_DRIVER, .may_lack = true } },
	[OP_POWER] = { [DEVICE] = { FIELD_ADDRESS },
		       [NAME] = { FIELD_ATTRIBUTE },
		       [TO] = { FIELD_VALUE },
		       [FROM] = { FIELD_VALUE } },
	[OP_MDEV] = { [DEVICE] = { FIELD_ADDRESS }, [NAME] = { FIELD_UUID }, [TO] = { FIELD_TYPE } },
	[OP_VGPU] = { [DEVICE] = { FIELD_ADDRESS }, [TO] = { FIELD_NUMBER }, [FROM] = { FIELD_NUMBER } },
	[OP_NODE] = { [NAME] = { FIELD_NODE }, [TO] = { FIELD_OWNER }, [FROM] = { FIELD_OWNER } },
	[OP_START] = { [DEVICE] = { FIELD_ADDRESS, .may_lack = true }, [NAME] = { FIELD_UNIT } },
};

static const struct text_member of_stuck[] = {
	{ "device", offsetof(struct stuck, device) },
};

static const struct wanted stuck_wants[] = {
	{ FIELD_DEVICE, .may_lack = true },
};

static const struct text_member of_promise[] = {
	{ "nodes", offsetof(struct promise, nodes) },
};

static const struct wanted promise_wants[] = {
	{ FIELD_NODES, .may_lack = true },
};

_Static_assert(COUNT(of_journal) == COUNT(journal_wants), "a row each");
_Static_assert(COUNT(of_device) == COUNT(device_wants), "a row each");
_Static_assert(COUNT(of_stuck) == COUNT(stuck_wants), "a row each");
_Static_assert(COUNT(of_promise) == COUNT(promise_wants), "a row each");

const struct text_members journal_texts = { of_journal, COUNT(of_journal) };
const struct text_members device_texts = { of_device, COUNT(of_device) };
const struct text_members step_texts = { of_step, COUNT(of_step) };
const struct text_members stuck_texts = { of_stuck, COUNT(of_stuck) };
const struct text_members promise_texts = { of_promise, COUNT(of_promise) };

const char *journal_text_of(const void *of, const struct text_member *m)
{
	return *(const char *const *)((const char *)of + m->offset);
}

static int check_texts(struct arena *a, const void *of, const struct text_members *members,
		       const struct wanted *wants, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < members->n; i++)
		rc = field_check(a, members->v[i].key, journal_text_of(of, &members->v[i]),
				wants[i], err);
	return rc;
}

static int check_device(struct arena *a, const struct journal_device *d, struct err *err)
{
	int rc = field_check(a, device_kinds[d->kind], d->device,
			    (struct wanted){ device_words[d->kind] }, err);

	return rc ? rc : check_texts(a, d, &device_texts, device_wants, err);
}

/*
 * Lanes run side by side, one for each group: a lane number above the number of groups that a
 * host can have is not valid.
 */
#define LANE_MAX 4095

/* All of it is less than 2^63 KiB where both fit into this. */
#define PROMISE_MAX (1ULL << 31)

/* A time that is not a finite number would not be JSON. */
static int check_step(struct arena *a, const struct step *s, struct err *err)
{
	if (s->lane > LANE_MAX)
		return err_set(err, EINVAL, "'lane' is out of range");
	if (!isfinite(s->ms) || s->ms < 0)
		return err_set(err, EINVAL, "'ms' is not a valid time");
	return check_texts(a, s, &step_texts, step_wants[s->op], err);
}

static int check_stuck(struct arena *a, const struct stuck *w, struct err *err)
{
	if (w->child.pid <= 0)
		return err_set(err, EINVAL, "'pid' is missing");
	return check_texts(a, w, &stuck_texts, stuck_wants, err);
}

static int check_promise(struct arena *a, const struct promise *p, struct err *err)
{
	if (!p->page || p->page > PROMISE_MAX)
		return err_set(err, EINVAL, "'page' is not a valid page size");
	if (!p->pages || p->pages > PROMISE_MAX)
		return err_set(err, EINVAL, "'pages' is out of range");
	return check_texts(a, p, &promise_texts, promise_wants, err);
}

static int within(int rc, const char *what, size_t i, struct err *err)
{
	return rc ? err_wrap(err, "%s %zu", what, i + 1) : 0;
}

int journal_check(struct arena *a, const struct journal *j, const char *uuid, struct err *err)
{
	int rc = check_texts(a, j, &journal_texts, journal_wants, err);

	if (rc == 0 && j->kind == JOURNAL_VM && !j->name)
		rc = err_set(err, EINVAL, "'name' is missing");
	if (rc == 0 && !str_eq(j->uuid, uuid))
		rc = err_set(err, EINVAL, "'uuid' is not the name of its directory");
	for (size_t i = 0; rc == 0 && i < j->n_devices; i++)
		rc = within(check_device(a, &j->devices[i], err), "device", i, err);
	for (size_t i = 0; rc == 0 && i < j->n_steps; i++)
		rc = within(check_step(a, &j->steps[i], err), "step", i, err);
	for (size_t i = 0; rc == 0 && i < j->n_stuck; i++)
		rc = within(check_stuck(a, &j->stuck[i], err), "stuck operation", i, err);
	for (size_t i = 0; rc == 0 && i < j->n_memory; i++)
		rc = within(check_promise(a, &j->memory[i], err), "memory", i, err);
	return rc;
}
