/* SPDX-License-Identifier: Apache-2.0 */
/* Timers on the virtual clock: a list sorted by deadline. */
#include "machine/bus_priv.h"

#include "base/state.h"

#define NS_PER_S 1000000000u

static void unlink_timer(struct cf_clock *c, struct cf_timer *t)
{
	struct cf_timer **at = &c->first;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
	t->next = NULL;
	t->armed = false;
}

void cf_timer_arm(struct cf_clock *c, struct cf_timer *t, uint64_t deadline)
{
	struct cf_timer **at = &c->first;

	if (t->armed)
		unlink_timer(c, t);
	t->deadline = deadline;
	t->armed = true;
	/* Equal deadlines fire in the order of arming. */
	while (*at && (*at)->deadline <= deadline)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	if (c->first == t && c->earlier)
		c->earlier(c->opaque);
}

void cf_timer_cancel(struct cf_clock *c, struct cf_timer *t)
{
	if (t->armed)
		unlink_timer(c, t);
}

uint64_t cf_clock_deadline(const struct cf_clock *c)
{
	return c->first ? c->first->deadline : UINT64_MAX;
}

void cf_clock_run(struct cf_clock *c)
{
	uint64_t now = cf_clock_now(c);

	while (c->first && c->first->deadline <= now) {
		struct cf_timer *t = c->first;

		unlink_timer(c, t);
		t->fire(t->opaque);
	}
}

uint64_t cf_ns_to_ticks(uint64_t ns, uint64_t hz)
{
	return (uint64_t)((unsigned __int128)ns * hz / NS_PER_S);
}

uint64_t cf_ticks_to_ns(uint64_t ticks, uint64_t hz)
{
	return (uint64_t)(((unsigned __int128)ticks * NS_PER_S + hz - 1) / hz);
}

void cf_state_timer(struct cf_state *s, struct cf_clock *c, struct cf_timer *t)
{
	bool armed = t->armed;
	uint64_t deadline = t->deadline;

	cf_state_bool(s, &armed);
	cf_state_u64(s, &deadline);
	if (!s->loading || !cf_state_ok(s))
		return;
	if (armed)
		cf_timer_arm(c, t, deadline);
	else
		cf_timer_cancel(c, t);
}
