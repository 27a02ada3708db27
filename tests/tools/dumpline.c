/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our parser sees, as JSON, for tests that hold it against QEMU:
 *
 *	dumpline -- ARGV…	a command line, without the program
 *	dumpline --table	QEMU's options as we know them
 *	dumpline --kind		reads "option driver key value" with tabs, a line
 *				each; answers NUMBER, BOOL or STRING
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "str.h"
#include "wrapper/line/cmdline.h"
#include "wrapper/match.h"
#include "conf/expand.h"
#include "wrapper/line/optval.h"
#include "wrapper/probe.h"
#include "wrapper/line/proptype.h"
#include "wrapper/line/view.h"

static struct arena arena;

/* Latin-1: each byte a character, so that every argv has a JSON text. */
static struct json_object *text(const char *s)
{
	struct strbuf b = { .arena = &arena };

	if (!s)
		return NULL;
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x80)
			strbuf_addc(&b, *s);
		else
			strbuf_addf(&b, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	}
	return json_object_new_string(strbuf_text(&b));
}

static void put(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, value);
}

/* Each key once, with the value that counts. */
static struct json_object *props(const struct cmdline *c, struct arg *arg)
{
	struct json_object *o;
	const struct optval *v;
	struct err err;

	if (!arg->opt || !arg->value)
		return NULL;
	v = view_parsed(c, arg, &err);
	if (!v)
		return NULL;
	o = json_object_new_object();
	for (size_t i = 0; i < v->n; i++)
		put(o, optval_key(v, &v->props[i]),
		    text(optval_get(v, optval_key(v, &v->props[i]))->value));
	return o;
}

static struct json_object *one_arg(const struct cmdline *c, struct arg *arg)
{
	struct json_object *o = json_object_new_object();
	struct err err;

	put(o, "word", text(arg->word));
	put(o, "option", text(arg->opt ? qemuopt_canonical(arg->opt)->name : NULL));
	put(o, "value", text(arg->value));
	put(o, "unknown", json_object_new_boolean(arg->unknown));
	put(o, "props", props(c, arg));
	put(o, "refused", json_object_new_boolean(arg->opt && arg->value &&
						  !view_parsed(c, arg, &err)));
	return o;
}

/* All keys of an option whose uses merge, as QEMU sees them in the end. */
static struct json_object *merged(const struct cmdline *c, const char *option)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < c->n; i++) {
		const struct qemuopt *opt = c->args[i].opt;
		const struct optval *v;
		struct err err;

		if (!opt || !str_eq(opt->means_key ? opt->means : qemuopt_canonical(opt)->name, option))
			continue;
		if (opt->means_key)
			put(o, opt->means_key, text(view_get(c, option, opt->means_key)));
		v = c->args[i].value ? view_parsed(c, &c->args[i], &err) : NULL;
		for (size_t j = 0; v && j < v->n; j++)
			put(o, optval_key(v, &v->props[j]),
			    text(view_get(c, option, optval_key(v, &v->props[j]))));
	}
	return o;
}

/* Properties of the last -cpu; of -global alone where -cpu says nothing. */
static struct json_object *cpu_props(const struct cmdline *c)
{
	const struct qemuopt *cpu = qemuopt_find(&c->opts, "cpu"),
			     *global = qemuopt_find(&c->opts, "global");
	struct json_object *o = json_object_new_object();
	ptrdiff_t last = view_last(c, cpu);
	const struct optval *v;

	for (size_t i = 0; i < c->n; i++) {
		const struct prop *driver, *property, *value;

		if (!arg_is(&c->args[i], global))
			continue;
		v = view_parsed(c, &c->args[i], NULL);
		driver = optval_get(v, "driver");
		property = optval_get(v, "property");
		value = optval_get(v, "value");
		if (driver && property && value &&
		    (str_eq(driver->value, "cpu") || str_ends(driver->value, "-cpu")))
			put(o, property->value, text(value->value));
	}
	v = last < 0 ? NULL : view_parsed(c, &c->args[last], NULL);
	for (size_t i = 1; v && i < v->n; i++) {
		char *key = arena_strdup(&arena, v->props[i].key);

		for (char *p = key; (p = strchr(p, '_'));)
			*p = '-';
		put(o, key, text(optval_get(v, key)->value));
	}
	return o;
}

static int dump_line(char **argv)
{
	static const struct qemuopts opts;
	struct json_object *o = json_object_new_object(), *args = json_object_new_array();
	struct names names;
	struct cmdline c;

	cmdline_parse(&arena, &opts, argv, &c);
	match_names(&arena, &c, &names);
	for (size_t i = 0; i < c.n; i++)
		json_object_array_add(args, one_arg(&c, &c.args[i]));
	put(o, "args", args);
	put(o, "name", text(view_get(&c, "name", "guest")));
	put(o, "uuid", text(names.uuid));
	put(o, "machine", merged(&c, "machine"));
	put(o, "m", merged(&c, "m"));
	put(o, "smp", merged(&c, "smp"));
	put(o, "boot", merged(&c, "boot"));
	put(o, "cpu", text(view_get(&c, "cpu", "model")));
	put(o, "cpu_props", cpu_props(&c));
	put(o, "probe", json_object_new_boolean(probe_is(&c)));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}

static int dump_table(void)
{
	struct json_object *o = json_object_new_object();
	size_t n;
	const struct qemuopt *t = qemuopt_table(&n);

	for (size_t i = 0; i < n; i++)
		put(o, t[i].name, json_object_new_boolean(qemuopt_has_arg(&t[i])));
	puts(json_object_to_json_string(o));
	json_object_put(o);
	return 0;
}

/* Cuts off the first field. */
static char *field(char **line)
{
	return strsep(line, "\t\n");
}

static int answer_kinds(void)
{
	static const char *const names[] = { [JSON_NUMBER] = "NUMBER", [JSON_BOOL] = "BOOL",
					     [JSON_STRING] = "STRING" };
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		char *rest = line;
		const char *option = field(&rest), *driver = field(&rest), *key = field(&rest);
		const char *value = field(&rest);

		if (!value)
			return 1;
		puts(names[proptype(option, driver, key, value)]);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 2;

	if (argc >= 2 && str_eq(argv[1], "--"))
		status = dump_line(argv + 1);
	else if (argc == 2 && str_eq(argv[1], "--table"))
		status = dump_table();
	else if (argc == 2 && str_eq(argv[1], "--kind"))
		status = answer_kinds();
	else
		fputs("usage: dumpline -- ARGV… | --table | --kind\n", stderr);
	arena_free(&arena);
	return status;
}
