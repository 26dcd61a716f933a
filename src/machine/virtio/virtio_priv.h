/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio 1.x devices on PCI.  A device is a type with a few callbacks; the
 * transport (virtio_pci.c) and the rings (virtio_ring.c) are shared.  Rings
 * and buffers lie in guest memory as the host sees it; every index, length
 * and chain is checked where it is read.
 *
 * Source: Virtual I/O Device (VIRTIO) Version 1.1, OASIS.
 */
#ifndef CF_MACHINE_VIRTIO_PRIV_H
#define CF_MACHINE_VIRTIO_PRIV_H

#include "machine/devices_priv.h"
#include "machine/pci_priv.h"

#define CF_MAX_VIRTIO       12
#define CF_VIRTIO_QUEUES    4
#define CF_VIRTIO_QUEUE_MAX 256
#define CF_VIRTIO_CHAIN_MAX 256

struct cf_apics;
struct cf_state;
struct cf_virtio_dev;

/* One buffer of a request. */
struct cf_virtio_part {
	uint64_t gpa;
	uint32_t len;
};

/* A request: parts that the device reads, then parts that it writes. */
struct cf_virtio_chain {
	uint16_t head;
	size_t nout, nin;
	struct cf_virtio_part part[CF_VIRTIO_CHAIN_MAX];
	uint64_t out_len, in_len;
};

struct cf_virtio_queue {
	uint16_t size;
	bool ready;
	uint64_t desc, driver, device; /* guest addresses */
	uint16_t next_avail, next_used;
	uint16_t msix_vector;
};

/* A type of device. */
struct cf_virtio_ops {
	const char *name;
	uint16_t id; /* 1 net, 2 block, 3 console, 4 entropy */
	uint32_t class_rev;
	unsigned nqueues;
	uint64_t features;
	/* The driver put something into queue q. */
	void (*kick)(void *self, unsigned q);
	/* Device configuration space. */
	uint32_t (*config_read)(void *self, unsigned offset, unsigned size);
	/* After a reset by the driver; may be NULL. */
	void (*reset)(void *self);
	/* What it keeps between two requests; NULL: nothing that counts. */
	void (*state)(void *self, struct cf_state *s);
	void (*destroy)(void *self);
};

/* ops and self are kept; self is destroyed with the device. */
enum coffer_status cf_virtio_pci_create(const struct cf_dev_env *env,
	struct cf_pci *pci, struct cf_apics *apics, unsigned slot,
	const struct cf_virtio_ops *ops, void *self, uint64_t features,
	struct cf_virtio_dev **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_virtio_pci_destroy(struct cf_virtio_dev *d);

/* Take the next request; false: none, or the ring is broken (the device then
 * needs a reset, and says so). */
CF_MUST_CHECK bool cf_virtio_pop(
	struct cf_virtio_dev *d, unsigned q, struct cf_virtio_chain *out);
/* Put it back, len bytes written, and interrupt if the driver wants that. */
void cf_virtio_push(struct cf_virtio_dev *d, unsigned q,
	const struct cf_virtio_chain *c, uint32_t len);
/* Undo the last pop. */
void cf_virtio_unpop(struct cf_virtio_dev *d, unsigned q);
/* The device found a request that breaks the rules. */
void cf_virtio_broken(struct cf_virtio_dev *d, const char *why);

/* Bytes of a chain at an offset into its readable or writable parts; false:
 * past the end or not in memory. */
CF_MUST_CHECK bool cf_virtio_read(struct cf_virtio_dev *d,
	const struct cf_virtio_chain *c, uint64_t offset, void *out,
	size_t len);
CF_MUST_CHECK bool cf_virtio_write(struct cf_virtio_dev *d,
	const struct cf_virtio_chain *c, uint64_t offset, const void *in,
	size_t len);

/* The queue and its guest memory, for the rings. */
struct cf_virtio_queue *cf_virtio_queue_of(struct cf_virtio_dev *d, unsigned q);
struct cf_memory *cf_virtio_memory(struct cf_virtio_dev *d);
void cf_virtio_interrupt(struct cf_virtio_dev *d, unsigned q);

/* Devices.  Each makes its state and returns its operations. */
struct cf_virtio_device {
	const struct cf_virtio_ops *ops;
	void *self;
	uint64_t features;
	/* The transport, once there is one. */
	struct cf_virtio_dev **transport;
};

struct cf_block;
/* block is kept. */
enum coffer_status cf_virtio_blk_create(struct cf_block *block, bool readonly,
	unsigned index, struct cf_virtio_device *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* seed: NULL for the host's random numbers. */
enum coffer_status cf_virtio_rng_create(const uint64_t *seed,
	struct cf_virtio_device *out, struct coffer_error *err) CF_MUST_CHECK;
struct cf_chardev;
enum coffer_status cf_virtio_console_create(struct cf_chardev *chardev,
	struct cf_virtio_device *out, struct coffer_error *err) CF_MUST_CHECK;
struct cf_nic_config;
enum coffer_status cf_virtio_net_create(const struct cf_dev_env *env,
	const struct cf_nic_config *config, struct cf_virtio_device *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* Migration, see devices_priv.h. */
void cf_virtio_state(struct cf_virtio_dev *d, struct cf_state *s);

#endif
