/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small writer of ACPI machine language: terms are appended to a buffer;
 * what has a length (package, device, scope, buffer) is built in its own
 * buffer first and then wrapped, which ends that buffer.
 *
 * Source: ACPI 6.4, chapter 20, "ACPI Machine Language (AML) Specification".
 */
#ifndef CF_MACHINE_AML_PRIV_H
#define CF_MACHINE_AML_PRIV_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* "_SB_", "PCI0": exactly four characters; "\\_S5_" with a root prefix. */
void cf_aml_name(struct cf_buf *b, const char *name);
void cf_aml_int(struct cf_buf *b, uint64_t v);
/* Name (name, ...): the value is appended next. */
void cf_aml_named(struct cf_buf *b, const char *name);
/* EISA id such as "PNP0A08" as an integer. */
void cf_aml_eisaid(struct cf_buf *b, const char *id);
/* Each takes the contents and finishes that buffer. */
void cf_aml_scope(struct cf_buf *b, const char *name, struct cf_buf *contents);
void cf_aml_device(struct cf_buf *b, const char *name, struct cf_buf *contents);
void cf_aml_package(struct cf_buf *b, uint8_t n, struct cf_buf *contents);
void cf_aml_buffer(struct cf_buf *b, struct cf_buf *contents);

/* Resource descriptors, for a buffer that is a _CRS. */
void cf_aml_res_io(struct cf_buf *b, uint16_t base, uint8_t len);
void cf_aml_res_irq(struct cf_buf *b, unsigned irq);
void cf_aml_res_memory(struct cf_buf *b, uint32_t base, uint32_t len);
void cf_aml_res_bus(struct cf_buf *b, uint16_t first, uint16_t last);
void cf_aml_res_io_window(struct cf_buf *b, uint16_t first, uint16_t last);
void cf_aml_res_memory_window(struct cf_buf *b, uint32_t first, uint32_t last);
void cf_aml_res_end(struct cf_buf *b);

#endif
