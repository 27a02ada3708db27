/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/vfproperty.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "str.h"

#define GUID_LEN 8
#define VLAN_MAX 4094
#define QOS_MAX	 7

const char *const vf_property_names[VF_PROPERTIES] = {
	[VF_MAC] = "vf-mac",
	[VF_VLAN] = "vf-vlan",
	[VF_TRUST] = "vf-trust",
	[VF_SPOOFCHK] = "vf-spoofchk",
	[VF_LINK_STATE] = "vf-link-state",
	[VF_MAX_RATE] = "vf-max-rate",
	[VF_NODE_GUID] = "vf-node-guid",
	[VF_PORT_GUID] = "vf-port-guid",
};

enum vf_property vf_property_named(const char *name)
{
	enum vf_property p = VF_MAC;

	while (p < VF_PROPERTIES && !str_eq(vf_property_names[p], name))
		p++;
	return p;
}

/* ---- words ---- */

/* Digits alone, up to `most`. */
static bool read_number(const char *text, unsigned long most, unsigned *to)
{
	char *end;
	unsigned long n;

	if (!*text || strlen(text) > 10 || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	*to = (unsigned)n;
	return !errno && n <= most;
}

/* The word that is text, as the kernel counts them from 0. */
static bool read_word(const char *const *words, unsigned n, const char *text, unsigned *to)
{
	for (*to = 0; *to < n; ++*to)
		if (str_eq(words[*to], text))
			return true;
	return false;
}

static const char *const switches[] = { "off", "on" };
/* IFLA_VF_LINK_STATE_* of linux/if_link.h */
static const char *const link_states[] = { "auto", "enable", "disable" };

#define WORDS(list) (list), sizeof(list) / sizeof((list)[0])

static unsigned hex_digit(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;
	unsigned n = at ? (unsigned)(at - digits) : UINT_MAX;

	return n == UINT_MAX || n < 16 ? n : n - 6;
}

/* n bytes as "00:11:…", two digits each. */
static bool read_bytes(const char *text, size_t n, unsigned char *to)
{
	if (strlen(text) != 3 * n - 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);

		if (high > 15 || low > 15 || (i + 1 < n && text[3 * i + 2] != ':'))
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool read_guid(const char *text, unsigned long long *to)
{
	unsigned char bytes[GUID_LEN];

	*to = 0;
	if (!read_bytes(text, GUID_LEN, bytes))
		return false;
	for (size_t i = 0; i < GUID_LEN; i++)
		*to = *to << 8 | bytes[i];
	return true;
}

/* A word after the number. false: it is another one, or given twice. */
static bool read_vlan_word(const char *word, struct vf_value *to, unsigned *seen)
{
	bool qos = str_starts(word, "qos="), proto = str_starts(word, "proto=");
	unsigned bit = qos ? 1 : 2;

	if ((!qos && !proto) || *seen & bit)
		return false;
	*seen |= bit;
	if (qos)
		return read_number(word + strlen("qos="), QOS_MAX, &to->qos);
	to->proto = str_eq(word, "proto=802.1ad") ? ETH_P_8021AD : ETH_P_8021Q;
	return str_eq(word, "proto=802.1ad") || str_eq(word, "proto=802.1Q");
}

static bool read_vlan(struct arena *a, const char *text, struct vf_value *to)
{
	char *rest = arena_strdup(a, text), *word = strsep(&rest, " \t");
	unsigned seen = 0;

	to->proto = ETH_P_8021Q;
	if (!read_number(word, VLAN_MAX, &to->number))
		return false;
	while ((word = strsep(&rest, " \t")))
		if (*word && !read_vlan_word(word, to, &seen))
			return false;
	return true;
}

/* ---- values ---- */

bool vf_property_parse(struct arena *a, enum vf_property p, const char *text, struct vf_value *to)
{
	*to = (struct vf_value){ 0 };
	switch (p) {
	case VF_MAC:
		return read_bytes(text, VF_MAC_LEN, to->mac);
	case VF_VLAN:
		return read_vlan(a, text, to);
	case VF_TRUST:
	case VF_SPOOFCHK:
		return read_word(WORDS(switches), text, &to->number);
	case VF_LINK_STATE:
		return read_word(WORDS(link_states), text, &to->number);
	case VF_MAX_RATE:
		return read_number(text, UINT_MAX, &to->number);
	case VF_NODE_GUID:
	case VF_PORT_GUID:
		return read_guid(text, &to->guid);
	case VF_PROPERTIES:
		break;
	}
	return false;
}

/* The lowest bit of the first byte: an address of several. */
static bool is_unicast(const unsigned char *mac)
{
	static const unsigned char zeros[VF_MAC_LEN];

	return !(mac[0] & 1) && memcmp(mac, zeros, VF_MAC_LEN) != 0;
}

bool vf_property_may_be(enum vf_property p, const struct vf_value *v)
{
	if (p == VF_MAC)
		return is_unicast(v->mac);
	if (p == VF_VLAN) /* no VLAN has no priority */
		return v->number || (!v->qos && v->proto == ETH_P_8021Q);
	return (p != VF_NODE_GUID && p != VF_PORT_GUID) || v->guid;
}

const char *vf_property_wanted(enum vf_property p)
{
	static const char guid[] = "a GUID of eight bytes, not all zero, such as 00:11:22:33:44:55:66:77";
	static const char vlan[] = "a VLAN from 1 to 4094, with qos=0-7 and proto=802.1Q or 802.1ad if "
				   "needed; or 0, for none";
	static const char *const wanted[VF_PROPERTIES] = {
		[VF_MAC] = "the MAC address of one station, such as 52:54:00:12:34:56",
		[VF_VLAN] = vlan,
		[VF_TRUST] = "on or off",
		[VF_SPOOFCHK] = "on or off",
		[VF_LINK_STATE] = "auto, enable or disable",
		[VF_MAX_RATE] = "a number of Mbit/s, 0 for no limit",
		[VF_NODE_GUID] = guid,
		[VF_PORT_GUID] = guid,
	};

	return wanted[p];
}

static const char *bytes_text(struct arena *a, const unsigned char *bytes, size_t n)
{
	struct strbuf b = { .arena = a };

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "%s%02x", i ? ":" : "", bytes[i]);
	return strbuf_text(&b);
}

static const char *guid_text(struct arena *a, unsigned long long guid)
{
	unsigned char bytes[GUID_LEN];

	for (size_t i = 0; i < GUID_LEN; i++)
		bytes[i] = (unsigned char)(guid >> (56 - 8 * i));
	return bytes_text(a, bytes, GUID_LEN);
}

static const char *vlan_text(struct arena *a, const struct vf_value *v)
{
	return arena_printf(a, "%u%s%s", v->number, v->qos ? arena_printf(a, " qos=%u", v->qos) : "",
			    v->proto == ETH_P_8021AD ? " proto=802.1ad" : "");
}

const char *vf_property_text(struct arena *a, enum vf_property p, const struct vf_value *v)
{
	switch (p) {
	case VF_MAC:
		return bytes_text(a, v->mac, VF_MAC_LEN);
	case VF_VLAN:
		return vlan_text(a, v);
	case VF_TRUST:
	case VF_SPOOFCHK:
		return switches[v->number ? 1 : 0];
	case VF_LINK_STATE:
		return link_states[v->number % 3];
	case VF_NODE_GUID:
	case VF_PORT_GUID:
		return guid_text(a, v->guid);
	case VF_MAX_RATE:
	case VF_PROPERTIES:
		break;
	}
	return arena_printf(a, "%u", v->number);
}
