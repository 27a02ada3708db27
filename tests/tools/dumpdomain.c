/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What our parser sees in the domain XML on stdin, a line each: name, uuid,
 * "pci 0000:05:00.0 managed", "mdev UUID", owner, and what Nova says.
 */
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "hooks/domain/domain.h"
#include "str.h"

static struct arena arena;

static void read_all(struct strbuf *b)
{
	static char bytes[1 << 16];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		strbuf_addn(b, bytes, n);
}

static void print_hostdev(const struct hostdev *h)
{
	printf("%s %s%s", h->kind == HOSTDEV_PCI ? "pci" : "mdev", h->device,
	       h->managed ? " managed" : "");
	if (h->driver_model)
		printf(" model %s", h->driver_model);
	putchar('\n');
}

static void print_facts(const struct facts *f)
{
	for (enum fact fact = FACT_FLAVOR; fact <= FACT_INSTANCE; fact++)
		for (size_t i = 0; i < f->of[fact].n; i++)
			printf("%s %s\n", condition_keys[fact] + strlen("when-"),
			       str_printable(&arena, f->of[fact].v[i]));
}

static void print_domain(const struct domain *d)
{
	printf("name %s\nuuid %s\n", str_printable(&arena, d->name), d->uuid);
	for (size_t i = 0; i < d->n; i++)
		print_hostdev(&d->hostdevs[i]);
	if (d->has_owner)
		printf("owner %u:%u\n", d->uid, d->gid);
	print_facts(&d->facts);
}

int main(void)
{
	struct strbuf in = { .arena = &arena };
	struct domain d;
	struct err err;
	int rc;

	read_all(&in);
	rc = domain_parse(&arena, strbuf_text(&in), in.len, &d, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	else
		print_domain(&d);
	arena_free(&arena);
	return rc ? 1 : 0;
}
