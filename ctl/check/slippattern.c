/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/check/slippattern.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "arena.h"
#include "conf/condition.h"
#include "glob.h"
#include "nearest.h"
#include "str.h"

#define BIT(fact) (1u << (fact))
/* One word, of QEMU or of the kernel. */
#define WORDS \
	(BIT(FACT_UUID) | BIT(FACT_HOST) | BIT(FACT_MACHINE) | BIT(FACT_ARCH) | BIT(FACT_ACCEL) | \
	 BIT(FACT_CPU) | BIT(FACT_PCI))
/* Names that people are free to choose. */
#define NAMES \
	(BIT(FACT_NAME) | BIT(FACT_FLAVOR) | BIT(FACT_PROJECT) | BIT(FACT_USER) | BIT(FACT_INSTANCE))
#define ALL (WORDS | NAMES)

const char *slippattern_placeholder(const char *text)
{
	return strstr(text, "CHANGE-ME") ? "CHANGE-ME stands for a value of yours; write that value" :
					   NULL;
}

/* ---- patterns that were meant to be something else ---- */

static const char *find_quotes(struct arena *a, const struct condition *c, const char *glob)
{
	size_t from = strspn(glob, "\"'"), to = strlen(glob);

	(void)c;
	while (to > from && strchr("\"'", glob[to - 1]))
		to--;
	if (from == 0 && glob[to] == '\0')
		return NULL;
	return arena_printf(a, "the quotes are a part of the pattern; write %.*s", (int)(to - from),
			    glob + from);
}

static const char *find_sign(struct arena *a, const struct condition *c, const char *glob)
{
	if (*glob == '=')
		return arena_printf(a, "the '=' is a part of the pattern; write %s = %s",
				    condition_keys[c->fact], str_skip_blanks(glob + strspn(glob, "=")));
	if (str_starts(glob, "not "))
		return arena_printf(a, "write !%s", str_skip_blanks(glob + 4));
	return NULL;
}

static const char *find_placeholder(struct arena *a, const struct condition *c, const char *glob)
{
	(void)a;
	(void)c;
	return slippattern_placeholder(glob);
}

static const char *find_name_of_key(struct arena *a, const struct condition *c, const char *glob)
{
	const char *eq = strchr(glob, '=');

	if (!eq)
		return NULL;
	return arena_printf(a, "the value of %s alone is compared; write %s", condition_keys[c->fact],
			    eq[1] ? eq + 1 : "it");
}

static const char *find_percent(struct arena *a, const struct condition *c, const char *glob)
{
	(void)c;
	return *glob == '%' ? arena_printf(a, "'%s' is not expanded in a condition", glob) : NULL;
}

/* ---- regular expressions ---- */

/* Bytes of an expression for one character: ., [0-9], \d; 0 if s is none. */
static size_t length_of_one(const char *s)
{
	const char *close = *s == '[' ? strchr(s + 1, ']') : NULL;

	if (close)
		return (size_t)(close - s) + 1;
	if (*s == '\\' && s[1] && strchr("dws", s[1]))
		return 2;
	return *s == '.' && (s[1] == '*' || s[1] == '+');
}

/* The glob that a simple regular expression means. */
static const char *as_glob(struct arena *a, const char *regex)
{
	struct strbuf b = { .arena = a };

	for (const char *s = regex + (*regex == '^'); *s; s++) {
		size_t one = length_of_one(s);

		if (one) {
			s += one - 1;
			strbuf_add(&b, s[1] == '+' ? "?*" : s[1] == '*' ? "*" : "?");
			s += s[1] == '+' || s[1] == '*';
		} else if (*s == '\\' && s[1])
			strbuf_addc(&b, *++s);
		else if (*s != '$' || s[1])
			strbuf_addc(&b, *s);
	}
	return strbuf_text(&b);
}

/* m1.* is a flavor, node1.* a host and rhel6.* a machine type: a glob, as it stands. */
static bool may_have_dots(enum fact fact)
{
	return BIT(fact) & (BIT(FACT_FLAVOR) | BIT(FACT_HOST) | BIT(FACT_MACHINE) | BIT(FACT_INSTANCE));
}

static const char *find_regex(struct arena *a, const struct condition *c, const char *glob)
{
	size_t len = strlen(glob);
	bool anchored = *glob == '^' || (len > 1 && glob[len - 1] == '$');
	bool begins = str_starts(glob, ".*") || str_starts(glob, ".+");
	bool dotted = strstr(glob, ".*") || strstr(glob, ".+");

	if (!anchored && !begins && !strstr(glob, "\\d") && (!dotted || may_have_dots(c->fact)))
		return NULL;
	return arena_printf(a,
			    "a pattern is not a regular expression: * is any text, ? one "
			    "character, and it always matches the whole value; write %s",
			    as_glob(a, glob));
}

/* One pattern for each character of head[1-4]tail, if those are few. */
static const char *each_of_range(struct arena *a, const char *glob, const char *open)
{
	struct strbuf b = { .arena = a };
	unsigned char from = (unsigned char)open[1], to = (unsigned char)open[3];

	if (!isalnum(from) || open[2] != '-' || open[4] != ']' || to < from || to - from > 9)
		return "a pattern for each value, with commas between them";
	for (int at = from; at <= to; at++)
		strbuf_addf(&b, "%s%.*s%c%s", at == from ? "" : ", ", (int)(open - glob), glob, at,
			    open + 5);
	return strbuf_text(&b);
}

static const char *find_brackets(struct arena *a, const struct condition *c, const char *glob)
{
	const char *open = strchr(glob, '[');

	(void)c;
	if (open && strchr(open, ']'))
		return arena_printf(a, "'[' and ']' are only characters in a pattern; write %s",
				    each_of_range(a, glob, open));
	open = strchr(glob, '(');
	if (strchr(glob, '|') || (open && strchr(open, ')') && strchr(glob, '*')))
		return "'|', '(' and ')' are only characters in a pattern; write a pattern for each "
		       "value, with commas between them";
	return NULL;
}

/* ---- lists ---- */

static const char *find_list(struct arena *a, const struct condition *c, const char *glob)
{
	static const char *const words[] = { " and ", " or ", " AND ", " OR ", ";", "||", "&&" };

	(void)c;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(glob, words[i]))
			return arena_printf(a,
					    "'%s' does not separate values: write commas between "
					    "them, and one key for each condition",
					    str_trim(a, words[i], strlen(words[i])));
	return NULL;
}

static const char *find_blanks(struct arena *a, const struct condition *c, const char *glob)
{
	if (!strpbrk(glob, " \t") || c->quoted)
		return NULL;
	return arena_printf(a, "%s; for several values write commas between them",
			    BIT(c->fact) & WORDS ? "no such value has a blank in it" :
						   "this is one name with blanks in it");
}

/* ---- values of one kind ---- */

static const char *find_hex(struct arena *a, const struct condition *c, const char *glob)
{
	const char *x = strstr(glob, "0x");

	(void)c;
	if (x)
		return arena_printf(a, "ids have no 0x; write %s%s",
				    str_trim(a, glob, (size_t)(x - glob)), x + 2);
	if (glob[strspn(glob, "0123456789abcdefABCDEF:*?")])
		return "an id is VENDOR:DEVICE, hex digits as `lspci -nn` prints them, such as 10de:*";
	return NULL;
}

static const char *find_uuid(struct arena *a, const struct condition *c, const char *glob)
{
	(void)a;
	(void)c;
	return glob[strspn(glob, "0123456789abcdefABCDEF-*?")] ?
		       "a UUID has only hex digits and '-'" :
		       NULL;
}

/* A word that people write for a word of QEMU's. */
struct other_name {
	const char *written, *meant;
};

/* The names of QEMU's emulators after qemu-system-. */
static const char *const arches[] = {
	"aarch64", "alpha", "arm", "avr", "cris", "hppa", "i386", "loongarch64", "m68k",
	"microblaze", "microblazeel", "mips", "mips64", "mips64el", "mipsel", "nios2", "or1k",
	"ppc", "ppc64", "riscv32", "riscv64", "rx", "s390x", "sh4", "sh4eb", "sparc", "sparc64",
	"tricore", "x86_64", "xtensa", "xtensaeb", NULL,
};
static const struct other_name arch_names[] = {
	{ "amd64", "x86_64" }, { "x86-64", "x86_64" }, { "x64", "x86_64" },    { "arm64", "aarch64" },
	{ "x86", "i386" },     { "i686", "i386" },     { "ppc64le", "ppc64" }, { "armhf", "arm" },
	{ "armv7l", "arm" },   { NULL, NULL },
};

/* accel/ and target/ of QEMU 7.2 to 11. */
static const char *const accels[] = { "hax", "hvf", "kvm", "mshv", "nvmm", "qtest", "tcg", "whpx", "xen", NULL };
static const struct other_name accel_names[] = {
	{ "on", "kvm" }, { "yes", "kvm" }, { "hw", "kvm" }, { "qemu", "tcg" }, { NULL, NULL },
};

/* Of libvirt's <cpu mode=…>. */
static const struct other_name cpu_names[] = {
	{ "host-passthrough", "host" }, { "host-model", "the model that libvirt writes" },
	{ "passthrough", "host" },	{ NULL, NULL },
};

/* No machine type of QEMU. Its aliases q35 and pc are on command lines that libvirt did not write. */
static const struct other_name machine_names[] = {
	{ "pc-q35", "q35, pc-q35-*" },
	{ "i440fx", "pc, pc-i440fx-*" },
	{ "pc-i440fx", "pc, pc-i440fx-*" },
	{ "Q35", "q35, pc-q35-*" },
	{ NULL, NULL },
};

static const char *meant_by(const struct other_name *others, const char *written)
{
	for (; others->written; others++)
		if (str_eq(others->written, written))
			return others->meant;
	return NULL;
}

static bool any_matches(const char *const *words, const char *glob)
{
	for (; *words; words++)
		if (glob_match(glob, *words))
			return true;
	return false;
}

static const char *nearest_of(const char *const *words, const struct other_name *others,
			      const char *glob)
{
	struct nearest near = { .word = glob };

	for (; others->written; others++)
		if (strcasecmp(others->written, glob) == 0)
			return others->meant;
	for (; *words; words++) {
		if (strcasecmp(*words, glob) == 0)
			return *words;
		nearest_try(&near, *words);
	}
	return near.best;
}

static const char *not_in(struct arena *a, const char *const *words, const struct other_name *others,
			  const char *glob, const char *what)
{
	const char *meant;

	if (any_matches(words, glob))
		return NULL;
	meant = nearest_of(words, others, glob);
	return arena_printf(a, "QEMU has no such %s%s%s", what, meant ? "; write " : "",
			    meant ? meant : "");
}

static const char *find_arch(struct arena *a, const struct condition *c, const char *glob)
{
	(void)c;
	return not_in(a, arches, arch_names, glob, "architecture");
}

static const char *find_accel(struct arena *a, const struct condition *c, const char *glob)
{
	(void)c;
	return not_in(a, accels, accel_names, glob, "accelerator");
}

static const char *find_cpu(struct arena *a, const struct condition *c, const char *glob)
{
	const char *meant = meant_by(cpu_names, glob);

	(void)c;
	return meant ? arena_printf(a, "this is a word of libvirt's XML; on the command line is %s", meant) :
		       NULL;
}

static const char *find_machine(struct arena *a, const struct condition *c, const char *glob)
{
	const char *meant = meant_by(machine_names, glob);

	(void)c;
	return meant ? arena_printf(a, "QEMU has no such machine type; write %s", meant) : NULL;
}

static const char *find_file(struct arena *a, const struct condition *c, const char *glob)
{
	(void)c;
	if (strchr(glob, '/'))
		return "the name of a domain has no '/'; `virsh list --all` prints the names";
	if (str_ends(glob, ".xml"))
		return arena_printf(a, "this is the name of a file; the name of the domain is %s",
				    str_trim(a, glob, strlen(glob) - 4));
	return NULL;
}

/* Of each pattern, the first that has something to say is reported. */
static const struct {
	unsigned facts;
	const char *(*find)(struct arena *a, const struct condition *c, const char *glob);
} slips[] = {
	{ ALL, find_quotes },
	{ ALL, find_sign },
	{ ALL, find_placeholder },
	{ WORDS & ~BIT(FACT_HOST), find_name_of_key },
	{ ALL, find_percent },
	{ ALL, find_regex },
	{ ALL, find_brackets },
	{ ALL, find_list },
	{ WORDS | BIT(FACT_NAME), find_blanks },
	{ BIT(FACT_PCI), find_hex },
	{ BIT(FACT_UUID), find_uuid },
	{ BIT(FACT_ARCH), find_arch },
	{ BIT(FACT_ACCEL), find_accel },
	{ BIT(FACT_CPU), find_cpu },
	{ BIT(FACT_MACHINE), find_machine },
	{ BIT(FACT_NAME), find_file },
};

const char *slippattern_find(struct arena *a, const struct condition *c, const struct pattern *p)
{
	const char *found = NULL;

	for (size_t i = 0; !found && i < sizeof(slips) / sizeof(slips[0]); i++)
		if (slips[i].facts & BIT(c->fact))
			found = slips[i].find(a, c, p->glob);
	return found;
}
