/* SPDX-License-Identifier: Apache-2.0 */
/* What the platform of a guest tells of itself, on hardware and simulated:
 * firmware version, certificates, chip id. */
#include "cli/run/run_priv.h"

#include "sp/kvm/sp_kvm.h"

#include <string.h>

#define PLATFORM_STATUS     0x04u
#define PLATFORM_STATUS_LEN 12

enum coffer_status run_read_version(struct run *r, struct coffer_error *err)
{
	uint8_t status[PLATFORM_STATUS_LEN] = { 0 };
	struct cf_sp_kvm_platform platform;
	enum coffer_status s;
	uint32_t fw;

	if (r->kvm) {
		s = cf_sp_kvm_platform_status(r->kvm, &platform, err);
		if (s)
			return s;
		r->api_major = platform.api_major;
		r->api_minor = platform.api_minor;
		r->api_build = platform.build;
		return COFFER_OK;
	}
	fw = cf_sp_soft_call(r->sp, PLATFORM_STATUS, status, sizeof(status));
	if (fw)
		return cf_fail_fw(
			err, fw, "PLATFORM_STATUS: %s", cf_fw_status_name(fw));
	r->api_major = status[0];
	r->api_minor = status[1];
	r->api_build = status[7];
	return COFFER_OK;
}

static void keep(struct cf_buf *to, const uint8_t *p, size_t n)
{
	cf_buf_finish(to);
	cf_buf_append(to, p, n);
}

static enum coffer_status hardware_certs(
	struct run *r, struct coffer_error *err)
{
	struct cf_sp_kvm_certs certs;
	enum coffer_status s = cf_sp_kvm_certs(r->kvm, &certs, err);

	if (s)
		return s;
	keep(&r->pdh, certs.pdh, certs.pdh_len);
	keep(&r->chain, certs.chain, certs.chain_len);
	keep(&r->chip_id, certs.id, certs.id_len);
	cf_sp_kvm_certs_finish(&certs);
	return COFFER_OK;
}

static enum coffer_status soft_certs(struct run *r, struct coffer_error *err)
{
	struct cf_sp_soft_facts facts;
	enum coffer_status s;

	cf_buf_finish(&r->pdh);
	cf_buf_finish(&r->chain);
	s = cf_sp_soft_sev_certs(r->sp, &r->pdh, &r->chain, err);
	cf_sp_soft_facts(r->sp, &facts);
	keep(&r->chip_id, facts.chip_id, sizeof(facts.chip_id));
	return s;
}

enum coffer_status run_sev_capabilities(void *opaque,
	struct cf_monitor_sev_capabilities *out, struct coffer_error *err)
{
	struct run *r = opaque;
	enum coffer_status s;

	pthread_mutex_lock(&r->life_lock);
	if (r->kvm && r->opts.guest)
		s = hardware_certs(r, err);
	else if (r->sp)
		s = soft_certs(r, err);
	else
		s = cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"SEV is not enabled: the guest has no sev-guest object");
	pthread_mutex_unlock(&r->life_lock);
	if (s)
		return s;
	*out = (struct cf_monitor_sev_capabilities) { .pdh = r->pdh.data,
		.pdh_len = r->pdh.len,
		.cert_chain = r->chain.data,
		.cert_chain_len = r->chain.len,
		.cpu0_id = r->chip_id.data,
		.cpu0_id_len = r->chip_id.len,
		.cbitpos = r->config.cbit,
		.reduced_phys_bits = 1 };
	return COFFER_OK;
}
