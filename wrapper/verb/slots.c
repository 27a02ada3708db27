/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/verb/slots.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "file.h"
#include "str.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/line/view.h"
#include "wrapper/verb/defaultslots.h"
#include "wrapper/line/pcidriver.h"

/*
 * Slots for kvmshim's devices, best first. i440FX: from the top, because libvirt hot-plugs
 * from the bottom. q35: pcie.0 has no hot-plug, and libvirt has its own devices on 1 to 0x0f,
 * 0x1a, 0x1b, 0x1d, 0x1e and 0x1f.
 */
static const unsigned char order_i440fx[] = {
	0x1f, 0x1e, 0x1d, 0x1c, 0x1b, 0x1a, 0x19, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
	0x10, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03,
};
static const unsigned char order_q35[] = {
	0x1c, 0x19, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x10,
};

/* "0x2.0x1", "1a.0", "5": hex numbers (set_pci_devfn() of hw/core/qdev-properties-system.c). */
static bool parse_slot(const char *addr, unsigned long *devfn)
{
	unsigned long slot, function = 0;
	char *end;

	if (!isxdigit((unsigned char)*addr))
		return false;
	slot = strtoul(addr, &end, 16);
	if (*end == '.')
		function = strtoul(end + 1, NULL, 16);
	*devfn = slot << 3 | (function & 7);
	return (*end == '\0' || *end == '.') && slot < SLOTS;
}

static void mark_device(const struct cmdline *c, struct slots *s, const struct optval *v)
{
	const struct prop *bus = optval_get(v, "bus"), *addr = optval_get(v, "addr");
	unsigned long devfn;

	if (!addr || !slots_is_bus(s, bus ? bus->value : NULL))
		return;
	/* a number in JSON is slot and function in one */
	if (v->json && v->tree.v[addr->node].kind == JSON_NUMBER)
		devfn = strtoul(addr->value, NULL, 10);
	else if (!parse_slot(addr->value, &devfn))
		return;
	slots_mark(s, devfn, slots_user(c, v));
}

static void mark_global(struct arena *a, struct slots *s, const struct arg *arg,
			const struct optval *v)
{
	const struct prop *property = optval_get(v, "property"), *value = optval_get(v, "value");
	unsigned long devfn;

	if (property && value && str_eq(property->value, "addr") && parse_slot(value->value, &devfn))
		slots_mark(s, devfn, arena_printf(a, "%s %s", arg->word, arg->value));
}

/* GROUP.ID.addr=… */
static void mark_set(struct arena *a, struct slots *s, const struct arg *arg)
{
	const char *at = strstr(arg->value, ".addr=");
	unsigned long devfn;

	if (at && parse_slot(at + strlen(".addr="), &devfn))
		slots_mark(s, devfn, arena_printf(a, "%s %s", arg->word, arg->value));
}

/* Reads a `key = "value"` of a -readconfig file (qemu_config_parse() of util/qemu-config.c). */
static void mark_config_line(struct arena *a, struct slots *s, const char *path, const char *line)
{
	unsigned long devfn;
	const char *value;

	line += strspn(line, " \t");
	if (str_starts(line, "[machine]"))
		s->machine_in = path;
	if (!str_starts(line, "addr"))
		return;
	value = line + 4 + strspn(line + 4, " \t=\"");
	if (parse_slot(arena_strndup(a, value, strcspn(value, "\" \t\r\n")), &devfn))
		slots_mark(s, devfn, arena_printf(a, "a device of -readconfig %s", path));
}

static void mark_config(struct arena *a, struct slots *s, const char *path)
{
	struct file file;

	if (file_read_any(a, path, &file, NULL) < 0) {
		s->unreadable = path;
		return;
	}
	for (const char *line = file.text; *line;) {
		mark_config_line(a, s, path, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static void mark_arg(struct arena *a, struct slots *s, const struct cmdline *c, struct arg *arg)
{
	const struct optval *v;
	const char *name;

	if (arg->removed || !arg->opt || !arg->value)
		return;
	name = arg->opt->name;
	v = view_parsed(c, arg, NULL);
	/* -nic takes no addr=: net_client_inits() of net/net.c */
	if (v && (str_eq(name, "device") || str_eq(name, "net")))
		mark_device(c, s, v);
	else if (str_eq(name, "set"))
		mark_set(a, s, arg);
	else if (v && str_eq(name, "global"))
		mark_global(a, s, arg, v);
	else if (str_eq(name, "readconfig"))
		mark_config(a, s, arg->value);
}

static int scan(struct arena *a, const struct cmdline *c, struct slots *s, struct err *err)
{
	if (s->first) {
		slots_mark(s, 0, "the host bridge");
		slots_mark(s, (s->chipset == CHIPSET_Q35 ? 0x1fU : 1U) << 3, "the ISA bridge");
	}
	for (size_t i = 0; i < c->n; i++)
		mark_arg(a, s, c, &c->args[i]);
	if (s->machine_in)
		return err_set(err, EINVAL,
			       "-readconfig %s has a [machine] section, so the buses are unknown; "
			       "set -machine on the command line instead",
			       s->machine_in);
	defaultslots_mark(c, s);
	return 0;
}

int slots_scan(struct arena *a, const struct cmdline *c, struct slots *s, struct err *err)
{
	const char *machine = view_get(c, "machine", "type");

	*s = (struct slots){ .chipset = chipset_of(machine), .first = true };
	s->bus = chipset_bus(s->chipset);
	if (!s->bus)
		return err_set(err, EINVAL,
			       "machine type %s: kvmshim knows the bus of i440FX (pc) and q35 "
			       "types only",
			       machine);
	return scan(a, c, s, err);
}

/* ---- bridges ---- */

/* The device whose id is the name of this bus, and what room its bus has. */
static const struct optval *find_bridge(const struct cmdline *c, const char *bus,
					enum bridge_room *room)
{
	size_t at = 0;

	for (const struct optval *v; (v = view_next_device(c, &at));) {
		const struct prop *driver = optval_get(v, "driver"), *id = optval_get(v, "id");

		*room = driver && id && str_eq(id->value, bus) ? pcidriver_room(driver->value) :
								 BRIDGE_NONE;
		if (*room != BRIDGE_NONE)
			return v;
	}
	return NULL;
}

int slots_scan_bus(struct arena *a, const struct cmdline *c, const char *bus, struct slots *s,
		   struct err *err)
{
	const struct optval *bridge;
	enum bridge_room room;
	int rc = slots_scan(a, c, s, err);

	if (rc || slots_is_bus(s, bus))
		return rc;
	bridge = find_bridge(c, bus, &room);
	if (!bridge)
		return err_set(err, EINVAL, "bus=%s: the command line has no such PCI bus", bus);
	*s = (struct slots){ .chipset = s->chipset,
			     .bus = bus,
			     .port = room == BRIDGE_PORT,
			     .json = bridge->json,
			     .unreadable = s->unreadable };
	return scan(a, c, s, err);
}

static int take_wanted(struct slots *s, const char *wanted, unsigned *slot, struct err *err)
{
	unsigned long devfn, n;

	if (!parse_slot(wanted, &devfn) || strchr(wanted, '.'))
		return err_set(err, EINVAL, "addr=%s: must be a slot in hex, 0x1 to 0x1f", wanted);
	n = devfn >> 3;
	if (s->user[n])
		return err_set(err, EINVAL, "addr=%s: the slot is in use by %s", wanted,
			       s->user[n]);
	*slot = (unsigned)n;
	return 0;
}

/* The order in which kvmshim takes the slots of the bus. */
static size_t order_of(const struct slots *s, const unsigned char **order)
{
	static const unsigned char port[] = { 0 };

	*order = s->port ? port : s->first && s->chipset == CHIPSET_Q35 ? order_q35 : order_i440fx;
	return s->port ? 1 : *order == order_q35 ? sizeof(order_q35) : sizeof(order_i440fx);
}

/* Only addr= can name the slots that are not in the order. */
static bool has_free(const struct slots *s)
{
	for (unsigned slot = 1; !s->port && slot < SLOTS; slot++)
		if (!s->user[slot])
			return true;
	return false;
}

static int take_next(struct slots *s, unsigned *slot, struct err *err)
{
	const unsigned char *order;
	size_t n = order_of(s, &order);

	if (s->unreadable)
		return err_set(err, EINVAL,
			       "-readconfig %s cannot be read, so the free slots are unknown; set "
			       "addr=",
			       s->unreadable);
	for (size_t i = 0; i < n; i++)
		if (!s->user[order[i]]) {
			*slot = order[i];
			return 0;
		}
	return err_set(err, ENOSPC, "%s has no free slot%s", s->bus,
		       has_free(s) ? "; set addr=" : "");
}

int slots_take(struct slots *s, const char *wanted, unsigned *slot, struct err *err)
{
	int rc = wanted ? take_wanted(s, wanted, slot, err) : take_next(s, slot, err);

	if (!rc)
		slots_mark(s, *slot << 3, "another device of these rules");
	return rc;
}

/* After the bus s, which is full: the first bridge with room, in the order of the command line. */
static int find_on_bridges(struct arena *a, const struct cmdline *c, struct slots *s,
			   unsigned *slot, struct err *err)
{
	struct strbuf full = { .arena = a };
	size_t at = 0;

	strbuf_add(&full, s->bus);
	for (const struct optval *v; (v = view_next_device(c, &at));) {
		const struct prop *driver = optval_get(v, "driver"), *id = optval_get(v, "id");
		int rc;

		if (!driver || !id || pcidriver_room(driver->value) != BRIDGE_BUS)
			continue;
		rc = slots_scan_bus(a, c, id->value, s, err);
		if (!rc)
			rc = slots_take(s, NULL, slot, err);
		if (rc != -ENOSPC)
			return rc;
		strbuf_addf(&full, ", %s", s->bus);
	}
	if (!strchr(strbuf_text(&full), ','))
		return -ENOSPC;
	return err_set(err, ENOSPC, "the buses %s have no free slot", strbuf_text(&full));
}

int slots_find(struct arena *a, const struct cmdline *c, const char *bus, const char *wanted,
	       struct slots *s, unsigned *slot, struct err *err)
{
	int rc = bus ? slots_scan_bus(a, c, bus, s, err) : slots_scan(a, c, s, err);

	if (rc)
		return rc;
	rc = slots_take(s, wanted, slot, err);
	return rc == -ENOSPC && !bus && !wanted ? find_on_bridges(a, c, s, slot, err) : rc;
}
