/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of a serial port come from and go to: the terminal, a file,
 * a Unix socket, nowhere, or a buffer.  One frontend (a device) per backend.
 */
#ifndef CF_CHARDEV_H
#define CF_CHARDEV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;
struct cf_chardev;

/* As QEMU spells it: stdio, mon:stdio, null, file:PATH, unix:PATH[,server=on]
 * [,wait=off].  With mon: the keys C-a x end the machine, C-a C-a sends C-a.
 * wait (the default of a server) blocks until somebody connects. */
enum coffer_status cf_chardev_open(const char *spec, struct cf_chardev **out,
	struct coffer_error *err) CF_MUST_CHECK;
/* Output is appended to *sink (kept, may be NULL); see cf_chardev_feed. */
enum coffer_status cf_chardev_buffer(struct cf_buf *sink,
	struct cf_chardev **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_chardev_destroy(struct cf_chardev *c); /* NULL is fine */

/* Output that cannot be written soon is dropped: a guest must not block the
 * machine.  NULL c: nothing happens. */
void cf_chardev_write(struct cf_chardev *c, const uint8_t *p, size_t n);

/* The device that takes input.  space: bytes that it takes now. */
struct cf_chardev_input {
	void *opaque;
	size_t (*space)(void *opaque);
	void (*receive)(void *opaque, const uint8_t *p, size_t n);
};
void cf_chardev_set_input(
	struct cf_chardev *c, const struct cf_chardev_input *input);
/* Give bytes to the device as if they had been typed; returns how many it
 * took. */
size_t cf_chardev_feed(struct cf_chardev *c, const uint8_t *p, size_t n);
/* For the device: there is space for input again. */
void cf_chardev_more(struct cf_chardev *c);

/* For the machine: C-a x was typed; the loop should poll anew. */
struct cf_chardev_host {
	void *opaque;
	void (*quit)(void *opaque);
	void (*wake)(void *opaque);
};
void cf_chardev_set_host(
	struct cf_chardev *c, const struct cf_chardev_host *host);

/* For the I/O loop: the descriptor to wait on for input, or -1 when there is
 * none or too much waits already; and what to do when it is readable. */
int cf_chardev_poll_fd(struct cf_chardev *c);
void cf_chardev_readable(struct cf_chardev *c);

#endif
