/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files certs*.c only. */
#ifndef CF_CLI_CERTS_PRIV_H
#define CF_CLI_CERTS_PRIV_H

#include "owner/chain.h"
#include "owner/sev_chain.h"

struct certs {
	struct cf_cert_set x509;
	struct cf_sev_chain sev;
};

bool cli_certs_has_sev(const struct certs *c);
void cli_certs_text(const struct certs *c);
void cli_certs_json(const struct certs *c);

#endif
