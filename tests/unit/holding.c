/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program that has a device open means for its unbind, by kvmshim.conf and by who unbinds. */
#include "hooks/survey/holding.h"

#include "conf/settings.h"
#include "file.h"
#include "mistake.h"
#include "unit.h"

static struct node nodes[] = {
	{ .name = "sda", .kind = HOLDER_DISK },	      { .name = "dri/card0", .kind = HOLDER_DRM },
	{ .name = "snd/controlC0", .kind = HOLDER_SOUND }, { .name = "input/event3", .kind = HOLDER_INPUT },
	{ .name = "vfio/17", .kind = HOLDER_VFIO },   { .name = "ttyUSB0", .kind = HOLDER_OTHER },
};
enum { DISK, CARD, SOUND, KEYBOARD, VFIO, TTY };

static const struct row {
	const char *name, *conf;
	enum role role;
	int node;
	enum holding want;
	const char *command;
} rows[] = {
	{ "a disk", "", ROLE_HOSTDEV, DISK, HOLDING_REFUSED },
	{ "a card", "", ROLE_HOSTDEV, CARD, HOLDING_REFUSED },
	{ "sound", "", ROLE_HOSTDEV, SOUND, HOLDING_TRIED },
	{ "sound, by hand", "", ROLE_HAND, SOUND, HOLDING_TRIED },
	{ "sound of a companion", "", ROLE_COMPANION, SOUND, HOLDING_TRIED },
	{ "a keyboard", "", ROLE_GRANT, KEYBOARD, HOLDING_NOTHING },
	{ "what nobody knows", "", ROLE_HOSTDEV, TTY, HOLDING_REFUSED },
	{ "a VM's", "[hook]\nholders = other:ignore\n", ROLE_HOSTDEV, VFIO, HOLDING_REFUSED },
	{ "a card that can be asked for", "[hook]\nholders = drm:ask\n", ROLE_HOSTDEV, CARD, HOLDING_ASKED },
	{ "a QEMU that has a keyboard", "", ROLE_HOSTDEV, KEYBOARD, HOLDING_REFUSED, "qemu-system-x86" },
	{ "Proxmox's QEMU", "", ROLE_HOSTDEV, KEYBOARD, HOLDING_REFUSED, "kvm" },

	{ "a disk that libvirt unbinds", "", ROLE_MANAGED, DISK, HOLDING_REFUSED },
	{ "a card that libvirt unbinds", "", ROLE_MANAGED, CARD, HOLDING_NOTED },
	{ "sound that libvirt unbinds", "", ROLE_MANAGED, SOUND, HOLDING_NOTED },
	{ "a keyboard that libvirt unbinds", "", ROLE_MANAGED, KEYBOARD, HOLDING_NOTHING },
	{ "a VM's that libvirt binds", "", ROLE_MANAGED, VFIO, HOLDING_REFUSED },
	{ "another VM's keyboard that libvirt unbinds", "", ROLE_MANAGED, KEYBOARD, HOLDING_REFUSED, "qemu-kvm" },
	{ "a card, checked", "[hook]\nmanaged = check\n", ROLE_MANAGED, CARD, HOLDING_REFUSED },
	{ "sound, checked: an end of libvirt's unbind is not seen", "[hook]\nmanaged = check\n", ROLE_MANAGED, SOUND, HOLDING_REFUSED },
	{ "a keyboard, checked", "[hook]\nmanaged = check\n", ROLE_MANAGED, KEYBOARD, HOLDING_NOTHING },
	{ "a card that can be asked for, checked", "[hook]\nmanaged = check\nholders = drm:ask\n", ROLE_MANAGED, CARD, HOLDING_ASKED },
	{ "nothing is asked", "[hook]\nmanaged = no\n", ROLE_MANAGED, CARD, HOLDING_NOTHING },
	{ "but about another VM", "[hook]\nmanaged = no\n", ROLE_MANAGED, VFIO, HOLDING_REFUSED },
	{ "managed is of libvirt's devices only", "[hook]\nmanaged = no\n", ROLE_HOSTDEV, CARD, HOLDING_REFUSED },
};

static struct settings settings_from(const char *conf)
{
	struct file file = { .path = "f", .text = conf, .len = strlen(conf) };
	struct mistakes m = { .arena = &arena };
	struct settings s;

	settings_parse(&arena, &file, &s, &m);
	assert_int_equal(m.n, 0);
	return s;
}

static void a_holder_means(void **state)
{
	const struct row *row = *state;
	struct settings s = settings_from(row->conf);
	struct held_device d = { &s, "0000:05:00.0", row->role };
	struct holder h = { .command = row->command ? row->command : "wireplumber",
			    .node = &nodes[row->node] };

	assert_int_equal(holding_of(&d, &h), row->want);
}

/* It may have any of them, so the strictest counts; it cannot have one that is not there. */
static void a_hidden_process_may_have_any(void **state)
{
	struct settings s = settings_from("");
	struct held_device d = { &s, "0000:05:00.0", ROLE_HOSTDEV };
	struct nodes none = { 0 }, keyboard = { &nodes[KEYBOARD], 1, 0 }, both = { &nodes[SOUND], 2, 0 },
		     all = { nodes, UNIT_COUNT(nodes), 0 };

	(void)state;
	assert_int_equal(holding_of_hidden(&d, &none), HOLDING_NOTHING);
	assert_int_equal(holding_of_hidden(&d, &keyboard), HOLDING_NOTHING);
	assert_int_equal(holding_of_hidden(&d, &both), HOLDING_TRIED);
	assert_int_equal(holding_of_hidden(&d, &all), HOLDING_REFUSED);
}

int main(void)
{
	UNIT_ROWS(rows, a_holder_means);
	UNIT_TEST("a process that cannot be looked at may have any of them", a_hidden_process_may_have_any);
	return unit_run("holding");
}
