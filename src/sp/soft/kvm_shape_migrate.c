/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEND_* and RECEIVE_* in the kernel's shape.  The structs are read at their
 * offsets: struct kvm_sev_send_start and its siblings of the UAPI.
 */
#include "sp/soft/kvm_shape_priv.h"

enum {
	SEND_START = 8,
	SEND_UPDATE_DATA = 9,
	SEND_FINISH = 11,
	RECEIVE_START = 12,
	RECEIVE_UPDATE_DATA = 13,
	RECEIVE_FINISH = 15,
	SEND_CANCEL = 21,
};

#define MAX_TRANS (16u << 10)

bool cf_kvm_shape_put(
	struct soft_guest *g, uint64_t spa, uint64_t uaddr, size_t n)
{
	return !n ||
		cf_guest_write(g->mem, spa, shape_pointer(uaddr), n, NULL) ==
		COFFER_OK;
}

bool cf_kvm_shape_open(struct soft_guest *g, uint64_t spa, size_t n)
{
	for (size_t at = 0; at < n; at += CF_PAGE_SIZE)
		if (cf_sp_host_to_firmware(g, spa + at, NULL))
			return false;
	return true;
}

bool cf_kvm_shape_take(
	struct soft_guest *g, uint64_t spa, uint64_t uaddr, size_t n)
{
	bool ok = !uaddr ||
		cf_guest_read(g->mem, spa, shape_pointer(uaddr), n, NULL) ==
			COFFER_OK;

	for (size_t at = 0; at < n; at += CF_PAGE_SIZE)
		ok = cf_sp_host_take_back(g, spa + at, NULL) == COFFER_OK && ok;
	return ok;
}

static long result_of(uint32_t fw)
{
	return fw ? -EIO : 0;
}

/* Certificates in, session out; a short session is the length query. */
static long send_start(struct soft_guest *g, uint8_t *k, uint32_t *fw)
{
	const uint64_t bulk = area_spa(g, AREA_BULK);
	const uint64_t plat = bulk + CF_PAGE_SIZE,
		       amd = bulk + 3 * CF_PAGE_SIZE;
	const uint64_t session = area_spa(g, AREA_OUT);
	uint32_t pdh_len = cf_load_le32(k + 0x10);
	uint32_t plat_len = cf_load_le32(k + 0x20);
	uint32_t amd_len = cf_load_le32(k + 0x30);
	uint8_t buf[0x44] = { 0 };

	if (pdh_len > CF_PAGE_SIZE || plat_len > 2 * CF_PAGE_SIZE ||
		amd_len > 2 * CF_PAGE_SIZE)
		return -EINVAL;
	if (!cf_kvm_shape_put(g, bulk, cf_load_le64(k + 8), pdh_len) ||
		!cf_kvm_shape_put(g, plat, cf_load_le64(k + 0x18), plat_len) ||
		!cf_kvm_shape_put(g, amd, cf_load_le64(k + 0x28), amd_len) ||
		!cf_kvm_shape_open(g, session, CF_SEV_SESSION_LEN))
		return -EFAULT;
	cf_store_le32(buf, g->handle);
	cf_store_le64(buf + 8, bulk);
	cf_store_le32(buf + 0x10, pdh_len);
	cf_store_le64(buf + 0x18, plat);
	cf_store_le32(buf + 0x20, plat_len);
	cf_store_le64(buf + 0x28, amd);
	cf_store_le32(buf + 0x30, amd_len);
	cf_store_le64(buf + 0x38, session);
	cf_store_le32(buf + 0x40, cf_load_le32(k + 0x40));
	*fw = cf_sp_soft_call(g->sp, 0x40, buf, sizeof(buf));
	cf_store_le32(k, cf_load_le32(buf + 4));
	cf_store_le32(k + 0x40, cf_load_le32(buf + 0x40));
	if (!cf_kvm_shape_take(g, session, *fw ? 0 : cf_load_le64(k + 0x38),
		    CF_SEV_SESSION_LEN))
		return -EFAULT;
	return result_of(*fw);
}

static long send_data(struct cf_kvm_shape *s, uint8_t *k, uint32_t *fw)
{
	struct soft_guest *g = soft_guest(s->guest);
	const uint64_t hdr = area_spa(g, AREA_OUT);
	const uint64_t trans = area_spa(g, AREA_BULK);
	uint32_t len = cf_load_le32(k + 0x18);
	uint8_t buf[0x34] = { 0 };
	uint64_t gpa;

	if (!len || len > MAX_TRANS ||
		!cf_kvm_shape_gpa(s, cf_load_le64(k + 0x10), len, &gpa))
		return -EINVAL;
	if (!cf_kvm_shape_open(g, hdr, CF_SEV_PACKET_LEN) ||
		!cf_kvm_shape_open(g, trans, len))
		return -EFAULT;
	cf_store_le32(buf, g->handle);
	cf_store_le64(buf + 8, hdr);
	cf_store_le32(buf + 0x10, cf_load_le32(k + 8));
	cf_store_le64(buf + 0x18, gpa);
	cf_store_le32(buf + 0x20, len);
	cf_store_le64(buf + 0x28, trans);
	cf_store_le32(buf + 0x30, cf_load_le32(k + 0x28));
	*fw = cf_sp_soft_call(g->sp, 0x41, buf, sizeof(buf));
	cf_store_le32(k + 8, cf_load_le32(buf + 0x10));
	cf_store_le32(k + 0x28, cf_load_le32(buf + 0x30));
	if (!cf_kvm_shape_take(
		    g, hdr, *fw ? 0 : cf_load_le64(k), CF_SEV_PACKET_LEN) ||
		!cf_kvm_shape_take(
			g, trans, *fw ? 0 : cf_load_le64(k + 0x20), len))
		return -EFAULT;
	return result_of(*fw);
}

static long receive_start(struct soft_guest *g, uint8_t *k, uint32_t *fw)
{
	const uint64_t cert = area_spa(g, AREA_BULK);
	const uint64_t session = area_spa(g, AREA_IN);
	uint32_t cert_len = cf_load_le32(k + 0x10);
	uint32_t session_len = cf_load_le32(k + 0x20);
	uint8_t buf[0x24] = { 0 };

	if (g->started || cert_len > CF_PAGE_SIZE || session_len > CF_PAGE_SIZE)
		return -EINVAL;
	if (!cf_kvm_shape_put(g, cert, cf_load_le64(k + 8), cert_len) ||
		!cf_kvm_shape_put(
			g, session, cf_load_le64(k + 0x18), session_len))
		return -EFAULT;
	cf_store_le32(buf, cf_load_le32(k));
	cf_store_le32(buf + 4, cf_load_le32(k + 4));
	cf_store_le64(buf + 8, cert);
	cf_store_le32(buf + 0x10, cert_len);
	cf_store_le64(buf + 0x18, session);
	cf_store_le32(buf + 0x20, session_len);
	*fw = cf_sp_soft_call(g->sp, 0x50, buf, sizeof(buf));
	if (*fw)
		return -EIO;
	g->handle = cf_load_le32(buf);
	g->started = true;
	cf_store_le32(k, g->handle);
	/* KVM binds the ASID at once. */
	cf_store_le32(buf + 4, g->asid);
	*fw = cf_sp_soft_call(g->sp, 0x21, buf, 8);
	return result_of(*fw);
}

static long receive_data(struct cf_kvm_shape *s, const uint8_t *k, uint32_t *fw)
{
	struct soft_guest *g = soft_guest(s->guest);
	const uint64_t hdr = area_spa(g, AREA_IN);
	const uint64_t trans = area_spa(g, AREA_BULK);
	uint32_t hdr_len = cf_load_le32(k + 8), len = cf_load_le32(k + 0x18);
	uint32_t trans_len = cf_load_le32(k + 0x28);
	uint8_t buf[0x34] = { 0 };
	uint64_t gpa;

	if (!len || trans_len > MAX_TRANS || hdr_len > CF_PAGE_SIZE ||
		!cf_kvm_shape_gpa(s, cf_load_le64(k + 0x10), len, &gpa))
		return -EINVAL;
	if (!cf_kvm_shape_put(g, hdr, cf_load_le64(k), hdr_len) ||
		!cf_kvm_shape_put(g, trans, cf_load_le64(k + 0x20), trans_len))
		return -EFAULT;
	cf_store_le32(buf, g->handle);
	cf_store_le64(buf + 8, hdr);
	cf_store_le32(buf + 0x10, hdr_len);
	cf_store_le64(buf + 0x18, gpa);
	cf_store_le32(buf + 0x20, len);
	cf_store_le64(buf + 0x28, trans);
	cf_store_le32(buf + 0x30, trans_len);
	*fw = cf_sp_soft_call(g->sp, 0x51, buf, sizeof(buf));
	return result_of(*fw);
}

static long simple(struct soft_guest *g, uint32_t command, uint32_t *fw)
{
	uint8_t buf[4];

	cf_store_le32(buf, g->handle);
	*fw = cf_sp_soft_call(g->sp, command, buf, sizeof(buf));
	return result_of(*fw);
}

long cf_kvm_shape_migrate(
	struct cf_kvm_shape *s, uint32_t id, uint8_t *data, uint32_t *fw)
{
	struct soft_guest *g = soft_guest(s->guest);

	switch (id) {
	case SEND_START:
		return send_start(g, data, fw);
	case SEND_UPDATE_DATA:
		return send_data(s, data, fw);
	case SEND_FINISH:
		return simple(g, 0x43, fw);
	case SEND_CANCEL:
		return simple(g, 0x44, fw);
	case RECEIVE_START:
		return receive_start(g, data, fw);
	case RECEIVE_UPDATE_DATA:
		return receive_data(s, data, fw);
	case RECEIVE_FINISH:
		return simple(g, 0x53, fw);
	default:
		return -EINVAL;
	}
}
