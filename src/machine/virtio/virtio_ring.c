/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split virtqueues.  Everything in them is the guest's to write at any time:
 * a descriptor is copied once, checked, and only the copy is used.
 *
 * Source: VIRTIO 1.1, section 2.6 "Split Virtqueues".
 */
#include "base/base.h"
#include "machine/virtio/virtio_priv.h"
#include "memory/memory.h"

#define DESC_LEN     16
#define DESC_NEXT    1u
#define DESC_WRITE   2u
#define NO_INTERRUPT 1u

static bool read16(struct cf_virtio_dev *d, uint64_t gpa, uint16_t *out)
{
	uint8_t b[2];

	if (cf_guest_read(cf_virtio_memory(d), gpa, b, 2, NULL))
		return false;
	*out = cf_load_le16(b);
	return true;
}

/* The chain from head on; false: it breaks a rule. */
static bool walk(struct cf_virtio_dev *d, const struct cf_virtio_queue *q,
	struct cf_virtio_chain *c)
{
	uint16_t at = c->head;

	for (unsigned n = 0; n < q->size && n < CF_VIRTIO_CHAIN_MAX; n++) {
		uint8_t b[DESC_LEN];
		uint16_t flags;
		uint32_t len;

		if (cf_guest_read(cf_virtio_memory(d),
			    q->desc + (uint64_t)at * DESC_LEN, b, sizeof(b),
			    NULL))
			return false;
		len = cf_load_le32(b + 8);
		flags = cf_load_le16(b + 12);
		if (flags & ~(DESC_NEXT | DESC_WRITE))
			return false;
		if (!(flags & DESC_WRITE) && c->nin)
			return false; /* readable after writable */
		c->part[c->nout + c->nin] =
			(struct cf_virtio_part) { cf_load_le64(b), len };
		if (flags & DESC_WRITE) {
			c->nin++;
			c->in_len += len;
		} else {
			c->nout++;
			c->out_len += len;
		}
		if (!(flags & DESC_NEXT))
			return true;
		at = cf_load_le16(b + 14);
		if (at >= q->size)
			return false;
	}
	return false; /* longer than the queue: a loop */
}

bool cf_virtio_pop(
	struct cf_virtio_dev *d, unsigned index, struct cf_virtio_chain *out)
{
	struct cf_virtio_queue *q = cf_virtio_queue_of(d, index);
	uint16_t avail;

	if (!q->ready)
		return false;
	if (!read16(d, q->driver + 2, &avail)) {
		cf_virtio_broken(d, "available ring outside memory");
		return false;
	}
	if (avail == q->next_avail)
		return false;
	if ((uint16_t)(avail - q->next_avail) > q->size) {
		cf_virtio_broken(d, "available index beyond the queue");
		return false;
	}
	out->nout = out->nin = 0;
	out->out_len = out->in_len = 0;
	if (!read16(d, q->driver + 4 + 2ull * (q->next_avail % q->size),
		    &out->head) ||
		out->head >= q->size || !walk(d, q, out)) {
		cf_virtio_broken(d, "bad descriptor chain");
		return false;
	}
	q->next_avail++;
	return true;
}

void cf_virtio_unpop(struct cf_virtio_dev *d, unsigned index)
{
	cf_virtio_queue_of(d, index)->next_avail--;
}

void cf_virtio_push(struct cf_virtio_dev *d, unsigned index,
	const struct cf_virtio_chain *c, uint32_t len)
{
	struct cf_virtio_queue *q = cf_virtio_queue_of(d, index);
	struct cf_memory *mem = cf_virtio_memory(d);
	uint64_t at = q->device + 4 + 8ull * (q->next_used % q->size);
	uint8_t element[8], idx[2];
	uint16_t flags = 0;

	cf_store_le32(element, c->head);
	cf_store_le32(element + 4, len);
	cf_store_le16(idx, ++q->next_used);
	if (cf_guest_write(mem, at, element, 8, NULL)) {
		cf_virtio_broken(d, "used ring outside memory");
		return;
	}
	/* The element must be there before the index says so. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (cf_guest_write(mem, q->device + 2, idx, 2, NULL)) {
		cf_virtio_broken(d, "used ring outside memory");
		return;
	}
	if (read16(d, q->driver, &flags) && !(flags & NO_INTERRUPT))
		cf_virtio_interrupt(d, index);
}

/* The piece of the parts that holds `offset`. */
static bool locate(const struct cf_virtio_part *part, size_t n,
	uint64_t *offset, size_t *i)
{
	for (*i = 0; *i < n; (*i)++) {
		if (*offset < part[*i].len)
			return true;
		*offset -= part[*i].len;
	}
	return false;
}

static bool transfer(struct cf_virtio_dev *d, const struct cf_virtio_part *part,
	size_t n, uint64_t offset, uint8_t *out, const uint8_t *in, size_t len)
{
	struct cf_memory *mem = cf_virtio_memory(d);
	size_t i;

	while (len) {
		size_t now;
		enum coffer_status s;

		if (!locate(part, n, &offset, &i))
			return false;
		now = part[i].len - (size_t)offset;
		if (now > len)
			now = len;
		if (in)
			s = cf_guest_write(
				mem, part[i].gpa + offset, in, now, NULL);
		else
			s = cf_guest_read(
				mem, part[i].gpa + offset, out, now, NULL);
		if (s)
			return false;
		part += i;
		n -= i;
		offset += now;
		in = in ? in + now : NULL;
		out = out ? out + now : NULL;
		len -= now;
	}
	return true;
}

bool cf_virtio_read(struct cf_virtio_dev *d, const struct cf_virtio_chain *c,
	uint64_t offset, void *out, size_t len)
{
	return transfer(d, c->part, c->nout, offset, out, NULL, len);
}

bool cf_virtio_write(struct cf_virtio_dev *d, const struct cf_virtio_chain *c,
	uint64_t offset, const void *in, size_t len)
{
	return transfer(d, c->part + c->nout, c->nin, offset, NULL, in, len);
}
