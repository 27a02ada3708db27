/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of a virtual function's properties. */
#include "device/vfproperty.h"

#include "str.h"
#include "unit.h"

static const struct row {
	const char *name;
	enum vf_property p;
	const char *text;
	const char *want; /* as it is written; "": only a driver may say so; NULL: it is none */
} rows[] = {
	{ "a MAC address", VF_MAC, "52:54:00:AB:cd:01", "52:54:00:ab:cd:01" },
	{ "the address of a group", VF_MAC, "01:00:5e:00:00:01", "" },
	{ "everybody's", VF_MAC, "ff:ff:ff:ff:ff:ff", "" },
	{ "zeros", VF_MAC, "00:00:00:00:00:00", "" },
	{ "five bytes", VF_MAC, "52:54:00:ab:cd", NULL },
	{ "seven bytes", VF_MAC, "52:54:00:ab:cd:01:02", NULL },
	{ "with dashes", VF_MAC, "52-54-00-ab-cd-01", NULL },
	{ "a digit past f", VF_MAC, "52:54:00:ab:cd:0g", NULL },
	{ "one digit", VF_MAC, "52:54:0:0ab:cd:01", NULL },
	{ "no address", VF_MAC, "", NULL },
	{ "a VLAN", VF_VLAN, "100", "100" },
	{ "no VLAN", VF_VLAN, "0", "0" },
	{ "the last VLAN", VF_VLAN, "4094", "4094" },
	{ "one too many", VF_VLAN, "4095", NULL },
	{ "a negative one", VF_VLAN, "-1", NULL },
	{ "a VLAN with a priority", VF_VLAN, "100 qos=3", "100 qos=3" },
	{ "priority 0 is none", VF_VLAN, "100 qos=0", "100" },
	{ "a priority that is too high", VF_VLAN, "100 qos=8", NULL },
	{ "of a provider", VF_VLAN, "100\tproto=802.1ad  qos=1", "100 qos=1 proto=802.1ad" },
	{ "the usual protocol", VF_VLAN, "100 proto=802.1Q", "100" },
	{ "another protocol", VF_VLAN, "100 proto=802.1q", NULL },
	{ "a priority twice", VF_VLAN, "100 qos=1 qos=1", NULL },
	{ "a priority without a VLAN", VF_VLAN, "0 qos=1", "" },
	{ "another word", VF_VLAN, "100 mtu=9", NULL },
	{ "a priority alone", VF_VLAN, "qos=1", NULL },
	{ "trust", VF_TRUST, "on", "on" },
	{ "none", VF_TRUST, "off", "off" },
	{ "yes", VF_TRUST, "yes", NULL },
	{ "the check of the sender", VF_SPOOFCHK, "off", "off" },
	{ "1", VF_SPOOFCHK, "1", NULL },
	{ "the link as it is", VF_LINK_STATE, "auto", "auto" },
	{ "always up", VF_LINK_STATE, "enable", "enable" },
	{ "always down", VF_LINK_STATE, "disable", "disable" },
	{ "up", VF_LINK_STATE, "up", NULL },
	{ "a rate", VF_MAX_RATE, "1000", "1000" },
	{ "no limit", VF_MAX_RATE, "0", "0" },
	{ "the highest rate", VF_MAX_RATE, "4294967295", "4294967295" },
	{ "one more", VF_MAX_RATE, "4294967296", NULL },
	{ "a rate with a unit", VF_MAX_RATE, "1gbit", NULL },
	{ "a GUID", VF_NODE_GUID, "00:11:22:33:44:55:66:F7", "00:11:22:33:44:55:66:f7" },
	{ "of zeros", VF_PORT_GUID, "00:00:00:00:00:00:00:00", "" },
	{ "of six bytes", VF_PORT_GUID, "52:54:00:ab:cd:01", NULL },
	{ "as ibstat writes it", VF_NODE_GUID, "0x0011223344556677", NULL },
};

static void is_read(void **state)
{
	const struct row *row = *state;
	struct vf_value v;
	bool read = vf_property_parse(&arena, row->p, row->text, &v);

	assert_int_equal(read, row->want != NULL);
	if (read) {
		assert_int_equal(vf_property_may_be(row->p, &v), *row->want != '\0');
		assert_string_equal(vf_property_text(&arena, row->p, &v),
				    *row->want ? row->want : row->text);
	}
	assert_non_null(vf_property_wanted(row->p));
}

static void names_are_found(void **state)
{
	(void)state;
	for (enum vf_property p = VF_MAC; p < VF_PROPERTIES; p++)
		assert_int_equal(vf_property_named(vf_property_names[p]), p);
	assert_int_equal(vf_property_named("vf-qos"), VF_PROPERTIES);
	assert_int_equal(vf_property_named(""), VF_PROPERTIES);
}

int main(void)
{
	UNIT_ROWS(rows, is_read);
	UNIT_TEST("names are found", names_are_found);
	return unit_run("vfproperty");
}
