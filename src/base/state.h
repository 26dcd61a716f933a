/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an object, field by field in one order: the same walk saves it
 * and loads it, so that the two cannot differ.  What is loaded is untrusted:
 * every field is checked where it is walked over (cf_state_need), before
 * anything uses it.  After the first failure a walk does nothing more; an
 * object that was loaded in part is only good to be destroyed.
 *
 *     void cf_thing_state(struct cf_thing *t, struct cf_state *s)
 *     {
 *             cf_state_u8(s, &t->index);
 *             cf_state_need(s, t->index < 4, "index");
 *     }
 */
#ifndef CF_BASE_STATE_H
#define CF_BASE_STATE_H

#include "base/buf.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_state {
	bool loading;
	struct cf_buf *out;  /* saving: appended to */
	struct cf_cursor in; /* loading */
	const char *wrong;   /* static text: what is; NULL: nothing so far */
};

void cf_state_u8(struct cf_state *s, uint8_t *v);
void cf_state_u16(struct cf_state *s, uint16_t *v);
void cf_state_u32(struct cf_state *s, uint32_t *v);
void cf_state_u64(struct cf_state *s, uint64_t *v);
/* Loading: only 0 and 1. */
void cf_state_bool(struct cf_state *s, bool *v);
void cf_state_bytes(struct cf_state *s, void *p, size_t n);
/* Loading: `what` is named when the condition does not hold. */
void cf_state_need(struct cf_state *s, bool ok, const char *what);
static inline bool cf_state_ok(const struct cf_state *s)
{
	return !s->wrong;
}

#endif
