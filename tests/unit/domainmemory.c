/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a domain's XML says of its memory: of which pages, and where. */
#include <errno.h>

#include "err.h"
#include "hooks/domain/domain.h"
#include "str.h"
#include "unit.h"

#define G "1048576"
#define CELLS "<cpu><numa><cell id='0' memory='512' unit='MiB'/><cell id='1' memory='1' unit='GiB'/></numa></cpu>"

static const struct xml {
	const char *name, *text, *want;
} xmls[] = {
	{ "no memory", "", "0:" },
	{ "normal pages anywhere", "<memory>" G "</memory>", G ": normal " G },
	{ "in MiB", "<memory unit='MiB'>1024</memory>", G ": normal " G },
	{ "in bytes, rounded up", "<memory unit='bytes'>1025</memory>", "2: normal 2" },
	{ "in thousands", "<memory unit='KB'>1024</memory>", "1000: normal 1000" },
	{ "units in any case", "<memory unit='gib'> 1 </memory>", G ": normal " G },
	{ "in bytes, by a letter", "<memory unit='b'>1024</memory>", "1: normal 1" },
	{ "on a line of its own", "<memory>\n\t8\n</memory>", "8: normal 8" },
	{ "locked, and limited",
	  "<memory>4</memory><memoryBacking><locked/></memoryBacking>"
	  "<memtune><hard_limit unit='G'>9</hard_limit></memtune>",
	  "4: locked limited normal 4" },
	{ "huge pages of the default size",
	  "<memory>" G "</memory><memoryBacking><hugepages/></memoryBacking>", G ": huge(0) " G },
	{ "of 1 GiB",
	  "<memory>" G "</memory><memoryBacking><hugepages><page size='1' unit='GiB'/></hugepages>"
	  "</memoryBacking>",
	  G ": huge(" G ") " G },
	{ "of a size that is no unit: KiB",
	  "<memory>" G "</memory><memoryBacking><hugepages><page size='2048'/></hugepages></memoryBacking>",
	  G ": huge(2048) " G },
	{ "of normal size",
	  "<memory>8</memory><memoryBacking><hugepages><page size='4'/></hugepages></memoryBacking>",
	  "8: normal 8" },
	{ "for cell 0 of a guest without cells",
	  "<memory>8</memory><memoryBacking><hugepages><page size='2' unit='M' nodeset='0'/></hugepages>"
	  "</memoryBacking>",
	  "8: huge(2048) 8" },
	{ "strictly on a node",
	  "<memory>8</memory><numatune><memory mode='strict' nodeset='1'/></numatune>",
	  "8: normal 8@1" },
	{ "by default strictly", "<memory>8</memory><numatune><memory nodeset='0-1'/></numatune>",
	  "8: normal 8@0-1" },
	{ "interleaved", "<memory>8</memory><numatune><memory mode='interleave' nodeset='0,2'/></numatune>",
	  "8: normal 8@0,2" },
	{ "preferably on a node",
	  "<memory>8</memory><numatune><memory mode='preferred' nodeset='1'/></numatune>",
	  "8: normal 8" },
	{ "where numad says", "<memory>8</memory><numatune><memory mode='strict' placement='auto'/></numatune>",
	  "8: normal 8" },
	{ "cells, whatever <memory> says", "<memory>8</memory>" CELLS, "1572864: normal 524288, normal " G },
	{ "cells with pages of their own",
	  "<memoryBacking><hugepages><page size='2048'/><page size='1' unit='G' nodeset='1'/></hugepages>"
	  "</memoryBacking>" CELLS,
	  "1572864: huge(2048) 524288, huge(" G ") " G },
	{ "one cell with huge pages and one without",
	  "<memoryBacking><hugepages><page size='2048' nodeset='1'/></hugepages></memoryBacking>" CELLS,
	  "1572864: normal 524288, huge(2048) " G },
	{ "cells on nodes of their own",
	  "<numatune><memory mode='strict' nodeset='0'/><memnode cellid='1' mode='strict' nodeset='1'/>"
	  "</numatune>" CELLS,
	  "1572864: normal 524288@0, normal " G "@1" },
	{ "a cell that prefers a node",
	  "<numatune><memnode cellid='1' mode='preferred' nodeset='1'/></numatune>" CELLS,
	  "1572864: normal 524288, normal " G },
	{ "of several pages for one cell the first, of those for all the last",
	  "<memoryBacking><hugepages><page size='2048' nodeset='1'/><page size='1024'/><page size='8'/>"
	  "<page size='16' nodeset='0-1'/></hugepages></memoryBacking>" CELLS,
	  "1572864: huge(16) 524288, huge(2048) " G },
	{ "of those for all the last", "<memoryBacking><hugepages><page size='1024'/><page size='8'/></hugepages></memoryBacking>" CELLS,
	  "1572864: huge(8) 524288, huge(8) " G },
	{ "of several for a guest without cells the last",
	  "<memory>8</memory><memoryBacking><hugepages><page size='8'/><page size='16' nodeset='0'/>"
	  "<page size='32' nodeset='0-1'/></hugepages></memoryBacking>",
	  "8: huge(16) 8" },
	{ "of two places for one cell the first",
	  "<numatune><memnode cellid='1' nodeset='1'/><memnode cellid='1' nodeset='2'/></numatune>" CELLS,
	  "1572864: normal 524288, normal " G "@1" },
	{ "cells without ids",
	  "<cpu><numa><cell memory='4'/><cell memory='8'/></numa></cpu>"
	  "<numatune><memnode cellid='1' nodeset='3'/></numatune>",
	  "12: normal 4, normal 8@3" },
	{ "a DIMM with pages and nodes of its own",
	  "<memory>8</memory><devices><memory model='dimm'><source><pagesize unit='MiB'>2</pagesize>"
	  "<nodemask>1</nodemask></source><target><size unit='KiB'>4</size><node>0</node></target></memory>"
	  "</devices>",
	  "8: huge(2048) 4@1, normal 4" },
	{ "a DIMM of its cell",
	  "<numatune><memnode cellid='1' nodeset='1'/></numatune>"
	  "<cpu><numa><cell id='0' memory='4'/><cell id='1' memory='4'/></numa></cpu>"
	  "<devices><memory model='dimm'><target><size>16</size><node>1</node></target></memory></devices>",
	  "24: normal 4, normal 4@1, normal 16@1" },
	{ "an NVDIMM is a file",
	  "<memory>12</memory><devices><memory model='nvdimm'><source><path>/x</path></source><target>"
	  "<size>4</size><node>0</node></target></memory></devices>",
	  "12: normal 8" },
	{ "of virtio-mem what is requested",
	  "<memory>12</memory><devices><memory model='virtio-mem'><target><size>8</size><node>0</node>"
	  "<requested>4</requested></target></memory></devices>",
	  "12: normal 4, normal 4" },
};

static const char *needs_text(const struct domain_memory *m)
{
	struct strbuf b = { .arena = &arena };

	strbuf_addf(&b, "%llu:%s%s", m->kib, m->locked ? " locked" : "", m->limited ? " limited" : "");
	for (size_t i = 0; i < m->n; i++) {
		const struct memory_need *n = &m->needs[i];

		strbuf_add(&b, i ? ", " : " ");
		if (n->huge)
			strbuf_addf(&b, "huge(%llu) %llu", n->page, n->kib);
		else
			strbuf_addf(&b, "normal %llu", n->kib);
		if (nodeset_count(&n->nodes))
			strbuf_addf(&b, "@%s", nodeset_text(&arena, &n->nodes));
	}
	return strbuf_text(&b);
}

static int parse(const char *text, struct domain *d, struct err *err)
{
	const char *xml = arena_printf(&arena,
				       "<domain><name>a</name>"
				       "<uuid>4c4c4544-0031-3310-8047-b3c04f4a3532</uuid>%s</domain>",
				       text);

	*err = (struct err){ 0 };
	return domain_parse(&arena, xml, strlen(xml), d, err);
}

static void is_read(void **state)
{
	const struct xml *row = *state;
	struct domain d;
	struct err err;

	if (parse(row->text, &d, &err))
		fail_msg("%s", err.text);
	assert_text(needs_text(&d.memory), row->want);
}

static const struct xml wrong[] = {
	{ "no number", "<memory>much</memory>", "'much' is not a valid amount of memory" },
	{ "a negative number", "<memory>-1</memory>", "'-1' is not a valid amount of memory" },
	{ "an unknown unit", "<memory unit='furlong'>1</memory>", "'furlong' is not a valid unit of memory" },
	{ "a unit that only begins like one", "<memory unit='kilo'>1</memory>", "'kilo' is not a valid unit of memory" },
	{ "a word behind the number", "<memory>1 or 2</memory>", "'1 or 2' is not a valid amount of memory" },
	{ "nothing at all", "<memory/>", "'' is not a valid amount of memory" },
	{ "an empty unit", "<memory unit=''>1</memory>", "'' is not a valid unit of memory" },
	{ "more than there can be", "<memory unit='EiB'>16</memory>", "the amount of memory is too large" },
	{ "a cell", "<cpu><numa><cell memory='x'/></numa></cpu>", "<cell>: 'x' is not a valid amount of memory" },
	{ "a number beyond 64 bits", "<memory unit='MiB'>99999999999999999999</memory>", "is not a valid amount of memory" },
	{ "a product beyond 64 bits", "<memory unit='EiB'>99999</memory>", "the amount of memory is too large" },
	{ "the cells of a page",
	  "<memory>1</memory><memoryBacking><hugepages><page size='2048' nodeset='x'/></hugepages></memoryBacking>",
	  "<page>: 'x' is not a valid set of NUMA nodes" },
	{ "the nodes of a DIMM",
	  "<memory>8</memory><devices><memory model='dimm'><source><nodemask>x</nodemask></source><target>"
	  "<size>4</size></target></memory></devices>",
	  "<nodemask>: 'x' is not a valid set of NUMA nodes" },
	{ "a page", "<memory>1</memory><memoryBacking><hugepages><page size='big'/></hugepages></memoryBacking>",
	  "<page>: 'big' is not a valid amount of memory" },
	{ "nodes", "<memory>1</memory><numatune><memory nodeset='all'/></numatune>",
	  "'all' is not a valid set of NUMA nodes" },
};

static void is_refused(void **state)
{
	const struct xml *row = *state;
	struct domain d;
	struct err err;

	assert_int_equal(parse(row->text, &d, &err), -EINVAL);
	assert_says(err.text, row->want);
}

static const char *repeated(const char *what, size_t n)
{
	struct strbuf b = { .arena = &arena };

	while (n--)
		strbuf_add(&b, what);
	return strbuf_text(&b);
}

static void too_many_cells(void **state)
{
	const char *pages = repeated("<page size='8' nodeset='0-1023,^5'/>", 20000);
	struct domain d;
	struct err err;

	(void)state;
	assert_int_equal(parse(arena_printf(&arena,
					    "<memoryBacking><hugepages>%s</hugepages></memoryBacking>"
					    "<cpu><numa>%s</numa></cpu>",
					    pages, repeated("<cell memory='4'/>", 1024)),
			       &d, &err),
			 0);
	assert_int_equal(d.memory.n, 1024);
	assert_true(d.memory.needs[4].huge && !d.memory.needs[5].huge);
	assert_int_equal(parse(arena_printf(&arena, "<cpu><numa>%s</numa></cpu>",
					    repeated("<cell memory='4'/>", 20000)),
			       &d, &err),
			 -EINVAL);
	assert_says(err.text, "the domain has more than 1024 NUMA cells");
}

static void too_many_hostdevs(void **state)
{
	struct domain d;
	struct strbuf b = { .arena = &arena };
	struct err err;

	(void)state;
	strbuf_add(&b, "<devices>");
	for (unsigned i = 0; i < 1024; i++)
		strbuf_addf(&b, "<hostdev mode='subsystem' type='pci'><source><address bus='%u' slot='%u'/>"
			    "</source></hostdev>", i / 32, i % 32);
	assert_int_equal(parse(arena_printf(&arena, "%s</devices>", b.text), &d, &err), 0);
	assert_int_equal(d.n, 1024);
	strbuf_add(&b, "<hostdev mode='subsystem' type='pci'><source><address bus='99'/></source></hostdev>");
	assert_int_equal(parse(arena_printf(&arena, "%s</devices>", b.text), &d, &err), -EINVAL);
	assert_says(err.text, "the domain has more than 1024 host devices");
}

int main(void)
{
	UNIT_ROWS(xmls, is_read);
	UNIT_ROWS(wrong, is_refused);
	UNIT_TEST("more cells than a domain has, and many pages", too_many_cells);
	UNIT_TEST("more host devices than a domain has", too_many_hostdevs);
	return unit_run("domainmemory");
}
