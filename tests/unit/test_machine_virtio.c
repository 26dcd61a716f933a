/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio on PCI: a disk, and rings that break the rules. */
#include "board_bench.h"

#include "machine/backend/block.h"
#include "machine/virtio/virtio_priv.h"

#include <unistd.h>

#define BAR         0xC0000000u
#define DESC        0x10000u
#define AVAIL       0x11000u
#define USED        0x12000u
#define BUFFERS     0x20000u
#define NEEDS_RESET 0x40u

struct disk {
	struct cf_block *block;
	struct cf_pci *pci;
	struct cf_virtio_dev *dev;
};

static void reg(struct bench *b, unsigned offset, unsigned size, uint32_t v)
{
	cf_bus_write(&b->mmio, 0, BAR + offset, size, v);
}

static uint32_t reg_in(struct bench *b, unsigned offset, unsigned size)
{
	return (uint32_t)cf_bus_read(&b->mmio, 0, BAR + offset, size);
}

static void start_disk(struct bench *b, struct disk *d, bool readonly)
{
	char path[] = "/tmp/coffer-disk-XXXXXX";
	int fd = mkstemp(path);
	struct cf_virtio_device v;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * 512), 0);
	close(fd);
	assert_ok(cf_block_open(path, readonly, &d->block, &err));
	unlink(path);
	assert_ok(cf_virtio_blk_create(d->block, readonly, 0, &v, &err));
	assert_ok(cf_pci_create(&b->env, &d->pci, &err));
	assert_ok(cf_virtio_pci_create(&b->env, d->pci, NULL, 2, v.ops, v.self,
		v.features, &d->dev, &err));
	*v.transport = d->dev;
	config_out(b, 2, 0x10, BAR);
	config_out(b, 2, 4, 6);
	reg(b, 0x14, 1, 0);
	reg(b, 0x14, 1, 3);
	reg(b, 0x08, 4, 1);
	reg(b, 0x0C, 4, 1); /* VERSION_1 */
	reg(b, 0x14, 1, 0x0B);
	assert_int_equal(reg_in(b, 0x14, 1), 0x0B);
	reg(b, 0x16, 2, 0);
	reg(b, 0x18, 2, 8);
	reg(b, 0x20, 4, DESC);
	reg(b, 0x28, 4, AVAIL);
	reg(b, 0x30, 4, USED);
	reg(b, 0x1C, 2, 1);
	reg(b, 0x14, 1, 0x0F);
}

static void stop_disk(struct disk *d)
{
	cf_pci_destroy(d->pci);
	cf_virtio_pci_destroy(d->dev);
	cf_block_destroy(d->block);
}

static void desc(struct bench *b, unsigned i, uint64_t gpa, uint32_t len,
	uint16_t flags, uint16_t next)
{
	uint8_t e[16];

	cf_store_le64(e, gpa);
	cf_store_le32(e + 8, len);
	cf_store_le16(e + 12, flags);
	cf_store_le16(e + 14, next);
	assert_ok(cf_guest_write(b->mem, DESC + 16 * i, e, 16, &err));
}

static void offer(struct bench *b, uint16_t n, uint16_t head)
{
	uint8_t v[2];

	cf_store_le16(v, head);
	assert_ok(cf_guest_write(
		b->mem, AVAIL + 4 + 2 * ((n - 1) % 8), v, 2, &err));
	cf_store_le16(v, n);
	assert_ok(cf_guest_write(b->mem, AVAIL + 2, v, 2, &err));
	reg(b, 0x3000, 2, 0);
}

static uint16_t used(struct bench *b)
{
	uint8_t v[2];

	assert_ok(cf_guest_read(b->mem, USED + 2, v, 2, &err));
	return cf_load_le16(v);
}

static void request(struct bench *b, uint32_t type, uint64_t sector,
	uint32_t len, uint16_t data_flags)
{
	uint8_t h[16] = { 0 };

	cf_store_le32(h, type);
	cf_store_le64(h + 8, sector);
	assert_ok(cf_guest_write(b->mem, BUFFERS, h, 16, &err));
	desc(b, 0, BUFFERS, 16, 1, 1);
	desc(b, 1, BUFFERS + 0x1000, len, (uint16_t)(1 | data_flags), 2);
	desc(b, 2, BUFFERS + 0x100, 1, 2, 0);
}

static uint8_t status_byte(struct bench *b)
{
	uint8_t v;

	assert_ok(cf_guest_read(b->mem, BUFFERS + 0x100, &v, 1, &err));
	return v;
}

static void test_virtio_disk_keeps_what_is_written(void **state)
{
	struct bench *b = *state;
	struct disk d;
	uint8_t data[1024], back[1024];

	start_disk(b, &d, false);
	assert_int_equal(reg_in(b, 0x2000, 4), 64);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_ok(cf_guest_write(
		b->mem, BUFFERS + 0x1000, data, sizeof(data), &err));
	request(b, 1, 62, 1024, 0);
	offer(b, 1, 0);
	assert_int_equal(used(b), 1);
	assert_int_equal(status_byte(b), 0);
	memset(back, 0, sizeof(back));
	assert_ok(cf_guest_write(
		b->mem, BUFFERS + 0x1000, back, sizeof(back), &err));
	request(b, 0, 62, 1024, 2);
	offer(b, 2, 0);
	assert_int_equal(used(b), 2);
	assert_ok(cf_guest_read(
		b->mem, BUFFERS + 0x1000, back, sizeof(back), &err));
	assert_memory_equal(back, data, sizeof(data));
	assert_int_equal(reg_in(b, 0x1000, 1), 1); /* ISR, cleared by it */
	assert_int_equal(reg_in(b, 0x1000, 1), 0);
	stop_disk(&d);
}

static void test_virtio_disk_refuses_what_is_past_its_end(void **state)
{
	struct bench *b = *state;
	struct disk d;

	start_disk(b, &d, true);
	request(b, 0, 63, 1024, 2);
	offer(b, 1, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 0, UINT64_MAX / 512, 512, 2);
	offer(b, 2, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 1, 0, 512, 0); /* read-only */
	offer(b, 3, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 77, 0, 512, 2);
	offer(b, 4, 0);
	assert_int_equal(status_byte(b), 2);
	assert_int_equal(used(b), 4);
	stop_disk(&d);
}

/* One rule broken at a time; the device asks for a reset and stays quiet. */
static void test_virtio_ring_breaks_on_each_broken_rule(void **state)
{
	struct bench *b = *state;

	for (int rule = 0; rule < 8; rule++) {
		struct disk d;
		uint16_t head = 0, n = 1;

		start_disk(b, &d, false);
		request(b, 0, 0, 512, 2);
		switch (rule) {
		case 0: /* head outside the queue */
			head = 8;
			break;
		case 1: /* next outside the queue */
			desc(b, 1, BUFFERS + 0x1000, 512, 3, 8);
			break;
		case 2: /* a loop */
			desc(b, 2, BUFFERS + 0x100, 1, 3, 2);
			break;
		case 3: /* readable after writable */
			desc(b, 2, BUFFERS + 0x100, 1, 0, 0);
			break;
		case 4: /* more requests than entries */
			n = 9;
			break;
		case 5: /* flags of no meaning */
			desc(b, 0, BUFFERS, 16, 0x11, 1);
			break;
		case 6: /* header outside memory */
			desc(b, 2, UINT64_MAX - 4, 1, 2, 0);
			break;
		case 7: /* no status byte */
			desc(b, 0, BUFFERS, 16, 0, 0);
			break;
		}
		offer(b, n, head);
		assert_int_equal(reg_in(b, 0x14, 1) & NEEDS_RESET, NEEDS_RESET);
		assert_int_equal(used(b), 0);
		reg(b, 0x14, 1, 0);
		assert_int_equal(reg_in(b, 0x14, 1), 0);
		stop_disk(&d);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_virtio_disk_keeps_what_is_written),
		T(test_virtio_disk_refuses_what_is_past_its_end),
		T(test_virtio_ring_breaks_on_each_broken_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
