/* SPDX-License-Identifier: Apache-2.0 */
/* KVM_MEMORY_ENCRYPT_OP on the software processor: launch, debugging and
 * attestation. */
#include "sp/soft/kvm_shape_priv.h"

#include "kvm/uapi.h"

#include <string.h>

#define REPORT_LEN 0xD0

enum coffer_status cf_kvm_shape_create(const struct cf_kvm_shape_config *config,
	struct cf_kvm_shape **out, struct coffer_error *err)
{
	struct cf_kvm_shape *s = cf_alloc_array(1, sizeof(*s));
	enum coffer_status status;

	if (!s)
		return cf_fail_nomem(err, "a guest");
	s->config = *config;
	status = cf_sp_soft_guest_create(config->sp, config->mem,
		config->platform, config->asid, config->vcpus, &s->guest, err);
	if (status) {
		free(s);
		return status;
	}
	*out = s;
	return COFFER_OK;
}

void cf_kvm_shape_destroy(struct cf_kvm_shape *s)
{
	if (!s)
		return;
	cf_sp_guest_destroy(s->guest);
	free(s);
}

struct cf_sp_guest *cf_kvm_shape_guest(struct cf_kvm_shape *s)
{
	return s->guest;
}

bool cf_kvm_shape_slot(
	struct cf_kvm_shape *s, uint64_t gpa, uint64_t len, uint64_t hva)
{
	if (s->nslots == SHAPE_SLOTS)
		return false;
	s->slot[s->nslots].gpa = gpa;
	s->slot[s->nslots].len = len;
	s->slot[s->nslots].hva = hva;
	s->nslots++;
	return true;
}

bool cf_kvm_shape_gpa(
	const struct cf_kvm_shape *s, uint64_t uaddr, uint64_t n, uint64_t *gpa)
{
	for (size_t i = 0; i < s->nslots; i++)
		if (uaddr >= s->slot[i].hva &&
			cf_range_ok(
				uaddr - s->slot[i].hva, n, s->slot[i].len)) {
			*gpa = s->slot[i].gpa + (uaddr - s->slot[i].hva);
			return true;
		}
	return false;
}

long cf_kvm_shape_result(
	const struct coffer_error *err, enum coffer_status st, uint32_t *fw)
{
	switch (st) {
	case COFFER_OK:
		*fw = CF_FW_SUCCESS;
		return 0;
	case COFFER_ERR_FIRMWARE:
		*fw = err->fw_status;
		return -EIO;
	case COFFER_ERR_NOMEM:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static long init(struct cf_kvm_shape *s, bool es)
{
	enum cf_platform want = es ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV;

	if (s->initialised || s->config.platform != want)
		return -EINVAL;
	s->initialised = true;
	return 0;
}

static long init2(struct cf_kvm_shape *s, const struct cf_kvm_sev_init *i)
{
	bool plain = s->config.platform == CF_PLATFORM_SEV;

	if (s->initialised || i->flags || i->pad1 || i->ghcb_version > 2 ||
		(i->vmsa_features & 1) ||
		(plain && (i->vmsa_features || i->ghcb_version)))
		return -EINVAL;
	s->initialised = true;
	return 0;
}

static long launch_start(struct cf_kvm_shape *s,
	struct cf_kvm_sev_launch_start *k, struct coffer_error *err,
	uint32_t *fw)
{
	const struct cf_sp_launch l = {
		.platform = s->config.platform,
		.policy = k->policy,
		.handle = k->handle,
		.dh_cert = shape_pointer(k->dh_uaddr),
		.dh_cert_len = k->dh_len,
		.session = shape_pointer(k->session_uaddr),
		.session_len = k->session_len,
	};
	enum coffer_status st;

	if (!s->initialised || k->pad0 || k->pad1)
		return -EINVAL;
	st = s->guest->ops->launch_start(s->guest, &l, err);
	if (!st)
		k->handle = soft_guest(s->guest)->handle;
	return cf_kvm_shape_result(err, st, fw);
}

static long snp_start(struct cf_kvm_shape *s,
	const struct cf_kvm_sev_snp_launch_start *k, struct coffer_error *err,
	uint32_t *fw)
{
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = k->policy };

	if (!s->initialised || k->flags || !(k->policy & SNP_POLICY_MBO))
		return -EINVAL;
	memcpy(l.gosvw, k->gosvw, sizeof(l.gosvw));
	return cf_kvm_shape_result(
		err, s->guest->ops->launch_start(s->guest, &l, err), fw);
}

static long update_data(struct cf_kvm_shape *s,
	const struct cf_kvm_sev_launch_update_data *k, struct coffer_error *err,
	uint32_t *fw)
{
	struct cf_sp_update u = { .len = k->len, .type = CF_PAGE_NORMAL };

	if (!cf_kvm_shape_gpa(s, k->uaddr, k->len, &u.gpa))
		return -EINVAL;
	return cf_kvm_shape_result(
		err, s->guest->ops->launch_update(s->guest, &u, err), fw);
}

/* The kernel measures the VMSAs of all vCPUs by itself. */
static long update_vmsas(
	struct cf_kvm_shape *s, struct coffer_error *err, uint32_t *fw)
{
	uint8_t page[CF_PAGE_SIZE];
	enum coffer_status st = COFFER_OK;

	if (!s->config.vmsa)
		return -ENOTTY;
	for (unsigned i = 0; i < s->config.vcpus && !st; i++) {
		s->config.vmsa(s->config.opaque, i, page);
		st = s->guest->ops->launch_update_vmsa(
			s->guest, i, SNP_VMSA_GPA, page, err);
	}
	return cf_kvm_shape_result(err, st, fw);
}

static long measure(struct cf_kvm_shape *s, struct cf_kvm_sev_launch_measure *k,
	struct coffer_error *err, uint32_t *fw)
{
	const uint32_t room = k->len;

	k->len = 48;
	if (room < 48) {
		*fw = CF_FW_INVALID_LENGTH;
		return -EIO;
	}
	return cf_kvm_shape_result(err,
		s->guest->ops->launch_measure(
			s->guest, shape_pointer(k->uaddr), err),
		fw);
}

static long secret(struct cf_kvm_shape *s,
	const struct cf_kvm_sev_launch_secret *k, struct coffer_error *err,
	uint32_t *fw)
{
	uint64_t gpa;

	if (k->guest_len != k->trans_len ||
		!cf_kvm_shape_gpa(s, k->guest_uaddr, k->guest_len, &gpa))
		return -EINVAL;
	return cf_kvm_shape_result(err,
		s->guest->ops->launch_secret(s->guest,
			shape_pointer(k->hdr_uaddr), k->hdr_len,
			shape_pointer(k->trans_uaddr), k->trans_len, gpa, err),
		fw);
}

static long finish(struct cf_kvm_shape *s,
	const struct cf_kvm_sev_snp_launch_finish *k, struct coffer_error *err,
	uint32_t *fw)
{
	struct cf_sp_finish f = { 0 };
	long result;

	if (k) {
		if (k->flags)
			return -EINVAL;
		result = update_vmsas(s, err, fw);
		if (result)
			return result;
		f.id_block_enabled = k->id_block_en;
		f.author_key_enabled = k->auth_key_en;
		f.vcek_disabled = k->vcek_disabled;
		f.id_block = shape_pointer(k->id_block_uaddr);
		f.id_auth = shape_pointer(k->id_auth_uaddr);
		memcpy(f.host_data, k->host_data, sizeof(f.host_data));
	}
	return cf_kvm_shape_result(
		err, s->guest->ops->launch_finish(s->guest, &f, err), fw);
}

/* Page by page, telling how far it came; a CPUID page that the firmware
 * corrected goes back to the caller. */
static long snp_update(struct cf_kvm_shape *s,
	struct cf_kvm_sev_snp_launch_update *k, struct coffer_error *err,
	uint32_t *fw)
{
	struct cf_memory *mem = s->config.mem;
	bool copied = k->type != CF_PAGE_ZERO;

	if (k->flags || k->type == CF_PAGE_VMSA ||
		!cf_is_aligned(k->len, CF_PAGE_SIZE))
		return -EINVAL;
	while (k->len) {
		const struct cf_sp_update u = { .gpa = k->gfn_start
				<< CF_PAGE_SHIFT,
			.len = CF_PAGE_SIZE,
			.type = k->type };
		enum coffer_status st = COFFER_OK;

		if (copied)
			st = cf_guest_write(mem, u.gpa, shape_pointer(k->uaddr),
				CF_PAGE_SIZE, err);
		if (!st)
			st = s->guest->ops->launch_update(s->guest, &u, err);
		if (st == COFFER_ERR_FIRMWARE && k->type == CF_PAGE_CPUID &&
			cf_guest_read(mem, u.gpa, shape_pointer(k->uaddr),
				CF_PAGE_SIZE, NULL))
			return -EFAULT;
		if (st)
			return cf_kvm_shape_result(err, st, fw);
		k->gfn_start++;
		k->len -= CF_PAGE_SIZE;
		if (copied)
			k->uaddr += CF_PAGE_SIZE;
	}
	*fw = CF_FW_SUCCESS;
	return 0;
}

static long guest_status(
	struct cf_kvm_shape *s, struct cf_kvm_sev_guest_status *k, uint32_t *fw)
{
	uint8_t buf[0xD] = { 0 };

	cf_store_le32(buf, soft_guest(s->guest)->handle);
	*fw = cf_sp_soft_call(s->config.sp, 0x23, buf, sizeof(buf));
	if (*fw)
		return -EIO;
	k->handle = cf_load_le32(buf);
	k->policy = cf_load_le32(buf + 4);
	k->state = buf[0xC];
	return 0;
}

static long debug(struct cf_kvm_shape *s, const struct cf_kvm_sev_dbg *k,
	bool decrypt, struct coffer_error *err, uint32_t *fw)
{
	uint64_t guest = decrypt ? k->src_uaddr : k->dst_uaddr, gpa;

	if (!k->len || !cf_kvm_shape_gpa(s, guest, k->len, &gpa))
		return -EINVAL;
	return cf_kvm_shape_result(err,
		decrypt ? s->guest->ops->dbg_decrypt(s->guest, gpa,
				  shape_pointer(k->dst_uaddr), k->len, err)
			: s->guest->ops->dbg_encrypt(s->guest, gpa,
				  shape_pointer(k->src_uaddr), k->len, err),
		fw);
}

static long attestation(struct cf_kvm_shape *s,
	struct cf_kvm_sev_attestation_report *k, struct coffer_error *err,
	uint32_t *fw)
{
	size_t len = k->len;

	k->len = REPORT_LEN;
	if (len < REPORT_LEN) {
		*fw = CF_FW_INVALID_LENGTH;
		return -EIO;
	}
	return cf_kvm_shape_result(err,
		s->guest->ops->attestation(s->guest, k->mnonce,
			shape_pointer(k->uaddr), &len, err),
		fw);
}

/* SEV and SEV-ES. */
static long sev_op(struct cf_kvm_shape *s, uint32_t id, void *data,
	struct coffer_error *err, uint32_t *fw)
{
	switch (id) {
	case CF_KVM_SEV_LAUNCH_START:
		return launch_start(s, data, err, fw);
	case CF_KVM_SEV_LAUNCH_UPDATE_DATA:
		return update_data(s, data, err, fw);
	case CF_KVM_SEV_LAUNCH_UPDATE_VMSA:
		return s->config.platform == CF_PLATFORM_SEV_ES
			? update_vmsas(s, err, fw)
			: -ENOTTY;
	case CF_KVM_SEV_LAUNCH_MEASURE:
		return measure(s, data, err, fw);
	case CF_KVM_SEV_LAUNCH_SECRET:
		return secret(s, data, err, fw);
	case CF_KVM_SEV_LAUNCH_FINISH:
		return finish(s, NULL, err, fw);
	case CF_KVM_SEV_GUEST_STATUS:
		return guest_status(s, data, fw);
	case CF_KVM_SEV_DBG_DECRYPT:
		return debug(s, data, true, err, fw);
	case CF_KVM_SEV_DBG_ENCRYPT:
		return debug(s, data, false, err, fw);
	case CF_KVM_SEV_GET_ATTESTATION_REPORT:
		return attestation(s, data, err, fw);
	default:
		return cf_kvm_shape_migrate(s, id, data, fw);
	}
}

static long dispatch(struct cf_kvm_shape *s, uint32_t id, void *data,
	struct coffer_error *err, uint32_t *fw)
{
	bool snp = s->config.platform == CF_PLATFORM_SEV_SNP;

	switch (id) {
	case CF_KVM_SEV_INIT:
		return init(s, false);
	case CF_KVM_SEV_ES_INIT:
		return init(s, true);
	case CF_KVM_SEV_INIT2:
		return init2(s, data);
	case CF_KVM_SEV_SNP_LAUNCH_START:
		return snp ? snp_start(s, data, err, fw) : -ENOTTY;
	case CF_KVM_SEV_SNP_LAUNCH_UPDATE:
		return snp ? snp_update(s, data, err, fw) : -ENOTTY;
	case CF_KVM_SEV_SNP_LAUNCH_FINISH:
		return snp ? finish(s, data, err, fw) : -ENOTTY;
	default:
		if (snp)
			return -EPERM;
		return sev_op(s, id, data, err, fw);
	}
}

long cf_kvm_shape_op(struct cf_kvm_shape *s, struct cf_kvm_sev_cmd *cmd)
{
	uint32_t fw = CF_KVM_SEV_NO_FW_CALL;
	struct coffer_error err;
	long result = cmd->pad0
		? -EINVAL
		: dispatch(s, cmd->id, shape_pointer(cmd->data), &err, &fw);

	cmd->error = fw;
	return result;
}
