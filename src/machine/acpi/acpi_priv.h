/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables of the board: one blob with all tables, the RSDP, and the
 * script by which a loader places, links and checksums them.  Firmware gets
 * them through fw_cfg; without firmware the machine runs the script itself.
 */
#ifndef CF_MACHINE_ACPI_PRIV_H
#define CF_MACHINE_ACPI_PRIV_H

#include "base/buf.h"
#include "base/error.h"

struct cf_memory;

#define CF_ACPI_ECAM_BASE 0xB0000000u
#define CF_ACPI_ECAM_LEN  0x10000000u

struct cf_acpi_params {
	unsigned vcpus;
	uint32_t ecam_base, ecam_len;
};

struct cf_acpi_tables {
	struct cf_buf tables, rsdp, script;
	size_t madt, madt_len; /* in tables; its checksum is right */
};

#define CF_ACPI_TABLES_FILE "etc/acpi/tables"
#define CF_ACPI_RSDP_FILE   "etc/acpi/rsdp"
#define CF_ACPI_SCRIPT_FILE "etc/table-loader"

enum coffer_status cf_acpi_build(const struct cf_acpi_params *params,
	struct cf_acpi_tables *out, struct coffer_error *err) CF_MUST_CHECK;
void cf_acpi_finish(struct cf_acpi_tables *t);
/* Do what the script says with the tables at tables_gpa and the RSDP at
 * rsdp_gpa. */
enum coffer_status cf_acpi_place(struct cf_acpi_tables *t,
	struct cf_memory *mem, uint64_t tables_gpa, uint64_t rsdp_gpa,
	struct coffer_error *err) CF_MUST_CHECK;
/* The DSDT's AML, without header. */
void cf_acpi_dsdt(const struct cf_acpi_params *params, struct cf_buf *out);

#endif
