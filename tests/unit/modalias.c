/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/modalias.h"

#include "tree.h"

#define RELEASE "6.1.0-1-amd64"

static const char text[] =
	"# Aliases extracted from modules themselves.\n"
	"alias pci:v*d*sv*sd*bc04sc03i00* snd_hda_intel\n"
	"alias pci:v000010DEd*sv*sd*bc03sc00i00* nvidia\n"
	"alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n"
	"alias pci:v000010DEd00001B06sv*sd*bc03sc*i* nvidia_drm\n"
	"alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n"
	"alias pci:v00008086d00001533sv*sd*bc*sc*i* igb\n"
	"alias pci:v*d*sv*sd*bc03sc80i00* any_display\n"
	"alias pci:nothing\n"
	"alias vfio_pci:v000010DEd*sv*sd*bc*sc*i* nvgrace\n"
	"alias usb:v10DEp0300d*dc*dsc*dp*ic*isc*ip*in* some\n";

static const struct row {
	const char *name, *modalias, *want;
} rows[] = {
	{ "the most special alias comes first, and a module once",
	  "pci:v000010DEd00001B06sv000010DEsd00001234bc03sc00i00", "nvidia nvidia_drm nouveau " },
	{ "a vendor's and anybody's", "pci:v000010DEd00000001sv00000000sd00000000bc03sc80i00",
	  "nouveau any_display " },
	{ "a class of anybody's", "pci:v00001022d00001487sv00001022sd00001487bc04sc03i00",
	  "snd_hda_intel " },
	{ "the last vendor of the file", "pci:v00008086d00001533sv00000000sd00000000bc02sc00i00",
	  "igb " },
	{ "a vendor that is not in it", "pci:v0000FFFFd00001533sv00000000sd00000000bc02sc00i00",
	  "" },
	{ "what is no modalias of PCI", "usb:v10DEp0300d0000dc00dsc00dp00ic00isc00ip00in00", "" },
	{ "none", NULL, "" },
};

static const char *found(const char *modalias)
{
	struct host host = tree_host();
	struct modaliases aliases;
	struct strv modules = { 0 };
	struct strbuf all = { .arena = &arena };

	modaliases_read(&host, RELEASE, &aliases);
	modaliases_find(&arena, &aliases, modalias, &modules);
	for (size_t i = 0; i < modules.n; i++)
		strbuf_addf(&all, "%s ", modules.v[i]);
	return strbuf_text(&all);
}

static void a_row_holds(void **state)
{
	const struct row *row = *state;

	tree_file("lib/modules/" RELEASE "/modules.alias", text);
	assert_string_equal(found(row->modalias), row->want);
}

static void no_file_is_no_module(void **state)
{
	(void)state;
	assert_string_equal(found(rows[0].modalias), "");
	tree_file("lib/modules/" RELEASE "/modules.alias", "");
	assert_string_equal(found(rows[0].modalias), "");
}

int main(void)
{
	TREE_ROWS(rows, a_row_holds);
	TREE_TEST("without the file there is no module", no_file_is_no_module);
	return unit_run("modalias");
}
