/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's side of the GHCB protocol: MSR calls, the page, page states. */
#include "sev.h"

#define GHCB_MSR        0xC0010130u
#define MSR_SEV_INFO    0x001u
#define MSR_NEGOTIATE   0x002u
#define MSR_REGISTER    0x012u
#define MSR_PSC         0x014u
#define MSR_HV_FEATURES 0x080u
#define MSR_TERMINATE   0x100u
#define VALID_BITMAP    0x3F0u
#define PSC_PRIVATE     1u
#define PSC_SHARED      2u
#define MMIO_WRITE_NAE  0x80000002u
#define PSC_NAE         0x80000010u
#define PSC_MAX         253u
#define PSC_LARGE       (UINT64_C(1) << 56)
#define LARGE           512u /* small pages in a 2 MiB page */

struct vcpu *this_vcpu(void)
{
	struct vcpu *v;

	__asm__("mov %%gs:0, %0" : "=r"(v));
	return v;
}

void set_this_vcpu(struct vcpu *v)
{
	v->self = v;
	wrmsr(MSR_GS_BASE, (uintptr_t)v);
}

void vmgexit(void)
{
	__asm__ volatile(".byte 0xF3, 0x0F, 0x01, 0xD9" : : : "memory");
}

bool pvalidate(uintptr_t page, bool validate, bool large, uint32_t *result)
{
	uint8_t unchanged;

	__asm__ volatile(
		".byte 0xF2, 0x0F, 0x01, 0xFF"
		: "=a"(*result), "=@ccc"(unchanged)
		: "a"(page), "c"((uint32_t)large), "d"((uint32_t)validate)
		: "memory");
	return !unchanged;
}

uint32_t rmpadjust(uintptr_t page, uint32_t target)
{
	uint64_t result;

	__asm__ volatile(".byte 0xF3, 0x0F, 0x01, 0xFE"
			 : "=a"(result)
			 : "a"(page), "c"(UINT64_C(0)), "d"((uint64_t)target)
			 : "memory", "cc");
	return (uint32_t)result;
}

uint64_t ghcb_msr_call(uint64_t request)
{
	wrmsr(GHCB_MSR, request);
	vmgexit();
	return rdmsr(GHCB_MSR);
}

void terminate(unsigned reason)
{
	for (;;)
		ghcb_msr_call(MSR_TERMINATE | REASON_SET << 12 | reason << 16);
}

void ghcb_negotiate(uint64_t features)
{
	uint64_t v = ghcb_msr_call(MSR_NEGOTIATE);

	if ((v & 0xFFF) != MSR_SEV_INFO || (v >> 48) < 2 ||
		(v >> 32 & 0xFFFF) > 2)
		terminate(REASON_PROTOCOL);
	if ((v >> 24 & 0xFF) != C_BIT)
		terminate(REASON_CBIT);
	v = ghcb_msr_call(MSR_HV_FEATURES);
	if ((v & 0xFFF) != (MSR_HV_FEATURES | 1) ||
		(v >> 12 & features) != features)
		terminate(REASON_FEATURES);
}

void ghcb_register(struct vcpu *v, uint8_t *page)
{
	uint64_t frame = (uintptr_t)page & ~(uint64_t)(PAGE - 1);
	uint64_t answer = ghcb_msr_call(frame | MSR_REGISTER);

	if (answer != (frame | (MSR_REGISTER + 1)))
		terminate(REASON_REGISTER);
	ghcb_use(v, page);
}

void ghcb_use(struct vcpu *v, uint8_t *page)
{
	memset(page, 0, PAGE);
	page[0xFFA] = 2; /* protocol version; usage 0 */
	v->ghcb = page;
	wrmsr(GHCB_MSR, (uintptr_t)page);
}

static uint64_t *field(unsigned offset)
{
	return (uint64_t *)(this_vcpu()->ghcb + offset);
}

void ghcb_clear(void)
{
	memset(this_vcpu()->ghcb + VALID_BITMAP, 0, 16);
}

void ghcb_set(unsigned offset, uint64_t v)
{
	*field(offset) = v;
	this_vcpu()->ghcb[VALID_BITMAP + offset / 64] |=
		(uint8_t)(1u << (offset / 8 & 7));
}

uint64_t ghcb_get(unsigned offset, unsigned reason)
{
	if (!(this_vcpu()->ghcb[VALID_BITMAP + offset / 64] >>
			    (offset / 8 & 7) &
		    1))
		terminate(reason);
	return *field(offset);
}

void ghcb_exit(uint64_t code, uint64_t info1, uint64_t info2, unsigned reason)
{
	ghcb_set(GHCB_CODE, code);
	ghcb_set(GHCB_INFO1, info1);
	ghcb_set(GHCB_INFO2, info2);
	vmgexit();
	if ((uint32_t)ghcb_get(GHCB_INFO1, reason))
		terminate(reason);
}

void ghcb_mmio_write32(uint64_t gpa, uint32_t v)
{
	uint8_t *buffer = this_vcpu()->ghcb + GHCB_BUFFER;

	memcpy(buffer, &v, sizeof(v));
	ghcb_clear();
	ghcb_set(GHCB_SCRATCH, (uintptr_t)buffer);
	ghcb_exit(MMIO_WRITE_NAE, gpa, sizeof(v), REASON_VC);
}

static void validate(uintptr_t page, bool yes)
{
	uint32_t result;

	if (!pvalidate(page, yes, false, &result) || result)
		terminate(REASON_PVALIDATE);
}

/* One page, before there is a GHCB. */
static void psc_by_msr(uintptr_t page, uint64_t op)
{
	uint64_t v = ghcb_msr_call(op << 52 | page | MSR_PSC);

	if ((v & 0xFFF) != (MSR_PSC + 1) || v >> 32)
		terminate(REASON_PSC);
}

/* How many small pages one entry may cover. */
static size_t entry_pages(uint64_t gpa, size_t n)
{
	return n >= LARGE && gpa % (LARGE * PAGE) == 0 ? LARGE : 1;
}

/* Up to 253 entries at a time; the hypervisor advances `current`. */
void pages_request(uint64_t gpa, size_t n, bool private_pages)
{
	volatile uint16_t *header =
		(volatile uint16_t *)(this_vcpu()->ghcb + GHCB_BUFFER);
	uint64_t *entry = (uint64_t *)(this_vcpu()->ghcb + GHCB_BUFFER + 8);
	uint64_t op = private_pages ? PSC_PRIVATE : PSC_SHARED;

	while (n) {
		uint16_t used = 0;

		while (n && used < PSC_MAX) {
			size_t some = entry_pages(gpa, n);

			entry[used++] = op << 52 | gpa |
				(some == LARGE ? PSC_LARGE : 0);
			gpa += some * PAGE;
			n -= some;
		}
		header[0] = 0;
		header[1] = (uint16_t)(used - 1);
		header[2] = header[3] = 0;
		while (header[0] <= header[1]) {
			ghcb_clear();
			ghcb_set(GHCB_SCRATCH,
				(uintptr_t)this_vcpu()->ghcb + GHCB_BUFFER);
			ghcb_exit(PSC_NAE, 0, 0, REASON_PSC);
			if (ghcb_get(GHCB_INFO2, REASON_PSC))
				terminate(REASON_PSC);
		}
	}
}

void pages_validate(uintptr_t page, size_t n)
{
	uint32_t result;

	/* A large page is worth a try; its refusal is not an error. */
	for (; n; page += PAGE, n--) {
		while (entry_pages(page, n) == LARGE &&
			pvalidate(page, true, true, &result) && !result) {
			page += LARGE * PAGE;
			n -= LARGE;
		}
		if (!n)
			return;
		validate(page, true);
	}
}

void pages_make_private(uintptr_t page, size_t n)
{
	pages_request(page, n, true);
	pages_validate(page, n);
}

void page_take_back(uintptr_t page)
{
	map_page(page, true);
	psc_by_msr(page, PSC_PRIVATE);
	validate(page, true);
	memset((void *)page, 0, PAGE);
}

void pages_make_shared(uintptr_t page, size_t n)
{
	for (size_t i = 0; i < n; i++)
		validate(page + i * PAGE, false);
	if (this_vcpu()->ghcb)
		pages_request(page, n, false);
	else
		for (size_t i = 0; i < n; i++)
			psc_by_msr(page + i * PAGE, PSC_SHARED);
	for (size_t i = 0; i < n; i++)
		map_page(page + i * PAGE, false);
}
