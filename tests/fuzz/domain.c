/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain XML. What is taken has a name without '/', UUIDs and addresses that
 * are safe in a path, no device twice; what is refused is refused with one
 * sentence; a DOCTYPE is never taken.
 */
#include "err.h"
#include "fuzz.h"
#include "hooks/domain/domain.h"

static void check_uuid(const char *s)
{
	must(strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36, "the uuid '%s'", s);
}

/* dddd:bb:ss.f */
static void check_address(const char *s)
{
	unsigned domain, bus, slot, function;
	char again[32];

	must(sscanf(s, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4, "'%s'", s);
	snprintf(again, sizeof(again), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	must(str_eq(s, again) && bus <= 0xff && slot <= 0x1f && function <= 7, "'%s'", s);
}

static void check_hostdev(const struct domain *d, size_t i)
{
	const struct hostdev *h = &d->hostdevs[i];

	if (h->kind == HOSTDEV_PCI)
		check_address(h->device);
	else
		check_uuid(h->device);
	if (h->driver_model)
		must(*h->driver_model && !strpbrk(h->driver_model, "/. \n"), "'%s'", h->driver_model);
	for (size_t j = 0; j < i; j++)
		must(!str_eq(h->device, d->hostdevs[j].device), "%s twice", h->device);
}

static void check_domain(const struct domain *d)
{
	must(*d->name && !strchr(d->name, '/'), "the name '%s'", d->name);
	check_uuid(d->uuid);
	for (size_t i = 0; i < d->n; i++)
		check_hostdev(d, i);
	for (enum fact f = 0; f < FACT_COUNT; f++)
		for (size_t i = 0; i < d->facts.of[f].n; i++)
			must(*d->facts.of[f].v[i], "an empty fact");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct err err = { 0 };
	struct domain d;

	if (domain_parse(&arena, (const char *)data, size, &d, &err) == 0) {
		check_domain(&d);
	} else {
		must(err.code > 0 && str_starts(err.text, "domain XML"), "'%s'", err.text);
		must(!strpbrk(err.text, "\n\033"), "a control byte in '%s'", err.text);
	}
	arena_free(&arena);
	return 0;
}
