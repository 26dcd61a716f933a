/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP launches.  A range is first made private, then given to
 * SNP_LAUNCH_UPDATE, which may do part of it and says how far it came.  VMSAs
 * are built and measured by the kernel in LAUNCH_FINISH.
 */
#include "sp/kvm/sp_kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <inttypes.h>

static enum coffer_status launch_start(struct cf_sp_guest *base,
	const struct cf_sp_launch *l, struct coffer_error *err)
{
	struct cf_kvm_sev_snp_launch_start start = { .policy = l->policy };
	uint64_t accepted;

	if (cf_kvm_system_attr(kvm_guest(base)->kvm, CF_KVM_GRP_SEV,
		    CF_KVM_SNP_POLICY_BITS, &accepted) &&
		l->policy & ~accepted)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"SNP_LAUNCH_START: policy 0x%" PRIx64
			" has bits 0x%" PRIx64
			" that this kernel does not accept",
			l->policy, l->policy & ~accepted);
	memcpy(start.gosvw, l->gosvw, sizeof(start.gosvw));
	return cf_kvm_sev(kvm_guest(base)->kvm, CF_KVM_SEV_SNP_LAUNCH_START,
		"SNP_LAUNCH_START", &start, NULL, err);
}

/* The kernel moves gfn_start, uaddr and len on; EAGAIN means the same again.
 * A call that neither ends nor moves is a kernel bug, not an endless loop. */
static enum coffer_status update_all(struct kvm_guest *g,
	struct cf_kvm_sev_snp_launch_update *update, struct coffer_error *err)
{
	unsigned stuck = 0;

	while (update->len) {
		uint64_t before = update->len;
		enum coffer_status status;
		bool again;

		status = cf_kvm_sev(g->kvm, CF_KVM_SEV_SNP_LAUNCH_UPDATE,
			"SNP_LAUNCH_UPDATE", update, &again, err);
		if (status)
			return status;
		if (!again && update->len == before)
			break;
		stuck = update->len == before ? stuck + 1 : 0;
		if (stuck > 100000)
			return cf_fail(err, COFFER_ERR_SYSTEM,
				"SNP_LAUNCH_UPDATE: the kernel says EAGAIN at "
				"gfn 0x%" PRIx64 " for ever",
				update->gfn_start);
	}
	return COFFER_OK;
}

/* What of the CPUID page the firmware would have liked otherwise. */
static enum coffer_status cpuid_refused(
	const uint8_t *ours, const uint8_t *theirs, struct coffer_error *err)
{
	uint32_t count = cf_load_le32(ours);

	for (uint32_t i = 0; i < count && i < 64; i++) {
		const uint8_t *a = ours + 0x10 + 48 * i;
		const uint8_t *b = theirs + 0x10 + 48 * i;

		if (memcmp(a, b, 48) == 0)
			continue;
		return cf_fail_fw(err, CF_FW_INVALID_PARAM,
			"SNP_LAUNCH_UPDATE: CPUID 0x%x/0x%x gives "
			"eax=%08x ebx=%08x ecx=%08x edx=%08x, the firmware "
			"accepts eax=%08x ebx=%08x ecx=%08x edx=%08x; choose "
			"another -cpu",
			cf_load_le32(a), cf_load_le32(a + 4),
			cf_load_le32(a + 0x18), cf_load_le32(a + 0x1c),
			cf_load_le32(a + 0x20), cf_load_le32(a + 0x24),
			cf_load_le32(b + 0x18), cf_load_le32(b + 0x1c),
			cf_load_le32(b + 0x20), cf_load_le32(b + 0x24));
	}
	return cf_fail_fw(err, CF_FW_INVALID_PARAM,
		"SNP_LAUNCH_UPDATE: the firmware refused the CPUID page");
}

static enum coffer_status update_range(struct kvm_guest *g,
	const struct cf_sp_update *u, const uint8_t *data,
	struct coffer_error *err)
{
	struct cf_kvm_sev_snp_launch_update update = {
		.gfn_start = u->gpa >> CF_PAGE_SHIFT,
		.uaddr = (uintptr_t)data,
		.len = u->len,
		.type = (uint8_t)u->type,
	};
	enum coffer_status status = update_all(g, &update, err);

	if (!status && update.gfn_start << CF_PAGE_SHIFT != u->gpa + u->len)
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"SNP_LAUNCH_UPDATE: ended at 0x%" PRIx64
			", not at 0x%" PRIx64,
			update.gfn_start << CF_PAGE_SHIFT, u->gpa + u->len);
	return status;
}

/* Newer kernels want a page-aligned address even where the bytes are unused,
 * and the firmware's corrections come back in the same page. */
static enum coffer_status update_copy(struct kvm_guest *g,
	const struct cf_sp_update *u, const uint8_t *data,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *copy = NULL;
	enum coffer_status status;
	size_t len = (size_t)u->len;

	copy = aligned_alloc(CF_PAGE_SIZE, len);
	if (!copy)
		return cf_fail_nomem(err, "pages to launch");
	if (data)
		memcpy(copy, data, len);
	else
		memset(copy, 0, len);
	status = update_range(g, u, copy, err);
	if (status == COFFER_ERR_FIRMWARE && u->type == CF_PAGE_CPUID && data &&
		(!err || err->fw_status == CF_FW_INVALID_PARAM))
		return cpuid_refused(data, copy, err);
	return status;
}

static enum coffer_status launch_update(struct cf_sp_guest *base,
	const struct cf_sp_update *u, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	const uint8_t *data = u->data;
	struct cf_sp_update as = *u;
	enum coffer_status status;

	if (u->type == CF_PAGE_SHARED)
		return COFFER_OK;
	if (u->vmpl_perms[1] || u->vmpl_perms[2] || u->vmpl_perms[3])
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"SNP_LAUNCH_UPDATE: KVM cannot set VMPL permissions");
	if (u->type == CF_PAGE_CPUID && g->cpuid_page) {
		data = g->cpuid_page;
		as.len = CF_PAGE_SIZE;
	}
	status = cf_kvm_convert(g->kvm, u->gpa, u->len, true, err);
	if (status)
		return status;
	if (data && cf_is_aligned((uintptr_t)data, CF_PAGE_SIZE) &&
		u->type != CF_PAGE_CPUID)
		return update_range(g, &as, data, err);
	return update_copy(g, &as, data, err);
}

static enum coffer_status launch_update_vmsa(struct cf_sp_guest *base,
	unsigned vp_index, uint64_t gpa, const uint8_t *page,
	struct coffer_error *err)
{
	if (gpa != 0xFFFFFFFFF000)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"vCPU %u: KVM measures VMSAs at 0xFFFFFFFFF000, the "
			"image says 0x%" PRIx64,
			vp_index, gpa);
	return COFFER_OK;
}

static enum coffer_status launch_finish(struct cf_sp_guest *base,
	const struct cf_sp_finish *f, struct coffer_error *err)
{
	struct cf_kvm_sev_snp_launch_finish finish = {
		.id_block_en = f->id_block_enabled,
		.auth_key_en = f->author_key_enabled,
		.vcek_disabled = f->vcek_disabled,
	};
	enum coffer_status status;

	if (f->id_block_enabled) {
		finish.id_block_uaddr = (uintptr_t)f->id_block;
		finish.id_auth_uaddr = (uintptr_t)f->id_auth;
	}
	memcpy(finish.host_data, f->host_data, sizeof(finish.host_data));
	status = cf_kvm_sev(kvm_guest(base)->kvm, CF_KVM_SEV_SNP_LAUNCH_FINISH,
		"SNP_LAUNCH_FINISH", &finish, NULL, err);
	if (status != COFFER_ERR_FIRMWARE || !err)
		return status;
	return cf_fail_fw(err, err->fw_status, "SNP_LAUNCH_FINISH: %s (%s)",
		cf_fw_status_name(err->fw_status),
		cf_fw_status_remedy(err->fw_status));
}

const struct cf_sp_guest_ops cf_sp_kvm_snp_ops = {
	.name = "kvm",
	.launch_start = launch_start,
	.launch_update = launch_update,
	.launch_update_vmsa = launch_update_vmsa,
	.launch_finish = launch_finish,
	.destroy = cf_sp_kvm_destroy,
};
