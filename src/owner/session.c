/* SPDX-License-Identifier: Apache-2.0 */
/* Making sessions and checking launch measurements. */
#include "owner/session.h"

#include "base/base.h"

void cf_sev_session_wipe(struct cf_sev_session *session)
{
	cf_wipe(session, sizeof(*session));
}

static enum coffer_status fill(const struct cf_sev_cert *pdh,
	const uint8_t secret[CF_P384_LEN], uint32_t policy,
	struct cf_sev_session *out, struct coffer_error *err)
{
	uint8_t z[CF_P384_LEN], nonce[16], iv[16];
	enum coffer_status status = cf_p384_ecdh(secret, &pdh->key, z, err);

	if (!status)
		status = cf_random(&out->keys, sizeof(out->keys), err);
	if (!status)
		status = cf_random(nonce, sizeof(nonce), err);
	if (!status)
		status = cf_random(iv, sizeof(iv), err);
	if (!status)
		status = cf_sev_session_wrap(
			z, &out->keys, nonce, iv, policy, out->blob, err);
	cf_wipe(z, sizeof(z));
	return status;
}

enum coffer_status cf_sev_session_create(const struct cf_sev_cert *pdh,
	uint32_t policy, struct cf_sev_session *out, struct coffer_error *err)
{
	uint8_t secret[CF_P384_LEN];
	struct cf_p384_public pub;
	const struct cf_sev_cert_fields fields = {
		.usage = CF_SEV_USAGE_PDH,
		.algo = CF_SEV_ALGO_ECDH_SHA256,
		.key = &pub,
	};
	enum coffer_status status;

	if (pdh->usage != CF_SEV_USAGE_PDH || pdh->is_rsa)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"sev session: a %s is not a platform's PDH",
			cf_sev_usage_name(pdh->usage));
	status = cf_p384_generate(secret, &pub, err);
	if (!status)
		status = fill(pdh, secret, policy, out, err);
	cf_wipe(secret, sizeof(secret));
	if (status) {
		cf_sev_session_wipe(out);
		return status;
	}
	/* Firmware does not verify this certificate's signature. */
	cf_sev_cert_make(&fields, out->dh_cert);
	return COFFER_OK;
}

enum coffer_status cf_sev_measurement_check(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_measure *m,
	const uint8_t measurement[CF_SEV_MEASUREMENT_LEN],
	struct coffer_error *err)
{
	struct cf_sev_measure with_nonce = *m;
	uint8_t want[CF_SEV_MEASURE_LEN];
	enum coffer_status status;

	with_nonce.mnonce = measurement + CF_SEV_MEASURE_LEN;
	status = cf_sev_launch_measure(tik, &with_nonce, want, err);
	if (!status && !cf_equal_ct(want, measurement, sizeof(want)))
		status = cf_fail(err, COFFER_ERR_MISMATCH,
			"the measurement does not match: another digest, "
			"policy, firmware version or TIK");
	return status;
}
