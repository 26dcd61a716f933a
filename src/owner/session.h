/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owning a SEV or SEV-ES guest: the session that LAUNCH_START takes, and the
 * measurement that LAUNCH_MEASURE gives.
 *
 * Source: SEV API (AMD 55766), LAUNCH_START, LAUNCH_MEASURE.
 */
#ifndef CF_OWNER_SESSION_H
#define CF_OWNER_SESSION_H

#include "crypto/sev_cert.h"
#include "crypto/sev_kdf.h"

/* What LAUNCH_MEASURE and query-sev-launch-measure return. */
#define CF_SEV_MEASUREMENT_LEN 48

struct cf_sev_session {
	uint8_t dh_cert[CF_SEV_CERT_LEN]; /* the owner's key agreement key */
	uint8_t blob[CF_SEV_SESSION_LEN];
	struct cf_sev_keys keys; /* secret; stay with the owner */
};
/* For the platform of this PDH, which the caller has verified.  Wipe with
 * cf_sev_session_wipe. */
enum coffer_status cf_sev_session_create(const struct cf_sev_cert *pdh,
	uint32_t policy, struct cf_sev_session *out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_sev_session_wipe(struct cf_sev_session *session);

/* Whether MEASURE[32] MNONCE[16] is what a guest with this digest gives;
 * m->mnonce is taken from the measurement.  COFFER_ERR_MISMATCH. */
enum coffer_status cf_sev_measurement_check(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_measure *m,
	const uint8_t measurement[CF_SEV_MEASUREMENT_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

#endif
