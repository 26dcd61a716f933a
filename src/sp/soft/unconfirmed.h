/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every choice of the model for which no source at hand is certain, as one
 * named constant each.  When AMD's documents are at hand, a wrong one is
 * corrected here; tests/unit/test_sp_soft_unconfirmed.c fails when a value
 * changes, so that none changes by accident.
 */
#ifndef CF_SP_SOFT_UNCONFIRMED_H
#define CF_SP_SOFT_UNCONFIRMED_H

#include "crypto/sev_kdf.h"
#include "sp/sp.h"

/* --- SEV and SEV-ES (AMD 55766) --- */

/* DECOMMISSION of a guest that still has its ASID. */
#define UNC_DECOMMISSION_ACTIVE CF_FW_ACTIVE
/* The policy asks for a newer API than the firmware's. */
#define UNC_SEV_API_TOO_OLD CF_FW_POLICY_FAILURE
/* The policy asks for SEV-ES and INIT did not enable it. */
#define UNC_ES_NOT_ENABLED CF_FW_POLICY_FAILURE
/* Reserved bits of the policy. */
#define UNC_SEV_POLICY_RESERVED CF_FW_INVALID_PARAM
/* LAUNCH_UPDATE_VMSA (SEND, RECEIVE) for a guest without SEV-ES. */
#define UNC_VMSA_WITHOUT_ES CF_FW_POLICY_FAILURE
/* Session: WRAP_MAC or POLICY_MAC does not match. */
#define UNC_SESSION_MAC CF_FW_BAD_MEASUREMENT
/* UPDATE, SECRET and DBG commands need a bound ASID. */
#define UNC_UPDATE_NEEDS_ACTIVE 1
/* Guest states for DBG_*, COPY, SWAP_* and ATTESTATION: LUPDATE, LSECRET,
 * RUNNING. */
#define UNC_DBG_STATES (1u << 1 | 1u << 2 | 1u << 3)
/* The state after SEND_FINISH (6: SENT; older APIs: 0). */
#define UNC_AFTER_SEND_FINISH 6
/* First byte of the MAC of SEND/RECEIVE packets, data and VMSA. */
#define UNC_MAC_SEND_DATA CF_SEV_PACKET_DATA
#define UNC_MAC_SEND_VMSA CF_SEV_PACKET_VMSA
/* Plain text of LAUNCH_SECRET and of SEND/RECEIVE: at most so many bytes. */
#define UNC_SECRET_MAX (16u << 10)
/* PEK_CERT_IMPORT: the key is not the CSR's; the OCA is no certificate. */
#define UNC_IMPORT_WRONG_KEY CF_FW_INVALID_CERTIFICATE
/* PEK_CERT_IMPORT makes a new PDH (else the old one is signed again). */
#define UNC_IMPORT_NEW_PDH 0
/* The CEK that PDH_CERT_EXPORT gives has no ASK signature; the key server's
 * has. */
#define UNC_CEK_EXPORT_SIGNED 0
/* SEND_START: DOMAIN set and the target has another OCA; a chain that does
 * not end at our ARK. */
#define UNC_SEND_OTHER_DOMAIN CF_FW_POLICY_FAILURE
#define UNC_SEND_BAD_CHAIN    CF_FW_INVALID_CERTIFICATE
/* LAUNCH_START with the HANDLE of another guest: NOKS or another policy. */
#define UNC_KEY_SHARING_REFUSED CF_FW_POLICY_FAILURE
/* Buffers that firmware writes must be Firmware pages when SNP is on. */
#define UNC_LEGACY_OUT_NEEDS_FIRMWARE 1

/* --- SNP (AMD 56860) --- */

/* PAGE_INFO bytes 65..67: 0 as in the command dword (VMPL1, 2, 3), 1 reversed
 * (VMPL3 at 64, then 2, 1, reserved). */
#define UNC_PAGE_INFO_REVERSED 0
/* A guest context address that is in memory but no context. */
#define UNC_NOT_A_CONTEXT CF_FW_INVALID_GUEST
/* Policy bits above 25, or bit 17 clear. */
#define UNC_POLICY_RESERVED CF_FW_INVALID_PARAM
/* LAUNCH_UPDATE page types 0 and 7. */
#define UNC_BAD_PAGE_TYPE CF_FW_INVALID_PARAM
/* AUTH_KEY_EN without ID_BLOCK_EN. */
#define UNC_AUTH_WITHOUT_BLOCK CF_FW_INVALID_PARAM
/* Message with the wrong sequence number (0x1D only at overflow). */
#define UNC_BAD_SEQNO CF_FW_INVALID_PARAM
/* PAGE_RECLAIM of a page that is in Reclaim state already succeeds. */
#define UNC_RECLAIM_AGAIN CF_FW_SUCCESS
/* SNP_CONFIG with all-zero REPORTED_TCB resets it to the committed one. */
#define UNC_CONFIG_ZERO_RESETS 1
/* SNP_COMMIT: REPORTED_TCB follows when it was equal to COMMITTED_TCB. */
#define UNC_COMMIT_REPORTED_FOLLOWS 1
/* CHIP_ID in a report that the VLEK signed is zero. */
#define UNC_VLEK_CHIP_ID_ZERO 1
/* Reports by product: Milan, Genoa, Turin. */
#define UNC_REPORT_VERSION_MILAN 2
#define UNC_REPORT_VERSION_GENOA 3
#define UNC_REPORT_VERSION_TURIN 5
/* VERSION of the secrets page; 4 has TSC_FACTOR. */
#define UNC_SECRETS_VERSION 4
/* More than 64 entries in the CPUID page, or a leaf outside the ranges. */
#define UNC_CPUID_COUNT CF_FW_INVALID_PARAM
/* The VCEK is asked for and VCEK_DIS was given at launch. */
#define UNC_VCEK_DISABLED CF_FW_INVALID_KEY
/* Bad wrapped hashstick in VLEK_LOAD. */
#define UNC_VLEK_BAD_TAG CF_FW_BAD_MEASUREMENT
/* Swap: damaged metadata entry, wrong tag. */
#define UNC_SWAP_BAD_ENTRY CF_FW_INVALID_MDATA_ENTRY
#define UNC_SWAP_BAD_TAG   CF_FW_BAD_MEASUREMENT
/* SECRETS, CPUID and VMSA pages at launch, VMSA and metadata pages of the swap
 * commands: with the 2 MiB flag. */
#define UNC_LARGE_SPECIAL_PAGE CF_FW_INVALID_PAGE_SIZE
/* PAGE_UNSMASH: page states that it takes (Pre-Guest, Pre-Swap), the status for pages that are not alike or not in order,
 * and whether the 2 MiB page is left without IMMUTABLE. */
#define UNC_UNSMASH_STATES (1u << 6 | 1u << 7)
#define UNC_UNSMASH_UNLIKE CF_FW_INVALID_PAGE_STATE
#define UNC_UNSMASH_THAWS  1
/* INIT_EX: a range of its list that is not whole pages. */
#define UNC_RANGE_UNALIGNED CF_FW_INVALID_PARAM
/* Firmware images: what is no image of this product, the alignment of an
 * image's address, DOWNLOAD_FIRMWARE_EX while SEV is initialised. */
#define UNC_IMAGE_BAD       CF_FW_UPDATE_FAILED
#define UNC_IMAGE_ALIGN     32
#define UNC_UPDATE_WITH_SEV CF_FW_SHUTDOWN_REQUIRED
/* RMPUPDATE of a page that stays the same guest page (ASID, GPA) keeps
 * VALIDATED, so that a validated page can become Pre-Swap. */
#define UNC_RMPUPDATE_KEEPS_VALIDATED 1

#endif
