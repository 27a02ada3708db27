/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain/domain.h"

#include <errno.h>
#include <unistd.h>

#include "err.h"
#include "str.h"
#include "unit.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define MDEV "53764d0e-85a0-42b4-af5c-2046b460b1dc"
#define OPEN "<domain type='kvm'>\n<name>vm1</name>\n<uuid>" UUID "</uuid>\n"
#define NOVA(version) "http://openstack.org/xmlns/libvirt/nova/" version

#define SOURCE(attributes) "<source><address " attributes "/></source>"
#define PCI(bus) SOURCE("domain='0x0000' bus='" bus "' slot='0x00' function='0x0'")
#define NVME(attributes, namespace)                                      \
	"<disk type='nvme'><source type='pci'" attributes " namespace='" \
	namespace "'><address bus='5'/></source></disk>"
#define HOSTDEV(attributes, in) "<hostdev mode='subsystem' type='pci'" attributes ">" in "</hostdev>"

static const char *text_of(const struct domain *d)
{
	struct strbuf b = { .arena = &arena };

	strbuf_addf(&b, "%s %s", d->name, d->uuid);
	for (size_t i = 0; i < d->n; i++) {
		const struct hostdev *h = &d->hostdevs[i];

		strbuf_addf(&b, ", %s %s%s", h->kind == HOSTDEV_PCI ? "pci" : "mdev", h->device,
			    h->managed ? " managed" : "");
		if (h->driver_model)
			strbuf_addf(&b, " model %s", h->driver_model);
		if (h->iommufd)
			strbuf_add(&b, " iommufd");
	}
	if (d->has_owner)
		strbuf_addf(&b, ", owner %u:%u", d->uid, d->gid);
	for (enum fact f = FACT_FLAVOR; f <= FACT_INSTANCE; f++)
		for (size_t i = 0; i < d->facts.of[f].n; i++)
			strbuf_addf(&b, ", %s %s", condition_keys[f] + strlen("when-"),
				    d->facts.of[f].v[i]);
	return strbuf_text(&b);
}

static int parse_text(const char *xml, struct domain *d, struct err *err)
{
	*err = (struct err){ 0 };
	return domain_parse(&arena, xml, strlen(xml), d, err);
}

/* ---- devices; row.xml is what stands in <devices> ---- */

static const struct row {
	const char *name, *xml, *want;
} devices[] = {
	{ "no device", "<disk type='file'/>", "" },
	{ "a hostdev is unmanaged where nothing is said", HOSTDEV("", PCI("0x05")), ", pci 0000:05:00.0" },
	{ "a managed one", HOSTDEV(" managed='yes'", PCI("0x05")), ", pci 0000:05:00.0 managed" },
	{ "one that says it is not", HOSTDEV(" managed='no'", PCI("0x05")), ", pci 0000:05:00.0" },
	{ "numbers without 0x are decimal, as for libvirt",
	  HOSTDEV("", SOURCE("domain='33' bus='222' slot='31' function='1'")), ", pci 0021:de:1f.1" },
	{ "a domain of 32 bits", HOSTDEV("", SOURCE("domain='0x10000' bus='0xE1' slot='0x1f' function='0x7'")),
	  ", pci 10000:e1:1f.7" },
	{ "parts that are missing are 0", HOSTDEV("", SOURCE("bus='0x5'")), ", pci 0000:05:00.0" },
	{ "the guest's address is another one",
	  HOSTDEV("", PCI("0x05") "<address type='pci' bus='0x09' slot='0x01' function='0x0'/>"),
	  ", pci 0000:05:00.0" },
	{ "a device that the guest does not see is prepared too",
	  HOSTDEV("", PCI("0x05") "<address type='unassigned'/>"), ", pci 0000:05:00.0" },
	{ "driver vfio", HOSTDEV("", "<driver name='vfio'/>" PCI("0x05")), ", pci 0000:05:00.0" },
	{ "a variant driver", HOSTDEV("", "<driver name='vfio' model='mlx5_vfio_pci'/>" PCI("0x05")),
	  ", pci 0000:05:00.0 model mlx5_vfio_pci" },
	{ "a driver that is not VFIO", HOSTDEV("", "<driver name='xen'/>" PCI("0x05")), "" },
	{ "capabilities are no device", "<hostdev mode='capabilities' type='pci'>" PCI("0x05") "</hostdev>", "" },
	{ "nor is USB", "<hostdev mode='subsystem' type='usb'>" PCI("0x05") "</hostdev>", "" },
	{ "nor SCSI", "<hostdev mode='subsystem' type='scsi'>" PCI("0x05") "</hostdev>", "" },
	{ "an interface", "<interface type='hostdev' managed='yes'>" PCI("0x05") "</interface>",
	  ", pci 0000:05:00.0 managed" },
	{ "an interface with the type of its address",
	  "<interface type='hostdev'>" SOURCE("type='pci' bus='0x05'") "</interface>",
	  ", pci 0000:05:00.0" },
	{ "a disk of NVMe that QEMU has by VFIO", NVME(" managed='yes'", "1"), ", pci 0000:05:00.0 managed" },
	{ "one that is bound by hand", NVME("", "1"), ", pci 0000:05:00.0" },
	{ "two namespaces of one controller",
	  NVME(" managed='yes'", "1") HOSTDEV("", PCI("0x06")) NVME(" managed='yes'", "2"),
	  ", pci 0000:05:00.0 managed, pci 0000:06:00.0" },
	{ "a disk of NVMe by other means", "<disk type='nvme'><source type='vhost-user'/></disk>", "" },
	{ "an interface of USB", "<interface type='hostdev'>" SOURCE("type='usb' bus='5'") "</interface>", "" },
	{ "an interface of another type", "<interface type='bridge'>" PCI("0x05") "</interface>", "" },
	{ "a mediated device",
	  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>" SOURCE("uuid='" MDEV "'") "</hostdev>",
	  ", mdev " MDEV },
	{ "its UUID is lowered",
	  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>" SOURCE(
		  "uuid='53764D0E-85A0-42B4-AF5C-2046B460B1DC'") "</hostdev>",
	  ", mdev " MDEV },
	{ "a mediated device that is no PCI device",
	  "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>" SOURCE("uuid='" MDEV "'") "</hostdev>",
	  "" },
	{ "several, in the order of the text",
	  HOSTDEV("", PCI("0x06")) HOSTDEV("", PCI("0x05")) "<interface type='hostdev'>" PCI(
		  "0x04") "</interface>",
	  ", pci 0000:06:00.0, pci 0000:05:00.0, pci 0000:04:00.0" },
	{ "devices in two parts", HOSTDEV("", PCI("0x06")) "</devices><devices>" HOSTDEV("", PCI("0x05")),
	  ", pci 0000:06:00.0, pci 0000:05:00.0" },
	{ "not what is of a foreign namespace",
	  "<x:hostdev xmlns:x='urn:x' mode='subsystem' type='pci'>" PCI("0x05") "</x:hostdev>"
	  "<hostdev xmlns='urn:x' mode='subsystem' type='pci'>" PCI("0x05") "</hostdev>", "" },
	{ "nor attributes of one",
	  "<hostdev xmlns:x='urn:x' mode='subsystem' x:type='pci'>" PCI("0x05") "</hostdev>", "" },
	{ "nor what stands deeper", "<x>" HOSTDEV("", PCI("0x05")) "</x>", "" },
	{ "nor what stands elsewhere",
	  "</devices>" HOSTDEV("", PCI("0x05")) "<metadata><devices>" HOSTDEV("", PCI("0x05"))
	  "</devices></metadata><devices>", "" },
	{ "nor comments and CDATA",
	  "<!--" HOSTDEV("", PCI("0x05")) "--><![CDATA[" HOSTDEV("", PCI("0x05")) "]]>", "" },
};

static void sees_devices(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;
	const char *xml = arena_printf(&arena, OPEN "<devices>%s</devices></domain>", row->xml);

	assert_int_equal(parse_text(xml, &d, &err), 0);
	assert_text(text_of(&d), arena_printf(&arena, "vm1 " UUID "%s", row->want));
}

/* ---- <iommufd> and <driver iommufd=>; row.xml is what stands in <domain> ---- */

#define DEVICES(in) "<devices>" in "</devices>"
#define ENABLED "<iommufd enabled='yes'/>"
#define DRIVER(value) "<driver iommufd='" value "'/>"

static const struct row iommufds[] = {
	{ "a device says so", DEVICES(HOSTDEV("", DRIVER("yes") PCI("5"))), ", pci 0000:05:00.0 iommufd" },
	{ "it says no", DEVICES(HOSTDEV("", DRIVER("no") PCI("5"))), ", pci 0000:05:00.0" },
	{ "the domain says it for all",
	  ENABLED DEVICES(HOSTDEV("", PCI("5")) HOSTDEV("", "<driver name='vfio'/>" PCI("6"))),
	  ", pci 0000:05:00.0 iommufd, pci 0000:06:00.0 iommufd" },
	{ "also after the devices", DEVICES(HOSTDEV("", PCI("5"))) ENABLED, ", pci 0000:05:00.0 iommufd" },
	{ "with a group of descriptors",
	  "<iommufd enabled='yes' fdgroup='iommu'/>" DEVICES(HOSTDEV("", PCI("5"))), ", pci 0000:05:00.0 iommufd" },
	{ "a device goes before the domain", ENABLED DEVICES(HOSTDEV("", DRIVER("no") PCI("5")) HOSTDEV("", PCI("6"))),
	  ", pci 0000:05:00.0, pci 0000:06:00.0 iommufd" },
	{ "in the other way too", "<iommufd enabled='no'/>" DEVICES(HOSTDEV("", DRIVER("yes") PCI("5")) HOSTDEV("", PCI("6"))),
	  ", pci 0000:05:00.0 iommufd, pci 0000:06:00.0" },
	{ "an interface is a device", ENABLED DEVICES("<interface type='hostdev'>" PCI("5") "</interface>"),
	  ", pci 0000:05:00.0 iommufd" },
	{ "and says it itself", DEVICES("<interface type='hostdev'>" DRIVER("yes") PCI("5") "</interface>"),
	  ", pci 0000:05:00.0 iommufd" },
	{ "not a disk that QEMU has by VFIO, nor a mediated device",
	  ENABLED DEVICES(NVME("", "1") "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>" SOURCE("uuid='" MDEV "'") "</hostdev>"),
	  ", pci 0000:05:00.0, mdev " MDEV },
	{ "nor what is of a foreign namespace", "<x:iommufd xmlns:x='urn:x' enabled='yes'/>" DEVICES(HOSTDEV("", PCI("5"))),
	  ", pci 0000:05:00.0" },
	{ "nor one that stands deeper", "<metadata>" ENABLED "</metadata>" DEVICES(HOSTDEV("", PCI("5"))), ", pci 0000:05:00.0" },
};

static void sees_iommufd(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;

	assert_int_equal(parse_text(arena_printf(&arena, OPEN "%s</domain>", row->xml), &d, &err), 0);
	assert_text(text_of(&d), arena_printf(&arena, "vm1 " UUID "%s", row->want));
}

static const struct row bad_devices[] = {
	{ "no source", HOSTDEV("", ""), "the <hostdev> has no <source><address>" },
	{ "no address", HOSTDEV("", "<source/>"), "no <source><address>" },
	{ "an interface without a source", "<interface type='hostdev'/>",
	  "the <interface> has no <source><address>" },
	{ "an address that is no number", HOSTDEV("", SOURCE("bus='../x'")),
	  "bus='../x' of a PCI address must be a number up to 0xff" },
	{ "an empty one", HOSTDEV("", SOURCE("bus=''")), "bus=''" },
	{ "one with a sign", HOSTDEV("", SOURCE("bus='-1'")), "bus='-1'" },
	{ "one with blanks", HOSTDEV("", SOURCE("bus=' 1'")), "bus=' 1'" },
	{ "one with something behind", HOSTDEV("", SOURCE("slot='0x1f/'")), "slot='0x1f/'" },
	{ "a bus beyond", HOSTDEV("", SOURCE("bus='0x100'")), "bus='0x100'" },
	{ "a slot beyond", HOSTDEV("", SOURCE("slot='32'")), "slot='32'" },
	{ "a function beyond", HOSTDEV("", SOURCE("function='8'")), "function='8'" },
	{ "a domain beyond", HOSTDEV("", SOURCE("domain='0x100000000'")), "domain='0x100000000'" },
	{ "a number beyond all", HOSTDEV("", SOURCE("domain='99999999999999999999999'")), "domain='9999" },
	{ "a path for a UUID",
	  "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>" SOURCE("uuid='../../x'") "</hostdev>",
	  "'../../x' is not a valid UUID of a mediated device" },
	{ "no UUID", "<hostdev mode='subsystem' type='mdev'>" SOURCE("bus='1'") "</hostdev>",
	  "'' is not a valid UUID" },
	{ "neither managed nor not", HOSTDEV(" managed='maybe'", PCI("0x05")),
	  "managed must be 'yes' or 'no', not 'maybe'" },
	{ "neither by IOMMUFD nor not", HOSTDEV("", DRIVER("on") PCI("0x05")),
	  "iommufd must be 'yes' or 'no', not 'on'" },
	{ "the domain neither", "</devices><iommufd enabled='1'/><devices>",
	  "enabled must be 'yes' or 'no', not '1'" },
	{ "a path for a driver", HOSTDEV("", "<driver model='../vfio'/>" PCI("0x05")),
	  "<driver model='../vfio'> is not a valid driver name" },
	{ "no driver", HOSTDEV("", "<driver model=''/>" PCI("0x05")), "is not a valid driver name" },
	{ "a newline in a driver's name", HOSTDEV("", "<driver model='a&#10;b'/>" PCI("0x05")),
	  "<driver model='a\\x0ab'>" },
	{ "a device twice", HOSTDEV("", PCI("0x05")) "\n" HOSTDEV("", PCI("0x06")) "\n" HOSTDEV(" managed='yes'", PCI("5")),
	  "line 6: device 0000:05:00.0 is given twice" },
	{ "a device as hostdev and as disk", HOSTDEV("", PCI("5")) NVME("", "1"), "is given twice" },
	{ "a device as disk and as hostdev", NVME("", "1") HOSTDEV("", PCI("5")), "is given twice" },
	{ "a disk of NVMe without an address", "<disk type='nvme'><source type='pci'/></disk>",
	  "the <disk> has no <source><address>" },
	{ "a device as hostdev and as interface",
	  "<interface type='hostdev'>" PCI("0x05") "</interface>" HOSTDEV("", PCI("0x05")),
	  "0000:05:00.0 is given twice" },
};

static void refuses_devices(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;
	const char *xml = arena_printf(&arena, OPEN "<devices>%s</devices></domain>", row->xml);

	assert_int_equal(parse_text(xml, &d, &err), -EINVAL);
	assert_says(err.text, "domain XML, line ");
	assert_says(err.text, row->want);
}

/* ---- owner and Nova; row.xml is what stands in <domain> ---- */

#define DAC(type, text) "<seclabel type='" type "' model='dac' relabel='yes'><label>" text "</label></seclabel>"
#define INSTANCE(version, in) \
	"<metadata><nova:instance xmlns:nova='" NOVA(version) "'>" in "</nova:instance></metadata>"

static const struct row contents[] = {
	{ "no label", "<seclabel type='dynamic' model='dac' relabel='yes'/>", "" },
	{ "a label of libvirt's making", DAC("dynamic", "+64055:+64056"), ", owner 64055:64056" },
	{ "a static one", DAC("static", "+107:+108"), ", owner 107:108" },
	{ "numbers without '+'", DAC("static", "64055:64056"), ", owner 64055:64056" },
	{ "names", DAC("static", "root:root"), ", owner 0:0" },
	{ "a name and a number", DAC("static", "root:+5"), ", owner 0:5" },
	{ "the label of another model is not asked",
	  "<seclabel model='selinux'><label>a:b</label></seclabel>" DAC("dynamic", "+1:+2"), ", owner 1:2" },
	{ "nor that of a disk", "<devices><disk>" DAC("static", "+1:+2") "</disk></devices>", "" },
	{ "all that Nova says",
	  INSTANCE("1.1", "<nova:name>web 1</nova:name><nova:flavor name='m1.small' id='5'/>"
			  "<nova:owner><nova:user uuid='u1'>eve</nova:user>"
			  "<nova:project uuid='p1'>admin</nova:project></nova:owner>"),
	  ", flavor m1.small, project admin, project p1, user eve, user u1, instance web 1" },
	{ "the older namespace", INSTANCE("1.0", "<nova:flavor name='m1'/>"), ", flavor m1" },
	{ "any prefix", "<metadata><n:instance xmlns:n='" NOVA("1.1") "'><n:flavor name='m1'/></n:instance></metadata>",
	  ", flavor m1" },
	{ "no prefix", "<metadata><instance xmlns='" NOVA("1.1") "'><flavor name='m1'/></instance></metadata>",
	  ", flavor m1" },
	{ "the namespace counts, not the prefix",
	  "<metadata><nova:instance xmlns:nova='urn:x'><nova:flavor name='m1'/></nova:instance></metadata>",
	  "" },
	{ "behind the metadata of others",
	  "<metadata><x:a xmlns:x='urn:x'><x:flavor name='no'/></x:a><n:instance xmlns:n='" NOVA(
		  "1.1") "'><n:flavor name='m1'/></n:instance></metadata>",
	  ", flavor m1" },
	{ "the newer of both",
	  "<metadata><n:instance xmlns:n='" NOVA("1.0") "'><n:flavor name='old'/></n:instance>"
	  "<n:instance xmlns:n='" NOVA("1.1") "'><n:flavor name='new'/></n:instance></metadata>",
	  ", flavor new" },
	{ "only in the domain's metadata",
	  "<devices><n:instance xmlns:n='" NOVA("1.1") "'><n:flavor name='m1'/></n:instance></devices>", "" },
	{ "escapes are decoded, CDATA is text",
	  INSTANCE("1.1", "<nova:name>a&lt;b&amp;&#xe9;<![CDATA[<c>]]><!-- no --></nova:name>"
			  "<nova:flavor name='&lt;&amp;&#233;&quot;'/>"),
	  ", flavor <&\xc3\xa9\", instance a<b&\xc3\xa9<c>" },
	{ "what is empty is unknown", INSTANCE("1.1", "<nova:name/><nova:flavor name=''/>"), "" },
};

static void sees_contents(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;
	const char *xml = arena_printf(&arena, OPEN "%s</domain>", row->xml);

	assert_int_equal(parse_text(xml, &d, &err), 0);
	assert_text(text_of(&d), arena_printf(&arena, "vm1 " UUID "%s", row->want));
	for (enum fact f = 0; f < FACT_COUNT; f++)
		assert_int_equal(d.facts.of[f].known, d.facts.of[f].n > 0);
}

static const struct row bad_labels[] = {
	{ "a label without a group", "+107", "the DAC label '+107' is not a known user and group" },
	{ "an empty label", "", "the DAC label ''" },
	{ "a user that nobody knows", "nobody-knows-me:root", "nobody-knows-me" },
	{ "a group that nobody knows", "root:nobody-knows-us", "nobody-knows-us" },
	{ "more than an id", "+0:+0:+0", "+0:+0:+0" },
	{ "a negative id", "-1:-1", "-1:-1" },
	{ "the id that means none", "+4294967295:+0", "+4294967295" },
	{ "an id beyond 32 bits", "+4294967296:+0", "+4294967296" },
};

static void refuses_labels(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;
	const char *xml = arena_printf(&arena, OPEN DAC("static", "%s") "</domain>", row->xml);

	assert_int_equal(parse_text(xml, &d, &err), -EINVAL);
	assert_says(err.text, "domain XML, line 4: ");
	assert_says(err.text, row->want);
	assert_false(d.has_owner);
}

/* ---- names ---- */

#define TEN(s) s s s s s s s s s s
#define UMLAUTS TEN(TEN("\xc3\xa4")) TEN(TEN("\xc3\xa4")) TEN("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4") \
	"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"

/* want NULL: as written */
static const struct row names[] = {
	{ "255 characters of two bytes", UMLAUTS, NULL },
	{ "a newline", "a&#10;b", "a\nb" },
	{ "a tag", "&lt;script&gt;", "<script>" },
	{ "CDATA", "<![CDATA[<name>]]>&amp;lt;", "<name>&lt;" },
	{ "dots", "..", NULL },
	{ "blanks", " a ", NULL },
	{ "a format", "%s%n", NULL },
	{ "a shell", "$(reboot);`x`'\"", NULL },
	{ "C1 control", "\xc2\x9b", NULL },
};

static void takes_names(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;
	const char *want = row->want ? row->want : row->xml;
	const char *xml = arena_printf(&arena, "<domain><name>%s</name><uuid>" UUID "</uuid></domain>", row->xml);

	assert_int_equal(parse_text(xml, &d, &err), 0);
	assert_text(d.name, want);
	assert_true(d.facts.of[FACT_NAME].known);
	assert_int_equal(d.facts.of[FACT_NAME].n, 1);
	assert_text(d.facts.of[FACT_NAME].v[0], want);
}

static void knows_name_uuid_host(void **state)
{
	char host[256] = "";
	struct domain d;
	struct err err;

	(void)state;
	gethostname(host, sizeof(host) - 1);
	assert_int_equal(parse_text("<domain><uuid>4C4C4544-0031-3310-8047-B3C04F4A3532</uuid>"
				    "<name>a</name><name>b</name></domain>", &d, &err), 0);
	assert_text(text_of(&d), "a " UUID);
	assert_text(d.facts.of[FACT_UUID].v[0], UUID);
	assert_text(d.facts.of[FACT_HOST].v[0], host);
	for (enum fact f = FACT_MACHINE; f < FACT_COUNT; f++)
		assert_false(d.facts.of[f].known);
	assert_false(d.facts.grants.known);
}

/* ---- what is no domain ---- */

static const struct row bad[] = {
	{ "libvirt's status file", "<domstatus><domain/></domstatus>", "line 1: the root element must be <domain>, not <domstatus>" },
	{ "a network", "<network><name>default</name></network>", "the root element must be <domain>, not <network>" },
	{ "a domain of another namespace", "<domain xmlns='urn:x'><name>a</name></domain>", "the root element must be <domain>" },
	{ "no name", "<domain><uuid>" UUID "</uuid></domain>", "line 1: the domain has no <name>" },
	{ "an empty name", "<domain>\n<name/><uuid>" UUID "</uuid></domain>", "line 2: the <name> of the domain is empty" },
	{ "a path for a name", "<domain><name>../x</name><uuid>" UUID "</uuid></domain>",
	  "the name of the domain must not contain '/': '../x'" },
	{ "no uuid", "<domain><name>a</name></domain>", "the domain has no <uuid>" },
	{ "no XML", OPEN "<a>", "line 4: " },
	{ "a path for a uuid", "<domain><name>a</name><uuid>../../../etc</uuid></domain>",
	  "'../../../etc' is not a valid UUID (8-4-4-4-12 hex digits)" },
	{ "a uuid with blanks", "<domain><name>a</name><uuid> " UUID "</uuid></domain>", "is not a valid UUID" },
	{ "a uuid without dashes", "<domain><name>a</name><uuid>4c4c454400313310804 7b3c04f4a3532</uuid></domain>", "is not a valid UUID" },
};

static void assert_one_sentence(const struct err *err)
{
	assert_true(str_starts(err->text, "domain XML"));
	assert_null(strpbrk(err->text, "\n\033"));
}

static void refuses(void **state)
{
	const struct row *row = *state;
	struct domain d;
	struct err err;

	assert_int_equal(parse_text(row->xml, &d, &err), -EINVAL);
	assert_one_sentence(&err);
	assert_says(err.text, row->want);
	assert_int_equal(domain_parse(&arena, row->xml, strlen(row->xml), &d, NULL), -EINVAL);
}

/* ---- who it is ---- */

static void knows_who_it_is(void **state)
{
	static const char wrong[] = OPEN "<devices>" HOSTDEV("", "") "</devices></domain>";
	static const char nameless[] = "<domain><uuid>" UUID "</uuid></domain>";
	struct err err = { 0 };
	struct domain d;

	(void)state;
	assert_int_equal(domain_parse(&arena, wrong, strlen(wrong), &d, &err), -EINVAL);
	assert_int_equal(domain_identify(&arena, wrong, strlen(wrong), &d, &err), 0);
	assert_text(text_of(&d), "vm1 " UUID);
	assert_int_equal(domain_identify(&arena, nameless, strlen(nameless), &d, &err), -EINVAL);
	assert_text(err.text, "domain XML, line 1: the domain has no <name>");
}

/* ---- sizes ---- */

#define MANY 1000000

/* front, then n times piece, then end. */
static const char *long_text(const char *front, const char *piece, size_t n, const char *end)
{
	struct strbuf b = { .arena = &arena };

	strbuf_add(&b, front);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&b, piece);
	strbuf_add(&b, end);
	return strbuf_text(&b);
}

static const struct big {
	const char *name, *front, *piece;
	size_t n;
	const char *end, *says;
} big[] = {
	{ "a name of 1 MB", "<domain><name>", "a", MANY, "</name><uuid>" UUID "</uuid></domain>",
	  "the text of <name> has more than 4096 bytes" },
	{ "a flavor of 1 MB", OPEN "<metadata><instance xmlns='" NOVA("1.1") "'><flavor name='", "a", MANY,
	  "'/></instance></metadata></domain>", "the text of <flavor> has more than 4096 bytes" },
	{ "an address of 1 MB", OPEN "<devices><hostdev mode='subsystem' type='pci'><source><address bus='0x",
	  "0", MANY, "5'/></source></hostdev></devices></domain>", "the text of <address> has" },
	{ "a driver of 64 bytes", OPEN "<devices><hostdev mode='subsystem' type='pci'>" PCI("5") "<driver model='",
	  "a", 64, "'/></hostdev></devices></domain>", "is not a valid driver name" },
};

static void refuses_big(void **state)
{
	const struct big *row = *state;
	struct domain d;
	struct err err;

	assert_int_equal(parse_text(long_text(row->front, row->piece, row->n, row->end), &d, &err), -EINVAL);
	assert_one_sentence(&err);
	assert_says(err.text, row->says);
}

static void takes_what_it_does_not_read(void **state)
{
	struct domain d;
	struct err err;

	(void)state;
	assert_int_equal(parse_text(long_text(OPEN "<a b='", "a", MANY, "'/></domain>"), &d, &err), 0);
	assert_int_equal(parse_text(long_text(OPEN, "<a/>", 100000, "</domain>"), &d, &err), 0);
}

static void holds_the_limit(void **state)
{
	const char *xml = long_text(OPEN "</domain>", "        ", DOMAIN_MAX / 8, "");
	struct domain d;
	struct err err;

	(void)state;
	assert_int_equal(domain_parse(&arena, xml, DOMAIN_MAX, &d, &err), 0);
	assert_int_equal(domain_parse(&arena, xml, DOMAIN_MAX + 1, &d, &err), -EFBIG);
	assert_text(err.text, "domain XML: the text has more than 8388608 bytes");
	/* nothing of it is looked at */
	assert_int_equal(domain_parse(&arena, NULL, (size_t)100 << 20, &d, &err), -EFBIG);
}

int main(void)
{
	UNIT_ROWS(devices, sees_devices);
	UNIT_ROWS(iommufds, sees_iommufd);
	UNIT_ROWS(bad_devices, refuses_devices);
	UNIT_ROWS(contents, sees_contents);
	UNIT_ROWS(bad_labels, refuses_labels);
	UNIT_ROWS(names, takes_names);
	UNIT_TEST("name, uuid and host are known, the rest is not", knows_name_uuid_host);
	UNIT_ROWS(bad, refuses);
	UNIT_TEST("who it is, is known whatever else is wrong", knows_who_it_is);
	UNIT_ROWS(big, refuses_big);
	UNIT_TEST("a big text elsewhere does not matter", takes_what_it_does_not_read);
	UNIT_TEST("8 MiB are allowed, one byte more is not", holds_the_limit);
	return unit_run("domain");
}
