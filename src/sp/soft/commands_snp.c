/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP commands: this table is the state machine.  Source: SNP firmware
 * ABI (AMD 56860), command descriptions and "Guest Context States".
 */
#include "sp/soft/commands_priv.h"

#define F(off, size, name)      \
	{                       \
		off, size, name \
	}
#define FIELDS(...)            \
	(const struct field[]) \
	{                      \
		__VA_ARGS__,   \
		{              \
			0      \
		}              \
	}

#define ANY  (BIT(SNP_UNINIT) | BIT(SNP_INIT))
#define INIT BIT(SNP_INIT)

#define G_INIT    BIT(SG_INIT)
#define G_LAUNCH  BIT(SG_LAUNCH)
#define G_RUNNING BIT(SG_RUNNING)
#define G_LIVE    (G_LAUNCH | G_RUNNING)
#define G_ANY     (G_INIT | G_LIVE)

#define GCTX F(0, 8, "GCTX_PADDR")

#define SWAP                                                            \
	FIELDS(GCTX, F(8, 8, "SRC_PADDR"), F(0x10, 8, "DST_PADDR"),     \
		F(0x18, 8, "MDATA_PADDR"), F(0x20, 8, "SOFTWARE_DATA"), \
		F(0x28, 8, "FLAGS"))

/* clang-format off */
const struct command cf_sp_snp_commands[] = {
	/* Platform. */
	{ 0x81, "SNP_INIT", API_SNP, 0, BIT(SNP_UNINIT), 0, 0, 0,
		cf_sp_snp_init, NULL },
	{ 0x85, "SNP_INIT_EX", API_SNP, 0x40, BIT(SNP_UNINIT), 0, 0, 0,
		cf_sp_snp_init_ex, FIELDS(F(0, 4, "FLAGS"),
		F(8, 8, "LIST_PADDR"), F(0x10, 2, "MAX_SNP_ASID")) },
	{ 0x82, "SNP_SHUTDOWN", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_snp_shutdown, NULL },
	{ 0x86, "SNP_SHUTDOWN_EX", API_SNP, 8, INIT, 0, 0, 0,
		cf_sp_snp_shutdown_ex,
		FIELDS(F(0, 4, "LENGTH"), F(4, 4, "FLAGS")) },
	{ 0x83, "SNP_PLATFORM_STATUS", API_SNP, 8, ANY, 0, 0, 0,
		cf_sp_snp_platform_status, FIELDS(F(0, 8, "STATUS_PADDR")) },
	{ 0x84, "SNP_DF_FLUSH", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_df_flush, NULL },
	{ 0xC9, "SNP_CONFIG", API_SNP, 0x40, INIT, 0, 0, 0,
		cf_sp_snp_config,
		FIELDS(F(0, 8, "REPORTED_TCB"), F(8, 4, "FLAGS")) },
	{ 0xCA, "SNP_DOWNLOAD_FIRMWARE_EX", API_SNP, 0x18, ANY, 0, 0, 0,
		cf_sp_snp_download_firmware_ex, FIELDS(F(0, 4, "LENGTH"),
		F(8, 8, "FW_PADDR"), F(0x10, 4, "FW_LEN"),
		F(0x14, 4, "FLAGS")) },
	{ 0xCB, "SNP_COMMIT", API_SNP, 4, INIT, 0, 0, 0,
		cf_sp_snp_commit, FIELDS(F(0, 4, "LENGTH")) },
	{ 0xCD, "SNP_VLEK_LOAD", API_SNP, 0x10, INIT, 0, 0, 0,
		cf_sp_snp_vlek_load, FIELDS(F(0, 4, "LENGTH"),
		F(4, 1, "VLEK_WRAPPED_VERSION"), F(8, 8, "PADDR")) },
	{ 0xCE, "SNP_FEATURE_INFO", API_SNP, 0x10, INIT, 0, 0, 0,
		cf_sp_snp_feature_info, FIELDS(F(0, 4, "LENGTH"),
		F(4, 4, "ECX_IN"), F(8, 8, "PADDR")) },

	/* Guest contexts. */
	{ 0x93, "SNP_GCTX_CREATE", API_SNP, 8, INIT, 0, 0, 0,
		cf_sp_snp_gctx_create, FIELDS(GCTX) },
	{ 0x90, "SNP_DECOMMISSION", API_SNP, 8, INIT, G_ANY, 0, 0,
		cf_sp_snp_decommission, FIELDS(GCTX) },
	{ 0x91, "SNP_ACTIVATE", API_SNP, 0x0C, INIT, G_LIVE, 0, 0,
		cf_sp_snp_activate, FIELDS(GCTX, F(8, 4, "ASID")) },
	{ 0x95, "SNP_ACTIVATE_EX", API_SNP, 0x20, INIT, G_LIVE, 8, 0,
		cf_sp_snp_activate_ex, FIELDS(F(0, 4, "LENGTH"),
		F(8, 8, "GCTX_PADDR"), F(0x10, 4, "ASID"),
		F(0x14, 4, "NUM_IDS"), F(0x18, 8, "IDS_PADDR")) },
	{ 0x92, "SNP_GUEST_STATUS", API_SNP, 0x10, INIT, G_ANY, 0, 0,
		cf_sp_snp_guest_status,
		FIELDS(GCTX, F(8, 8, "STATUS_PADDR")) },
	{ 0x94, "SNP_GUEST_REQUEST", API_SNP, 0x18, INIT, G_RUNNING, 0, 0,
		cf_sp_snp_guest_request, FIELDS(GCTX,
		F(8, 8, "REQUEST_PADDR"), F(0x10, 8, "RESPONSE_PADDR")) },

	/* Launch. */
	{ 0xA0, "SNP_LAUNCH_START", API_SNP, 0x30, INIT, G_INIT, 0, 0,
		cf_sp_snp_launch_start, FIELDS(GCTX, F(8, 8, "POLICY"),
		F(0x10, 8, "MA_GCTX_PADDR"), F(0x18, 4, "FLAGS"),
		F(0x1C, 4, "DESIRED_TSC_KHZ"), F(0x20, 16, "GOSVW")) },
	{ 0xA1, "SNP_LAUNCH_UPDATE", API_SNP, 0x20, INIT, G_LAUNCH, 0,
		CMD_ACTIVE, cf_sp_snp_launch_update, FIELDS(GCTX,
		F(8, 4, "PAGE_FLAGS"), F(0x10, 8, "PAGE_PADDR"),
		F(0x19, 3, "VMPL_PERMS")) },
	{ 0xA2, "SNP_LAUNCH_FINISH", API_SNP, 0x40, INIT, G_LAUNCH, 0, 0,
		cf_sp_snp_launch_finish, FIELDS(GCTX,
		F(8, 8, "ID_BLOCK_PADDR"), F(0x10, 8, "ID_AUTH_PADDR"),
		F(0x18, 8, "FLAGS"), F(0x20, 32, "HOST_DATA")) },

	/* Pages. */
	{ 0xC7, "SNP_PAGE_RECLAIM", API_SNP, 8, INIT, 0, 0, 0,
		cf_sp_snp_page_reclaim, FIELDS(F(0, 8, "PAGE_PADDR")) },
	{ 0xC8, "SNP_PAGE_UNSMASH", API_SNP, 8, INIT, 0, 0, 0,
		cf_sp_snp_page_unsmash, FIELDS(F(0, 8, "PAGE_PADDR")) },
	{ 0xC6, "SNP_PAGE_SET_STATE", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xC2, "SNP_PAGE_MOVE", API_SNP, 0x20, INIT, G_LIVE, 0, CMD_ACTIVE,
		cf_sp_snp_page_move, FIELDS(GCTX, F(8, 4, "FLAGS"),
		F(0x10, 8, "SRC_PADDR"), F(0x18, 8, "DST_PADDR")) },
	{ 0xC3, "SNP_PAGE_MD_INIT", API_SNP, 0x10, INIT, G_LIVE, 0, 0,
		cf_sp_snp_page_md_init,
		FIELDS(GCTX, F(8, 8, "PAGE_PADDR")) },
	{ 0xC0, "SNP_PAGE_SWAP_OUT", API_SNP, 0x30, INIT, G_LIVE, 0,
		CMD_ACTIVE, cf_sp_snp_page_swap_out, SWAP },
	{ 0xC1, "SNP_PAGE_SWAP_IN", API_SNP, 0x30, INIT, G_LIVE, 0,
		CMD_ACTIVE, cf_sp_snp_page_swap_in, SWAP },

	/* Debugging. */
	{ 0xB0, "SNP_DBG_DECRYPT", API_SNP, 0x18, INIT, G_RUNNING, 0,
		CMD_ACTIVE, cf_sp_snp_dbg_decrypt, FIELDS(GCTX,
		F(8, 8, "SRC_PADDR"), F(0x10, 8, "DST_PADDR")) },
	{ 0xB1, "SNP_DBG_ENCRYPT", API_SNP, 0x18, INIT, G_RUNNING, 0,
		CMD_ACTIVE, cf_sp_snp_dbg_encrypt, FIELDS(GCTX,
		F(8, 8, "SRC_PADDR"), F(0x10, 8, "DST_PADDR")) },
	{ 0xB2, "SNP_VERIFY_MITIGATION", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },

	/* Devices; FEATURE_INFO does not offer them. */
	{ 0xD0, "TIO_STATUS", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xD1, "TIO_INIT", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xD2, "TIO_DEV_CREATE", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xD3, "TIO_DEV_RECLAIM", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xD4, "TIO_DEV_CONNECT", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
	{ 0xD5, "TIO_DEV_DISCONNECT", API_SNP, 0, INIT, 0, 0, 0,
		cf_sp_unsupported, NULL },
};
/* clang-format on */
const size_t cf_sp_snp_ncommands = CF_ARRAY_LEN(cf_sp_snp_commands);
