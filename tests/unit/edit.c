/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One verb on one command line: the line afterwards, and what is told of it. */
#include "wrapper/verb/edit.h"

#include <errno.h>

#include "ruletext.h"

#define NONE "nothing: the command line has no such option"
#define UNSELECTED "nothing: the command line has no option that the selector matches"
#define NO_PROPERTY "nothing: the command line has no such property"

static const struct row {
	const char *name, *verb, *line, *want, *events;
} rows[] = {
	/* set on options of which each use is one thing more */
	{ "set on one device", "set = -device[id=a] mq=off", "-device x,id=a,mq=on -device x,id=b,mq=on",
	  "-device x,id=a,mq=off -device x,id=b,mq=on", "changed x,id=a,mq=on -> x,id=a,mq=off" },
	{ "set on all that the selector means", "set = -device[driver=x*] mq=off",
	  "-device x,mq=on -device y -device {\"driver\":\"xy\",\"mq\":true}",
	  "-device x,mq=off -device y -device {\"driver\":\"xy\",\"mq\":false}",
	  "changed x,mq=on -> x,mq=off; changed {\"driver\":\"xy\",\"mq\":true} -> "
	  "{\"driver\":\"xy\",\"mq\":false}" },
	{ "set without a selector means all", "set = -drive cache=none", "-drive file=a -drive file=b",
	  "-drive file=a,cache=none -drive file=b,cache=none",
	  "changed file=a -> file=a,cache=none; changed file=b -> file=b,cache=none" },
	{ "several properties are one change", "set = -device mq=on,rx=1,mq=off", "-device x",
	  "-device x,mq=off,rx=1", "changed x -> x,mq=off,rx=1" },
	{ "set adds to what is there", "set = -device romfile=", "-device x,id=a", "-device x,id=a,romfile=",
	  "changed x,id=a -> x,id=a,romfile=" },
	{ "set what is set already says nothing", "set = -device mq=on", "-device x,mq=on",
	  "-device x,mq=on", "" },
	{ "set on an option that is not there", "set = -device mq=on", "-S", "-S", NONE },
	{ "set on none that the selector means", "set = -device[id=a] mq=on", "-device x", "-device x",
	  UNSELECTED },
	{ "an option without its value is passed over", "set = -device mq=on", "-device x -device",
	  "-device x,mq=on -device", "changed x -> x,mq=on" },
	{ "and what is added goes before it, or it would take it for its value",
	  "set = -machine accel=tcg", "-S -machine", "-S -machine accel=tcg -machine", "added accel=tcg" },
	{ "JSON that QEMU refuses is passed unchanged, and told", "set = -device mq=on",
	  "-device {\"driver\":\"x\",}", "-device {\"driver\":\"x\",}",
	  "nothing: not changed, because QEMU refuses this JSON: {\"driver\":\"x\",}; " NONE },
	{ "a typed value", "set = -device a:=[1]", "-device {\"driver\":\"x\"}",
	  "-device {\"driver\":\"x\",\"a\":[1]}",
	  "changed {\"driver\":\"x\"} -> {\"driver\":\"x\",\"a\":[1]}" },
	{ "an unknown option's word is no device", "set = -device mq=on", "-foo x -device y",
	  "-foo x -device y,mq=on", "changed y -> y,mq=on" },

	/* -set from behind */
	{ "a -set behind the device yields", "set = -device[id=r] max-bytes=3",
	  "-device x,id=r -set device.r.max-bytes=2", "-device x,id=r,max-bytes=3",
	  "removed device.r.max-bytes=2; changed x,id=r -> x,id=r,max-bytes=3" },
	{ "a -set of another property stays", "set = -device[id=r] a=3",
	  "-device x,id=r -set device.r.b=2", "-device x,id=r,a=3 -set device.r.b=2",
	  "changed x,id=r -> x,id=r,a=3" },
	{ "a -set is a value for default", "default = -device[id=r] a=3",
	  "-device x,id=r -set device.r.a=2", "-device x,id=r -set device.r.a=2", "" },

	/* options whose uses merge */
	{ "a machine's key is changed where it stands last", "set = -machine accel=tcg",
	  "-machine pc,accel=kvm -machine usb=on", "-machine pc,accel=tcg -machine usb=on",
	  "changed pc,accel=kvm -> pc,accel=tcg" },
	{ "also behind -M", "set = -machine accel=tcg", "-M pc,accel=kvm", "-M pc,accel=tcg",
	  "changed pc,accel=kvm -> pc,accel=tcg" },
	{ "a rule may say -M", "set = -M accel=tcg", "-machine pc,accel=kvm", "-machine pc,accel=tcg",
	  "changed pc,accel=kvm -> pc,accel=tcg" },
	{ "a new key goes to the last use", "set = -machine usb=on", "-machine pc -machine accel=kvm",
	  "-machine pc -machine accel=kvm,usb=on", "changed accel=kvm -> accel=kvm,usb=on" },
	{ "the line's spelling stays, two would be fatal", "set = -machine dump-guest-core=off",
	  "-machine pc,dump_guest_core=on", "-machine pc,dump_guest_core=off",
	  "changed pc,dump_guest_core=on -> pc,dump_guest_core=off" },
	{ "a type without its key", "set = -machine type=q35", "-machine pc,usb=on",
	  "-machine q35,usb=on", "changed pc,usb=on -> q35,usb=on" },
	{ "a type that stands elsewhere", "set = -machine type=q35", "-machine hpet=off,type=pc+pve0",
	  "-machine hpet=off,type=q35", "changed hpet=off,type=pc+pve0 -> hpet=off,type=q35" },
	{ "the type of a line without one", "set = -machine type=q35", "-machine usb=on",
	  "-machine usb=on,type=q35", "changed usb=on -> usb=on,type=q35" },
	{ "-enable-kvm says the same and goes", "set = -machine accel=tcg", "-enable-kvm -machine pc",
	  "-machine pc,accel=tcg", "removed -; changed pc -> pc,accel=tcg" },
	{ "-no-acpi goes for acpi", "set = -machine acpi=on", "-machine pc -no-acpi -S",
	  "-machine pc,acpi=on -S", "removed -; changed pc -> pc,acpi=on" },
	{ "a line without -machine gets one", "set = -machine type=q35,usb=on", "-S",
	  "-S -machine type=q35,usb=on", "added type=q35; changed type=q35 -> type=q35,usb=on" },
	{ "with a typed value as its text", "set = -machine a:=\"b,c\"", "-S", "-S -machine a=b,,c",
	  "added a=b,,c" },
	{ "a selector speaks of all uses together", "set = -machine[type=pc] usb=off",
	  "-machine pc -machine usb=on", "-machine pc -machine usb=off", "changed usb=on -> usb=off" },
	{ "and means nothing else", "set = -machine[type=q35] usb=off", "-machine pc", "-machine pc",
	  UNSELECTED },
	{ "without -smp there is nothing to set", "set = -smp maxcpus=4", "-S", "-S", NONE },
	{ "a name can be changed", "set = -name process=x", "-name guest=a,debug-threads=on",
	  "-name guest=a,debug-threads=on,process=x",
	  "changed guest=a,debug-threads=on -> guest=a,debug-threads=on,process=x" },

	/* options of which the last use counts */
	{ "the last -cpu alone", "set = -cpu kvm=off", "-cpu a -cpu b", "-cpu a -cpu b,kvm=off",
	  "changed b -> b,kvm=off" },
	{ "every mention in -cpu", "set = -cpu kvm=off", "-cpu host,+kvm,a,-kvm", "-cpu host,kvm=off,a",
	  "changed host,+kvm,a,-kvm -> host,kvm=off,a" },
	{ "a +f in a rule", "set = -cpu +invtsc", "-cpu host,-invtsc", "-cpu host,invtsc=on",
	  "changed host,-invtsc -> host,invtsc=on" },
	{ "a raw value", "set = -append value=quiet %n", "-append a", "-append quiet\tweb",
	  "changed a -> quiet web" },
	{ "the last -uuid", "set = -uuid value=x", "-uuid a -uuid b", "-uuid a -uuid x",
	  "changed b -> x" },

	/* a line without -cpu */
	{ "without -cpu a property is a -global", "set = -cpu kvm=off,hv_vendor_id=x", "-S",
	  "-S -global driver=cpu,property=kvm,value=off -global driver=cpu,property=hv-vendor-id,value=x",
	  "added driver=cpu,property=kvm,value=off; "
	  "added driver=cpu,property=hv-vendor-id,value=x" },
	{ "with a model it is a -cpu", "set = -cpu kvm=off,model=host", "-S",
	  "-S -cpu host,kvm=off", "added host; changed host -> host,kvm=off" },
	{ "which goes before an option that lacks its value", "set = -cpu model=host,kvm=off",
	  "-S -append", "-S -cpu host,kvm=off -append",
	  "added host; changed host -> host,kvm=off" },
	{ "a selector means a -cpu that is there", "set = -cpu[model=host] kvm=off", "-S", "-S",
	  UNSELECTED },
	{ "default minds a -global of the CPU", "default = -cpu kvm=off",
	  "-global qemu64-x86_64-cpu.kvm=on", "-global qemu64-x86_64-cpu.kvm=on", "" },
	{ "and of all CPUs", "default = -cpu kvm=off", "-global driver=cpu,property=kvm,value=on",
	  "-global driver=cpu,property=kvm,value=on", "" },

	/* default */
	{ "default where it is absent", "default = -device mq=on", "-device x -device y,mq=off",
	  "-device x,mq=on -device y,mq=off", "changed x -> x,mq=on" },
	{ "default of several, each by itself", "default = -device mq=on,rx=1", "-device x,mq=off",
	  "-device x,mq=off,rx=1", "changed x,mq=off -> x,mq=off,rx=1" },
	{ "default in JSON", "default = -device mq=on", "-device {\"driver\":\"x\",\"mq\":false}",
	  "-device {\"driver\":\"x\",\"mq\":false}", "" },
	{ "default of a CPU minds every form", "default = -cpu kvm=off", "-cpu host,+kvm",
	  "-cpu host,+kvm", "" },
	{ "default of a machine minds all uses", "default = -machine usb=on",
	  "-machine usb=off -machine pc", "-machine usb=off -machine pc", "" },
	{ "and the flags that mean the same", "default = -machine accel=tcg",
	  "-enable-kvm -machine pc", "-enable-kvm -machine pc", "" },
	{ "and -accel, which says it in another option", "default = -machine accel=tcg,usb=on",
	  "-accel kvm -machine pc", "-accel kvm -machine pc,usb=on", "changed pc -> pc,usb=on" },
	{ "default on an option that is not there", "default = -device mq=on", "-S", "-S", NONE },
	{ "an empty value is a value", "default = -device romfile=x", "-device y,romfile=",
	  "-device y,romfile=", "" },

	/* -global */
	{ "a new -global", "set = -global ICH9-LPC.disable_s3=1", "-S",
	  "-S -global ICH9-LPC.disable_s3=1", "added ICH9-LPC.disable_s3=1" },
	{ "one that is there", "set = -global ICH9-LPC.disable_s3=1", "-global ICH9-LPC.disable_s3=0",
	  "-global ICH9-LPC.disable_s3=1",
	  "changed ICH9-LPC.disable_s3=0 -> ICH9-LPC.disable_s3=1" },
	{ "one in its long form", "set = -global a.b=x,y", "-global driver=a,property=b,value=1",
	  "-global driver=a,property=b,value=x,,y",
	  "changed driver=a,property=b,value=1 -> driver=a,property=b,value=x,,y" },
	{ "of two the last one, which counts", "set = -global a.b=3", "-global a.b=1 -global a.b=2",
	  "-global a.b=1 -global a.b=3", "changed a.b=2 -> a.b=3" },
	{ "a driver with a dot needs the long form", "set = -global cfi.pflash01.secure=on", "-S",
	  "-S -global driver=cfi.pflash01,property=secure,value=on",
	  "added driver=cfi.pflash01,property=secure,value=on" },
	{ "and is found in it", "set = -global cfi.pflash01.secure=on",
	  "-global driver=cfi.pflash01,property=secure,value=off",
	  "-global driver=cfi.pflash01,property=secure,value=on",
	  "changed driver=cfi.pflash01,property=secure,value=off -> "
	  "driver=cfi.pflash01,property=secure,value=on" },
	{ "a property with a dot", "set = -global nvme-ns.zoned.zone_size=4M", "-S",
	  "-S -global nvme-ns.zoned.zone_size=4M", "added nvme-ns.zoned.zone_size=4M" },
	{ "a -global that is there already, as a default", "default = -global a.b=1", "-global a.b=2",
	  "-global a.b=2", "" },
	{ "a -global taken out, in both forms", "unset = -global a.b",
	  "-global a.b=1 -global driver=a,property=b,value=2 -global a.c=3", "-global a.c=3",
	  "removed driver=a,property=b,value=2; removed a.b=1" },

	/* unset */
	{ "unset", "unset = -device mq,rx", "-device x,mq=on,id=a,rx=1 -device y", "-device x,id=a -device y",
	  "changed x,mq=on,id=a,rx=1 -> x,id=a" },
	{ "unset in JSON", "unset = -device mq", "-device {\"driver\":\"x\",\"mq\":true}",
	  "-device {\"driver\":\"x\"}", "changed {\"driver\":\"x\",\"mq\":true} -> {\"driver\":\"x\"}" },
	{ "unset what is not there", "unset = -device mq", "-device x,", "-device x,", NO_PROPERTY },
	{ "an empty use stays", "unset = -machine usb", "-machine '' -S", "-machine '' -S", NO_PROPERTY },
	{ "unset on all uses that merge", "unset = -machine usb", "-machine pc,usb=on -M usb=off,acpi=on",
	  "-machine pc -M acpi=on", "changed pc,usb=on -> pc; changed usb=off,acpi=on -> acpi=on" },
	{ "a use that is empty then goes", "unset = -machine usb", "-machine pc -machine usb=on",
	  "-machine pc", "removed usb=on" },
	{ "unset a flag that means the same", "unset = -machine accel", "-enable-kvm -machine pc",
	  "-machine pc", "removed -" },
	{ "but not if the selector means another machine", "unset = -machine[type=pc*] accel",
	  "-enable-kvm -machine q35", "-enable-kvm -machine q35", UNSELECTED },
	{ "a selector may speak of what goes", "unset = -machine[usb=on] usb,hpet",
	  "-machine q35,usb=on -M hpet=off", "-machine q35",
	  "changed q35,usb=on -> q35; removed hpet=off" },
	{ "also of a flag that goes", "unset = -machine[usb=on] usb,hpet",
	  "-usb -machine q35,hpet=off", "-machine q35", "removed -; changed q35,hpet=off -> q35" },
	{ "unset a feature in every form", "unset = -cpu kvm", "-cpu host,+kvm,kvm=off,-kvm",
	  "-cpu host", "changed host,+kvm,kvm=off,-kvm -> host" },
	{ "unset what a -set sets", "unset = -device[id=r] a",
	  "-device x,id=r,b=1 -set device.r.a=2", "-device x,id=r,b=1", "removed device.r.a=2" },

	/* add, remove */
	{ "add an option", "add = -device virtio-rng-pci,id=%n", "-S", "-S -device virtio-rng-pci,id=web",
	  "added virtio-rng-pci,id=web" },
	{ "add a flag", "add = -nodefaults", "-S", "-S -nodefaults", "added -" },
	{ "a flag that is there is not added again", "add = -S", "-S", "-S",
	  "nothing: the option is already on the command line" },
	{ "add JSON", "add = -device {\"driver\":\"x\",\"id\":\"%n\"}", "-S",
	  "-S -device {\"driver\":\"x\",\"id\":\"web\"}", "added {\"driver\":\"x\",\"id\":\"web\"}" },
	{ "the same id in another list is another thing", "add = -device x,id=a", "-netdev user,id=a",
	  "-netdev user,id=a -device x,id=a", "added x,id=a" },
	{ "add what is not unique", "add = -drive file=a", "-drive file=a", "-drive file=a -drive file=a",
	  "added file=a" },
	{ "add a raw value", "add = -serial file:/x,%u", "-S", "-S -serial file:/x," RULED_UUID,
	  "added file:/x," RULED_UUID },
	{ "add an empty raw value", "add = -append", "-S", "-S -append ''", "added " },
	{ "remove takes both words", "remove = -device[id=a]", "-S -device x,id=a -device x,id=b",
	  "-S -device x,id=b", "removed x,id=a" },
	{ "and each -set of it", "remove = -device[id=a]",
	  "-device x,id=a -set device.a.b=1 -set device.ab.c=2 -set device.a.d=3",
	  "-set device.ab.c=2", "removed device.a.d=3; removed device.a.b=1; removed x,id=a" },
	{ "remove all uses", "remove = -device", "-device a -S -device b", "-S",
	  "removed a; removed b" },
	{ "remove a flag", "remove = -S", "-S -name x", "-name x", "removed -" },
	{ "remove what merges takes all of it", "remove = -machine[type=pc]", "-machine pc -M usb=on -S",
	  "-S", "removed pc; removed usb=on" },
	{ "remove the -cpu that counts takes those before it too", "remove = -cpu[model=b]",
	  "-cpu a -cpu b", "", "removed a; removed b" },
	{ "remove nothing", "remove = -device[id=a]", "-device x", "-device x", UNSELECTED },
	{ "remove an option that is not there", "remove = -S", "-name x", "-name x", NONE },
	{ "an unknown option's words stay", "remove = -device", "-foo -device x -bar y", "-foo -bar y",
	  "removed x" },

	/* substitution */
	{ "%n in a value of JSON is quoted for it", "set = -device a=%n", "-device {\"driver\":\"x\"}",
	  "-device {\"driver\":\"x\",\"a\":\"web\"}",
	  "changed {\"driver\":\"x\"} -> {\"driver\":\"x\",\"a\":\"web\"}" },
	{ "%u in a selector", "set = -device[id=%n] a=b", "-device x,id=web -device x,id=db",
	  "-device x,id=web,a=b -device x,id=db", "changed x,id=web -> x,id=web,a=b" },
	{ "%h and %% in an added value", "add = -chardev file,id=c,path=/log/%h%%", "-S",
	  "-S -chardev file,id=c,path=/log/node7%", "added file,id=c,path=/log/node7%" },
};

static void edits(void **state)
{
	const struct row *row = *state;
	struct trace trace;
	struct cmdline c;
	struct err err = { 0 };

	line_parse(row->line, &c);
	assert_int_equal(ruled_apply(row->verb, &c, &ruled_names, &trace, &err), 0);
	assert_text(line_text(&c), row->want);
	assert_text(ruled_events(&trace), row->events);
}

static const struct bad {
	const char *name, *verb, *line, *says;
} bad[] = {
	{ "a bool that is neither", "set = -device mq=auto", "-device {\"driver\":\"x\",\"mq\":true}",
	  "mq must be on or off" },
	{ "an id that is taken", "add = -device y,id=a", "-device x,id=a",
	  "id 'a' is already on the command line: -device x,id=a" },
	{ "taken in JSON", "add = -device y,id=a", "-device {\"driver\":\"x\",\"id\":\"a\"}",
	  "id 'a' is already on the command line" },
	{ "a node's name that is taken", "add = -blockdev null-co,node-name=n",
	  "-blockdev {\"driver\":\"null-co\",\"node-name\":\"n\"}", "node-name 'n' is already on the command line" },
	{ "an accelerator of a line with -accel", "set = -machine accel=tcg", "-machine pc -accel kvm",
	  "the command line has -accel" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct rule_set set = { 0 };
	struct trace trace = { .arena = &arena };
	struct cmdline c;
	struct err err = { 0 };

	line_parse(row->line, &c);
	ruled_read(arena_printf(&arena, "[a]\nwhen = always\n%s\n", row->verb), &set);
	assert_int_equal(ruled_edit(&c, &ruled_names, &set.v[0], &trace, &err), -EINVAL);
	assert_says(err.text, row->says);
}

/* ---- what can be told before there is a command line ---- */

static const struct bad checks[] = {
	{ "an option that QEMU does not have", "set = -devise a=b", NULL,
	  "QEMU has no option -devise (did you mean 'device'?)" },
	{ "a flag with a selector", "remove = -S[a=b]", NULL, "-S takes no value, so it takes no selector" },
	{ "a flag that is set", "set = -S a=b", NULL, "-S takes no value" },
	{ "a -global with a selector", "set = -global[driver=a] a.b=c", NULL, "-global takes no selector" },
	{ "a -global unset with a selector", "unset = -global[driver=a] a.b", NULL,
	  "-global takes no selector" },
	{ "add with a selector", "add = -device[id=a] x", NULL, "add takes no selector" },
	{ "add without a value", "add = -device", NULL, "-device takes a value" },
	{ "add a flag with a value", "add = -S x", NULL, "-S takes no value, but 'x' follows" },
	{ "add JSON that QEMU refuses", "add = -device {\"driver\":\"x\",}", NULL,
	  "QEMU does not accept this JSON" },
	{ "add a -global that says nothing", "add = -global foo", NULL,
	  "must be -global DRIVER.PROPERTY=VALUE" },
	{ "in its long form as well", "add = -global driver=a,property=b", NULL,
	  "must be -global DRIVER.PROPERTY=VALUE" },
	{ "remove with a property", "remove = -device mq", NULL, "'mq' after -device" },
	{ "set with nothing", "set = -device", NULL, "-device has no property here" },
	{ "unset a driver", "unset = -device driver", NULL, "-device needs its driver, so unset cannot remove it" },
	{ "unset a raw option", "unset = -append value", NULL, "-append has no properties" },
	{ "an unknown %", "set = -device a=%x", NULL, "'%x'" },
	{ "an unknown % in a selector", "set = -device[id=%x] a=b", NULL, "'%x'" },
	{ "a % at the end", "add = -device x,a=50%", NULL, "'%' at the end is not valid" },
};

static void checks_actions(void **state)
{
	static const struct qemuopts opts;
	const struct bad *row = *state;
	struct rule_set set = { 0 };
	struct err err = { 0 };

	ruled_read(arena_printf(&arena, "[a]\nwhen = always\n%s\n", row->verb), &set);
	assert_int_equal(edit_check(&arena, &opts, &set.v[0].actions[0], &err), -EINVAL);
	assert_says(err.text, row->says);
}

int main(void)
{
	UNIT_ROWS(rows, edits);
	UNIT_ROWS(bad, refuses);
	UNIT_ROWS(checks, checks_actions);
	return unit_run("edit");
}
