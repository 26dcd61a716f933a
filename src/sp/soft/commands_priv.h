/* SPDX-License-Identifier: Apache-2.0 */
/* The form of the command table, and every handler in it, by file. */
#ifndef CF_SP_SOFT_COMMANDS_PRIV_H
#define CF_SP_SOFT_COMMANDS_PRIV_H

#include "sp/soft/soft_priv.h"

struct field {
	uint8_t offset, size;
	const char *name;
};

/* The guest that dispatch found for a handler; one of them or none. */
struct call {
	struct cf_sp_soft *sp;
	uint8_t *buf;
	struct sev_guest *sev;
	struct snp_guest *snp;
};

enum api { API_SEV, API_SNP };
#define CMD_ACTIVE BIT(0) /* the guest must have an ASID */

struct command {
	uint8_t id;
	const char *name;
	enum api api;
	uint8_t size;     /* of the command buffer; 0: none */
	uint8_t platform; /* BIT of each sev_state or snp_state */
	uint8_t guest;    /* BIT of each guest state; 0: no guest context */
	uint8_t guest_at; /* offset of HANDLE or GCTX_PADDR in the buffer */
	uint8_t flags;
	uint32_t (*run)(struct call *c);
	const struct field *fields; /* ends with a NULL name; rest is MBZ */
};
/* i-th of all commands; NULL past the end. */
const struct command *cf_sp_command_at(size_t i);
extern const struct command cf_sp_snp_commands[];
extern const size_t cf_sp_snp_ncommands;
extern const struct command cf_sp_sev_commands[];
extern const size_t cf_sp_sev_ncommands;

/* Handlers, by file. */
uint32_t cf_sp_unsupported(struct call *c);
uint32_t cf_sp_nop(struct call *c);
uint32_t cf_sp_sev_init(struct call *c);
uint32_t cf_sp_sev_init_ex(struct call *c);
uint32_t cf_sp_sev_shutdown(struct call *c);
uint32_t cf_sp_sev_platform_status(struct call *c);
uint32_t cf_sp_sev_platform_reset(struct call *c);
uint32_t cf_sp_sev_get_id(struct call *c);
uint32_t cf_sp_sev_pek_gen(struct call *c);
uint32_t cf_sp_sev_pdh_gen(struct call *c);
uint32_t cf_sp_sev_pek_csr(struct call *c);
uint32_t cf_sp_sev_pek_cert_import(struct call *c);
uint32_t cf_sp_sev_pdh_cert_export(struct call *c);
uint32_t cf_sp_sev_activate(struct call *c);
uint32_t cf_sp_sev_activate_ex(struct call *c);
uint32_t cf_sp_sev_deactivate(struct call *c);
uint32_t cf_sp_sev_decommission(struct call *c);
uint32_t cf_sp_sev_guest_status(struct call *c);
uint32_t cf_sp_sev_copy(struct call *c);
uint32_t cf_sp_sev_dbg_decrypt(struct call *c);
uint32_t cf_sp_sev_dbg_encrypt(struct call *c);
uint32_t cf_sp_sev_swap_out(struct call *c);
uint32_t cf_sp_sev_swap_in(struct call *c);
uint32_t cf_sp_sev_launch_start(struct call *c);
uint32_t cf_sp_sev_launch_update_data(struct call *c);
uint32_t cf_sp_sev_launch_update_vmsa(struct call *c);
uint32_t cf_sp_sev_launch_measure(struct call *c);
uint32_t cf_sp_sev_launch_secret(struct call *c);
uint32_t cf_sp_sev_launch_finish(struct call *c);
uint32_t cf_sp_sev_attestation(struct call *c);
uint32_t cf_sp_sev_send_start(struct call *c);
uint32_t cf_sp_sev_send_update_data(struct call *c);
uint32_t cf_sp_sev_send_update_vmsa(struct call *c);
uint32_t cf_sp_sev_send_finish(struct call *c);
uint32_t cf_sp_sev_send_cancel(struct call *c);
uint32_t cf_sp_sev_receive_start(struct call *c);
uint32_t cf_sp_sev_receive_update_data(struct call *c);
uint32_t cf_sp_sev_receive_update_vmsa(struct call *c);
uint32_t cf_sp_sev_receive_finish(struct call *c);
uint32_t cf_sp_snp_init(struct call *c);
uint32_t cf_sp_snp_init_ex(struct call *c);
uint32_t cf_sp_snp_shutdown(struct call *c);
uint32_t cf_sp_snp_shutdown_ex(struct call *c);
uint32_t cf_sp_snp_platform_status(struct call *c);
uint32_t cf_sp_df_flush(struct call *c);
uint32_t cf_sp_snp_config(struct call *c);
uint32_t cf_sp_snp_commit(struct call *c);
uint32_t cf_sp_sev_download_firmware(struct call *c);
uint32_t cf_sp_snp_download_firmware_ex(struct call *c);
uint32_t cf_sp_snp_vlek_load(struct call *c);
uint32_t cf_sp_snp_feature_info(struct call *c);
uint32_t cf_sp_snp_gctx_create(struct call *c);
uint32_t cf_sp_snp_decommission(struct call *c);
uint32_t cf_sp_snp_activate(struct call *c);
uint32_t cf_sp_snp_activate_ex(struct call *c);
uint32_t cf_sp_snp_guest_status(struct call *c);
uint32_t cf_sp_snp_launch_start(struct call *c);
uint32_t cf_sp_snp_launch_update(struct call *c);
uint32_t cf_sp_snp_launch_finish(struct call *c);
uint32_t cf_sp_snp_guest_request(struct call *c);
uint32_t cf_sp_snp_page_reclaim(struct call *c);
uint32_t cf_sp_snp_page_unsmash(struct call *c);
uint32_t cf_sp_snp_page_move(struct call *c);
uint32_t cf_sp_snp_page_md_init(struct call *c);
uint32_t cf_sp_snp_page_swap_out(struct call *c);
uint32_t cf_sp_snp_page_swap_in(struct call *c);
uint32_t cf_sp_snp_dbg_decrypt(struct call *c);
uint32_t cf_sp_snp_dbg_encrypt(struct call *c);

/* A transport packet's MAC, and its data to plain text under the TEK. */
uint32_t cf_sp_sev_open_packet(struct call *c, enum cf_sev_packet_kind kind,
	const uint8_t *measure, uint32_t max);

#endif
