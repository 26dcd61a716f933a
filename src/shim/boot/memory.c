/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map comes from the host and is not measured.  It is copied once,
 * checked, and used from the copy.  A lie about RAM that is not there ends in
 * a fault; a range given twice would validate a page twice, which PVALIDATE
 * reports, but such a map is refused before.
 */
#include "boot.h"

#define ENTRY_LEN   24
#define MAX_ADDRESS (UINT64_C(1) << 46)
#define TYPE_MEMORY 0
/* The 2 MiB pages of the last GiB of the identity map; nothing of ours is
 * there, so that memory beyond is reached through it. */
#define WINDOW     UINT64_C(0xC0000000)
#define WINDOW_LEN UINT64_C(0x40000000)
#define LARGE_PAGE UINT64_C(0x200000)

extern uint64_t page_directories[4 * 512];

static void check_order(const struct memory *m, const struct range *r)
{
	const struct range *before = m->n ? &m->range[m->n - 1] : NULL;

	if (r->start >= r->end || r->end > MAX_ADDRESS ||
		(before && r->start < before->end))
		give_up(REASON_MEMORY,
			"memory map: entries must ascend without overlaps");
}

static bool holds(const struct memory *m, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < m->n && start < end; i++)
		if (m->range[i].ram && start >= m->range[i].start &&
			start < m->range[i].end)
			start = m->range[i].end;
	return start >= end;
}

void memory_read(struct memory *m)
{
	const uint64_t *ranges =
		(const uint64_t *)(SHIM_PARAMS + SHIM_P_RANGES);

	m->n = 0;
	for (uint32_t at = 0; at + ENTRY_LEN <= PAGE; at += ENTRY_LEN) {
		uint64_t e[3];
		struct range r;

		memcpy(e, (const void *)(uintptr_t)(SHIM_MEMORY_MAP + at),
			sizeof(e));
		if (!e[1])
			break;
		if (m->n == MAX_MEMORY || e[0] > MAX_ADDRESS / PAGE ||
			e[1] > MAX_ADDRESS / PAGE)
			give_up(REASON_MEMORY, "memory map: too large");
		r = (struct range) { .start = e[0] * PAGE,
			.end = (e[0] + e[1]) * PAGE,
			.ram = (e[2] & 0xFFFF) == TYPE_MEMORY };
		check_order(m, &r);
		m->range[m->n++] = r;
	}
	for (uint64_t i = 0; i < param(SHIM_P_NRANGES); i++)
		if (!holds(m, ranges[2 * i], ranges[2 * i + 1]))
			give_up(REASON_MEMORY,
				"memory map: lacks memory of the launch");
	if (!holds(m, param(SHIM_P_ENTRY), param(SHIM_P_KERNEL_END)))
		give_up(REASON_MEMORY,
			"memory map: too little memory for the kernel");
}

/* Map 1 GiB from `base` into the window. */
static void move_window(uint64_t base)
{
	static uint64_t now = WINDOW;
	uint64_t bits = page_directories[3 * 512] & ~(WINDOW_LEN * 512 - 1);

	bits &= UINT64_C(1) << C_BIT;
	if (base == now)
		return;
	for (unsigned i = 0; i < 512; i++)
		page_directories[3 * 512 + i] =
			(base + i * LARGE_PAGE) | bits | 0x83;
	now = base;
	__asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3"
			 :
			 :
			 : "rax", "memory");
}

static void accept(uint64_t start, uint64_t end)
{
	if (start < end)
		pages_request(start, (end - start) / PAGE, true);
	while (start < end) {
		uint64_t base = start & ~(WINDOW_LEN - 1);
		uint64_t stop =
			base + WINDOW_LEN < end ? base + WINDOW_LEN : end;
		uintptr_t at = start;

		if (base >= WINDOW) {
			move_window(base);
			at = WINDOW + (start - base);
		}
		pages_validate(at, (stop - start) / PAGE);
		start = stop;
	}
}

void memory_accept(const struct memory *m)
{
	const uint64_t *ranges =
		(const uint64_t *)(SHIM_PARAMS + SHIM_P_RANGES);
	uint64_t n = param(SHIM_P_NRANGES);

	for (uint32_t i = 0; i < m->n; i++) {
		uint64_t start = m->range[i].start, end = m->range[i].end;

		if (!m->range[i].ram)
			continue;
		for (uint64_t k = 0; k < n; k++) {
			if (ranges[2 * k + 1] <= start || ranges[2 * k] >= end)
				continue;
			accept(start, ranges[2 * k]);
			start = ranges[2 * k + 1];
		}
		accept(start, end);
	}
}
