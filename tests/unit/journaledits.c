/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each member of a good journal is spoiled in turn, and has to be refused in
 * words that name it.
 */
#include "str.h"
#include "journaltree.h"

/* In the step that begins so: the piece in it, and what is there instead. */
static const struct edit {
	const char *name, *after, *piece, *with, *says;
} edits[] = {
	{ "a version to come", "", "\"version\": 1", "\"version\": 2", "'version' must be 1" },
	{ "no version", "", "\"version\"", "\"v\"", "'version' must be 1" },
	{ "a version in words", "", "\"version\": 1", "\"version\": \"1\"", "'version' must be a whole number" },
	{ "a kind that is none", "", "\"vm\"", "\"container\"", "'kind' has a value that" },
	{ "no kind", "", "\"kind\"", "\"k\"", "'kind' is missing" },
	{ "a kind that is null", "", "\"vm\"", "null", "'kind' must be a text" },
	{ "a state that is none", "", "\"binding\"", "\"bind\"", "'state' has a value that" },
	{ "another VM's", "", "\"uuid\": \"" UUID, "\"uuid\": \"" OTHER, "'uuid' is not the name of its directory" },
	{ "a uuid that is a path", "", "\"uuid\": \"" UUID, "\"uuid\": \"../../x", "'uuid' is not a valid UUID" },
	{ "no uuid", "", "\"uuid\"", "\"u\"", "'uuid' is missing" },
	{ "a name that is a number", "", "\"web 1\"", "1", "'name' must be a text" },
	{ "a name with a NUL", "", "web 1", "web\\u0000", "'name' must be a text" },
	{ "a boot id with a slash", "", "0f1e2d3c", "../", "'boot' is not a valid boot id" },
	{ "no boot id", "", "\"boot\"", "\"b\"", "'boot' is missing" },
	{ "a time in words", "", "2026-11-21T14", "yesterday", "'created' is not a valid time" },
	{ "a daemon that is a number", "", "\"daemon\": {", "\"daemon\": 1, \"x\": {", "'daemon' must be an object" },
	{ "a pid of 0", "", "\"pid\": 1000", "\"pid\": 0", "'daemon': 'pid' is out of range" },
	{ "a pid of all processes", "", "\"pid\": 3000", "\"pid\": -1", "'qemu': 'pid' is out of range" },
	{ "a pid beyond pids", "", "\"pid\": 1000", "\"pid\": 4294968296", "'pid' is out of range" },
	{ "half a pid", "", "\"pid\": 1000", "\"pid\": 1000.5", "'pid' must be a whole number" },
	{ "a process without its start", "", "\"start\": 2000", "\"s\": 1", "'start' is missing" },
	{ "a start beyond starts", "", "\"start\": 2000", "\"start\": -1", "'start' is out of range" },
	/* json-c makes the largest number of it; json-c 0.18 calls it no JSON */
	{ "a start beyond numbers", "", "\"start\": 2000", "\"start\": 99999999999999999999",
	  "/journal.json: " },
	{ "devices that are no list", "", "\"devices\": [", "\"devices\": {}, \"x\": [", "'devices' must be a list" },
	{ "no steps", "", "\"steps\"", "\"s\"", "'steps' must be a list" },
	{ "no list of the stuck", "", "\"stuck\"", "\"w\"", "'stuck' must be a list" },
	{ "a device that is a number", "", "\"devices\": [", "\"devices\": [ 1,", "device 1: it must be an object" },
	{ "a device of no kind", "", "\"pci\"", "\"usb\"", "device 1: 'pci' or 'mdev' is missing" },
	{ "a device of both kinds", "", "\"pci\"", "\"mdev\":\"\",\"pci\"", "device 1: 'pci' and 'mdev'" },
	{ "a device that is null", "", "\"pci\": \"" GPU "\"", "\"pci\": null", "device 1: 'pci' must be a text" },
	{ "a device that is a path", "", GPU, "../../../etc", "device 1: 'pci' is not a valid PCI address" },
	{ "a device without its domain", "", GPU, "05:00.0", "device 1: 'pci' is not a valid PCI address" },
	{ "a device that is a slot", "", GPU, "0000:05:00", "device 1: 'pci' is not a valid PCI address" },
	{ "a device in capitals", "", "e1:00.7", "E1:00.7", "device 2: 'pci' is not a valid PCI address" },
	{ "a ninth function", "", "e1:00.7", "e1:00.8", "device 2: 'pci' is not a valid PCI address" },
	{ "a newline behind an address", "", GPU, GPU "\\n", "device 1: 'pci' is not a valid PCI address" },
	{ "an mdev that is no UUID", "", MDEV, "mdev", "device 3: 'mdev' is not a valid UUID" },
	{ "an mdev in capitals", "", MDEV, "83B8f4f2-509f-382f-3c1e-e6bfe0fa1001", "device 3: 'mdev' is not a valid UUID" },
	{ "a role that is none", "", "\"hostdev\"", "\"guest\"", "device 1: 'role' has a value that" },
	{ "a driver that is a path", "", "\"nvidia\"", "\"../nvidia\"", "device 1: 'driver' is not a valid driver name" },
	{ "a driver of no letters", "", "\"nvidia\"", "\"\"", "device 1: 'driver' is not a valid driver name" },
	{ "a target that is hidden", "", "\"vfio-pci\"", "\".vfio\"", "device 1: 'target' is not a valid driver name" },
	{ "a rule that is a list", "", "\"50-gpu.ini:a \\\"rule\\\"\"", "[]", "device 2: 'rule' must be a text" },
	{ "a group below none", "", "\"group\": 17", "\"group\": -1", "device 1: 'group' is out of range" },
	{ "a group in words", "", "\"group\": 17", "\"group\": \"17\"", "device 1: 'group' must be a whole number" },
	{ "an op to come", "", "\"op\": \"unit\"", "\"op\": \"reboot\"", "step 1: 'op' has a value that" },
	{ "a step without its op", "", "\"op\"", "\"o\"", "step 1: 'op' is missing" },
	{ "a lane below none", "\"module\"", "\"lane\": 0", "\"lane\": -1", "step 2: 'lane' is out of range" },
	{ "a lane beyond reason", "\"module\"", "\"lane\": 0", "\"lane\": 4096", "step 2: 'lane' is out of range" },
	{ "no lane", "\"module\"", "\"lane\"", "\"l\"", "step 2: 'lane' is missing" },
	{ "done in words", "", "\"done\": true", "\"done\": \"yes\"", "step 1: 'done' must be true or false" },
	{ "not said whether done", "", "\"done\"", "\"d\"", "step 1: 'done' must be true or false" },
	{ "a time that is no number", "", "\"ms\": 12.5", "\"ms\": \"\", \"x\": 0", "step 1: 'ms' must be a number" },
	{ "a time before its beginning", "", "\"ms\": 12.5", "\"ms\": -12.5", "step 1: 'ms' is not a valid time" },
	{ "a time beyond numbers", "", "\"ms\": 12.5", "\"ms\": 1e999, \"x\": 0.5", "step 1: 'ms' is not a valid time" },
	{ "a time that is NaN", "", "\"ms\": 12.5", "\"ms\": NaN, \"x\": 0.5", "step 1: 'ms' is not a valid time" },
	{ "a unit that is an option", "", "\"dev-disk", "\"--root=", "step 1: 'name' is not a valid name of a systemd unit" },
	{ "a unit with a path", "", "\"dev-disk", "\"/etc/x", "step 1: 'name' is not a valid name of a systemd unit" },
	{ "no unit", "\"unit\"", "\"name\"", "\"n\"", "step 1: 'name' is missing" },
	{ "a module that is an option", "", "\"vfio_iommu_type1\"", "\"-r\"", "step 2: 'name' is not a valid driver name" },
	{ "a module with parameters", "", "\"vfio_iommu_type1\"", "\"vfio a=b\"", "step 2: 'name' is not a valid driver name" },
	{ "a module that is a path", "", "\"vfio_iommu_type1\"", "\"/tmp/x.ko\"", "step 2: 'name' is not a valid driver name" },
	{ "a step with a device too many", "\"module\"", "\"name\"", "\"device\":\"" GPU "\",\"name\"",
	  "step 2: 'device' is not allowed here" },
	{ "a device without its address", "\"free\"", GPU, "05:00.0", "step 3: 'device' is not a valid PCI address" },
	{ "a vtcon that is another file", "", "vtcon1", "vtcon1/../..", "step 4: 'name' is not a valid vtcon" },
	{ "a vtcon without a number", "", "vtcon1", "vtcon", "step 4: 'name' is not a valid vtcon" },
	{ "a platform device that is a path", "", "efi-framebuffer.0", "..", "step 5: 'name' is not a valid platform" },
	{ "a platform device that is an option", "", "efi-framebuffer.0", "-efi", "step 5: 'name' is not a valid platform" },
	{ "a platform driver that is a path", "", "\"efi-framebuffer\"", "\"a/b\"", "step 5: 'from' is not a valid driver name" },
	{ "an attribute that is not ours", "", "power/control", "remove", "step 6: 'name' is not a valid attribute" },
	{ "an attribute of another device", "", "power/control", "../0000:06:00.0/remove",
	  "step 6: 'name' is not a valid attribute" },
	{ "a value of two lines", "", "\"auto\"", "\"auto\\n1\"", "step 6: 'from' is not a valid attribute value" },
	{ "a value that is null", "", "\"auto\"", "null", "step 6: 'from' must be a text" },
	{ "no value", "\"attribute\"", "\"to\"", "\"t\"", "step 6: 'to' is missing" },
	{ "an override of two lines", "\"override\"", "\"from\": \"\"", "\"from\": \"\\n\"",
	  "step 8: 'from' is not a valid driver_override" },
	{ "an override to nothing", "\"override\"", "vfio-pci", "", "step 8: 'to' is not a valid driver name" },
	{ "unbound from a path", "\"unbind\"", "\"nvidia\"", "\"../x\"", "step 9: 'from' is not a valid driver name" },
	{ "unbound from nothing", "\"unbind\"", "\"from\"", "\"f\"", "step 9: 'from' is missing" },
	{ "bound to a path", "\"probe\"", "\"vfio-pci\"", "\"a/b\"", "step 10: 'to' is not a valid driver name" },
	{ "a property that is a path", "", "vf-vlan", "../vf-vlan",
	  "step 16: 'name' is not a valid property of a virtual function" },
	{ "a value of one that is a path", "", "100 qos=3", "/100 qos=3",
	  "step 16: 'to' is not a valid value of such a property" },
	{ "a property without a value", "\"vf-node-guid\"", "\"to\"", "\"t\"", "step 17: 'to' is missing" },
	{ "an mdev type that is a path", "", "nvidia-63", "../nvidia-63", "step 12: 'to' is not a valid mdev type" },
	{ "an mdev type that is an option", "", "nvidia-63", "-63", "step 12: 'to' is not a valid mdev type" },
	{ "an mdev that is no UUID to create", "\"op\": \"mdev\"", MDEV, "1", "step 12: 'name' is not a valid UUID" },
	{ "a vgpu that is no number", "", "\"1178\"", "\"1178a\"", "step 13: 'to' is not a valid number" },
	{ "a group that is another node", "\"node\"", "\"17\"", "\"../null\"",
	  "step 14: 'name' is not a valid VFIO device node" },
	{ "a device node that is a path", "\"node\"", "\"17\"", "\"devices/vfio3/../../null\"",
	  "step 14: 'name' is not a valid VFIO device node" },
	{ "a device node without a number", "\"node\"", "\"17\"", "\"devices/vfio\"",
	  "step 14: 'name' is not a valid VFIO device node" },
	{ "an owner by name", "", "64055:64055", "root:root", "step 14: 'to' is not a valid UID:GID" },
	{ "half an owner", "", "\"0:0\"", "\"0:\"", "step 14: 'from' is not a valid UID:GID" },
	{ "an owner and more", "", "\"0:0\"", "\"0:0:0\"", "step 14: 'from' is not a valid UID:GID" },
	{ "a stuck operation of no device", "\"stuck\"", GPU, "a/b", "stuck operation 1: 'device' is not a valid PCI address or UUID" },
	{ "a stuck operation of no op", "\"stuck\"", "\"unbind\"", "\"\"", "stuck operation 1: 'op' has a value that" },
	{ "a stuck operation without its child", "\"stuck\"", "\"pid\"", "\"p\"", "stuck operation 1: 'pid' is missing" },
	{ "a stuck operation without its start", "\"stuck\"", "\"start\"", "\"s\"", "stuck operation 1: 'start' is missing" },
	{ "a pool that is a path", "", "node1/huge", "node1/../huge", "step 15: 'name' is not a valid pool" },
	{ "a pool of a node without a number", "", "node1/huge", "node/huge", "step 15: 'name' is not a valid pool" },
	{ "a pool of pages of no size", "", "hugepages-2048kB", "hugepages-kB", "step 15: 'name' is not a valid pool" },
	{ "a pool of another unit", "", "hugepages-2048kB", "hugepages-2MB", "step 15: 'name' is not a valid pool" },
	{ "pages to add that are no number", "", "\"512\"", "\"-512\"", "step 15: 'to' is not a valid number" },
	{ "promises that are no list", "", "\"memory\": [", "\"memory\": 1, \"x\": [",
	  "'memory' must be a list" },
	{ "a promise without its page", "", "\"page\"", "\"p\"", "memory 1: 'page' is not a valid page size" },
	{ "a promise of no pages", "\"page\"", "\"pages\": 512", "\"pages\": 0",
	  "memory 1: 'pages' is out of range" },
	{ "a promise beyond numbers", "\"page\"", "\"pages\": 512", "\"pages\": 9223372036854775807",
	  "memory 1: 'pages' is out of range" },
	{ "a promise on a node that is none", "", "\"0-1,3\"", "\"0-1,\"", "memory 3: 'nodes' is not a valid set of NUMA nodes" },
	{ "a promise on nodes in another spelling", "", "\"0-1,3\"", "\"0,1,3\"",
	  "memory 3: 'nodes' is not a valid set of NUMA nodes" },
	{ "a second object", "", "", "{}", "the file is not a valid JSON object" },
	{ "nested beyond reason", "", "\"version\"", "\"x\":[[[[[[[[1]]]]]]]],\"version\"", "the file is not a valid JSON object" },
	{ "a text that is not UTF-8", "", "web 1", "web\xff", "the file is not a valid JSON object" },
	{ "a comment", "", "\"version\"", "/* */ \"version\"", "the file is not a valid JSON object" },
};

/* The good one, and in it the first such piece behind `after`. */
static const char *spoiled(const struct edit *e)
{
	struct journal j = good();
	const char *at, *text;
	struct err err;

	assert_int_equal(write_it(&j, &err), 0);
	text = slurp(FILE_);
	at = strstr(text, e->after);
	at = at ? strstr(at, e->piece) : NULL;
	if (!at)
		fail_msg("no %s behind %s in:\n%s", e->piece, e->after, text);
	return str_splice(&arena, text, (size_t)(at - text), (size_t)(at - text) + strlen(e->piece),
			  e->with);
}

static void spoiled_is_refused(void **state)
{
	const struct edit *row = *state;
	const char *text = spoiled(row);

	tree_bytes(FILE_, text, strlen(text), 0600);
	is_refused(row->says);
}

static void for_other_readers(void **state)
{
	static const struct edit more = { NULL, "\"op\": \"unit\"", "\"lane\"",
					  "\"device_\":\"/etc\",\"later\":[{}],\"lane\"", NULL };
	const char *text = spoiled(&more);
	struct journal j;
	struct err err;

	(void)state;
	tree_bytes(FILE_, text, strlen(text), 0600);
	assert_int_equal(read_it(&j, &err), 0);
	same_steps(&j);
}

int main(void)
{
	TREE_ROWS(edits, spoiled_is_refused);
	TREE_TEST("members that this version does not know are for others", for_other_readers);
	return unit_run("journaledits");
}
