/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts.json, from the hook to the wrapper. */
#include "hooks/journal/factswrite.h"

#include "conf/factsfile.h"
#include "journaltree.h"

static int write_facts(const struct facts *f, const struct grants *g)
{
	struct host host = tree_host();
	struct err err = { 0 };
	int folder, rc;

	tree_folder("run");
	folder = state_open(&host, UUID, &err);
	assert_true(folder >= 0);
	rc = facts_write(&arena, folder, UUID, f, g, &err);
	close(folder);
	return rc;
}

static void the_wrapper_reads_facts(void **state)
{
	struct grant two[] = { { GRANT_PCI, GPU, "50-gpu.ini:a" }, { GRANT_MDEV, MDEV, "b.ini:c", .iommufd = true } };
	struct hostdev_fact of_xml[] = { { GPU, "10de:1b06" }, { "0000:09:00.0", NULL } };
	const struct grants grants = { .v = two, .n = 2 };
	struct host host = tree_host();
	struct facts f = { 0 }, got = { 0 };
	struct err err = { 0 };
	struct stat st;

	(void)state;
	fact_add(&arena, &f, FACT_NAME, "not for the file");
	fact_add(&arena, &f, FACT_INSTANCE, "web \"1\"\n");
	fact_add(&arena, &f, FACT_FLAVOR, "m1.small");
	fact_add(&arena, &f, FACT_PROJECT, "admin");
	fact_add(&arena, &f, FACT_PROJECT, "p1");
	f.hostdevs = (struct hostdev_facts){ .v = of_xml, .n = 2 };
	assert_int_equal(write_facts(&f, &grants), 0);
	assert_int_equal(stat(tree_path(FOLDER "/facts.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_null(strstr(slurp(FOLDER "/facts.json"), "not for the file"));

	assert_int_equal(factsfile_read(&host, UUID, &got, &err), 0);
	assert_text(got.of[FACT_INSTANCE].v[0], "web \"1\"\n");
	assert_text(got.of[FACT_FLAVOR].v[0], "m1.small");
	assert_text(got.of[FACT_PROJECT].v[0], "admin");
	assert_text(got.of[FACT_PROJECT].v[1], "p1");
	assert_false(got.of[FACT_USER].known);
	assert_true(got.grants.known);
	assert_int_equal(got.grants.n, 2);
	assert_text(got.grants.v[0].device, GPU);
	assert_text(got.grants.v[0].rule, "50-gpu.ini:a");
	assert_int_equal(got.grants.v[1].kind, GRANT_MDEV);
	assert_text(got.grants.v[1].device, MDEV);
	assert_false(got.grants.v[0].iommufd);
	assert_true(got.grants.v[1].iommufd);
	assert_int_equal(got.hostdevs.n, 2);
	assert_text(got.hostdevs.v[0].address, GPU);
	assert_text(got.hostdevs.v[0].id, "10de:1b06");
	assert_text(got.hostdevs.v[1].address, "0000:09:00.0");
	assert_null(got.hostdevs.v[1].id);
}

static void facts_of_nothing(void **state)
{
	const struct grants none = { 0 };
	struct facts f = { 0 };

	(void)state;
	assert_int_equal(write_facts(&f, &none), 0);
	assert_text(squeezed(FOLDER "/facts.json"), "{"
						 "\"version\":1,"
						 "\"uuid\":\"" UUID "\","
						 "\"grants\":[]"
						 "}");
}

int main(void)
{
	TREE_TEST("the wrapper reads the facts that were written", the_wrapper_reads_facts);
	TREE_TEST("a VM without facts or grants has a file that says so", facts_of_nothing);
	return unit_run("factswrite");
}
