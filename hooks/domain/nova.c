/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain/nova.h"

#include <libxml/tree.h>

#include "conf/condition.h"
#include "hooks/domain/xmltree.h"

/* What is missing or empty stays unknown. */
static int add_fact(struct arena *a, struct facts *f, enum fact fact, const xmlNode *node,
		    const char *value, struct err *err)
{
	int rc = xmltree_check_text(node, value, err);

	if (!rc && value && *value)
		fact_add(a, f, fact, value);
	return rc;
}

/* <nova:user uuid="…">name</nova:user>: either may be asked for. */
static int take_text_and_id(struct arena *a, const xmlNode *node, struct facts *f, enum fact fact,
			    struct err *err)
{
	int rc = add_fact(a, f, fact, node, xmltree_text(a, node), err);

	return rc ? rc : add_fact(a, f, fact, node, xmltree_attr(a, node, "uuid"), err);
}

/* As LibvirtConfigGuestMetaNovaInstance of nova/virt/libvirt/config.py writes it. */
static int take_instance(struct arena *a, const xmlNode *instance, const char *ns,
			 struct facts *f, struct err *err)
{
	const xmlNode *name = xmltree_child(instance, ns, "name"),
		      *flavor = xmltree_child(instance, ns, "flavor"),
		      *owner = xmltree_child(instance, ns, "owner");
	int rc = add_fact(a, f, FACT_INSTANCE, name, xmltree_text(a, name), err);

	if (!rc)
		rc = add_fact(a, f, FACT_FLAVOR, flavor, xmltree_attr(a, flavor, "name"), err);
	if (!rc)
		rc = take_text_and_id(a, xmltree_child(owner, ns, "user"), f, FACT_USER, err);
	if (!rc)
		rc = take_text_and_id(a, xmltree_child(owner, ns, "project"), f, FACT_PROJECT, err);
	return rc;
}

/* The newer one counts where both are there: libvirt keeps one element of each namespace. */
int domainnova_take(struct arena *a, const xmlNode *root, struct facts *f, struct err *err)
{
	static const char *const namespaces[] = {
		"http://openstack.org/xmlns/libvirt/nova/1.1",
		"http://openstack.org/xmlns/libvirt/nova/1.0",
	};
	const xmlNode *metadata = xmltree_child(root, NULL, "metadata");

	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const xmlNode *instance = xmltree_child(metadata, namespaces[i], "instance");

		if (instance)
			return take_instance(a, instance, namespaces[i], f, err);
	}
	return 0;
}
