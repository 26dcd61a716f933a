/* SPDX-License-Identifier: Apache-2.0 */
/* Saving and loading fields in one walk. */
#include "base/state.h"

#include <string.h>

void cf_state_need(struct cf_state *s, bool ok, const char *what)
{
	if (s->loading && !s->wrong && !ok)
		s->wrong = what;
}

void cf_state_bytes(struct cf_state *s, void *p, size_t n)
{
	const uint8_t *from;

	if (s->wrong)
		return;
	if (!s->loading) {
		cf_buf_append(s->out, p, n);
		return;
	}
	if (cf_take(&s->in, n, &from))
		memcpy(p, from, n);
	else
		s->wrong = "the end, which comes too early";
}

void cf_state_u8(struct cf_state *s, uint8_t *v)
{
	cf_state_bytes(s, v, 1);
}

void cf_state_u16(struct cf_state *s, uint16_t *v)
{
	uint8_t b[2];

	cf_store_le16(b, *v);
	cf_state_bytes(s, b, sizeof(b));
	if (s->loading && !s->wrong)
		*v = cf_load_le16(b);
}

void cf_state_u32(struct cf_state *s, uint32_t *v)
{
	uint8_t b[4];

	cf_store_le32(b, *v);
	cf_state_bytes(s, b, sizeof(b));
	if (s->loading && !s->wrong)
		*v = cf_load_le32(b);
}

void cf_state_u64(struct cf_state *s, uint64_t *v)
{
	uint8_t b[8];

	cf_store_le64(b, *v);
	cf_state_bytes(s, b, sizeof(b));
	if (s->loading && !s->wrong)
		*v = cf_load_le64(b);
}

void cf_state_bool(struct cf_state *s, bool *v)
{
	uint8_t b = *v;

	cf_state_u8(s, &b);
	cf_state_need(s, b <= 1, "a flag");
	if (s->loading && !s->wrong)
		*v = b;
}
