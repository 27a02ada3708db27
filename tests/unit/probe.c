/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/probe.h"

#include "line.h"

static const struct row {
	const char *name, *line;
	bool want;
} rows[] = {
	{ "libvirt's probe", "-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg",
	  true },
	{ "machine none by its other name", "-M none", true },
	{ "machine none by its key", "-machine accel=tcg,type=none", true },
	{ "the last machine counts", "-machine none -machine q35", false },
	{ "a later key leaves it none", "-machine none -machine usb=on", true },
	{ "a machine called none-such", "-machine nonesuch", false },
	{ "no words at all is a start", "", false },
	{ "-h", "-h", true },
	{ "-help", "-S -help", true },
	{ "--help", "--help", true },
	{ "-version", "-version", true },
	{ "help as a disk image", "help", false },
	{ "a VM named help", "-name help", false },
	{ "a VM named -help", "-name -help", false },
	{ "a VM named -version", "-name guest=-version -S", false },
	{ "a kernel called help", "-kernel help", false },
	{ "a kernel told -help", "-append -help", false },
	{ "the list of CPUs", "-cpu help", true },
	{ "by a question mark", "-cpu ?", true },
	{ "the list of machines", "-machine help", true },
	{ "the list of machines, -M", "-M ?", true },
	{ "the list of devices", "-device help", true },
	{ "a device's properties", "-device virtio-net-pci,help", true },
	{ "a device's properties by a question mark", "-device virtio-net-pci,?", true },
	{ "by its key", "-device driver=help", true },
	{ "a device whose id is help", "-device x,id=help", false },
	{ "a device whose model is help", "-device x,model=help", false },
	{ "a device in JSON", "-device {\"driver\":\"help\"}", false },
	{ "the list of objects", "-object help", true },
	{ "an object's properties", "-object memory-backend-file,help", true },
	{ "a netdev's", "-netdev help", true },
	{ "a chardev's", "-chardev help", true },
	{ "a chardev whose path is help", "-chardev file,path=help", false },
	{ "the list of accelerators", "-accel help", true },
	{ "network models", "-nic model=help", true },
	{ "network models of -net", "-net nic,model=help", true },
	{ "image formats", "-drive format=help", true },
	{ "a drive whose file is help", "-drive file=help", false },
	{ "an image called help", "-hda help", false },
	{ "displays", "-display help", true },
	{ "audio drivers", "-audiodev help", true },
	{ "graphics cards", "-vga help", true },
	{ "what can be logged", "-d help", true },
	{ "trace events", "-trace help", true },
	{ "watchdogs", "-watchdog help", true },
	{ "a TPM's back ends", "-tpmdev help", true },
	{ "help in the middle of a line", "-name x -cpu help -S", true },
	{ "helpful is not help", "-cpu helpful", false },
	{ "an option's value missing", "-cpu", false },
	{ "an ordinary start", "-name guest=a -machine q35,accel=kvm -cpu host -m 1G", false },
};

static void tells(void **state)
{
	const struct row *row = *state;
	struct cmdline c;

	line_parse(row->line, &c);
	assert_int_equal(probe_is(&c), row->want);
}

int main(void)
{
	UNIT_ROWS(rows, tells);
	return unit_run("probe");
}
