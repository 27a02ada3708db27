/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt keeps from a device that a rule passes, and what has to be written where. */
#include <limits.h>

#include "hooks/domain/memory.h"
#include "hooks/survey/subject.h"
#include "hooks/limits.h"
#include "tree.h"

/* --- qemu.conf */

static const char *joined(const struct strv *v)
{
	struct strbuf b = { .arena = &arena };

	for (size_t i = 0; i < v->n; i++)
		strbuf_addf(&b, "%s%s", i ? " " : "", v->v[i]);
	return strbuf_text(&b);
}

#define DEFAULT_ACL "/dev/null /dev/full /dev/zero /dev/random /dev/urandom /dev/ptmx /dev/kvm /dev/userfaultfd"

static const struct conf {
	const char *name, *text, *acl, *namespaces;
	bool guards;
} confs[] = {
	{ "nothing", "", DEFAULT_ACL, "mount", true },
	{ "all commented out", "#namespaces = []\n # cgroup_device_acl = [ \"/dev/x\" ]\n", DEFAULT_ACL,
	  "mount", true },
	{ "a list over lines, with comments and a last comma",
	  "cgroup_device_acl = [\n  \"/dev/null\", # this\n  \"/dev/vfio/vfio\",\n]\n",
	  "/dev/null /dev/vfio/vfio", "mount", true },
	{ "no namespaces", "namespaces = [ ]\n", DEFAULT_ACL, "", true },
	{ "no namespaces and no device controller",
	  "namespaces = []\ncgroup_controllers = [ \"cpu\", 'memory' ]\n", DEFAULT_ACL, "", false },
	{ "other settings around it", "user = \"root\"\nmax_files=32768\nnamespaces=[]\nx = '''a'''\n",
	  DEFAULT_ACL, "", true },
	{ "a text in place of a list", "namespaces = \"mount\"\n", DEFAULT_ACL, "mount", true },
	{ "an empty text is an empty list", "namespaces = \"\"\n", DEFAULT_ACL, "", true },
	{ "a text of many lines before", "a = \"\"\"x\nnamespaces = [\"y\"]\n\"\"\"\nnamespaces = []", DEFAULT_ACL,
	  "", true },
	{ "a name that only begins alike", "namespaces_x = []\nnamespace = []\n", DEFAULT_ACL, "mount", true },
	{ "a list without an end", "namespaces = [ \"a\"", DEFAULT_ACL, "mount", true },
	{ "a text without an end", "namespaces = \"a", DEFAULT_ACL, "mount", true },
	{ "a list of a word without quotes", "namespaces = [ mount ]\n", DEFAULT_ACL, "mount", true },
	{ "no value", "namespaces =", DEFAULT_ACL, "mount", true },
	{ "no setting", "[ ]", DEFAULT_ACL, "mount", true },
	{ "the default of libvirt 9.0, in its comment",
	  "# This is the basic set\n#\n#cgroup_device_acl = [\n#    \"/dev/null\", \"/dev/full\",\n#    \"/dev/ptmx\", "
	  "\"/dev/kvm\"\n#]\n#\n# RDMA\n#   \"/dev/infiniband/rdma_cm\",\n",
	  "/dev/null /dev/full /dev/ptmx /dev/kvm", "mount", true },
	{ "that of libvirt 12", "#cgroup_device_acl = [\n#    \"/dev/null\", \"/dev/full\",\n#    \"/dev/ptmx\", "
	  "\"/dev/userfaultfd\"\n#]\nnamespaces = []\n", "/dev/null /dev/full /dev/ptmx /dev/userfaultfd", "", true },
	{ "it is not the setting", "#cgroup_device_acl = [\n#    \"/dev/null\"\n#]\ncgroup_device_acl = [ \"/dev/x\" ]\n",
	  "/dev/x", "mount", true },
	{ "the setting may be before it", "cgroup_device_acl = [ \"/dev/x\" ]\n# cgroup_device_acl = [ \"/dev/null\" ]\n",
	  "/dev/x", "mount", true },
	{ "a comment in which the list does not end", "#cgroup_device_acl = [\n#    \"/dev/null\",\nnamespaces = []\n",
	  DEFAULT_ACL, "", true },
	{ "a comment that only has the name", "# cgroup_device_acl is a list, with \"/dev/null\"\n", DEFAULT_ACL, "mount", true },
	{ "the last line, without its end", "# cgroup_device_acl = [ \"/dev/null\" ]", "/dev/null", "mount", true },
	{ "the first one counts", "namespaces = []\nnamespaces = [\"mount\"]\n", DEFAULT_ACL, "", true },
};

static void conf_is_read(void **state)
{
	const struct conf *row = *state;
	struct qemuconf c;

	qemuconf_parse(&arena, row->text, &c);
	assert_text(joined(&c.device_acl), row->acl);
	assert_text(joined(&c.namespaces), row->namespaces);
	assert_int_equal(qemuconf_guards_devices(&c), row->guards);
}

/* --- the limits */

#define DAEMON 4242
#define LIMITS "Max locked memory         8388608              8388608              bytes\n"
#define OPEN "Max locked memory         unlimited            unlimited            bytes\n"
#define ACL(nodes) "cgroup_device_acl = [ \"/dev/null\"" nodes " ]\n"

#define CDEVS                                                                                        \
	"\"/dev/vfio/devices/vfio0\", \"/dev/vfio/devices/vfio1\", \"/dev/vfio/devices/vfio2\", "       \
	"\"/dev/vfio/devices/vfio3\", \"/dev/vfio/devices/vfio4\", \"/dev/vfio/devices/vfio5\", "       \
	"\"/dev/vfio/devices/vfio6\""

static const struct at {
	const char *name, *conf, *limits;
	struct subject subjects[3];
	struct domain_memory memory;
	const char *memlock, *acl; /* said of them; NULL: not in the way */
} ats[] = {
	{ "no device of a rule, no limit", "", LIMITS, { { .role = ROLE_HOSTDEV, .pci.group = 7 } }, { .kib = 4096 } },
	{ "both limits", ACL(), LIMITS, { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1048576 },
	  "a device that a rule passes through needs 2 GiB of locked memory, but libvirt's limit is 8 MiB; add a "
	  "drop-in to libvirtd.service or virtqemud.service with [Service] LimitMEMLOCK=infinity and restart the "
	  "unit, or add <memtune><hard_limit unit='KiB'>2097152</hard_limit></memtune> to the domain XML",
	  "cgroup_device_acl = [ \"/dev/null\", \"/dev/vfio/vfio\", \"/dev/vfio/7\" ]" },
	{ "both are open", ACL(", \"/dev/vfio/7\", \"/dev/vfio/vfio\""), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1048576 } },
	{ "libvirt's own list is not lost", "user = \"x\"\n", OPEN, { { .role = ROLE_GRANT, .pci.group = 7 } },
	  { .kib = 1 }, NULL,
	  "\"/dev/kvm\", \"/dev/userfaultfd\", \"/dev/vfio/vfio\", \"/dev/vfio/7\" ]" },
	{ "the list of this libvirt, which has no /dev/kvm",
	  "#cgroup_device_acl = [\n#    \"/dev/null\", \"/dev/ptmx\",\n#    \"/dev/userfaultfd\"\n#]\n", OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1 }, NULL,
	  "[ \"/dev/null\", \"/dev/ptmx\", \"/dev/userfaultfd\", \"/dev/vfio/vfio\", \"/dev/vfio/7\" ]" },
	{ "a hard_limit is the limit", ACL(", \"/dev/vfio/7\", \"/dev/vfio/vfio\""), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1048576, .limited = true } },
	{ "locked has none", ACL(", \"/dev/vfio/7\", \"/dev/vfio/vfio\""), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1048576, .locked = true } },
	{ "beside a device of the XML only its own node is missing", ACL(), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7 }, { .role = ROLE_MANAGED, .pci.group = 8 } }, { .kib = 1048576 },
	  NULL, "cgroup_device_acl = [ \"/dev/null\", \"/dev/vfio/7\" ]" },
	{ "in the group of a device of the XML nothing is", ACL(), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7 }, { .role = ROLE_HOSTDEV, .pci.group = 7 } },
	  { .kib = 1048576 } },
	{ "two functions of one group are one node", ACL(), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7 }, { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1 }, NULL,
	  "[ \"/dev/null\", \"/dev/vfio/vfio\", \"/dev/vfio/7\" ]" },
	{ "IOMMUFD: by the XML alone nothing is asked for", ACL(), LIMITS,
	  { { .role = ROLE_HOSTDEV, .pci.group = 7, .iommufd = true } }, { .kib = 1048576 } },
	{ "IOMMUFD: libvirt opens no container for it, and the rule's group needs one", ACL(), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7 }, { .role = ROLE_MANAGED, .pci.group = 8, .iommufd = true } },
	  { .kib = 1048576 }, NULL, "cgroup_device_acl = [ \"/dev/null\", \"/dev/vfio/vfio\", \"/dev/vfio/7\" ]" },
	{ "IOMMUFD: a rule needs /dev/iommu and its own node, whose number varies", ACL(), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio2" } }, { .kib = 1 }, NULL,
	  "cgroup_device_acl = [ \"/dev/null\", \"/dev/iommu\", " CDEVS ", \"/dev/vfio/devices/vfio7\" ]" },
	{ "IOMMUFD: such a line is enough", ACL(", \"/dev/iommu\", " CDEVS), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio2" } }, { .kib = 1 } },
	{ "IOMMUFD: also for one that has no node yet", ACL(", \"/dev/iommu\", " CDEVS), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true }, { .role = ROLE_COMPANION, .pci.group = 7, .pci.driver = "x" } },
	  { .kib = 1 } },
	{ "IOMMUFD: but one that has a higher number", ACL(", \"/dev/iommu\", " CDEVS), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio9" } }, { .kib = 1 }, NULL,
	  CDEVS ", \"/dev/vfio/devices/vfio7\", \"/dev/vfio/devices/vfio8\", \"/dev/vfio/devices/vfio9\" ]" },
	{ "IOMMUFD: two that have none yet need the two lowest numbers",
	  ACL(", \"/dev/iommu\", \"/dev/vfio/devices/vfio0\""), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true }, { .role = ROLE_MANAGED, .pci.group = 8 } }, { .kib = 1 },
	  NULL, "\"/dev/vfio/devices/vfio0\", \"/dev/vfio/devices/vfio1\"" },
	{ "IOMMUFD: the object of libvirt has /dev/iommu open", ACL(", " CDEVS), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio0" },
	    { .role = ROLE_HOSTDEV, .pci.group = 8, .iommufd = true, .cdev = "vfio1" } }, { .kib = 1 } },
	{ "IOMMUFD: that of a device without it does not", ACL(", " CDEVS), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio0" },
	    { .role = ROLE_HOSTDEV, .pci.group = 8, .cdev = "vfio1" } }, { .kib = 1 }, NULL, "\"/dev/iommu\"" },
	{ "IOMMUFD: a rule with it and one without need both", ACL(), OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio0" }, { .role = ROLE_GRANT, .pci.group = 8 } },
	  { .kib = 1 }, NULL,
	  "[ \"/dev/null\", \"/dev/vfio/vfio\", \"/dev/vfio/8\", \"/dev/iommu\", \"/dev/vfio/devices/vfio0\"" },
	{ "IOMMUFD: it needs the locked memory too", ACL(", \"/dev/iommu\", " CDEVS), LIMITS,
	  { { .role = ROLE_GRANT, .pci.group = 7, .iommufd = true, .cdev = "vfio0" } }, { .kib = 1048576 },
	  "a device that a rule passes through needs 2 GiB of locked memory, but libvirt's limit is 8 MiB; add a "
	  "drop-in to libvirtd.service or virtqemud.service with [Service] LimitMEMLOCK=infinity and restart the "
	  "unit, or add <memtune><hard_limit unit='KiB'>2097152</hard_limit></memtune> to the domain XML" },
	{ "nobody guards", "namespaces = []\ncgroup_controllers = []\n", OPEN,
	  { { .role = ROLE_GRANT, .pci.group = 7 } }, { .kib = 1 } },
	{ "no libvirt here, and a limit that is not known", NULL, NULL, { { .role = ROLE_GRANT, .pci.group = 7 } },
	  { .kib = 1048576 } },
};

static void stands_there(void **state)
{
	const struct at *row = *state;
	struct host host = tree_host();
	struct subject subjects[3];
	struct survey s = { .v = subjects };
	struct strv refusals = { 0 };
	struct limit_facts f;

	if (row->conf)
		tree_file("etc/libvirt/qemu.conf", row->conf);
	if (row->limits)
		tree_file(arena_printf(&arena, "proc/%d/limits", DAEMON), row->limits);
	memcpy(subjects, row->subjects, sizeof(subjects));
	while (s.n < 3 && subjects[s.n].pci.group)
		s.n++;
	limits_look(&host, &s, &row->memory, DAEMON, &f);
	limits_judge(&f, &refusals);
	assert_int_equal(refusals.n, (row->memlock != NULL) + (row->acl != NULL));
	if (row->memlock)
		assert_text(refusals.v[0], row->memlock);
	if (row->acl) {
		assert_says(refusals.v[refusals.n - 1], "in /etc/libvirt/qemu.conf");
		assert_says(refusals.v[refusals.n - 1], row->acl);
	}
}

int main(void)
{
	UNIT_ROWS(confs, conf_is_read);
	TREE_ROWS(ats, stands_there);
	return unit_run("limits");
}
