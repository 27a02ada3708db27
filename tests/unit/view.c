/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrapper/line/view.h"

#include "conf/target.h"
#include "err.h"
#include "line.h"

static const struct get {
	const char *name, *line, *option, *key, *want;
} gets[] = {
	{ "a name", "-name vm1", "name", "guest", "vm1" },
	{ "no name", "-S", "name", "guest", NULL },
	{ "names merge, the last value counts", "-name foo -name debug-threads=on", "name", "guest",
	  "foo" },
	{ "and a later name wins", "-name foo -name guest=bar", "name", "guest", "bar" },
	{ "an empty name is a name", "-name ,debug-threads=on", "name", "guest", "" },
	{ "machines merge", "-machine q35,accel=kvm -M usb=on", "machine", "type", "q35" },
	{ "-M is -machine", "-machine pc -M q35", "machine", "type", "q35" },
	{ "a type may come later", "-machine usb=on -machine q35", "machine", "type", "q35" },
	{ "each key by itself", "-machine pc,accel=kvm -machine q35", "machine", "accel", "kvm" },
	{ "-enable-kvm is machine's accel", "-enable-kvm", "machine", "accel", "kvm" },
	{ "the later of the two counts", "-machine accel=tcg -enable-kvm", "machine", "accel", "kvm" },
	{ "in this order too", "-enable-kvm -machine accel=tcg", "machine", "accel", "tcg" },
	{ "-no-acpi is machine's acpi", "-no-acpi", "machine", "acpi", "off" },
	{ "-usb is machine's usb", "-usb", "machine", "usb", "on" },
	{ "-enable-kvm says nothing of the type", "-enable-kvm", "machine", "type", NULL },
	{ "memory merges", "-m 64 -m maxmem=1G,slots=2", "m", "size", "64" },
	{ "and the later size counts", "-m 64 -m 128", "m", "size", "128" },
	{ "CPUs merge", "-smp 2,maxcpus=4 -smp cpus=3", "smp", "maxcpus", "4" },
	{ "boot merges", "-boot menu=on,strict=on -boot c", "boot", "order", "c" },
	{ "the last -cpu counts alone", "-cpu qemu64,kvm=off -cpu qemu64", "cpu", "kvm", NULL },
	{ "and its model", "-cpu host -cpu qemu64", "cpu", "model", "qemu64" },
	{ "the last -uuid counts", "-uuid a -uuid b", "uuid", "value", "b" },
	{ "an option without its value is none", "-name a -name", "name", "guest", "a" },
	{ "also where the last counts", "-cpu host -cpu", "cpu", "model", "host" },
	{ "what another option took is none", "-append -uuid a", "uuid", "value", NULL },
	{ "spellings of a machine's key", "-M q35,dump_guest_core=off", "machine", "dump-guest-core",
	  "off" },
};

static void gets_what_counts(void **state)
{
	const struct get *row = *state;
	struct cmdline c;

	line_parse(row->line, &c);
	assert_text(view_get(&c, row->option, row->key), row->want);
}

static const struct has {
	const char *name, *line, *target;
	bool want;
} has[] = {
	{ "an option that is there", "-S -name x", "-name", true },
	{ "one that is not", "-S", "-name", false },
	{ "a flag", "-S", "-S", true },
	{ "a property", "-device x,id=a", "-device[id=a]", true },
	{ "the alias of a driver is the driver", "-device virtio-net,id=a", "-device[driver=virtio-net-pci]",
	  true },
	{ "in JSON too", "-device {\"driver\":\"lsi\"}", "-device[driver=lsi53c895a]", true },
	{ "by a glob", "-device virtio-blk,id=a", "-device[driver=virtio-*-pci]", true },
	{ "a selector may have the alias", "-device virtio-net-pci", "-device[driver=virtio-net]", true },
	{ "both may have it", "-device ahci", "-device[driver=ahci]", true },
	{ "another driver is another", "-device virtio-net-pci", "-device[driver=virtio-blk]", false },
	{ "virtio-net is not the transitional one", "-device virtio-net",
	  "-device[driver=virtio-net-pci-transitional]", false },
	{ "nor that of another architecture", "-device virtio-net", "-device[driver=virtio-net-ccw]",
	  false },
	{ "only devices have them", "-audiodev ac97,id=a", "-audiodev[driver=AC97]", false },
	{ "all of them must fit one use", "-device x,id=a -device y,id=b", "-device[driver=x,id=b]",
	  false },
	{ "a property that is not there fits nothing", "-device x", "-device[id=*]", false },
	{ "a glob", "-device virtio-net-pci-non-transitional", "-device[driver=virtio-net-pci*]", true },
	{ "JSON as well", "-device {\"driver\":\"x\",\"mq\":true}", "-device[driver=x,mq=on]", true },
	{ "a nested property", "-blockdev {\"file\":{\"driver\":\"file\"}}",
	  "-blockdev[file.driver=file]", true },
	{ "a slot as a number", "-device x,addr=0x2", "-device[addr=02]", true },
	{ "a slot in JSON", "-device {\"driver\":\"x\",\"addr\":\"0x2.0x0\"}", "-device[addr=2]", true },
	{ "another slot", "-device x,addr=0x2.0x1", "-device[addr=2]", false },
	{ "a host address as numbers", "-device vfio-pci,host=0000:05:00.0", "-device[host=5:0.0]",
	  true },
	{ "a host address with a glob is text without case", "-device vfio-pci,host=0000:AF:00.0",
	  "-device[host=*af:*]", true },
	{ "other values are text", "-device x,bus=02", "-device[bus=0x2]", false },
	{ "properties of several uses that merge", "-machine q35 -machine usb=on",
	  "-machine[type=q35,usb=on]", true },
	{ "another name of the option", "-M q35", "-machine[type=q35]", true },
	{ "asked by its other name", "-machine q35", "-M[type=q35]", true },
	{ "a flag that means a property", "-enable-kvm", "-machine[accel=kvm]", true },
	{ "but is no use of the option", "-enable-kvm", "-machine", false },
	{ "of uses of which the last counts the last is asked", "-cpu a -cpu b", "-cpu[model=a]", false },
	{ "and fits", "-cpu a -cpu b", "-cpu[model=b]", true },
	{ "a feature of a CPU by its other spelling", "-cpu host,+hv-relaxed", "-cpu[hv_relaxed=on]",
	  true },
	{ "a raw value", "-append quiet\tx=y", "-append[value=quiet*]", true },
	{ "both forms of -global", "-global driver=a,property=b,value=c", "-global[driver=a,value=c]",
	  true },
	{ "JSON that QEMU refuses fits nothing", "-device {\"driver\":\"x\",}", "-device[driver=x]",
	  false },
	{ "an option of a vendor that is on the line", "-id 100", "-id", true },
	{ "one that is not", "-S", "-id", false },
	{ "a value missing at the end of the line", "-S -device", "-device", false },
};

static void has_what_is_meant(void **state)
{
	const struct has *row = *state;
	struct target t;
	struct cmdline c;
	const char *rest;
	struct err err;

	line_parse(row->line, &c);
	assert_int_equal(target_parse(&arena, row->target, &t, &rest, &err), 0);
	assert_int_equal(view_has(&c, &t), row->want);
}

static void what_is_gone_says_nothing(void **state)
{
	struct target t = { .option = "name" };
	struct cmdline c;

	(void)state;
	line_parse("-name a -name guest=b -enable-kvm", &c);
	c.args[1].removed = true;
	c.args[2].removed = true;
	assert_text(view_get(&c, "name", "guest"), "a");
	assert_null(view_get(&c, "machine", "accel"));
	c.args[0].removed = true;
	assert_false(view_has(&c, &t));
}

static void tells_refused_json(void **state)
{
	struct target t = { .option = "device" };
	bool refused = false;
	struct cmdline c;

	(void)state;
	line_parse("-device {\"driver\":\"x\",} -device y", &c);
	assert_false(view_selects(&c, &c.args[0], &t, &refused));
	assert_true(refused);
	refused = false;
	assert_true(view_selects(&c, &c.args[1], &t, &refused));
	assert_false(refused);
}

static void last_uses(void **state)
{
	struct cmdline c;

	(void)state;
	line_parse("-M a -S -machine usb=on -enable-kvm", &c);
	assert_int_equal(view_last(&c, line_option("machine")), 2);
	assert_int_equal(view_last(&c, line_option("name")), -1);
	assert_int_equal(view_last_mention(&c, line_option("machine"), "type"), 0);
	assert_int_equal(view_last_mention(&c, line_option("machine"), "usb"), 2);
	assert_int_equal(view_last_mention(&c, line_option("machine"), "accel"), 3);
	assert_int_equal(view_last_mention(&c, line_option("machine"), "acpi"), -1);
}

/* A changed value is read again, an unchanged one is not. */
static void parses_once(void **state)
{
	const struct optval *v;
	struct cmdline c;

	(void)state;
	line_parse("-device a,id=b", &c);
	v = view_parsed(&c, &c.args[0], NULL);
	assert_ptr_equal(view_parsed(&c, &c.args[0], NULL), v);
	arg_change(&c.args[0], "c,id=d");
	assert_text(optval_get(view_parsed(&c, &c.args[0], NULL), "id")->value, "d");
}

int main(void)
{
	UNIT_ROWS(gets, gets_what_counts);
	UNIT_ROWS(has, has_what_is_meant);
	UNIT_TEST("what a rule took off the line says nothing any more", what_is_gone_says_nothing);
	UNIT_TEST("JSON that QEMU refuses is told apart from what does not fit", tells_refused_json);
	UNIT_TEST("the last use and the last mention are found", last_uses);
	UNIT_TEST("a value is read once, and again when it changes", parses_once);
	return unit_run("view");
}
