/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's firmware configuration device: numbered items and named files. */
#ifndef CF_MACHINE_FW_CFG_PRIV_H
#define CF_MACHINE_FW_CFG_PRIV_H

#include "machine/devices_priv.h"

enum cf_fw_cfg_key {
	CF_FW_CFG_SIGNATURE = 0x00,
	CF_FW_CFG_ID = 0x01,
	CF_FW_CFG_NB_CPUS = 0x05,
	CF_FW_CFG_KERNEL_SIZE = 0x08,
	CF_FW_CFG_INITRD_SIZE = 0x0B,
	CF_FW_CFG_BOOT_MENU = 0x0E,
	CF_FW_CFG_MAX_CPUS = 0x0F,
	CF_FW_CFG_KERNEL_DATA = 0x11,
	CF_FW_CFG_INITRD_DATA = 0x12,
	CF_FW_CFG_CMDLINE_SIZE = 0x14,
	CF_FW_CFG_CMDLINE_DATA = 0x15,
	CF_FW_CFG_SETUP_SIZE = 0x17,
	CF_FW_CFG_SETUP_DATA = 0x18,
	CF_FW_CFG_DIRECTORY = 0x19,
	CF_FW_CFG_FILE_FIRST = 0x20,
};

struct cf_fw_cfg;
enum coffer_status cf_fw_cfg_create(const struct cf_dev_env *env,
	struct cf_fw_cfg **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_fw_cfg_destroy(struct cf_fw_cfg *f);
/* data is kept. */
void cf_fw_cfg_item(
	struct cf_fw_cfg *f, uint16_t key, const void *data, size_t len);
void cf_fw_cfg_u16(struct cf_fw_cfg *f, uint16_t key, uint16_t v);
void cf_fw_cfg_u32(struct cf_fw_cfg *f, uint16_t key, uint32_t v);
/* data is copied; files are listed in the order of their names. */
enum coffer_status cf_fw_cfg_file(struct cf_fw_cfg *f, const char *name,
	const void *data, size_t len, struct coffer_error *err) CF_MUST_CHECK;

/* Migration, see devices_priv.h. */
struct cf_state;
void cf_fw_cfg_state(struct cf_fw_cfg *f, struct cf_state *s);

#endif
