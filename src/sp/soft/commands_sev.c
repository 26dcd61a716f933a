/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SEV and SEV-ES commands: this table is the state machine.  Source: SEV
 * API (AMD 55766), "Platform State Machine", "Guest State Machine".
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

#define UNINIT  BIT(SEV_UNINIT)
#define INIT    BIT(SEV_INIT)
#define WORKING BIT(SEV_WORKING)
#define UP      (INIT | WORKING)
#define ANY     (UNINIT | UP)

#define G_LUPDATE BIT(GS_LUPDATE)
#define G_LSECRET BIT(GS_LSECRET)
#define G_RUNNING BIT(GS_RUNNING)
#define G_SUPDATE BIT(GS_SUPDATE)
#define G_RUPDATE BIT(GS_RUPDATE)
#define G_COMMON                                                     \
	(G_LUPDATE | G_LSECRET | G_RUNNING | G_SUPDATE | G_RUPDATE | \
		BIT(GS_SENT))
#define G_DBG  UNC_DBG_STATES
#define ACTIVE (UNC_UPDATE_NEEDS_ACTIVE ? CMD_ACTIVE : 0)

#define HANDLE F(0, 4, "HANDLE")
#define UPDATE FIELDS(HANDLE, F(8, 8, "PADDR"), F(0x10, 4, "LENGTH"))
#define PACKET                                                      \
	FIELDS(HANDLE, F(8, 8, "HDR_PADDR"), F(0x10, 4, "HDR_LEN"), \
		F(0x18, 8, "GUEST_PADDR"), F(0x20, 4, "GUEST_LEN"), \
		F(0x28, 8, "TRANS_PADDR"), F(0x30, 4, "TRANS_LEN"))
#define COPYING                                                       \
	FIELDS(HANDLE, F(8, 8, "SRC_PADDR"), F(0x10, 8, "DST_PADDR"), \
		F(0x18, 4, "LENGTH"))

/* clang-format off */
const struct command cf_sp_sev_commands[] = {
	/* Platform. */
	{ 0x01, "INIT", API_SEV, 0x14, UNINIT, 0, 0, 0, cf_sp_sev_init,
		FIELDS(F(0, 4, "OPTIONS"), F(8, 8, "TMR_PADDR"),
		F(0x10, 4, "TMR_LENGTH")) },
	{ 0x0D, "INIT_EX", API_SEV, 0x24, UNINIT, 0, 0, 0, cf_sp_sev_init_ex,
		FIELDS(F(0, 4, "LENGTH"), F(4, 4, "OPTIONS"),
		F(8, 8, "TMR_PADDR"), F(0x10, 4, "TMR_LENGTH"),
		F(0x18, 8, "NV_PADDR"), F(0x20, 4, "NV_LENGTH")) },
	{ 0x02, "SHUTDOWN", API_SEV, 0, UP, 0, 0, 0, cf_sp_sev_shutdown,
		NULL },
	{ 0x03, "PLATFORM_RESET", API_SEV, 0, UNINIT, 0, 0, 0,
		cf_sp_sev_platform_reset, NULL },
	{ 0x04, "PLATFORM_STATUS", API_SEV, 0x0C, ANY, 0, 0, 0,
		cf_sp_sev_platform_status, FIELDS(F(0, 1, "API_MAJOR"),
		F(1, 1, "API_MINOR"), F(2, 1, "STATE"), F(3, 4, "FLAGS"),
		F(7, 1, "BUILD_ID"), F(8, 4, "GUEST_COUNT")) },
	{ 0x05, "PEK_GEN", API_SEV, 0, INIT, 0, 0, 0, cf_sp_sev_pek_gen,
		NULL },
	{ 0x06, "PEK_CSR", API_SEV, 0x0C, INIT, 0, 0, 0, cf_sp_sev_pek_csr,
		FIELDS(F(0, 8, "CSR_PADDR"), F(8, 4, "CSR_LENGTH")) },
	{ 0x07, "PEK_CERT_IMPORT", API_SEV, 0x1C, INIT, 0, 0, 0,
		cf_sp_sev_pek_cert_import, FIELDS(F(0, 8, "PEK_CERT_PADDR"),
		F(8, 4, "PEK_CERT_LENGTH"), F(0x10, 8, "OCA_CERT_PADDR"),
		F(0x18, 4, "OCA_CERT_LENGTH")) },
	{ 0x08, "PDH_CERT_EXPORT", API_SEV, 0x1C, UP, 0, 0, 0,
		cf_sp_sev_pdh_cert_export, FIELDS(F(0, 8, "PDH_CERT_PADDR"),
		F(8, 4, "PDH_CERT_LENGTH"), F(0x10, 8, "CERTS_PADDR"),
		F(0x18, 4, "CERTS_LENGTH")) },
	{ 0x09, "PDH_GEN", API_SEV, 0, UP, 0, 0, 0, cf_sp_sev_pdh_gen, NULL },
	{ 0x0A, "DF_FLUSH", API_SEV, 0, UP, 0, 0, 0, cf_sp_df_flush, NULL },
	{ 0x0B, "DOWNLOAD_FIRMWARE", API_SEV, 0x0C, UNINIT, 0, 0, 0,
		cf_sp_sev_download_firmware,
		FIELDS(F(0, 8, "FW_PADDR"), F(8, 4, "FW_LENGTH")) },
	{ 0x0C, "GET_ID", API_SEV, 0x0C, ANY, 0, 0, 0, cf_sp_sev_get_id,
		FIELDS(F(0, 8, "ID_PADDR"), F(8, 4, "ID_LENGTH")) },
	{ 0x0E, "NOP", API_SEV, 0, ANY, 0, 0, 0, cf_sp_nop, NULL },
	{ 0x0F, "RING_BUFFER", API_SEV, 0, UP, 0, 0, 0, cf_sp_unsupported,
		NULL },

	/* Guests. */
	{ 0x20, "DECOMMISSION", API_SEV, 4, WORKING, G_COMMON, 0, 0,
		cf_sp_sev_decommission, FIELDS(HANDLE) },
	{ 0x21, "ACTIVATE", API_SEV, 8, WORKING, G_COMMON, 0, 0,
		cf_sp_sev_activate, FIELDS(HANDLE, F(4, 4, "ASID")) },
	{ 0x25, "ACTIVATE_EX", API_SEV, 0x18, WORKING, G_COMMON, 4, 0,
		cf_sp_sev_activate_ex, FIELDS(F(0, 4, "EX_LEN"),
		F(4, 4, "HANDLE"), F(8, 4, "ASID"), F(0xC, 4, "NUM_IDS"),
		F(0x10, 8, "IDS_PADDR")) },
	{ 0x22, "DEACTIVATE", API_SEV, 4, WORKING, G_COMMON, 0, 0,
		cf_sp_sev_deactivate, FIELDS(HANDLE) },
	{ 0x23, "GUEST_STATUS", API_SEV, 0x0D, WORKING, G_COMMON, 0, 0,
		cf_sp_sev_guest_status, FIELDS(HANDLE, F(4, 4, "POLICY"),
		F(8, 4, "ASID"), F(0xC, 1, "STATE")) },
	{ 0x24, "COPY", API_SEV, 0x18, WORKING, G_DBG, 0, ACTIVE,
		cf_sp_sev_copy, FIELDS(HANDLE, F(4, 4, "LENGTH"),
		F(8, 8, "SRC_PADDR"), F(0x10, 8, "DST_PADDR")) },

	/* Launch. */
	{ 0x30, "LAUNCH_START", API_SEV, 0x24, UP, 0, 0, 0,
		cf_sp_sev_launch_start, FIELDS(HANDLE, F(4, 4, "POLICY"),
		F(8, 8, "GDH_CERT_PADDR"), F(0x10, 4, "GDH_CERT_LEN"),
		F(0x18, 8, "SESSION_PADDR"), F(0x20, 4, "SESSION_LEN")) },
	{ 0x31, "LAUNCH_UPDATE_DATA", API_SEV, 0x14, WORKING, G_LUPDATE, 0,
		ACTIVE, cf_sp_sev_launch_update_data, UPDATE },
	{ 0x32, "LAUNCH_UPDATE_VMSA", API_SEV, 0x14, WORKING, G_LUPDATE, 0,
		ACTIVE, cf_sp_sev_launch_update_vmsa, UPDATE },
	{ 0x33, "LAUNCH_MEASURE", API_SEV, 0x14, WORKING, G_LUPDATE, 0, 0,
		cf_sp_sev_launch_measure, FIELDS(HANDLE,
		F(8, 8, "MEASURE_PADDR"), F(0x10, 4, "MEASURE_LEN")) },
	{ 0x34, "LAUNCH_SECRET", API_SEV, 0x34, WORKING, G_LSECRET, 0, ACTIVE,
		cf_sp_sev_launch_secret, PACKET },
	{ 0x35, "LAUNCH_FINISH", API_SEV, 4, WORKING, G_LSECRET, 0, 0,
		cf_sp_sev_launch_finish, FIELDS(HANDLE) },
	{ 0x36, "ATTESTATION", API_SEV, 0x24, WORKING, G_DBG, 0, 0,
		cf_sp_sev_attestation, FIELDS(HANDLE, F(8, 8, "PADDR"),
		F(0x10, 16, "MNONCE"), F(0x20, 4, "LENGTH")) },

	/* Migration. */
	{ 0x40, "SEND_START", API_SEV, 0x44, WORKING, G_RUNNING, 0, 0,
		cf_sp_sev_send_start, FIELDS(HANDLE, F(4, 4, "POLICY"),
		F(8, 8, "PDH_CERT_PADDR"), F(0x10, 4, "PDH_CERT_LEN"),
		F(0x18, 8, "PLAT_CERTS_PADDR"), F(0x20, 4, "PLAT_CERTS_LEN"),
		F(0x28, 8, "AMD_CERTS_PADDR"), F(0x30, 4, "AMD_CERTS_LEN"),
		F(0x38, 8, "SESSION_PADDR"), F(0x40, 4, "SESSION_LEN")) },
	{ 0x41, "SEND_UPDATE_DATA", API_SEV, 0x34, WORKING, G_SUPDATE, 0,
		ACTIVE, cf_sp_sev_send_update_data, PACKET },
	{ 0x42, "SEND_UPDATE_VMSA", API_SEV, 0x34, WORKING, G_SUPDATE, 0,
		ACTIVE, cf_sp_sev_send_update_vmsa, PACKET },
	{ 0x43, "SEND_FINISH", API_SEV, 4, WORKING, G_SUPDATE, 0, 0,
		cf_sp_sev_send_finish, FIELDS(HANDLE) },
	{ 0x44, "SEND_CANCEL", API_SEV, 4, WORKING, G_SUPDATE, 0, 0,
		cf_sp_sev_send_cancel, FIELDS(HANDLE) },
	{ 0x50, "RECEIVE_START", API_SEV, 0x24, UP, 0, 0, 0,
		cf_sp_sev_receive_start, FIELDS(HANDLE, F(4, 4, "POLICY"),
		F(8, 8, "PDH_CERT_PADDR"), F(0x10, 4, "PDH_CERT_LEN"),
		F(0x18, 8, "SESSION_PADDR"), F(0x20, 4, "SESSION_LEN")) },
	{ 0x51, "RECEIVE_UPDATE_DATA", API_SEV, 0x34, WORKING, G_RUPDATE, 0,
		ACTIVE, cf_sp_sev_receive_update_data, PACKET },
	{ 0x52, "RECEIVE_UPDATE_VMSA", API_SEV, 0x34, WORKING, G_RUPDATE, 0,
		ACTIVE, cf_sp_sev_receive_update_vmsa, PACKET },
	{ 0x53, "RECEIVE_FINISH", API_SEV, 4, WORKING, G_RUPDATE, 0, 0,
		cf_sp_sev_receive_finish, FIELDS(HANDLE) },

	/* Debugging and swapping. */
	{ 0x60, "DBG_DECRYPT", API_SEV, 0x1C, WORKING, G_DBG, 0, ACTIVE,
		cf_sp_sev_dbg_decrypt, COPYING },
	{ 0x61, "DBG_ENCRYPT", API_SEV, 0x1C, WORKING, G_DBG, 0, ACTIVE,
		cf_sp_sev_dbg_encrypt, COPYING },
	{ 0x70, "SWAP_OUT", API_SEV, 0x28, WORKING, G_DBG, 0, ACTIVE,
		cf_sp_sev_swap_out, FIELDS(HANDLE, F(4, 4, "FLAGS"),
		F(8, 8, "SRC"), F(0x10, 8, "DST"), F(0x18, 8, "MDATA"),
		F(0x20, 8, "SOFTWARE_DATA")) },
	{ 0x71, "SWAP_IN", API_SEV, 0x20, WORKING, G_DBG, 0, ACTIVE,
		cf_sp_sev_swap_in, FIELDS(HANDLE, F(4, 4, "FLAGS"),
		F(8, 8, "SRC"), F(0x10, 8, "DST"), F(0x18, 8, "MDATA")) },
};
/* clang-format on */
const size_t cf_sp_sev_ncommands = CF_ARRAY_LEN(cf_sp_sev_commands);
