/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host devices that rules pass to a VM, as the hook finds them. */
#include "conf/passthrough.h"

#include "conf/expand.h"
#include "conf/rules.h"
#include "file.h"
#include "mistake.h"
#include "str.h"
#include "unit.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define MDEV "6f1a3c52-9b1e-4c3e-9d5e-0a1b2c3d4e5f"

/* Slot 05:00 has functions 0, 1 and 3, slot 06:00 only 2, slot 07:00 the functions 1 and 2. */
static void functions(void *user, struct arena *a, const char *slot, struct strv *found)
{
	const char *there = "";

	assert_ptr_equal(user, functions);
	if (str_eq(slot, "0000:05:00"))
		there = "013";
	if (str_eq(slot, "0000:06:00"))
		there = "2";
	if (str_eq(slot, "0000:07:00"))
		there = "12";
	for (; *there; there++)
		strv_push(a, found, arena_printf(a, "%s.%c", slot, *there));
}

static const struct passthrough_host host = { .functions = functions, .user = (void *)(uintptr_t)functions };

static void find(const char *text, const char *name, struct grants *g, struct mistakes *m)
{
	struct file file = { .path = "/etc/kvmshim/rules.d/f.ini", .text = text,
			     .len = strlen(text) };
	struct names names = { .name = name, .uuid = UUID, .host = "node7" };
	struct rule_set set = { 0 };
	struct facts facts = { 0 };

	*m = (struct mistakes){ .arena = &arena };
	*g = (struct grants){ 0 };
	rules_read(&arena, &file, &set, m);
	assert_int_equal(m->n, 0);
	fact_add(&arena, &facts, FACT_NAME, name);
	fact_add(&arena, &facts, FACT_UUID, UUID);
	fact_add(&arena, &facts, FACT_HOST, "node7");
	fact_add(&arena, &facts, FACT_FLAVOR, "gpu.large");
	passthrough_find(&arena, &set, &facts, &names, &host, g, m);
}

static void units_text(struct strbuf *b, const char *key, const struct strv *units)
{
	for (size_t i = 0; i < units->n; i++)
		strbuf_addf(b, "%s %s", key, units->v[i]);
}

/* "0000:05:00.0 f.ini:a, …", an mdev with an m in front; units. */
static const char *grants_text(const struct grants *g)
{
	struct strbuf b = { .arena = &arena };

	strbuf_add(&b, "");
	for (size_t i = 0; i < g->n; i++)
		strbuf_addf(&b, "%s%s%s %s%s", i ? ", " : "",
			    g->v[i].kind == GRANT_MDEV ? "m " : "", g->v[i].device, g->v[i].rule,
			    g->v[i].iommufd ? " iommufd" : "");
	units_text(&b, " stop", &g->stop_units);
	units_text(&b, " start", &g->start_units);
	units_text(&b, " pause", &g->pause_units);
	return strbuf_text(&b);
}

static const struct good {
	const char *name, *rules, *want;
} good[] = {
	{ "no rules, no devices", "", "" },
	{ "rules without devices", "[a]\nwhen = always\nset = -cpu kvm=off\nhide-hypervisor = kvm\n",
	  "" },
	{ "a device by its address", "[a]\nwhen = always\npass-pci = 0000:05:00.0\n",
	  "0000:05:00.0 f.ini:a" },
	{ "in another spelling", "[a]\nwhen = always\npass-pci = AF:0.1\n", "0000:af:00.1 f.ini:a" },
	{ "a device that is not there is for who hands it over to tell",
	  "[a]\nwhen = always\npass-pci = 0000:99:00.0\n", "0000:99:00.0 f.ini:a" },
	{ "properties are QEMU's", "[a]\nwhen = always\npass-pci = 05:00.0 addr=0x7 x-vga=on\n",
	  "0000:05:00.0 f.ini:a" },
	{ "units, between commas and blanks", "[a]\nwhen = always\nstop-units = a, b.timer c\nstop-units = d,e\n"
	  "start-units = look@%n\npause-units = p\n[b]\nwhen-name = db\nstop-units = x\n",
	  " stop a.service stop b.timer stop c.service stop d.service stop e.service "
	  "start look@web.service pause p.service" },
	{ "by IOMMUFD", "[a]\nwhen = always\npass-pci = 05:00.0 addr=0x7 iommufd=on\n",
	  "0000:05:00.0 f.ini:a iommufd" },
	{ "explicitly not", "[a]\nwhen = always\npass-pci = 05:00.0 iommufd=off\n", "0000:05:00.0 f.ini:a" },
	{ "each function of a slot", "[a]\nwhen = always\npass-pci = 05:00 x-vga=on iommufd=on\n",
	  "0000:05:00.0 f.ini:a iommufd, 0000:05:00.1 f.ini:a iommufd, 0000:05:00.3 f.ini:a iommufd" },
	{ "a mediated device", "[a]\nwhen = always\npass-mdev = " MDEV " iommufd=on\n", "m " MDEV " f.ini:a iommufd" },
	{ "a whole slot", "[a]\nwhen = always\npass-pci = 05:00\n",
	  "0000:05:00.0 f.ini:a, 0000:05:00.1 f.ini:a, 0000:05:00.3 f.ini:a" },
	{ "a slot with one function, whichever", "[a]\nwhen = always\npass-pci = 06:00\n",
	  "0000:06:00.2 f.ini:a" },
	{ "a mediated device, in small letters",
	  "[a]\nwhen = always\npass-mdev = 6F1A3C52-9B1E-4C3E-9D5E-0A1B2C3D4E5F\n",
	  "m " MDEV " f.ini:a" },
	{ "an mdev by the UUID of the VM", "[a]\nwhen = always\npass-mdev = %u\n",
	  "m " UUID " f.ini:a" },
	{ "several, in their order",
	  "[b]\nwhen-name = web*\npass-pci = 05:00.1\nset = -S\npass-mdev = " MDEV "\n"
	  "[a]\nwhen-flavor = gpu.*\npass-pci = 05:00.0\n",
	  "0000:05:00.1 f.ini:b, m " MDEV " f.ini:b, 0000:05:00.0 f.ini:a" },
	{ "a device twice is there twice",
	  "[a]\nwhen = always\npass-pci = 05:00.0\n[b]\nwhen = always\npass-pci = 5:0.0\n",
	  "0000:05:00.0 f.ini:a, 0000:05:00.0 f.ini:b" },
	{ "rules for others, and those that are switched off",
	  "[a]\nwhen-name = db*\npass-pci = 05:00.0\n[b]\nenabled = no\nwhen = always\n"
	  "pass-pci = 05:00.0\n[c]\nwhen-host = !node7\npass-pci = 05:00.0\n",
	  "" },
	{ "a fact that nobody knows never holds", "[a]\nwhen-project = !x\npass-pci = 05:00.0\n", "" },
	{ "after one with last = yes none is looked at",
	  "[a]\nlast = yes\nwhen = always\npass-pci = 05:00.0\n[b]\nwhen = always\npass-pci = 05:00.1\n",
	  "0000:05:00.0 f.ini:a" },
	{ "unless it does not hold",
	  "[a]\nlast = yes\nwhen-name = db\nset = -S\n[b]\nwhen = always\npass-pci = 05:00.1\n",
	  "0000:05:00.1 f.ini:b" },
	{ "or is switched off",
	  "[a]\nlast = yes\nenabled = no\nwhen = always\nset = -S\n[b]\nwhen = always\n"
	  "pass-pci = 05:00.1\n",
	  "0000:05:00.1 f.ini:b" },
	{ "conditions that only the wrapper can tell do not matter without last = yes",
	  "[a]\nwhen-machine = q35\nset = -S\n[b]\nwhen = always\npass-pci = 05:00.1\n",
	  "0000:05:00.1 f.ini:b" },
	{ "nor where another of the rule's conditions fails, in either order",
	  "[a]\nlast = yes\nwhen-option = -S\nwhen-name = db\nset = -S\n"
	  "[b]\nlast = yes\nwhen-project = *\nwhen-cpu = host\nset = -S\n"
	  "[c]\nwhen = always\npass-pci = 05:00.1\n",
	  "0000:05:00.1 f.ini:c" },
	{ "nor for a rule with a device before it, or one that does not hold",
	  "[a]\nwhen = always\npass-pci = 05:00.1\n[b]\nlast = yes\nwhen-option = -S\nset = -S\n"
	  "[c]\nwhen-name = db\npass-pci = 05:00.0\n",
	  "0000:05:00.1 f.ini:a" },
};

static void finds(void **state)
{
	const struct good *row = *state;
	struct mistakes m;
	struct grants g;

	find(row->rules, "web", &g, &m);
	assert_text(grants_text(&g), row->want);
	if (m.n)
		fail_msg("%s", mistake_text(&arena, &m.v[0]));
}

#define F "/etc/kvmshim/rules.d/f.ini:"

static const struct bad {
	const char *name, *rules, *says, *want;
} bad[] = {
	{ "what is no address", "[a]\nwhen = always\npass-pci = gpu\npass-pci = 05:00.0\n",
	  F "3: error: pass-pci: 'gpu': must be a PCI address such as 0000:05:00.0", "0000:05:00.0 f.ini:a" },
	{ "what is no UUID", "[a]\nwhen = always\npass-mdev = 05:00.0\n",
	  F "3: error: pass-mdev: '05:00.0': must be the UUID of a mediated device", "" },
	{ "no word at all", "[a]\nwhen = always\npass-pci =\n", F "3: error: pass-pci: a value is missing", "" },
	{ "a slot that is empty", "[a]\nwhen = always\npass-pci = 08:00\n",
	  F "3: error: pass-pci: 0000:08:00: this host has no such PCI device", "" },
	{ "a slot without a function 0", "[a]\nwhen = always\npass-pci = 07:00\n",
	  F "3: error: pass-pci: 0000:07:00: the slot has no function 0", "" },
	{ "a name that may not be in a path", "[a]\nwhen = always\npass-pci = %n\n",
	  F "3: error: pass-pci: %n: the name '../web'", "" },
	{ "a unit whose name is a path", "[a]\nwhen = always\nstart-units = a@%u, /b\n",
	  F "3: error: start-units: '/b': must be the name of a systemd unit, such as ollama.service",
	  " start a@" UUID ".service" },
	{ "a unit with the name of a VM that may not be in a path", "[a]\nwhen = always\nstart-units = a@%n\n",
	  F "3: error: start-units: %n: the name '../web'", "" },
	{ "a scope that is to be started", "[a]\nwhen = always\npause-units = a.scope\n",
	  F "3: error: pause-units: 'a.scope': a scope cannot be started", "" },
	{ "units of a rule behind one that may be the last",
	  "[a]\nlast = yes\nwhen-name = *\nwhen-machine = q35\nset = -S\n[b]\nwhen = always\nstop-units = a\n",
	  F "8: error: stop-units: the earlier rule [a] (" F "1) has last = yes, and only the wrapper can test",
	  "" },
	{ "a rule that may or may not be the last",
	  "[a]\nlast = yes\nwhen-name = *\nwhen-machine = q35\nset = -S\n"
	  "[b]\nwhen = always\npass-pci = 05:00.1\n",
	  F "8: error: pass-pci: the earlier rule [a] (" F "1) has last = yes, and only the wrapper can test",
	  "" },
	{ "by whether the guest comes in too",
	  "[a]\nlast = yes\nwhen = always\non-incoming = skip\nset = -M usb=on\n"
	  "[b]\nwhen = always\npass-pci = 05:00.1\n",
	  F "8: error: pass-pci: the earlier rule [a] (" F "1) has last = yes, and only the wrapper can test",
	  "" },
	{ "of two such rules the first is told",
	  "[a]\nlast = yes\nwhen-option = -S\nset = -S\n[b]\nlast = yes\nwhen-cpu = x\nset = -S\n"
	  "[c]\nwhen = always\npass-pci = 05:00.1\n",
	  F "11: error: pass-pci: the earlier rule [a]", "" },
	{ "by an option of the command line too",
	  "[a]\nlast = yes\nwhen-option = -S\nset = -S\n[b]\nwhen = always\npass-mdev = " MDEV "\n",
	  F "7: error: pass-mdev: the earlier rule [a]", "" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct mistakes m;
	struct grants g;

	find(row->rules, "../web", &g, &m);
	assert_int_equal(m.errors, 1);
	assert_says(mistake_text(&arena, &m.v[0]), row->says);
	assert_text(grants_text(&g), row->want);
}

/* What is found is what grants_use() gives to the same rule. */
static void is_what_the_wrapper_takes(void **state)
{
	static const struct rule rule = { .file = "/usr/lib/kvmshim/rules.d/f.ini", .section = "a" };
	struct mistakes m;
	struct grants g;

	(void)state;
	find("[a]\nwhen = always\npass-pci = 5:0.1\npass-mdev = " MDEV "\n", "web", &g, &m);
	assert_int_equal(grants_use(&g, &rule, GRANT_PCI, "0000:05:00.1", false, NULL), 0);
	assert_int_equal(grants_use(&g, &rule, GRANT_MDEV, MDEV, false, NULL), 0);
	assert_int_equal(grants_all_used(&g, NULL), 0);
}

int main(void)
{
	UNIT_ROWS(good, finds);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("the wrapper takes what is found", is_what_the_wrapper_takes);
	return unit_run("passes");
}
