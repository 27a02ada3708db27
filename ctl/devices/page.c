/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/devices/page.h"

#include <stdarg.h>
#include <time.h>

#include "arena.h"
#include "ctl/ctl.h"
#include "ctl/devices/device.h"
#include "utc.h"

void page_text(struct page *p, const char *text)
{
	struct arena *a = p->ctl->host.arena;

	strbuf_add(&p->out, str_xml(a, str_printable(a, text)));
}

void page_add(struct page *p, const char *markup, ...)
{
	va_list ap;

	va_start(ap, markup);
	for (; *markup; markup++) {
		if (*markup != '%') {
			strbuf_addc(&p->out, *markup);
			continue;
		}
		markup++;
		if (*markup == 't')
			page_text(p, va_arg(ap, const char *));
		else if (*markup == 's')
			strbuf_add(&p->out, va_arg(ap, const char *));
		else
			strbuf_addf(&p->out, "%zu", va_arg(ap, size_t)), markup++;
	}
	va_end(ap);
}

const char *page_guest(const struct guest *guest)
{
	return guest->name ? guest->name : guest->uuid ? guest->uuid : "without a name";
}

static const char *ago(struct page *p, time_t since)
{
	static const struct {
		long seconds;
		const char *word;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };
	long age = (long)(time(NULL) - since);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		long n = age / units[i].seconds;

		if (n > 0)
			return arena_printf(p->ctl->host.arena, "%ld %s%s", n, units[i].word,
					    n == 1 ? "" : "s");
	}
	return "just now";
}

const char *page_since(struct page *p, const struct guest *guest)
{
	time_t since;

	if (!utc_read(guest->since, &since))
		return "";
	return arena_printf(p->ctl->host.arena, "%.10s %.5s UTC (%s)", guest->since,
			    guest->since + 11, ago(p, since));
}
