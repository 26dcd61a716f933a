/* SPDX-License-Identifier: Apache-2.0 */
/* What answers the guest's messages, by file. */
#ifndef CF_SP_SOFT_MESSAGES_PRIV_H
#define CF_SP_SOFT_MESSAGES_PRIV_H

#include "sp/soft/soft_priv.h"

/* Payloads of guest messages: the request's in, the response's out; the
 * response starts with STATUS and is zeroed before.  Returns the length of
 * the response, 0 when the request is malformed. */
#define MSG_MAX 4000
size_t cf_sp_msg_report(struct cf_sp_soft *sp, struct snp_guest *g,
	unsigned vmpck, const uint8_t *in, size_t len, uint8_t *out);
size_t cf_sp_msg_key(struct cf_sp_soft *sp, struct snp_guest *g, unsigned vmpck,
	unsigned version, const uint8_t *in, size_t len, uint8_t *out);

/* A migration agent's; agent is the sender.  absorb with self: ABSORB_NOMA. */
size_t cf_sp_msg_export(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out);
size_t cf_sp_msg_import(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out);
size_t cf_sp_msg_absorb(struct cf_sp_soft *sp, struct snp_guest *agent,
	bool self, const uint8_t *in, size_t len, uint8_t *out);
size_t cf_sp_msg_vmrk(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out);

#endif
