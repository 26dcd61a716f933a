/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the specifications say of every command: where it is legal, and the
 * status there of the call that `fill` makes.  Written from the documents,
 * not from the model's table.
 */
#ifndef SP_MATRIX_H
#define SP_MATRIX_H

#include "base/base.h"
#include "crypto/sev_cert.h"
#include "sp/sp.h"

/* Where things are in the memory. */
#define DATA    0x1000u /* host page, zeros */
#define GCTX    0x2000u /* guest context */
#define OUT     0x3000u /* Firmware page */
#define FRESH   0x4000u /* Pre-Guest */
#define VALID   0x5000u /* Guest-Valid */
#define FROZEN  0x7000u /* Pre-Swap */
#define MOVE_TO 0x8000u /* Pre-Guest with FROZEN's address */
#define PDH     0x10000u
#define CHAIN   0x11000u
#define AMD     0x14000u
#define SESSION 0x16000u
#define HDR     0x17000u
#define TRANS   0x18000u
#define CERT2   0x20000u
#define IMAGE   0x30000u  /* a firmware image */
#define SMALLS  0x200000u /* 512 Pre-Swap pages in order */

typedef void fill_fn(uint8_t *b);

struct row {
	uint8_t id;
	const char *name;
	size_t size;
	const char *platform; /* states where it is legal */
	const char *guest;    /* NULL: takes no guest */
	size_t guest_at;
	bool active; /* the guest must have an ASID */
	fill_fn *fill;
	uint32_t legal;    /* status of the call where it is legal */
	uint32_t inactive; /* the same for a guest without ASID */
};

static void q(uint8_t *b, size_t at, uint64_t v)
{
	cf_store_le64(b + at, v);
}

static void d(uint8_t *b, size_t at, uint32_t v)
{
	cf_store_le32(b + at, v);
}

static void none(uint8_t *b)
{
}

static void out_at_0(uint8_t *b)
{
	q(b, 0, OUT);
	d(b, 8, CF_SEV_CERT_LEN);
}

static void init(uint8_t *b)
{
	d(b, 0, 1);
	q(b, 8, 1 << 20);
	d(b, 0x10, 1 << 20);
}

static void init_ex(uint8_t *b)
{
	d(b, 0, 0x24);
	q(b, 0x18, CERT2);
	d(b, 0x20, 0x8000);
}

static void import(uint8_t *b)
{
	q(b, 0, DATA);
	d(b, 8, CF_SEV_CERT_LEN);
	q(b, 0x10, DATA);
	d(b, 0x18, CF_SEV_CERT_LEN);
}

static void export(uint8_t *b)
{
	q(b, 0, PDH);
	d(b, 8, CF_SEV_CERT_LEN);
	q(b, 0x10, CHAIN);
	d(b, 0x18, CF_SEV_CHAIN_LEN);
}

static void asid_2(uint8_t *b)
{
	d(b, 4, 2);
}

static void sev_activate_ex(uint8_t *b)
{
	d(b, 0, 0x18);
	d(b, 8, 2);
	d(b, 0xC, 1);
	q(b, 0x10, DATA);
}

static void copy(uint8_t *b)
{
	d(b, 4, 0x40);
	q(b, 8, DATA);
	q(b, 0x10, TRANS);
}

static void dbg(uint8_t *b)
{
	q(b, 8, DATA);
	q(b, 0x10, TRANS);
	d(b, 0x18, 0x40);
}

static void update(uint8_t *b)
{
	q(b, 8, DATA);
	d(b, 0x10, 0x1000);
}

static void launch_start(uint8_t *b)
{
	d(b, 0, 0);
	d(b, 4, 0);
}

static void measure(uint8_t *b)
{
	q(b, 8, TRANS);
	d(b, 0x10, 0x30);
}

static void packet(uint8_t *b)
{
	q(b, 8, HDR);
	d(b, 0x10, 0x34);
	q(b, 0x18, DATA);
	d(b, 0x20, 0x100);
	q(b, 0x28, TRANS);
	d(b, 0x30, 0x100);
}

static void attestation(uint8_t *b)
{
	q(b, 8, TRANS);
	d(b, 0x20, 0xD0);
}

static void send_start(uint8_t *b)
{
	q(b, 8, PDH);
	d(b, 0x10, CF_SEV_CERT_LEN);
	q(b, 0x18, CHAIN);
	d(b, 0x20, CF_SEV_CHAIN_LEN);
	q(b, 0x28, AMD);
	d(b, 0x30, 2 * 0x640);
	q(b, 0x38, SESSION);
	d(b, 0x40, 0x80);
}

static void receive_start(uint8_t *b)
{
	d(b, 0, 0);
	q(b, 8, DATA);
	d(b, 0x10, CF_SEV_CERT_LEN);
	q(b, 0x18, SESSION);
	d(b, 0x20, 0x80);
}

static void sev_swap(uint8_t *b)
{
	q(b, 8, DATA);
	q(b, 0x10, TRANS);
	q(b, 0x18, HDR);
}

static void snp_init_ex(uint8_t *b)
{
	d(b, 0, 1);
}

static void length_8(uint8_t *b)
{
	d(b, 0, 8);
}

static void length_4(uint8_t *b)
{
	d(b, 0, 4);
}

static void vlek(uint8_t *b)
{
	d(b, 0, 0x10);
	q(b, 8, DATA);
}

static void feature(uint8_t *b)
{
	d(b, 0, 0x10);
	q(b, 8, OUT);
}

static void at_out(uint8_t *b)
{
	q(b, 0, OUT);
}

static void download(uint8_t *b)
{
	q(b, 0, IMAGE);
	d(b, 8, 0x240);
}

static void download_ex(uint8_t *b)
{
	d(b, 0, 0x18);
	q(b, 8, IMAGE);
	d(b, 0x10, 0x240);
}

static void unsmash(uint8_t *b)
{
	q(b, 0, SMALLS | 1);
}

static void out_at_8(uint8_t *b)
{
	q(b, 8, OUT);
}

static void snp_asid_2(uint8_t *b)
{
	d(b, 8, 2);
}

static void snp_activate_ex(uint8_t *b)
{
	d(b, 0, 0x20);
	d(b, 0x10, 2);
	d(b, 0x14, 1);
	q(b, 0x18, DATA);
}

static void request(uint8_t *b)
{
	q(b, 8, DATA);
	q(b, 0x10, OUT);
}

static void policy(uint8_t *b)
{
	q(b, 8, 0x30000);
}

static void snp_update(uint8_t *b)
{
	d(b, 8, 1 << 1);
	q(b, 0x10, FRESH);
}

static void move(uint8_t *b)
{
	q(b, 0x10, FROZEN);
	q(b, 0x18, MOVE_TO);
}

static void swap_out(uint8_t *b)
{
	q(b, 8, FROZEN);
	q(b, 0x10, OUT);
	q(b, 0x28, 0x10);
}

static void swap_in(uint8_t *b)
{
	q(b, 8, DATA);
	q(b, 0x10, FRESH);
	q(b, 0x28, 0x10);
}

static void snp_dbg_decrypt(uint8_t *b)
{
	q(b, 8, VALID);
	q(b, 0x10, OUT);
}

static void snp_dbg_encrypt(uint8_t *b)
{
	q(b, 8, DATA);
	q(b, 0x10, VALID);
}

#define OK          CF_FW_SUCCESS
#define UNSUPPORTED CF_FW_UNSUPPORTED
#define BAD_MAC     CF_FW_BAD_MEASUREMENT
#define BAD_CERT    CF_FW_INVALID_CERTIFICATE
#define BAD_PARAM   CF_FW_INVALID_PARAM

/* SEV platform states: u uninit, i init, w working.  Guest states: L
 * lupdate, S lsecret, R running, s supdate, r rupdate, x sent. */
/* clang-format off */
static const struct row sev[] = {
	{ 0x01, "INIT", 0x14, "u", NULL, 0, false, init, OK, OK },
	{ 0x0D, "INIT_EX", 0x24, "u", NULL, 0, false, init_ex, OK, OK },
	{ 0x02, "SHUTDOWN", 0, "iw", NULL, 0, false, none, OK, OK },
	{ 0x03, "PLATFORM_RESET", 0, "u", NULL, 0, false, none, OK, OK },
	{ 0x04, "PLATFORM_STATUS", 0xC, "uiw", NULL, 0, false, none, OK, OK },
	{ 0x05, "PEK_GEN", 0, "i", NULL, 0, false, none, OK, OK },
	{ 0x06, "PEK_CSR", 0xC, "i", NULL, 0, false, out_at_0, OK, OK },
	{ 0x07, "PEK_CERT_IMPORT", 0x1C, "i", NULL, 0, false, import,
		BAD_CERT, BAD_CERT },
	{ 0x08, "PDH_CERT_EXPORT", 0x1C, "iw", NULL, 0, false, export, OK,
		OK },
	{ 0x09, "PDH_GEN", 0, "iw", NULL, 0, false, none, OK, OK },
	{ 0x0A, "DF_FLUSH", 0, "iw", NULL, 0, false, none, OK, OK },
	{ 0x0B, "DOWNLOAD_FIRMWARE", 0xC, "u", NULL, 0, false, download, OK,
		OK },
	{ 0x0C, "GET_ID", 0xC, "uiw", NULL, 0, false, out_at_0, OK, OK },
	{ 0x0E, "NOP", 0, "uiw", NULL, 0, false, none, OK, OK },
	{ 0x0F, "RING_BUFFER", 0, "iw", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0x20, "DECOMMISSION", 4, "w", "LSRsrx", 0, false, none,
		CF_FW_ACTIVE, OK },
	{ 0x21, "ACTIVATE", 8, "w", "LSRsrx", 0, false, asid_2, CF_FW_ACTIVE,
		OK },
	{ 0x25, "ACTIVATE_EX", 0x18, "w", "LSRsrx", 4, false,
		sev_activate_ex, CF_FW_ACTIVE, OK },
	{ 0x22, "DEACTIVATE", 4, "w", "LSRsrx", 0, false, none, OK, OK },
	{ 0x23, "GUEST_STATUS", 0xD, "w", "LSRsrx", 0, false, none, OK, OK },
	{ 0x24, "COPY", 0x18, "w", "LSR", 0, true, copy, OK, 0 },
	{ 0x30, "LAUNCH_START", 0x24, "iw", NULL, 0, false, launch_start, OK,
		OK },
	{ 0x31, "LAUNCH_UPDATE_DATA", 0x14, "w", "L", 0, true, update, OK,
		0 },
	{ 0x32, "LAUNCH_UPDATE_VMSA", 0x14, "w", "L", 0, true, update, OK,
		0 },
	{ 0x33, "LAUNCH_MEASURE", 0x14, "w", "L", 0, false, measure, OK, OK },
	{ 0x34, "LAUNCH_SECRET", 0x34, "w", "S", 0, true, packet, BAD_MAC,
		0 },
	{ 0x35, "LAUNCH_FINISH", 4, "w", "S", 0, false, none, OK, OK },
	{ 0x36, "ATTESTATION", 0x24, "w", "LSR", 0, false, attestation, OK,
		OK },
	{ 0x40, "SEND_START", 0x44, "w", "R", 0, false, send_start, OK, OK },
	{ 0x41, "SEND_UPDATE_DATA", 0x34, "w", "s", 0, true, packet, OK, 0 },
	{ 0x42, "SEND_UPDATE_VMSA", 0x34, "w", "s", 0, true, packet, OK, 0 },
	{ 0x43, "SEND_FINISH", 4, "w", "s", 0, false, none, OK, OK },
	{ 0x44, "SEND_CANCEL", 4, "w", "s", 0, false, none, OK, OK },
	{ 0x50, "RECEIVE_START", 0x24, "iw", NULL, 0, false, receive_start,
		BAD_CERT, BAD_CERT },
	{ 0x51, "RECEIVE_UPDATE_DATA", 0x34, "w", "r", 0, true, packet,
		BAD_MAC, 0 },
	{ 0x52, "RECEIVE_UPDATE_VMSA", 0x34, "w", "r", 0, true, packet,
		BAD_MAC, 0 },
	{ 0x53, "RECEIVE_FINISH", 4, "w", "r", 0, false, none, OK, OK },
	{ 0x60, "DBG_DECRYPT", 0x1C, "w", "LSR", 0, true, dbg, OK, 0 },
	{ 0x61, "DBG_ENCRYPT", 0x1C, "w", "LSR", 0, true, dbg, OK, 0 },
	{ 0x70, "SWAP_OUT", 0x28, "w", "LSR", 0, true, sev_swap, OK, 0 },
	{ 0x71, "SWAP_IN", 0x20, "w", "LSR", 0, true, sev_swap,
		CF_FW_INVALID_MDATA_ENTRY, 0 },
};

/* SNP: platform u, i.  Guest I init, L launch, R running. */
static const struct row snp[] = {
	{ 0x81, "SNP_INIT", 0, "u", NULL, 0, false, none, OK, OK },
	{ 0x85, "SNP_INIT_EX", 0x40, "u", NULL, 0, false, snp_init_ex, OK,
		OK },
	{ 0x82, "SNP_SHUTDOWN", 0, "i", NULL, 0, false, none, OK, OK },
	{ 0x86, "SNP_SHUTDOWN_EX", 8, "i", NULL, 0, false, length_8, OK, OK },
	{ 0x83, "SNP_PLATFORM_STATUS", 8, "ui", NULL, 0, false, at_out, OK,
		OK },
	{ 0x84, "SNP_DF_FLUSH", 0, "i", NULL, 0, false, none, OK, OK },
	{ 0xC9, "SNP_CONFIG", 0x40, "i", NULL, 0, false, none, OK, OK },
	{ 0xCA, "SNP_DOWNLOAD_FIRMWARE_EX", 0x18, "ui", NULL, 0, false,
		download_ex, OK, OK },
	{ 0xCB, "SNP_COMMIT", 4, "i", NULL, 0, false, length_4, OK, OK },
	{ 0xCD, "SNP_VLEK_LOAD", 0x10, "i", NULL, 0, false, vlek, BAD_MAC,
		BAD_MAC },
	{ 0xCE, "SNP_FEATURE_INFO", 0x10, "i", NULL, 0, false, feature, OK,
		OK },
	{ 0x93, "SNP_GCTX_CREATE", 8, "i", NULL, 0, false, at_out, OK, OK },
	{ 0x90, "SNP_DECOMMISSION", 8, "i", "ILR", 0, false, none, OK, OK },
	{ 0x91, "SNP_ACTIVATE", 0xC, "i", "LR", 0, false, snp_asid_2,
		CF_FW_ACTIVE, OK },
	{ 0x95, "SNP_ACTIVATE_EX", 0x20, "i", "LR", 8, false,
		snp_activate_ex, CF_FW_ACTIVE, OK },
	{ 0x92, "SNP_GUEST_STATUS", 0x10, "i", "ILR", 0, false, out_at_8, OK,
		OK },
	{ 0x94, "SNP_GUEST_REQUEST", 0x18, "i", "R", 0, false, request,
		BAD_PARAM, BAD_PARAM },
	{ 0xA0, "SNP_LAUNCH_START", 0x30, "i", "I", 0, false, policy, OK,
		OK },
	{ 0xA1, "SNP_LAUNCH_UPDATE", 0x20, "i", "L", 0, true, snp_update, OK,
		0 },
	{ 0xA2, "SNP_LAUNCH_FINISH", 0x40, "i", "L", 0, false, none, OK, OK },
	{ 0xC7, "SNP_PAGE_RECLAIM", 8, "i", NULL, 0, false, at_out, OK, OK },
	{ 0xC8, "SNP_PAGE_UNSMASH", 8, "i", NULL, 0, false, unsmash, OK,
		OK },
	{ 0xC6, "SNP_PAGE_SET_STATE", 0, "i", NULL, 0, false, none,
		UNSUPPORTED, UNSUPPORTED },
	{ 0xC2, "SNP_PAGE_MOVE", 0x20, "i", "LR", 0, true, move, OK, 0 },
	{ 0xC3, "SNP_PAGE_MD_INIT", 0x10, "i", "LR", 0, false, out_at_8, OK,
		OK },
	{ 0xC0, "SNP_PAGE_SWAP_OUT", 0x30, "i", "LR", 0, true, swap_out, OK,
		0 },
	{ 0xC1, "SNP_PAGE_SWAP_IN", 0x30, "i", "LR", 0, true, swap_in,
		CF_FW_INVALID_MDATA_ENTRY, 0 },
	{ 0xB0, "SNP_DBG_DECRYPT", 0x18, "i", "R", 0, true, snp_dbg_decrypt,
		OK, 0 },
	{ 0xB1, "SNP_DBG_ENCRYPT", 0x18, "i", "R", 0, true, snp_dbg_encrypt,
		OK, 0 },
	{ 0xB2, "SNP_VERIFY_MITIGATION", 0, "i", NULL, 0, false, none,
		UNSUPPORTED, UNSUPPORTED },
	{ 0xD0, "TIO_STATUS", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0xD1, "TIO_INIT", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0xD2, "TIO_DEV_CREATE", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0xD3, "TIO_DEV_RECLAIM", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0xD4, "TIO_DEV_CONNECT", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
	{ 0xD5, "TIO_DEV_DISCONNECT", 0, "i", NULL, 0, false, none, UNSUPPORTED,
		UNSUPPORTED },
};
/* clang-format on */

#endif
