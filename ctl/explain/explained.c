/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/explain/explained.h"

char *const *explain_argv(struct arena *a, struct strv *words)
{
	strv_push(a, words, NULL);
	words->n--;
	return (char *const *)(const void *)words->v;
}

bool explain_refused(const struct explained *x)
{
	return x->itself || x->d.kind == DECIDE_REFUSE;
}
