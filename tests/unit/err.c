/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

#include <errno.h>

#include "unit.h"

static void sets(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, ENOENT, "%s: gone", "a.ini"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_text(err.text, "a.ini: gone");
}

static void nobody_asks(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, EINVAL, "never read"), -EINVAL);
}

static void wraps(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, EACCES, "Permission denied");
	assert_int_equal(err_wrap(&err, "cannot bind %s", "0000:65:00.0"), -EACCES);
	assert_int_equal(err_wrap(&err, "vm1"), -EACCES);
	assert_text(err.text, "vm1: cannot bind 0000:65:00.0: Permission denied");
}

static void long_sentences_are_cut(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, EINVAL, "%06000d", 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "front");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "front: 000", 10);
	err_wrap(&err, "%06000d", 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err.code, EINVAL);
}

int main(void)
{
	UNIT_TEST("an error is a code and a sentence", sets);
	UNIT_TEST("an error that nobody asks for is a code alone", nobody_asks);
	UNIT_TEST("what was being done is put in front", wraps);
	UNIT_TEST("a sentence that is too long is cut, and ends", long_sentences_are_cut);
	return unit_run("err");
}
