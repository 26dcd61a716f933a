/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EFI application: under OVMF as SEV-SNP guest, ask the secure processor
 * for a report over a nonce and print both on the serial port, as the `snp`
 * payload does.  It borrows the GHCB of the firmware and gets pages that the
 * host can read from the firmware's IOMMU protocol.
 *
 * Sources: UEFI 2.10, "EFI System Table"; EDK2, IoMmu.h and
 * ConfidentialComputingSevSnpBlob.h (layouts); GHCB specification (AMD 56421).
 */
#include "snp.h"

#define EFI        __attribute__((ms_abi))
#define GHCB_MSR   0xC0010130u
#define BLOB_MAGIC 0x45444D41u /* "AMDE" */
#define SNP_BITS   0x7u

typedef uint64_t EFI (*locate_fn)(
	const void *guid, void *registration, void **out);

/* EDKII_IOMMU_PROTOCOL, as far as it is used. */
struct iommu {
	uint64_t revision;
	void *set_attribute;
	uint64_t EFI (*map)(struct iommu *self, uint32_t operation, void *host,
		uint64_t *len, uint64_t *device, void **mapping);
	void *unmap;
	uint64_t EFI (*allocate)(struct iommu *self, uint32_t how,
		uint32_t type, uint64_t pages, void **out, uint64_t attributes);
};
#define COMMON_BUFFER      2
#define BOOT_SERVICES_DATA 4

static const uint8_t iommu_guid[16] = { 0xE9, 0x9D, 0x93, 0x4E, 0x48, 0xD9,
	0x0F, 0x4B, 0x88, 0xED, 0xE6, 0xE1, 0xCE, 0x51, 0x7C, 0x1E };
static const uint8_t blob_guid[16] = { 0x5F, 0x1F, 0x7B, 0x06, 0x26, 0xCF, 0xC5,
	0x44, 0x85, 0x54, 0x93, 0xD7, 0x77, 0x91, 0x2D, 0x42 };

/* Pages of a system table that are read by offset. */
#define TABLE_BOOT_SERVICES 0x60
#define TABLE_NCONFIG       0x68
#define TABLE_CONFIG        0x70
#define CONFIG_SIZE         24
#define SERVICES_LOCATE     0x140

void put_char(char c)
{
	if (c == '\n')
		out8(SERIAL_PORT, '\r');
	out8(SERIAL_PORT, (uint8_t)c);
}

/* Only pages_make_shared() and the like want it, and nobody calls them. */
void map_page(uintptr_t page, bool private_page)
{
	(void)page;
	(void)private_page;
	terminate(REASON_MEMORY);
}

static uint64_t at(const void *table, size_t offset)
{
	return *(const uint64_t *)((const uint8_t *)table + offset);
}

/* Where the secrets page is; 0: the firmware does not say. */
static uintptr_t find_secrets(const void *table)
{
	const uint8_t *entry = (const uint8_t *)at(table, TABLE_CONFIG);
	uint64_t n = at(table, TABLE_NCONFIG);

	for (; n; n--, entry += CONFIG_SIZE) {
		const uint8_t *blob = (const uint8_t *)at(entry, 16);

		if (memcmp(entry, blob_guid, 16) == 0 &&
			*(const uint32_t *)blob == BLOB_MAGIC)
			return at(blob, 8);
	}
	return 0;
}

static uint8_t *shared_pages(const void *table, uint64_t n)
{
	locate_fn locate = (locate_fn)at(
		(const void *)at(table, TABLE_BOOT_SERVICES), SERVICES_LOCATE);
	uint64_t len = n * PAGE, device;
	void *host = NULL, *found = NULL, *mapping;
	struct iommu *iommu;

	if (locate(iommu_guid, NULL, &found))
		return NULL;
	iommu = found;
	if (iommu->allocate(iommu, 0, BOOT_SERVICES_DATA, n, &host, 0) ||
		iommu->map(iommu, COMMON_BUFFER, host, &len, &device, &mapping))
		return NULL;
	return (uint8_t *)device;
}

static void make_nonce(uint8_t nonce[64])
{
	for (unsigned i = 0; i < 64; i += 8) {
		uint64_t v;
		uint8_t good;

		do
			__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(good));
		while (!good);
		memcpy(nonce + i, &v, 8);
	}
}

/* Nothing that comes back as #VC may happen in here: its handler uses the same
 * GHCB. */
static void ask(uintptr_t secrets, uint8_t *pages, const uint8_t nonce[64],
	uint8_t report[1184])
{
	static struct vcpu v;
	uint64_t gs = rdmsr(MSR_GS_BASE);

	__asm__ volatile("cli");
	v.ghcb = (uint8_t *)rdmsr(GHCB_MSR);
	memset(v.ghcb, 0, PAGE);
	v.ghcb[0xFFA] = 2; /* protocol version */
	set_this_vcpu(&v);
	attest(secrets, pages, pages + PAGE, nonce, report);
	wrmsr(MSR_GS_BASE, gs);
	__asm__ volatile("sti");
}

EFI uint64_t efi_main(void *image, const void *table)
{
	static uint8_t report[1184], nonce[64];
	uintptr_t secrets = find_secrets(table);
	uint8_t *pages;

	(void)image;
	if ((rdmsr(MSR_SEV_STATUS) & SNP_BITS) != SNP_BITS || !secrets) {
		put_text("report: this is no SEV-SNP guest\n");
		return 1;
	}
	pages = shared_pages(table, 2);
	if (!pages) {
		put_text("report: the firmware gives no shared pages\n");
		return 1;
	}
	make_nonce(nonce);
	ask(secrets, pages, nonce, report);
	put_text("\nsnp: nonce ");
	put_bytes(nonce, sizeof(nonce));
	put_text("\nsnp: report ");
	put_bytes(report, sizeof(report));
	put_text("\n");
	return 0;
}
