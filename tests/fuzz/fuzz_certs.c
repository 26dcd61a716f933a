/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of every form: X.509 in DER and PEM, certificate tables, and
 * SEV's binary ones; whatever parses is looked into and verified. */
#include "fuzz.h"

#include "owner/chain.h"
#include "owner/sev_chain.h"

#include <stdlib.h>

/* The status does not matter here. */
static void ignore(int status)
{
}

static void look_into(const struct cf_x509 *cert)
{
	char text[64], oid[128];
	const uint8_t *p;
	struct cf_vek vek;
	size_t n;

	ignore(cf_vek_decode(cert, &vek, NULL));
	(void)cf_cert_line(cert);
	(void)cf_cert_amd_root(cert);
	(void)cf_cert_is_simulated(cert);
	(void)cf_x509_not_before(cert);
	(void)cf_x509_is_ca(cert);
	cf_x509_serial(cert, text, sizeof(text));
	for (size_t i = 0; i < 32 &&
		cf_x509_extension_at(cert, i, oid, sizeof(oid), &p, &n);
		i++)
		ignore(cf_x509_extension(cert, oid, &p, &n));
	ignore(cf_x509_verify(cert, cert, NULL));
}

static void as_x509(const uint8_t *data, size_t size)
{
	struct cf_cert_set set = { 0 };
	struct coffer_error err;

	ignore(cf_cert_set_add(&set, data, size, &err));
	for (size_t i = 0; i < set.ncerts; i++)
		look_into(set.cert[i]);
	for (size_t i = 0; i < set.ncrls && set.ncerts; i++) {
		ignore(cf_x509_crl_verify(set.crl[i], set.cert[0], NULL));
		(void)cf_x509_crl_revokes(set.crl[i], set.cert[0]);
		(void)cf_x509_crl_next_update(set.crl[i]);
	}
	cf_cert_set_finish(&set);
}

static void as_sev(const uint8_t *data, size_t size)
{
	struct cf_sev_chain *chain = calloc(1, sizeof(*chain));
	struct cf_sev_chain_result result;
	struct coffer_error err;

	if (chain && !cf_sev_chain_add(chain, data, size, &err))
		cf_sev_chain_verify(chain, true, &result);
	free(chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_x509(data, size);
	as_sev(data, size);
	return 0;
}
