/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio console with one port.
 *
 * Source: VIRTIO 1.1, section 5.3 "Console Device".
 */
#include "base/base.h"
#include "machine/backend/chardev.h"
#include "machine/virtio/virtio_priv.h"

#define PIECE 4096

enum { Q_RECEIVE = 0, Q_TRANSMIT = 1 };

struct console {
	struct cf_virtio_dev *transport;
	struct cf_chardev *chardev;
	struct cf_virtio_chain chain;
	uint8_t piece[PIECE];
};

static void transmit(struct console *c)
{
	while (cf_virtio_pop(c->transport, Q_TRANSMIT, &c->chain)) {
		uint64_t at = 0, len = c->chain.out_len;

		while (at < len) {
			size_t n =
				len - at < PIECE ? (size_t)(len - at) : PIECE;

			if (!cf_virtio_read(
				    c->transport, &c->chain, at, c->piece, n)) {
				cf_virtio_broken(
					c->transport, "buffer outside memory");
				return;
			}
			cf_chardev_write(c->chardev, c->piece, n);
			at += n;
		}
		cf_virtio_push(c->transport, Q_TRANSMIT, &c->chain, 0);
	}
}

static void console_kick(void *self, unsigned q)
{
	struct console *c = self;

	if (q == Q_TRANSMIT)
		transmit(c);
	else if (c->chardev)
		cf_chardev_more(c->chardev);
}

/* As much as the next receive buffer holds. */
static size_t input_space(void *opaque)
{
	struct console *c = opaque;

	if (!cf_virtio_pop(c->transport, Q_RECEIVE, &c->chain))
		return 0;
	cf_virtio_unpop(c->transport, Q_RECEIVE);
	return c->chain.in_len < PIECE ? (size_t)c->chain.in_len : PIECE;
}

static void input_receive(void *opaque, const uint8_t *p, size_t n)
{
	struct console *c = opaque;

	if (!cf_virtio_pop(c->transport, Q_RECEIVE, &c->chain))
		return;
	if (!cf_virtio_write(c->transport, &c->chain, 0, p, n)) {
		cf_virtio_broken(c->transport, "buffer outside memory");
		return;
	}
	cf_virtio_push(c->transport, Q_RECEIVE, &c->chain, (uint32_t)n);
}

static void console_destroy(void *self)
{
	struct console *c = self;

	cf_chardev_set_input(c->chardev, NULL);
	free(c);
}

static const struct cf_virtio_ops console_ops = {
	.name = "virtio-console",
	.id = 3,
	.class_rev = 0x07800001,
	.nqueues = 2,
	.kick = console_kick,
	.destroy = console_destroy,
};

enum coffer_status cf_virtio_console_create(struct cf_chardev *chardev,
	struct cf_virtio_device *out, struct coffer_error *err)
{
	struct console *c = cf_alloc_array(1, sizeof(*c));

	if (!c)
		return cf_fail_nomem(err, "virtio-console");
	c->chardev = chardev;
	*out = (struct cf_virtio_device) { &console_ops, c, 0, &c->transport };
	cf_chardev_set_input(chardev,
		&(struct cf_chardev_input) { c, input_space, input_receive });
	return COFFER_OK;
}
