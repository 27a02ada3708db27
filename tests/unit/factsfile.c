/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/factsfile.h"

#include "conf/condition.h"
#include "err.h"
#include "str.h"
#include "tree.h"

#define UUID "4c4c4544-0031-3310-8047-b3c04f4a3532"
#define FOLDER "run/kvmshim/vm/" UUID
#define FILE_ FOLDER "/facts.json"
#define FRONT "{\"version\":1,\"uuid\":\"" UUID "\","

static int read_facts(struct facts *f, struct err *err)
{
	struct host host = tree_host();

	*f = (struct facts){ 0 };
	*err = (struct err){ 0 };
	return factsfile_read(&host, UUID, f, err);
}

/* "flavor=a project=b,c"; what is unknown is not there. */
static const char *facts_text(const struct facts *f)
{
	struct strbuf b = { .arena = &arena };

	for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
		if (!f->of[fact].known)
			continue;
		strbuf_addf(&b, "%s%s=", b.len ? " " : "", condition_keys[fact] + strlen("when-"));
		for (size_t i = 0; i < f->of[fact].n; i++)
			strbuf_addf(&b, "%s%s", i ? "," : "", f->of[fact].v[i]);
	}
	return strbuf_text(&b);
}

static const struct good {
	const char *name, *json, *want;
} good[] = {
	{ "all that Nova says",
	  FRONT "\"nova\":{\"instance\":\"web 1\",\"flavor\":\"m1.small\","
		"\"project\":{\"name\":\"admin\",\"id\":\"p1\"},"
		"\"user\":{\"name\":\"eve\",\"id\":\"u1\"}}}",
	  "flavor=m1.small project=admin,p1 user=eve,u1 instance=web 1" },
	{ "a VM that is not Nova's", FRONT "\"other\":1}", "" },
	{ "an empty nova", FRONT "\"nova\":{}}", "" },
	{ "a part of it", FRONT "\"nova\":{\"flavor\":\"hpc.big\"}}", "flavor=hpc.big" },
	{ "a project with an id alone", FRONT "\"nova\":{\"project\":{\"id\":\"p1\"}}}", "project=p1" },
	{ "a project that says nothing is unknown", FRONT "\"nova\":{\"project\":{}}}", "" },
	{ "members for other readers are passed over",
	  FRONT "\"others\":[1,{\"a\":null}],\"nova\":{\"x\":{},\"flavor\":\"f\"}}", "flavor=f" },
	{ "escapes are decoded", FRONT "\"nova\":{\"flavor\":\"caf\\u00e9\"}}", "flavor=caf\xc3\xa9" },
	{ "blanks and newlines around it", "\n " FRONT "\"nova\":{\"flavor\":\"f\"}}\n ", "flavor=f" },
};

static void reads(void **state)
{
	const struct good *row = *state;
	struct facts f;
	struct err err;

	tree_file(FILE_, row->json);
	assert_int_equal(read_facts(&f, &err), 0);
	assert_text(facts_text(&f), row->want);
}

static const struct bad {
	const char *name, *json, *says;
} bad[] = {
	{ "an empty file", "", "must be a JSON object" },
	{ "a file cut short", FRONT "\"nova\":{\"flavor\":\"m1", "must be a JSON object" },
	{ "an array", "[1]", "must be a JSON object" },
	{ "something behind the object", FRONT "\"nova\":{}} x", "must be a JSON object" },
	{ "two objects", FRONT "\"nova\":{}}{}", "must be a JSON object" },
	{ "a text that is not UTF-8", FRONT "\"nova\":{\"flavor\":\"\xff\"}}", "must be a JSON object" },
	{ "single quotes", "{'version':1,'uuid':'" UUID "'}", "must be a JSON object" },
	{ "no version", "{\"uuid\":\"" UUID "\"}", "'version' must be 1" },
	{ "another version", "{\"version\":2,\"uuid\":\"" UUID "\"}", "'version' must be 1" },
	{ "no version but null", "{\"version\":null,\"uuid\":\"" UUID "\"}", "'version' must be 1" },
	{ "no uuid", "{\"version\":1}", "'uuid' is not the UUID" },
	{ "another VM's uuid", "{\"version\":1,\"uuid\":\"00000000-0000-0000-0000-000000000000\"}",
	  "'uuid' is not the UUID" },
	{ "a uuid that is null", "{\"version\":1,\"uuid\":null}", "'uuid' is not the UUID" },
	{ "a uuid that is a number", "{\"version\":1,\"uuid\":4}", "'uuid' is not the UUID" },
	{ "nova is no object", FRONT "\"nova\":\"x\"}", "'nova' must be an object" },
	{ "nova is null", FRONT "\"nova\":null}", "'nova' must be an object" },
	{ "a flavor that is a number", FRONT "\"nova\":{\"flavor\":1}}", "'flavor' must be a string" },
	{ "a flavor that is null", FRONT "\"nova\":{\"flavor\":null}}", "'flavor' must be a string" },
	{ "a project that is a string", FRONT "\"nova\":{\"project\":\"admin\"}}",
	  "'project' must be an object" },
	{ "a user's id that is a list", FRONT "\"nova\":{\"user\":{\"id\":[]}}}", "'id' must be a string" },
	{ "hostdevs is no list", FRONT "\"hostdevs\":{}}", "'hostdevs' must be a list" },
	{ "a host device without an address", FRONT "\"hostdevs\":[{\"id\":\"10de:1b06\"}]}",
	  "a host device has no PCI address" },
	{ "a host device that is a string", FRONT "\"hostdevs\":[\"0000:05:00.0\"]}",
	  "a host device has no PCI address" },
	{ "a host device's id that is a number", FRONT "\"hostdevs\":[{\"pci\":\"x\",\"id\":1}]}",
	  "'id' must be a string" },
	{ "nested beyond reason", FRONT "\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "must be a JSON object" },
};

static void refuses(void **state)
{
	const struct bad *row = *state;
	struct facts f;
	struct err err;

	tree_file(FILE_, row->json);
	assert_true(read_facts(&f, &err) < 0);
	assert_says(err.text, row->says);
}

static void none_is_fine(void **state)
{
	struct facts f;
	struct err err;

	(void)state;
	assert_int_equal(read_facts(&f, &err), 0);
	tree_folder(FOLDER);
	assert_int_equal(read_facts(&f, &err), 0);
	assert_text(facts_text(&f), "");
}

static void no_links(void **state)
{
	struct facts f;
	struct err err;

	(void)state;
	tree_file("elsewhere.json", FRONT "\"nova\":{\"flavor\":\"f\"}}");
	tree_folder(FOLDER);
	tree_link(FILE_, tree_path("elsewhere.json"));
	assert_true(read_facts(&f, &err) < 0);
	assert_says(err.text, "must not be a symbolic link");
	assert_text(facts_text(&f), "");
}

static void no_strangers(void **state)
{
	struct facts f;
	struct err err;

	(void)state;
	tree_file(FILE_, FRONT "\"nova\":{\"flavor\":\"f\"}}");
	assert_int_equal(chmod(tree_path(FILE_), 0666), 0);
	assert_true(read_facts(&f, &err) < 0);
	assert_says(err.text, "the group or others can write to it");
	assert_int_equal(chmod(tree_path(FILE_), 0644), 0);
	assert_int_equal(chmod(tree_path(FOLDER), 0777), 0);
	assert_true(read_facts(&f, &err) < 0);
	assert_says(err.text, "the group or others can write to it");
}

/* The hook makes its folders 0711, and the wrapper runs as the user of VMs. */
static void a_folder_to_pass_through(void **state)
{
	uid_t was = geteuid();
	struct facts f;
	struct err err;
	int rc;

	(void)state;
	tree_file(FILE_, FRONT "\"nova\":{\"flavor\":\"f\"}}");
	assert_int_equal(chmod(tree_path(FOLDER), 0711), 0);
	assert_int_equal(chmod(tree_path("run/kvmshim/vm"), 0711), 0);
	if (was == 0)
		assert_int_equal(seteuid(12345), 0);
	rc = read_facts(&f, &err);
	assert_int_equal(seteuid(was), 0);
	assert_int_equal(rc, 0);
	assert_text(facts_text(&f), "flavor=f");
}

static void its_path(void **state)
{
	struct host host = { &arena, { .prefix = "" } };

	(void)state;
	assert_text(factsfile_path(&host, UUID), "/" FILE_);
}

int main(void)
{
	TREE_ROWS(good, reads);
	TREE_ROWS(bad, refuses);
	TREE_TEST("no file: nothing is known, and that is fine", none_is_fine);
	TREE_TEST("a link is refused, wherever it leads", no_links);
	TREE_TEST("a file or folder that others can write is refused", no_strangers);
	TREE_TEST("a folder that others may only enter is enough", a_folder_to_pass_through);
	UNIT_TEST("each VM has a folder of its own", its_path);
	return unit_run("factsfile");
}
