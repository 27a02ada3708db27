/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inih splits the lines; this reader feeds it. The packaged library alone (tried with 55)
 * cuts lines at 199 bytes and reads the tail as a new key, cuts names at 49, appends an
 * indented line to the value above it, starts a comment at " ;" inside a value, gives
 * handlers no line number, and does not report an empty section. So the reader announces
 * the sections, passes one logical line at a time, without indentation, refuses what inih
 * would mangle, and keeps the key and the value itself: inih looks at each byte that it gets.
 */
#include "inifile.h"

#include <ini.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "file.h"
#include "mistake.h"
#include "str.h"

/* INI_MAX_SECTION and INI_MAX_NAME of inih are 50 bytes with the NUL. */
#define NAME_MAX_BYTES 49

struct reader {
	struct arena *arena;
	const char *file;
	const char *next, *end; /* what is left of the text */
	bool has_nul;
	unsigned line;		/* of the physical line that next begins */
	unsigned logical;	/* of the logical line now in work */
	struct strbuf text;	/* of the logical line now in work */
	const char *key, *value; /* of the key line now in work */
	bool append;		/* it has += */
	const struct ini_events *events;
	void *user;
	struct mistakes *mistakes;
};

/*
 * Might one of these eight bytes be below 0x20, or 0x7f? Most lines have none, and
 * every start of a VM asks. (Bit tricks: Hacker's Delight, "find first 0-byte".)
 */
static bool may_be_control(const char *eight)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t w, del;

	memcpy(&w, eight, 8);
	del = w ^ ones * 0x7f;
	return ((w - ones * 0x20) & ~w & high) || ((del - ones) & ~del & high);
}

static bool is_plain(const char *line, size_t len)
{
	for (; len >= 8; line += 8, len -= 8)
		if (may_be_control(line))
			return false;
	for (; len; line++, len--)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			return false;
	return true;
}

/* inih takes some of them for blanks. */
static void check_bytes(struct reader *r, const char *line, size_t len)
{
	if (is_plain(line, len))
		return;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f) {
			mistake_add(r->mistakes, r->file, r->line,
				    "the line contains a %s byte (0x%02x); the file must be a text "
				    "file",
				    line[i] ? "control" : "NUL", (unsigned char)line[i]);
			return;
		}
}

/* The next physical line without its end; the length, or -1 at the end of the text. */
static ptrdiff_t physical_line(struct reader *r, const char **line)
{
	const char *nl;
	size_t len;

	if (r->next == r->end)
		return -1;
	*line = r->next;
	nl = memchr(r->next, '\n', (size_t)(r->end - r->next));
	len = (size_t)((nl ? nl : r->end) - r->next);
	r->next = nl ? nl + 1 : r->end;
	r->line++;
	if (len && (*line)[len - 1] == '\r')
		len--;
	return (ptrdiff_t)len;
}

static bool ends_in_backslash(const char *line, size_t len)
{
	return len && line[len - 1] == '\\';
}

static bool is_comment(const char *line, ptrdiff_t len)
{
	return len > 0 && (*line == '#' || *line == ';');
}

/* physical_line() without the blanks before it: indentation means nothing. */
static ptrdiff_t stripped_line(struct reader *r, const char **line)
{
	ptrdiff_t len = physical_line(r, line);

	while (len > 0 && (**line == ' ' || **line == '\t'))
		++*line, len--;
	if (len > 0 && (!is_comment(*line, len) || r->has_nul))
		check_bytes(r, *line, (size_t)len);
	return len;
}

/* Most of a rule file is comments from the first column on: a NUL matters, no other byte. */
static void skip_comments(struct reader *r)
{
	while (!r->has_nul && r->next < r->end && (*r->next == '#' || *r->next == '\n')) {
		const char *nl = memchr(r->next, '\n', (size_t)(r->end - r->next));

		r->next = nl ? nl + 1 : r->end;
		r->line++;
	}
}

/* Skips empty lines and comments, which a backslash does not continue. */
static ptrdiff_t first_line(struct reader *r, const char **line)
{
	ptrdiff_t len;

	skip_comments(r);
	do
		len = stripped_line(r, line);
	while (len == 0 || is_comment(*line, len));
	return len;
}

/* Joins continued lines without a blank. NULL at the end. */
static char *logical_line(struct reader *r)
{
	const char *line = "";
	ptrdiff_t len = first_line(r, &line);

	if (len < 0)
		return NULL;
	r->logical = r->line;
	r->text.len = 0;
	while (ends_in_backslash(line, (size_t)len)) {
		strbuf_addn(&r->text, line, (size_t)len - 1);
		len = stripped_line(r, &line);
		if (len < 0) {
			mistake_add(r->mistakes, r->file, r->logical,
				    "the last line ends in a backslash, but no line follows");
			len = 0;
		}
	}
	strbuf_addn(&r->text, line, (size_t)len);
	return r->text.text;
}

/* Skips a "…" at s; NULL if the quote never ends. */
static const char *skip_quoted(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : NULL;
}

static bool has_inline_comment(const char *value)
{
	if (!strpbrk(value, ";#"))
		return false;
	for (const char *s = value; *s; s++) {
		const char *past = *s == '"' ? skip_quoted(s) : NULL;

		if (past) {
			s = past - 1;
			continue;
		}
		if ((*s == ' ' || *s == '\t') && (s[1] == ';' || s[1] == '#'))
			return true;
	}
	return false;
}

const char *inifile_unquote(struct arena *a, const char *value)
{
	struct strbuf b = { .arena = a };
	const char *past = *value == '"' ? skip_quoted(value) : NULL;

	if (!past || *past)
		return value;
	for (const char *s = value + 1; s < past - 1; s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		strbuf_addc(&b, *s);
	}
	return strbuf_text(&b);
}

/* The mistake in "[name]…", or NULL. */
static const char *section_problem(struct reader *r, const char *line, size_t name)
{
	const char *after = line[1 + name] ? str_skip_blanks(line + name + 2) : "";

	if (line[1 + name] == '\0')
		return "the section has no ']'";
	if (*after && *after != '#' && *after != ';')
		return arena_printf(r->arena, "'%s' is not allowed after the ']' of the section",
				    after);
	if (name == 0)
		return "the section has no name";
	if (name > NAME_MAX_BYTES)
		return arena_printf(r->arena, "the section name has %zu bytes; maximum %d", name,
				    NAME_MAX_BYTES);
	return NULL;
}

/*
 * The section is announced here, because inih never reports an empty one. It is announced
 * whether right or wrong: the keys below it must not fall to the rule above.
 */
static void take_section(struct reader *r, const char *line)
{
	size_t name = strcspn(line + 1, "]");
	const char *problem = section_problem(r, line, name);

	if (problem)
		mistake_add(r->mistakes, r->file, r->logical, "%s", problem);
	r->events->section(r->user, arena_strndup(r->arena, line + 1, name), r->logical);
}

/* The operator of "key OP value": the '=' at sep, and the signs that touch it; the key's length. */
static const char *operator_of(struct reader *r, const char *line, const char *sep, size_t *key)
{
	const char *from = sep, *to = sep + 1;

	while (from > line && strchr("+-!?~<>^|&*%.", from[-1]))
		from--;
	while (*to && strchr("=~>+", *to))
		to++;
	if (to == sep + 1 && *str_skip_blanks(to) == '=')
		to = str_skip_blanks(to) + 1;
	for (*key = (size_t)(from - line); *key && strchr(" \t", line[*key - 1]);)
		--*key;
	return arena_strndup(r->arena, from, (size_t)(to - from));
}

/* "key = value", as nearly all lines are: a blank on both sides. */
static bool is_plain_equals(const char *line, const char *sep)
{
	return sep > line && sep[-1] == ' ' && sep[1] == ' ' && sep[2] != '=' && sep[2] != ' ';
}

/* Other formats have more of them: "k == v" is hardly meant to be the value "= v". */
static bool check_operator(struct reader *r, const char *line, const char *sep)
{
	const char *op;
	size_t key;

	if (is_plain_equals(line, sep))
		return true;
	op = operator_of(r, line, sep, &key);
	if (str_eq(op, "=") || (str_eq(op, "+=") && r->events->append))
		return true;
	if (str_eq(op, "+="))
		mistake_add(r->mistakes, r->file, r->logical,
			    "'+=' is only for the lists of kvmshim.conf; write %.*s = VALUE",
			    (int)key, line);
	else
		mistake_add(r->mistakes, r->file, r->logical,
			    "'%s' is not an operator; write %.*s = VALUE", op, (int)key, line);
	return false;
}

/* Keeps the key and the value, and leaves "k=" in line: inih need only see that it has a key. */
static bool take_key(struct reader *r, char *line)
{
	const char *sep = strpbrk(line, "=:");
	size_t key;

	if (!sep || *sep != '=') {
		mistake_add(r->mistakes, r->file, r->logical,
			    "'%s': must be a [section] or key = value%s", line,
			    r->value && str_ends(r->value, ",") ?
				    "; to continue the line above, end it with \\" :
				    "");
		return false;
	}
	r->append = sep > line && sep[-1] == '+';
	key = (size_t)(sep - line) - r->append;
	while (key && (line[key - 1] == ' ' || line[key - 1] == '\t'))
		key--;
	if (key == 0 || key > NAME_MAX_BYTES || memchr(line, ';', key)) {
		mistake_add(r->mistakes, r->file, r->logical,
			    key == 0		   ? "the value has no key" :
			    key > NAME_MAX_BYTES ? "the key has more than 49 bytes" :
						     "the key contains ';'");
		return false;
	}
	if (!check_operator(r, line, sep))
		return false;
	r->value = str_trim(r->arena, sep + 1, strlen(sep + 1));
	if (has_inline_comment(r->value)) {
		mistake_add(r->mistakes, r->file, r->logical,
			    "the value contains a blank followed by ';' or '#'; put a comment on "
			    "its own line, or put the value in \"quotes\"");
		return false;
	}
	r->key = arena_strndup(r->arena, line, key);
	memcpy(line, "k=", sizeof("k="));
	return true;
}

/* fgets() for ini_parse_stream(): the next line with a key. */
static char *feed_line(char *out, int size, void *stream)
{
	struct reader *r = stream;
	char *line;
	size_t len;

	do {
		line = logical_line(r);
		if (!line)
			return NULL;
		if (*line == '[')
			take_section(r, line);
	} while (*line == '\0' || *line == '[' || !take_key(r, line));
	len = strnlen(line, (size_t)size - 2);
	memcpy(out, line, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	return out;
}

static int handle_key(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	(void)section;
	(void)name;
	(void)value;
	(r->append ? r->events->append : r->events->key)(r->user, r->key, r->value, r->logical);
	return 1;
}

void inifile_read(struct arena *a, const struct file *file, const struct ini_events *events,
		  void *user, struct mistakes *m)
{
	struct reader r = {
		.arena = a,
		.file = file->path,
		.next = file->text,
		.end = file->text + file->len,
		.events = events,
		.user = user,
		.mistakes = m,
		.text.arena = a,
		.has_nul = memchr(file->text, '\0', file->len) != NULL,
	};
	int refused;

	if (file->len >= 3 && memcmp(file->text, "\xef\xbb\xbf", 3) == 0)
		r.next += 3;
	refused = ini_parse_stream(feed_line, &r, handle_key, &r);
	if (refused)
		mistake_add(m, file->path, r.logical,
			    "the file is not a valid INI file (inih: line %d)",
			    refused);
}
