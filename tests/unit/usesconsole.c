/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which consoles and framebuffers of the firmware's go with a card. */
#include "host/use/usesconsole.h"

#include <sys/wait.h>

#include "host/pci/subdevices.h"
#include "host/pci/pci.h"
#include "str.h"
#include "tree.h"

static void vtcon(const char *name, const char *what, const char *bind)
{
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/name", name), what);
	tree_file(arena_printf(&arena, "sys/class/vtconsole/%s/bind", name), bind);
}

/* As on a host with a picture of its firmware's: vtcon1 is bound. */
static void console_host(void)
{
	vtcon("vtcon0", "(S) dummy device\n", "0\n");
	vtcon("vtcon1", "(M) frame buffer device\n", "1\n");
	tree_folder("sys/devices/platform/efi-framebuffer.0");
	tree_file("sys/bus/platform/drivers/efi-framebuffer/bind", "");
	tree_folder("sys/bus/platform/drivers/simple-framebuffer");
	tree_link("sys/bus/platform/drivers/efi-framebuffer/efi-framebuffer.0",
		  "../../../../devices/platform/efi-framebuffer.0");
}

static void what_the_console_is_called(void **state)
{
	struct host host = tree_host();

	(void)state;
	console_host();
	assert_true(uses_platform_is_bound(&host, "efi-framebuffer", "efi-framebuffer.0"));
	assert_false(uses_platform_is_bound(&host, "simple-framebuffer", "x"));
	assert_text(uses_vtcon_path(&arena, "vtcon1"), "/sys/class/vtconsole/vtcon1/bind");
}

#define CARD "0000:01:00.0"
#define FIRMWARES "platform/efi-framebuffer.0"
#define OTHERS "pci0000:00/0000:00:02.0"
#define OURS "pci0000:00/0000:00:01.0/" CARD "/simple-framebuffer.0"

static const struct console_row {
	const char *name;
	bool boot_vga;
	const char *driver;
	const char *below;  /* a framebuffer of its own */
	bool no_firmware;   /* its framebuffer is not bound */
	const char *fbs[2]; /* whose fb0, fb1 are */
	const char *names[2], *binds[2]; /* of vtcon0 and 1, if other than a framebuffer's */
	const char *want;
} console_rows[] = {
	{ "another card is none", .driver = "nouveau" },
	{ "another card with a framebuffer", .driver = "nouveau", .below = "fb0", .want = "vtcon1" },
	{ "the boot display with the firmware's framebuffer", true, NULL, .fbs = { FIRMWARES },
	  .want = "vtcon1 efi-framebuffer/efi-framebuffer.0" },
	{ "below it, as newer kernels have it", true, NULL, .fbs = { OURS },
	  .want = "vtcon1 efi-framebuffer/efi-framebuffer.0" },
	{ "the console has gone to another card", true, "vfio-pci", .no_firmware = true,
	  .fbs = { OTHERS }, .want = "" },
	{ "the firmware's framebuffer is still there", true, "vfio-pci",
	  .fbs = { FIRMWARES, OTHERS }, .want = "efi-framebuffer/efi-framebuffer.0" },
	{ "a kernel that shows no framebuffers", true, "i915", .no_firmware = true,
	  .want = "vtcon1" },
	{ "it has given its console up", true, "vfio-pci", .no_firmware = true, .want = "" },
	{ "a console that is not bound", true, "i915", .below = "fb0", .no_firmware = true,
	  .names = { "(S) dummy device\n", "(M) frame buffer device\n" },
	  .binds = { "1\n", "0\n" } },
	{ "text mode without a driver", true, NULL, .no_firmware = true,
	  .names = { "(S) VGA+\n", "(M) frame buffer device\n" }, .binds = { "1\n", "0\n" },
	  .want = "vtcon0" },
	{ "text mode and a driver without framebuffers", true, "nvidia", .no_firmware = true,
	  .names = { "(S) VGA+\n", "(M) frame buffer device\n" }, .binds = { "1\n", "0\n" },
	  .want = "vtcon0" },
	{ "text mode that has ended", true, "vfio-pci", .no_firmware = true,
	  .names = { "(S) VGA+\n", "(M) frame buffer device\n" }, .binds = { "1\n", "0\n" } },
	{ "text mode of another card", .names = { "(S) VGA+\n", "x\n" }, .binds = { "1\n", "0\n" } },
};

static const char *console_text(const struct console *c)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < c->vtcons.n; i++)
		strbuf_addf(&b, "%s%s", b.len ? " " : "", c->vtcons.v[i]);
	for (size_t i = 0; i < c->framebuffers.n; i++)
		strbuf_addf(&b, "%s%s", b.len ? " " : "", c->framebuffers.v[i]);
	return strbuf_text(&b);
}

static void tells_the_console_of_a_card(void **state)
{
	const struct console_row *row = *state;
	struct pci_function f = { CARD, .driver = row->driver, .boot_vga = row->boot_vga };
	struct host host = tree_host();
	struct subdevices b = { 0 };
	struct console c;

	console_host();
	if (row->no_firmware)
		unlink(tree_path("sys/bus/platform/drivers/efi-framebuffer/efi-framebuffer.0"));
	for (int i = 0; i < 2; i++)
		if (row->names[i])
			vtcon(i ? "vtcon1" : "vtcon0", row->names[i], row->binds[i]);
	tree_folder("sys/class/graphics/fbcon");
	for (int i = 0; i < 2; i++)
		if (row->fbs[i])
			tree_link(arena_printf(&arena, "sys/class/graphics/fb%d", i),
				  arena_printf(&arena, "../../devices/%s/graphics/fb%d",
					       row->fbs[i], i));
	if (row->below)
		strv_push(&arena, &b.framebuffers, row->below);
	uses_of_console(&host, &f, &b, 5000, &c);
	assert_text(console_text(&c), row->want ? row->want : "");
	assert_int_equal(c.stuck.pid, 0);
}

/* A fifo without a writer hangs as an attribute does whose lock somebody has. */
static void a_console_that_hangs(void **state)
{
	struct pci_function f = { CARD, .boot_vga = true };
	struct host host = tree_host();
	struct subdevices b = { 0 };
	struct console c;
	int writer;

	(void)state;
	console_host();
	unlink(tree_path("sys/class/vtconsole/vtcon1/bind"));
	assert_int_equal(mkfifo(tree_path("sys/class/vtconsole/vtcon1/bind"), 0600), 0);
	uses_of_console(&host, &f, &b, 50, &c);
	assert_int_equal(c.vtcons.n, 0);
	assert_true(process_real_lives(&arena, c.stuck));
	writer = open(tree_path("sys/class/vtconsole/vtcon1/bind"), O_WRONLY | O_CLOEXEC);
	close(writer);
	waitpid(c.stuck.pid, NULL, 0);
}

int main(void)
{
	TREE_TEST("a console's files", what_the_console_is_called);
	TREE_ROWS(console_rows, tells_the_console_of_a_card);
	TREE_TEST("a console whose state cannot be read hangs nobody", a_console_that_hangs);
	return unit_run("usesconsole");
}
