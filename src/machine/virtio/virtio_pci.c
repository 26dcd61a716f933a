/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio over PCI, modern interface only: four capabilities that point into
 * BAR 0, and MSI-X with its table in BAR 1.
 *
 * Source: VIRTIO 1.1, section 4.1 "Virtio Over PCI Bus"; PCI Local Bus 3.0,
 * section 6.8.2 "MSI-X".
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/chips/lapic_priv.h"
#include "machine/virtio/virtio_priv.h"

#define VIRTIO_VENDOR    0x1AF4
#define VIRTIO_DEVICE_ID 0x1040

#define BAR_LEN     0x4000u
#define COMMON_BASE 0x0000u
#define ISR_BASE    0x1000u
#define DEVICE_BASE 0x2000u
#define NOTIFY_BASE 0x3000u
#define AREA_LEN    0x1000u
#define NOTIFY_STEP 4u

#define CAP_VENDOR 0x09
#define CAP_MSIX   0x11
enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_ISR = 3, CFG_DEVICE = 4 };

#define NVECTORS     (CF_VIRTIO_QUEUES + 1)
#define NO_VECTOR    0xFFFFu
#define MSIX_PBA     0x800u
#define MSIX_ENABLE  0x8000u
#define MSIX_MASKALL 0x4000u

#define STATUS_FEATURES_OK 0x08u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_NEEDS_RESET 0x40u

#define F_VERSION_1       ((uint64_t)1 << 32)
#define F_ACCESS_PLATFORM ((uint64_t)1 << 33)

struct cf_virtio_dev {
	struct cf_dev_env env;
	struct cf_pci_dev pci;
	struct cf_apics *apics;
	const struct cf_virtio_ops *ops;
	void *self;
	uint64_t offered, accepted;
	uint32_t offered_select, accepted_select;
	uint8_t status, isr;
	uint16_t config_vector, queue_select;
	unsigned msix_cap;
	struct cf_virtio_queue queue[CF_VIRTIO_QUEUES];
	uint8_t msix[NVECTORS][16];
	uint8_t msix_pending;
};

struct cf_virtio_queue *cf_virtio_queue_of(struct cf_virtio_dev *d, unsigned q)
{
	return &d->queue[q];
}

struct cf_memory *cf_virtio_memory(struct cf_virtio_dev *d)
{
	return d->env.mem;
}

static void reset(struct cf_virtio_dev *d)
{
	for (unsigned i = 0; i < CF_VIRTIO_QUEUES; i++)
		d->queue[i] = (struct cf_virtio_queue) {
			.size = CF_VIRTIO_QUEUE_MAX,
			.msix_vector = NO_VECTOR,
		};
	d->status = d->isr = 0;
	d->accepted = 0;
	d->config_vector = NO_VECTOR;
	d->queue_select = 0;
	d->msix_pending = 0;
	cf_pci_set_intx(&d->pci, false);
	if (d->ops->reset)
		d->ops->reset(d->self);
}

static bool msix_on(const struct cf_virtio_dev *d)
{
	return d->msix_cap &&
		(cf_load_le16(d->pci.config + d->msix_cap + 2) & MSIX_ENABLE);
}

static void send_vector(struct cf_virtio_dev *d, unsigned v)
{
	const uint8_t *e = d->msix[v];
	uint16_t control = cf_load_le16(d->pci.config + d->msix_cap + 2);

	if ((control & MSIX_MASKALL) || (e[12] & 1)) {
		d->msix_pending |= (uint8_t)(1u << v);
		return;
	}
	d->msix_pending &= (uint8_t) ~(1u << v);
	cf_apics_msi(d->apics, cf_load_le64(e), cf_load_le32(e + 8));
}

static void interrupt(struct cf_virtio_dev *d, uint16_t vector, uint8_t isr)
{
	if (msix_on(d)) {
		if (vector < NVECTORS)
			send_vector(d, vector);
		return;
	}
	d->isr |= isr;
	cf_pci_set_intx(&d->pci, true);
}

void cf_virtio_interrupt(struct cf_virtio_dev *d, unsigned q)
{
	interrupt(d, d->queue[q].msix_vector, 1);
}

void cf_virtio_broken(struct cf_virtio_dev *d, const char *why)
{
	if (d->status & STATUS_NEEDS_RESET)
		return;
	cf_log(d->env.log, CF_LOG_WARN, "%s: %s; the device needs a reset",
		d->ops->name, why);
	d->status |= STATUS_NEEDS_RESET;
	for (unsigned i = 0; i < CF_VIRTIO_QUEUES; i++)
		d->queue[i].ready = false;
	if (d->status & STATUS_DRIVER_OK)
		interrupt(d, d->config_vector, 2);
}

static uint64_t selected_queue(const struct cf_virtio_dev *d, unsigned offset)
{
	const struct cf_virtio_queue *q;

	if (d->queue_select >= d->ops->nqueues)
		return 0; /* size 0: there is no such queue */
	q = &d->queue[d->queue_select];
	switch (offset) {
	case 0x18:
		return q->size;
	case 0x1A:
		return q->msix_vector;
	case 0x1C:
		return q->ready;
	case 0x1E:
		return d->queue_select;
	case 0x20:
		return q->desc & UINT32_MAX;
	case 0x24:
		return q->desc >> 32;
	case 0x28:
		return q->driver & UINT32_MAX;
	case 0x2C:
		return q->driver >> 32;
	case 0x30:
		return q->device & UINT32_MAX;
	case 0x34:
		return q->device >> 32;
	}
	return 0;
}

static uint64_t common_read(const struct cf_virtio_dev *d, unsigned offset)
{
	switch (offset) {
	case 0x00:
		return d->offered_select;
	case 0x04:
		return d->offered_select < 2
			? (uint32_t)(d->offered >> (32 * d->offered_select))
			: 0;
	case 0x08:
		return d->accepted_select;
	case 0x0C:
		return d->accepted_select < 2
			? (uint32_t)(d->accepted >> (32 * d->accepted_select))
			: 0;
	case 0x10:
		return d->config_vector;
	case 0x12:
		return d->ops->nqueues;
	case 0x14:
		return d->status;
	case 0x15:
		return 0; /* configuration never changes */
	case 0x16:
		return d->queue_select;
	}
	return selected_queue(d, offset);
}

static void write_status(struct cf_virtio_dev *d, uint8_t v)
{
	if (v == 0) {
		reset(d);
		return;
	}
	/* FEATURES_OK stays clear when the driver took what we don't have. */
	if ((v & STATUS_FEATURES_OK) &&
		((d->accepted & ~d->offered) || !(d->accepted & F_VERSION_1)))
		v &= (uint8_t)~STATUS_FEATURES_OK;
	d->status = (uint8_t)(v | (d->status & STATUS_NEEDS_RESET));
}

static uint16_t vector_of(uint64_t v)
{
	return v < NVECTORS ? (uint16_t)v : NO_VECTOR;
}

static void set_half(uint64_t *to, bool high, uint64_t v)
{
	*to = high ? (uint32_t)*to | v << 32
		   : (*to & ~(uint64_t)UINT32_MAX) | v;
}

static void write_queue(struct cf_virtio_dev *d, unsigned offset, uint64_t v)
{
	struct cf_virtio_queue *q;

	if (d->queue_select >= d->ops->nqueues)
		return;
	q = &d->queue[d->queue_select];
	if (offset == 0x1A)
		q->msix_vector = vector_of(v);
	/* A live queue stays where it is. */
	if (q->ready)
		return;
	switch (offset) {
	case 0x18:
		if (cf_is_pow2(v) && v <= CF_VIRTIO_QUEUE_MAX)
			q->size = (uint16_t)v;
		break;
	case 0x1C:
		q->ready = v == 1 && !(d->status & STATUS_NEEDS_RESET);
		break;
	case 0x20:
	case 0x24:
		set_half(&q->desc, offset & 4, v);
		break;
	case 0x28:
	case 0x2C:
		set_half(&q->driver, offset & 4, v);
		break;
	case 0x30:
	case 0x34:
		set_half(&q->device, offset & 4, v);
		break;
	}
}

static void common_write(struct cf_virtio_dev *d, unsigned offset, uint64_t v)
{
	switch (offset) {
	case 0x00:
		d->offered_select = (uint32_t)v;
		break;
	case 0x08:
		d->accepted_select = (uint32_t)v;
		break;
	case 0x0C:
		if (d->accepted_select < 2 && !(d->status & STATUS_FEATURES_OK))
			set_half(&d->accepted, d->accepted_select, v);
		break;
	case 0x10:
		d->config_vector = vector_of(v);
		break;
	case 0x14:
		write_status(d, (uint8_t)v);
		break;
	case 0x16:
		d->queue_select = (uint16_t)v;
		break;
	default:
		write_queue(d, offset, v);
	}
}

static uint64_t bar_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_virtio_dev *d = dev;
	unsigned at = (unsigned)offset % AREA_LEN;
	uint8_t isr;

	switch (offset / AREA_LEN) {
	case COMMON_BASE / AREA_LEN:
		return common_read(d, at);
	case ISR_BASE / AREA_LEN:
		isr = d->isr;
		d->isr = 0;
		cf_pci_set_intx(&d->pci, false);
		return isr;
	case DEVICE_BASE / AREA_LEN:
		return d->ops->config_read
			? d->ops->config_read(d->self, at, size)
			: 0;
	}
	return 0;
}

static void bar_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_virtio_dev *d = dev;
	unsigned at = (unsigned)offset % AREA_LEN;

	switch (offset / AREA_LEN) {
	case COMMON_BASE / AREA_LEN:
		common_write(d, at, value);
		break;
	case NOTIFY_BASE / AREA_LEN:
		at /= NOTIFY_STEP;
		if (at < d->ops->nqueues && d->queue[at].ready &&
			(d->status & STATUS_DRIVER_OK))
			d->ops->kick(d->self, at);
		break;
	}
}

static uint64_t msix_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_virtio_dev *d = dev;
	uint64_t v = 0;

	if (offset + size <= sizeof(d->msix))
		memcpy(&v, &d->msix[0][0] + offset, size);
	else if (offset == MSIX_PBA)
		v = d->msix_pending;
	return v;
}

static void msix_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_virtio_dev *d = dev;

	if (offset + size > sizeof(d->msix))
		return;
	memcpy(&d->msix[0][0] + offset, &value, size);
	for (unsigned v = 0; v < NVECTORS; v++)
		if (d->msix_pending >> v & 1)
			send_vector(d, v);
}

/* MSI-X was enabled or unmasked as a whole. */
static void config_written(void *dev, unsigned offset, unsigned size)
{
	struct cf_virtio_dev *d = dev;

	if (!d->msix_cap || offset > d->msix_cap + 3 || !msix_on(d))
		return;
	for (unsigned v = 0; v < NVECTORS; v++)
		if (d->msix_pending >> v & 1)
			send_vector(d, v);
}

static const struct cf_io_ops bar_ops = { bar_read, bar_write, 4 };
static const struct cf_io_ops msix_ops = { msix_read, msix_write, 4 };

static void add_cap(
	struct cf_pci_dev *p, uint8_t type, uint32_t offset, uint32_t len)
{
	uint8_t body[18] = { type == CFG_NOTIFY ? 20 : 16, type };

	cf_store_le32(body + 6, offset);
	cf_store_le32(body + 10, len);
	cf_store_le32(body + 14, NOTIFY_STEP);
	cf_pci_add_cap(p, CAP_VENDOR, body, type == CFG_NOTIFY ? 18 : 14);
}

static void add_msix(struct cf_virtio_dev *d)
{
	struct cf_pci_dev *p = &d->pci;
	uint8_t body[10] = { NVECTORS - 1 };

	cf_store_le32(body + 2, 1); /* table at 0 of BAR 1 */
	cf_store_le32(body + 6, MSIX_PBA | 1);
	d->msix_cap = cf_pci_add_cap(p, CAP_MSIX, body, sizeof(body));
	p->writable[d->msix_cap + 3] =
		(uint8_t)((MSIX_ENABLE | MSIX_MASKALL) >> 8);
	p->bar[1] = (struct cf_pci_bar) {
		.size = AREA_LEN, .ops = &msix_ops, .dev = d
	};
	for (unsigned i = 0; i < NVECTORS; i++)
		d->msix[i][12] = 1; /* masked */
}

static void init_function(struct cf_virtio_dev *d, unsigned slot)
{
	struct cf_pci_dev *p = &d->pci;

	cf_pci_dev_init(p, d->ops->name, slot, 0, VIRTIO_VENDOR,
		(uint16_t)(VIRTIO_DEVICE_ID + d->ops->id), d->ops->class_rev);
	cf_store_le16(p->config + 0x2C, VIRTIO_VENDOR);
	cf_store_le16(p->config + 0x2E, 0x1100);
	p->config[CF_PCI_INT_PIN] = 1;
	p->dev = d;
	p->on_write = config_written;
	p->bar[0] = (struct cf_pci_bar) {
		.size = BAR_LEN, .ops = &bar_ops, .dev = d
	};
	add_cap(p, CFG_COMMON, COMMON_BASE, AREA_LEN);
	add_cap(p, CFG_ISR, ISR_BASE, AREA_LEN);
	add_cap(p, CFG_DEVICE, DEVICE_BASE, AREA_LEN);
	add_cap(p, CFG_NOTIFY, NOTIFY_BASE, AREA_LEN);
	if (d->apics)
		add_msix(d);
}

enum coffer_status cf_virtio_pci_create(const struct cf_dev_env *env,
	struct cf_pci *pci, struct cf_apics *apics, unsigned slot,
	const struct cf_virtio_ops *ops, void *self, uint64_t features,
	struct cf_virtio_dev **out, struct coffer_error *err)
{
	struct cf_virtio_dev *d = cf_alloc_array(1, sizeof(*d));
	enum coffer_status s;

	if (!d)
		return cf_fail_nomem(err, ops->name);
	d->env = *env;
	d->apics = apics;
	d->ops = ops;
	d->self = self;
	/* ACCESS_PLATFORM makes the driver of a confidential guest bounce its
	 * buffers through shared memory; for others it changes nothing. */
	d->offered = features | F_VERSION_1 | F_ACCESS_PLATFORM;
	init_function(d, slot);
	s = cf_pci_add(pci, &d->pci, err);
	if (s) {
		free(d);
		return s;
	}
	reset(d);
	*out = d;
	return COFFER_OK;
}

/* After cf_pci_destroy, which still looks at the function. */
void cf_virtio_pci_destroy(struct cf_virtio_dev *d)
{
	if (!d)
		return;
	d->ops->destroy(d->self);
	free(d);
}

static void queue_state(struct cf_virtio_queue *q, struct cf_state *s)
{
	cf_state_u16(s, &q->size);
	cf_state_need(s,
		q->size && q->size <= CF_VIRTIO_QUEUE_MAX &&
			!(q->size & (q->size - 1)),
		"a queue's size");
	cf_state_bool(s, &q->ready);
	cf_state_u64(s, &q->desc);
	cf_state_u64(s, &q->driver);
	cf_state_u64(s, &q->device);
	cf_state_u16(s, &q->next_avail);
	cf_state_u16(s, &q->next_used);
	cf_state_u16(s, &q->msix_vector);
}

void cf_virtio_state(struct cf_virtio_dev *d, struct cf_state *s)
{
	uint16_t id = d->ops->id;

	cf_state_u16(s, &id);
	cf_state_need(s, id == d->ops->id, "the kind of device");
	cf_state_u64(s, &d->accepted);
	cf_state_need(s, !(d->accepted & ~d->offered), "the features");
	cf_state_u32(s, &d->offered_select);
	cf_state_u32(s, &d->accepted_select);
	cf_state_u8(s, &d->status);
	cf_state_u8(s, &d->isr);
	cf_state_u16(s, &d->config_vector);
	cf_state_u16(s, &d->queue_select);
	for (size_t i = 0; i < CF_VIRTIO_QUEUES; i++)
		queue_state(&d->queue[i], s);
	cf_state_bytes(s, d->msix, sizeof(d->msix));
	cf_state_u8(s, &d->msix_pending);
	cf_state_need(s, d->msix_pending < 1u << NVECTORS, "the vectors");
	if (d->ops->state)
		d->ops->state(d->self, s);
}
