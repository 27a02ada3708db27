/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

struct arena;

/*
 * The properties of a virtual function that its physical function has for it: ip-link(8), "vf".
 * Their names are the keys of kvmshim.conf. Their texts are those of its values and of journals.
 */
enum vf_property {
	VF_MAC,	       /* 52:54:00:12:34:56 */
	VF_VLAN,       /* 100, 100 qos=3, 100 qos=3 proto=802.1ad; 0: none */
	VF_TRUST,      /* on, off */
	VF_SPOOFCHK,   /* on, off */
	VF_LINK_STATE, /* auto, enable, disable */
	VF_MAX_RATE,   /* Mbit/s; 0: no limit */
	VF_NODE_GUID,  /* 00:11:22:33:44:55:66:77 */
	VF_PORT_GUID,
	VF_PROPERTIES,
};

extern const char *const vf_property_names[VF_PROPERTIES];

/* VF_PROPERTIES: it is none. */
enum vf_property vf_property_named(const char *name);

#define VF_MAC_LEN 6

struct vf_value {
	unsigned char mac[VF_MAC_LEN];
	unsigned number; /* a VLAN, a rate; 1: on; a link state as the kernel counts them */
	unsigned qos, proto; /* of a VLAN: 0-7, an ethertype */
	unsigned long long guid;
};

/* Reads a text, also one that only a driver would report: a MAC address of zeros. */
bool vf_property_parse(struct arena *a, enum vf_property p, const char *text, struct vf_value *to);

/* May an admin set it? wanted: what the value must be. */
bool vf_property_may_be(enum vf_property p, const struct vf_value *v);
const char *vf_property_wanted(enum vf_property p);

/* The text of a value: with small letters, and without what is the default. */
const char *vf_property_text(struct arena *a, enum vf_property p, const struct vf_value *v);
