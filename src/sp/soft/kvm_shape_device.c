/* SPDX-License-Identifier: Apache-2.0 */
/* SEV_ISSUE_CMD of /dev/sev on the software processor. */
#include "sp/soft/kvm_shape_priv.h"

#include "kvm/uapi.h"

#include <string.h>

enum {
	FACTORY_RESET = 0,
	PEK_GEN = 2,
	PEK_CSR = 3,
	PDH_GEN = 4,
	PEK_CERT_IMPORT = 6,
	GET_ID = 7, /* the older form: two sockets of 64 bytes */
	SNP_COMMIT = 10,
	SNP_SET_CONFIG = 11,
	SNP_VLEK_LOAD = 12,
};

static uint32_t platform_status(struct soft_guest *g, uint8_t *k)
{
	return cf_sp_soft_call(g->sp, 0x04, k, 12);
}

/* {address, length} with the answer copied to the caller: CSR, id. */
static uint32_t sized(struct soft_guest *g, uint32_t command, uint8_t *k)
{
	const uint64_t out = area_spa(g, AREA_OUT);
	uint32_t len = cf_load_le32(k + 8), fw;
	uint8_t buf[0xC];

	if (len > CF_PAGE_SIZE)
		len = CF_PAGE_SIZE;
	if (!cf_kvm_shape_open(g, out, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	cf_store_le64(buf, out);
	cf_store_le32(buf + 8, len);
	fw = cf_sp_soft_call(g->sp, command, buf, sizeof(buf));
	cf_store_le32(k + 8, cf_load_le32(buf + 8));
	if (!cf_kvm_shape_take(g, out, fw ? 0 : cf_load_le64(k), len ? len : 1))
		return CF_FW_INVALID_ADDRESS;
	return fw;
}

static uint32_t get_id(struct soft_guest *g, uint8_t *k)
{
	uint8_t arg[0xC];

	memset(k, 0, 2 * SEV_ID_LEN);
	cf_store_le64(arg, (uintptr_t)k);
	cf_store_le32(arg + 8, SEV_ID_LEN);
	return sized(g, 0x0C, arg);
}

static uint32_t export_pdh(
	struct soft_guest *g, struct cf_sev_pdh_cert_export *k)
{
	const uint64_t pdh = area_spa(g, AREA_OUT);
	const uint64_t chain = area_spa(g, AREA_BULK);
	uint8_t buf[0x1C] = { 0 };
	uint32_t fw;

	if (!cf_kvm_shape_open(g, pdh, CF_SEV_CERT_LEN) ||
		!cf_kvm_shape_open(g, chain, CF_SEV_CHAIN_LEN))
		return CF_FW_INVALID_ADDRESS;
	cf_store_le64(buf, pdh);
	cf_store_le32(buf + 8, k->pdh_cert_len);
	cf_store_le64(buf + 0x10, chain);
	cf_store_le32(buf + 0x18, k->cert_chain_len);
	fw = cf_sp_soft_call(g->sp, 0x08, buf, sizeof(buf));
	k->pdh_cert_len = cf_load_le32(buf + 8);
	k->cert_chain_len = cf_load_le32(buf + 0x18);
	if (!cf_kvm_shape_take(
		    g, pdh, fw ? 0 : k->pdh_cert_address, CF_SEV_CERT_LEN) ||
		!cf_kvm_shape_take(g, chain, fw ? 0 : k->cert_chain_address,
			CF_SEV_CHAIN_LEN))
		return CF_FW_INVALID_ADDRESS;
	return fw;
}

/* Packed: PEK address, length, OCA address, length. */
static uint32_t import_cert(struct soft_guest *g, const uint8_t *k)
{
	const uint64_t pek = area_spa(g, AREA_IN), oca = area_spa(g, AREA_IN2);
	uint32_t pek_len = cf_load_le32(k + 8);
	uint32_t oca_len = cf_load_le32(k + 0x14);
	uint8_t buf[0x1C] = { 0 };

	if (pek_len > CF_PAGE_SIZE || oca_len > CF_PAGE_SIZE)
		return CF_FW_INVALID_LENGTH;
	if (!cf_kvm_shape_put(g, pek, cf_load_le64(k), pek_len) ||
		!cf_kvm_shape_put(g, oca, cf_load_le64(k + 0xC), oca_len))
		return CF_FW_INVALID_ADDRESS;
	cf_store_le64(buf, pek);
	cf_store_le32(buf + 8, pek_len);
	cf_store_le64(buf + 0x10, oca);
	cf_store_le32(buf + 0x18, oca_len);
	return cf_sp_soft_call(g->sp, 0x07, buf, sizeof(buf));
}

static uint32_t snp_status(struct soft_guest *g, uint8_t *k)
{
	const uint64_t out = area_spa(g, AREA_OUT);
	uint8_t buf[8];
	uint32_t fw;

	if (!cf_kvm_shape_open(g, out, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	cf_store_le64(buf, out);
	fw = cf_sp_soft_call(g->sp, 0x83, buf, sizeof(buf));
	if (!cf_kvm_shape_take(g, out, fw ? 0 : (uintptr_t)k, 0x20))
		return CF_FW_INVALID_ADDRESS;
	return fw;
}

static uint32_t vlek_load(struct soft_guest *g, const uint8_t *k)
{
	const uint64_t in = area_spa(g, AREA_IN);
	uint8_t buf[0x10];

	if (!cf_kvm_shape_put(
		    g, in, cf_load_le64(k + 8), CF_SP_VLEK_WRAPPED_LEN))
		return CF_FW_INVALID_ADDRESS;
	memcpy(buf, k, 8);
	cf_store_le64(buf + 8, in);
	return cf_sp_soft_call(g->sp, 0xCD, buf, sizeof(buf));
}

static uint32_t commit(struct soft_guest *g)
{
	uint8_t buf[4] = { sizeof(buf) };

	return cf_sp_soft_call(g->sp, 0xCB, buf, sizeof(buf));
}

/* The kernel shuts the platform down around a reset. */
static uint32_t factory_reset(struct soft_guest *g)
{
	uint32_t fw = cf_sp_soft_call(g->sp, 0x02, NULL, 0);

	if (fw && fw != CF_FW_INVALID_PLATFORM_STATE)
		return fw;
	return cf_sp_soft_call(g->sp, 0x03, NULL, 0);
}

long cf_kvm_shape_device(struct cf_kvm_shape *s, struct cf_sev_issue_cmd *cmd)
{
	struct soft_guest *g = soft_guest(s->guest);
	void *data = shape_pointer(cmd->data);
	uint32_t fw;

	switch (cmd->cmd) {
	case FACTORY_RESET:
		fw = factory_reset(g);
		break;
	case CF_SEV_PLATFORM_STATUS:
		fw = platform_status(g, data);
		break;
	case PEK_GEN:
		fw = cf_sp_soft_call(g->sp, 0x05, NULL, 0);
		break;
	case PEK_CSR:
		fw = sized(g, 0x06, data);
		break;
	case PDH_GEN:
		fw = cf_sp_soft_call(g->sp, 0x09, NULL, 0);
		break;
	case CF_SEV_PDH_CERT_EXPORT:
		fw = export_pdh(g, data);
		break;
	case PEK_CERT_IMPORT:
		fw = import_cert(g, data);
		break;
	case GET_ID:
		fw = get_id(g, data);
		break;
	case CF_SEV_GET_ID2:
		fw = sized(g, 0x0C, data);
		break;
	case CF_SEV_SNP_PLATFORM_STATUS:
		fw = snp_status(g, data);
		break;
	case SNP_COMMIT:
		fw = commit(g);
		break;
	case SNP_SET_CONFIG:
		fw = cf_sp_soft_call(g->sp, 0xC9, data, 0x40);
		break;
	case SNP_VLEK_LOAD:
		fw = vlek_load(g, data);
		break;
	default:
		return -EINVAL;
	}
	cmd->error = fw;
	return fw ? -EIO : 0;
}
