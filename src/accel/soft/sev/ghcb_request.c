/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest requests: messages between the guest and the secure processor, which
 * the hypervisor carries and cannot read; extended ones also bring the
 * certificates that the host has.
 *
 * Source: GHCB specification (AMD 56421), "SNP Guest Request" and "SNP
 * Extended Guest Request".
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/log.h"
#include "sp/sp.h"

#define PAGE            4096u
#define VMM_INVALID_LEN (UINT64_C(1) << 32)
#define VMM_BUSY        (UINT64_C(2) << 32)
#define VMM_GENERIC     (UINT64_C(0xFFFFFFFF) << 32)

static bool pages_ok(const struct ghcb *g)
{
	return g->info1 != g->info2 && cf_ghcb_shared_page(g, g->info1) &&
		cf_ghcb_shared_page(g, g->info2);
}

static uint64_t send(struct ghcb *g)
{
	struct cf_sp_guest *sp = g->cpu->vm->config.sp;
	struct cf_sev_vm *s = g->cpu->vm->sev_vm;
	uint32_t fw_status = 0;
	struct coffer_error err;
	enum coffer_status status;

	if (cf_fault(g->cpu->vm, CF_FAULT_REQUEST))
		return 0; /* as if it had been answered */
	if (!sp || !sp->ops->guest_request)
		return VMM_BUSY; /* nobody there to answer */
	pthread_mutex_lock(&s->lock);
	status = sp->ops->guest_request(
		sp, g->info1, g->info2, &fw_status, &err);
	pthread_mutex_unlock(&s->lock);
	if (status == COFFER_OK)
		return fw_status;
	cf_log(g->cpu->vm->config.log, CF_LOG_WARN, "ghcb: guest request: %s",
		err.msg);
	return err.fw_status ? err.fw_status : VMM_BUSY;
}

enum cf_ghcb_error cf_ghcb_guest_request(struct ghcb *g)
{
	if (!pages_ok(g))
		return GHCB_BAD_INPUT;
	g->result = send(g);
	return GHCB_OK;
}

/* The table, and the answer of the firmware. */
static enum cf_ghcb_error ext_request(
	struct ghcb *g, const uint8_t *table, size_t len)
{
	uint64_t gpa = cf_ghcb_get(g, GHCB_RAX);
	uint64_t pages = cf_ghcb_get(g, GHCB_RBX);
	uint64_t need = (len + PAGE - 1) / PAGE;
	struct coffer_error err;

	if (pages < need) {
		cf_ghcb_reply(g, GHCB_RBX, need);
		g->result = VMM_INVALID_LEN;
		return GHCB_OK;
	}
	for (uint64_t i = 0; i < need; i++)
		if (!cf_ghcb_shared_page(g, gpa + i * PAGE))
			return GHCB_BAD_INPUT;
	g->result = send(g);
	if (g->result || !need)
		return GHCB_OK;
	return cf_guest_write(g->cpu->vm->mem, gpa, table, len, &err) ==
			COFFER_OK
		? GHCB_OK
		: GHCB_BAD_INPUT;
}

enum cf_ghcb_error cf_ghcb_ext_request(struct ghcb *g)
{
	const struct cf_cert_source *certs = g->cpu->vm->config.certs;
	enum cf_ghcb_error result;
	const uint8_t *table = NULL;
	size_t len = 0;

	if (!pages_ok(g))
		return GHCB_BAD_INPUT;
	if (!certs)
		return ext_request(g, NULL, 0);
	switch (certs->lock(certs->opaque, &table, &len)) {
	case CF_CERTS_OK:
		break;
	case CF_CERTS_BUSY:
		g->result = VMM_BUSY;
		return GHCB_OK;
	default:
		g->result = VMM_GENERIC;
		return GHCB_OK;
	}
	result = ext_request(g, table, len);
	certs->unlock(certs->opaque);
	return result;
}
