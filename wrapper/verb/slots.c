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

static void mark(struct slots *s, unsigned long slot, const char *user)
{
	if (slot < 32 && !s->user[slot])
		s->user[slot] = user;
}

/* "0x2.0x1", "1a.0", "5": the slot in hex (set_pci_devfn() of hw/core/qdev-properties-system.c). */
static bool parse_slot(const char *addr, unsigned long *slot)
{
	char *end;

	if (!isxdigit((unsigned char)*addr))
		return false;
	*slot = strtoul(addr, &end, 16);
	return (*end == '\0' || *end == '.') && *slot < 32;
}

static bool on_first_bus(const struct slots *s, const char *bus)
{
	return !bus || str_eq(bus, s->bus) || str_eq(bus, s->chipset == CHIPSET_Q35 ? "pcie" : "pci");
}

static void mark_device(struct arena *a, struct slots *s, const struct optval *v)
{
	const struct prop *bus = optval_get(v, "bus"), *addr = optval_get(v, "addr"),
			  *id = optval_get(v, "id"),
			  *driver = optval_get(v, v->opt->implied); /* of -net the type */
	unsigned long slot;

	if (!addr || !on_first_bus(s, bus ? bus->value : NULL))
		return;
	/* a number in JSON is slot and function in one */
	if (v->json && v->tree.v[addr->node].kind == JSON_NUMBER)
		slot = strtoul(addr->value, NULL, 10) >> 3;
	else if (!parse_slot(addr->value, &slot))
		return;
	mark(s, slot,
	     arena_printf(a, "%s%s%s", driver ? driver->value : "a device", id ? " id=" : "",
			  id ? id->value : ""));
}

static void mark_global(struct arena *a, struct slots *s, const struct arg *arg,
			const struct optval *v)
{
	const struct prop *property = optval_get(v, "property"), *value = optval_get(v, "value");
	unsigned long slot;

	if (property && value && str_eq(property->value, "addr") && parse_slot(value->value, &slot))
		mark(s, slot, arena_printf(a, "%s %s", arg->word, arg->value));
}

/* GROUP.ID.addr=… */
static void mark_set(struct arena *a, struct slots *s, const struct arg *arg)
{
	const char *at = strstr(arg->value, ".addr=");
	unsigned long slot;

	if (at && parse_slot(at + strlen(".addr="), &slot))
		mark(s, slot, arena_printf(a, "%s %s", arg->word, arg->value));
}

/* Reads a `key = "value"` of a -readconfig file (qemu_config_parse() of util/qemu-config.c). */
static void mark_config_line(struct arena *a, struct slots *s, const char *path, const char *line)
{
	unsigned long slot;
	const char *value;

	line += strspn(line, " \t");
	if (str_starts(line, "[machine]"))
		s->machine_in = path;
	if (!str_starts(line, "addr"))
		return;
	value = line + 4 + strspn(line + 4, " \t=\"");
	if (parse_slot(arena_strndup(a, value, strcspn(value, "\" \t\r\n")), &slot))
		mark(s, slot, arena_printf(a, "a device of -readconfig %s", path));
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
		mark_device(a, s, v);
	else if (str_eq(name, "set"))
		mark_set(a, s, arg);
	else if (v && str_eq(name, "global"))
		mark_global(a, s, arg, v);
	else if (str_eq(name, "readconfig"))
		mark_config(a, s, arg->value);
}

int slots_scan(struct arena *a, const struct cmdline *c, struct slots *s, struct err *err)
{
	const char *machine = view_get(c, "machine", "type");

	*s = (struct slots){ .chipset = chipset_of(machine) };
	s->bus = chipset_bus(s->chipset);
	if (!s->bus)
		return err_set(err, EINVAL,
			       "machine type %s: kvmshim knows the bus of i440FX (pc) and q35 "
			       "types only",
			       machine);
	mark(s, 0, "the host bridge");
	mark(s, s->chipset == CHIPSET_Q35 ? 0x1f : 1, "the ISA bridge");
	for (size_t i = 0; i < c->n; i++)
		mark_arg(a, s, c, &c->args[i]);
	if (s->machine_in)
		return err_set(err, EINVAL,
			       "-readconfig %s has a [machine] section, so the buses are unknown; "
			       "set -machine on the command line instead",
			       s->machine_in);
	return 0;
}

static int take_wanted(struct slots *s, const char *wanted, unsigned *slot, struct err *err)
{
	unsigned long n;

	if (!parse_slot(wanted, &n) || strchr(wanted, '.'))
		return err_set(err, EINVAL, "addr=%s: must be a slot in hex, 0x1 to 0x1f", wanted);
	if (s->user[n])
		return err_set(err, EINVAL, "addr=%s: the slot is in use by %s", wanted,
			       s->user[n]);
	*slot = (unsigned)n;
	return 0;
}

int slots_take(struct slots *s, const char *wanted, unsigned *slot, struct err *err)
{
	const unsigned char *order = s->chipset == CHIPSET_Q35 ? order_q35 : order_i440fx;
	size_t n = s->chipset == CHIPSET_Q35 ? sizeof(order_q35) : sizeof(order_i440fx);
	int rc = 0;

	*slot = 0;
	if (wanted)
		rc = take_wanted(s, wanted, slot, err);
	else if (s->unreadable)
		rc = err_set(err, EINVAL,
			     "-readconfig %s cannot be read, so the free slots are unknown; set "
			     "addr=",
			     s->unreadable);
	for (size_t i = 0; !wanted && !rc && i < n && !*slot; i++)
		*slot = s->user[order[i]] ? 0 : order[i];
	if (!rc && !*slot)
		rc = err_set(err, EINVAL, "%s has no free slot; set addr=", s->bus);
	if (!rc)
		mark(s, *slot, "another device of these rules");
	return rc;
}
