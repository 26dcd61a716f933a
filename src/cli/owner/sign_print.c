/* SPDX-License-Identifier: Apache-2.0 */
/* What coffer sign prints: the form of snp-create-id-block, or JSON. */
#include "cli/owner/sign_priv.h"

#include "base/base.h"
#include "owner/policy.h"

#include <json.h>
#include <stdio.h>
#include <string.h>

static void print_base64(
	const char *before, const void *p, size_t n, const char *after)
{
	struct cf_buf text = { 0 };

	cf_base64(&text, p, n);
	printf("%s%s%s", before, cf_buf_text(&text), after);
	cf_buf_finish(&text);
}

static bool digest_of(const struct cf_p384_public *key, uint8_t out[48])
{
	return cf_id_key_digest(key, out, NULL) == COFFER_OK;
}

static void print_text(const struct signing *s)
{
	uint8_t digest[48];

	print_base64("id-block=", s->bytes, sizeof(s->bytes), ",");
	print_base64("id-auth=", s->packed, sizeof(s->packed), "");
	if (s->has_host_data)
		print_base64(
			",host-data=", s->host_data, sizeof(s->host_data), "");
	putchar('\n');
	if (digest_of(&s->auth.id_key, digest))
		print_base64("id_key_hash: ", digest, sizeof(digest), "\n");
	if (s->auth.has_author && digest_of(&s->auth.author_key, digest))
		print_base64("author_key: ", digest, sizeof(digest), "\n");
}

static void add_base64(
	struct json_object *to, const char *name, const void *p, size_t n)
{
	struct cf_buf text = { 0 };

	cf_base64(&text, p, n);
	json_object_object_add(
		to, name, json_object_new_string(cf_buf_text(&text)));
	cf_buf_finish(&text);
}

static void add_digest(struct json_object *to, const char *name,
	const struct cf_p384_public *key)
{
	uint8_t digest[48];
	char hex[97];

	if (!digest_of(key, digest))
		return;
	cf_hex(hex, digest, sizeof(digest));
	json_object_object_add(to, name, json_object_new_string(hex));
}

static void print_json(const struct signing *s)
{
	struct json_object *o = json_object_new_object();
	struct cf_buf words = { 0 };
	char hex[97];

	cf_hex(hex, s->block.measurement, sizeof(s->block.measurement));
	json_object_object_add(o, "measurement", json_object_new_string(hex));
	json_object_object_add(
		o, "policy", json_object_new_uint64(s->block.policy));
	cf_policy_text(CF_POLICY_SNP, s->block.policy, &words);
	json_object_object_add(
		o, "policy_words", json_object_new_string(cf_buf_text(&words)));
	cf_buf_finish(&words);
	add_base64(o, "id_block", s->bytes, sizeof(s->bytes));
	add_base64(o, "id_auth", s->packed, sizeof(s->packed));
	add_digest(o, "id_key_digest", &s->auth.id_key);
	if (s->auth.has_author)
		add_digest(o, "author_key_digest", &s->auth.author_key);
	if (s->has_host_data)
		add_base64(o, "host_data", s->host_data, sizeof(s->host_data));
	puts(json_object_to_json_string_ext(o,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void cli_sign_print(const struct cli_args *args, const struct signing *s)
{
	if (cli_has(args, "json"))
		print_json(s);
	else
		print_text(s);
}
