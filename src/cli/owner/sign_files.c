/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, signatures and files of coffer sign. */
#include "cli/owner/sign_priv.h"

#include "base/base.h"
#include "cli/owner/owner_files.h"
#include "crypto/key_file.h"

#include <stdio.h>
#include <string.h>

#define MAX_KEY_FILE 65536
#define ALL_MODES    0644

static enum coffer_status load_signature(const char *path,
	struct cf_p384_signature *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *der = NULL;
	enum coffer_status status;
	size_t len;

	status = cf_read_file(path, MAX_KEY_FILE, &der, &len, err);
	if (status)
		return status;
	status = cf_p384_signature_from_der(der, len, out, err);
	return status ? cf_error_context(err, status, "%s", path) : COFFER_OK;
}

static enum coffer_status load_public(
	const char *path, struct cf_p384_public *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *pem = NULL;
	enum coffer_status status;
	size_t len = 0;

	status = cf_read_file(path, MAX_KEY_FILE, &pem, &len, err);
	if (status)
		return status;
	status = cf_p384_public_from_pem(pem, len, out, err);
	cf_wipe(pem, len);
	return status ? cf_error_context(err, status, "%s", path) : COFFER_OK;
}

/* The ID key and the signature of the block. */
static enum coffer_status id_part(const struct cli_args *args,
	struct signing *s, struct coffer_error *err)
{
	uint8_t secret[CF_P384_LEN];
	enum coffer_status status;

	if (cli_has(args, "id-signature")) {
		status = load_public(
			cli_get(args, "id-pubkey"), &s->auth.id_key, err);
		return status ? status
			      : load_signature(cli_get(args, "id-signature"),
					&s->auth.block_signature, err);
	}
	status = cli_load_private_key(
		cli_get(args, "idkey"), secret, &s->auth.id_key, err);
	if (!status)
		status = cf_p384_sign(secret, CF_HASH_SHA384, s->bytes,
			sizeof(s->bytes), &s->auth.block_signature, err);
	cf_wipe(secret, sizeof(secret));
	return status;
}

/* The author key and the signature of the ID key. */
static enum coffer_status author_part(const struct cli_args *args,
	struct signing *s, struct coffer_error *err)
{
	uint8_t secret[CF_P384_LEN], key[CF_ID_KEY_LEN];
	enum coffer_status status;

	s->auth.has_author =
		cli_has(args, "authorkey") || cli_has(args, "author-signature");
	if (!s->auth.has_author)
		return COFFER_OK;
	if (cli_has(args, "author-signature")) {
		status = load_public(cli_get(args, "author-pubkey"),
			&s->auth.author_key, err);
		return status
			? status
			: load_signature(cli_get(args, "author-signature"),
				  &s->auth.id_key_signature, err);
	}
	status = cli_load_private_key(
		cli_get(args, "authorkey"), secret, &s->auth.author_key, err);
	cf_id_key_encode(&s->auth.id_key, key);
	if (!status)
		status = cf_p384_sign(secret, CF_HASH_SHA384, key, sizeof(key),
			&s->auth.id_key_signature, err);
	cf_wipe(secret, sizeof(secret));
	return status;
}

enum coffer_status cli_sign_keys(const struct cli_args *args, struct signing *s,
	struct coffer_error *err)
{
	enum coffer_status status = id_part(args, s, err);

	if (!status)
		status = author_part(args, s, err);
	/* Whatever the source, nothing leaves that does not verify. */
	if (!status)
		status = cf_id_auth_verify(&s->auth, s->bytes, err);
	cf_id_auth_encode(&s->auth, s->packed);
	return status;
}

enum coffer_status cli_sign_write_inputs(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err)
{
	const char *prefix = cli_get(args, "to-sign");
	uint8_t key[CF_ID_KEY_LEN];
	struct cf_p384_public pub;
	enum coffer_status status;
	char path[4096];

	snprintf(path, sizeof(path), "%s.block", prefix);
	status =
		cf_write_file(path, ALL_MODES, s->bytes, sizeof(s->bytes), err);
	if (status || !cli_has(args, "id-pubkey"))
		return status;
	status = load_public(cli_get(args, "id-pubkey"), &pub, err);
	if (status)
		return status;
	cf_id_key_encode(&pub, key);
	snprintf(path, sizeof(path), "%s.key", prefix);
	return cf_write_file(path, ALL_MODES, key, sizeof(key), err);
}

enum coffer_status cli_sign_outputs(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err)
{
	const char *block = cli_get(args, "id-block-out");
	const char *auth = cli_get(args, "id-auth-out");
	enum coffer_status status = COFFER_OK;

	if (cli_has(args, "igvm"))
		status = cli_sign_write_igvm(args, s, err);
	if (!status && block)
		status = cf_write_file(
			block, ALL_MODES, s->bytes, sizeof(s->bytes), err);
	if (!status && auth)
		status = cf_write_file(
			auth, ALL_MODES, s->packed, sizeof(s->packed), err);
	return status;
}
