/* SPDX-License-Identifier: Apache-2.0 */
/* IGVM files: what they hold, what they measure, which are refused. */
#include "cases.h"

#include "crypto/crypto.h"
#include "igvm/igvm.h"
#include "plan/plan.h"
#include "sp/sp.h"

static struct coffer_error err;

static struct cf_igvm *open_file(struct vcase *v, struct cf_mapping *bytes)
{
	struct cf_igvm *file;

	assert_true(case_input(v, 0, bytes));
	assert_ok(cf_igvm_parse(bytes->data, bytes->len, &file, &err));
	return file;
}

static void close_file(struct cf_igvm *file, struct cf_mapping *bytes)
{
	cf_igvm_destroy(file);
	cf_unmap_file(bytes);
}

static void check_measure(struct vcase *v, enum cf_platform platform)
{
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_mapping bytes;
	struct cf_igvm *file = open_file(v, &bytes);
	struct cf_plan *plan;
	size_t len;

	assert_ok(cf_plan_from_igvm(
		file, platform, &cf_profile_spec, NULL, &plan, &err));
	assert_ok(cf_launch_digest(plan, NULL, digest, &len, &err));
	case_assert_hex(digest, len, v->expected);
	cf_plan_destroy(plan);
	close_file(file, &bytes);
}

static void check_snp(struct vcase *v)
{
	check_measure(v, CF_PLATFORM_SEV_SNP);
}

static void check_tdx(struct vcase *v)
{
	check_measure(v, CF_PLATFORM_TDX);
}

static void check_vbs(struct vcase *v)
{
	check_measure(v, CF_PLATFORM_VBS);
}

/* Whichever step says so: no platform that has one, or no digest for it. */
static void check_none(struct vcase *v)
{
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_mapping bytes;
	struct cf_igvm *file = open_file(v, &bytes);
	enum cf_platform platform = CF_PLATFORM_NATIVE;
	struct cf_plan *plan = NULL;
	enum coffer_status st;
	size_t len;

	assert_string_equal(v->expected, "no measurement");
	st = cf_plan_pick_platform(file, ~0u, &platform, &err);
	if (!st)
		assert_ok(cf_plan_from_igvm(
			file, platform, &cf_profile_spec, NULL, &plan, &err));
	if (!st)
		st = cf_launch_digest(plan, NULL, digest, &len, &err);
	assert_int_equal(st, COFFER_ERR_UNSUPPORTED);
	cf_plan_destroy(plan);
	close_file(file, &bytes);
}

static void check_count(struct vcase *v, const struct cf_igvm *file,
	const char *key, enum cf_igvm_section section)
{
	char text[512];

	assert_true(case_param(v->expected, key, text, sizeof(text)));
	assert_int_equal(cf_igvm_count(file, section), strtoul(text, NULL, 10));
}

static void check_parse(struct vcase *v)
{
	struct cf_mapping bytes;
	struct cf_igvm *file = open_file(v, &bytes);

	check_count(v, file, "platforms", CF_IGVM_PLATFORMS);
	check_count(v, file, "inits", CF_IGVM_INITIALIZATIONS);
	check_count(v, file, "directives", CF_IGVM_DIRECTIVES);
	close_file(file, &bytes);
}

static void check_reject(struct vcase *v)
{
	struct cf_mapping bytes;
	struct cf_igvm *file;

	assert_true(case_input(v, 0, &bytes));
	assert_int_not_equal(
		cf_igvm_parse(bytes.data, bytes.len, &file, &err), COFFER_OK);
	assert_true(strlen(err.msg) > 0);
	cf_unmap_file(&bytes);
}

static void assert_field(
	struct vcase *v, const char *key, const uint8_t *p, size_t n)
{
	char text[256];

	assert_true(case_param(v->expected, key, text, sizeof(text)));
	case_assert_hex(p, n, text);
}

static void assert_value(struct vcase *v, const char *key, uint64_t have)
{
	char text[512];

	assert_true(case_param(v->expected, key, text, sizeof(text)));
	assert_int_equal(have, strtoull(text, NULL, 0));
}

/* ID authentication information: signature at 0x40, key at 0x240. */
static void check_signature(const struct cf_plan *plan)
{
	const uint8_t *sig = plan->id_auth + 0x40;
	const uint8_t *key = plan->id_auth + 0x240;
	struct cf_p384_signature s;
	struct cf_p384_public k;

	assert_int_equal(cf_load_le32(key), 2);
	assert_true(cf_p384_from_le72(key + 4, k.x));
	assert_true(cf_p384_from_le72(key + 76, k.y));
	assert_true(cf_p384_from_le72(sig, s.r));
	assert_true(cf_p384_from_le72(sig + 72, s.s));
	assert_ok(cf_p384_verify(
		&k, CF_HASH_SHA384, plan->id_block, 96, &s, &err));
	s.r[0] ^= 1;
	assert_status(COFFER_ERR_MISMATCH,
		cf_p384_verify(
			&k, CF_HASH_SHA384, plan->id_block, 96, &s, &err));
}

static void check_id_block(struct vcase *v)
{
	struct cf_mapping bytes;
	struct cf_igvm *file = open_file(v, &bytes);
	struct cf_plan *plan;
	const uint8_t *id;
	uint8_t digest[48];
	const char *want;

	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_spec,
		NULL, &plan, &err));
	assert_true(plan->id_block_enabled);
	id = plan->id_block;
	assert_field(v, "launch_digest", id, 48);
	assert_field(v, "family_id", id + 0x30, 16);
	assert_field(v, "image_id", id + 0x40, 16);
	assert_value(v, "version", cf_load_le32(id + 0x50));
	assert_value(v, "guest_svn", cf_load_le32(id + 0x54));
	assert_value(v, "policy", cf_load_le64(id + 0x58));
	assert_value(v, "id_key_algorithm", cf_load_le32(plan->id_auth));
	assert_value(v, "author_key_enabled", plan->author_key_enabled);
	assert_ok(cf_sha384(plan->id_auth + 0x240, 1028, digest, &err));
	want = strstr(v->expected, "key digest ");
	if (want) {
		char hex[97];

		snprintf(hex, sizeof(hex), "%.96s", want + 11);
		case_assert_hex(digest, 48, hex);
	}
	check_signature(plan);
	cf_plan_destroy(plan);
	close_file(file, &bytes);
}

const struct case_handler igvm_cases[] = {
	{ "igvm-measure-snp", check_snp },
	{ "igvm-measure-tdx", check_tdx },
	{ "igvm-measure-vbs", check_vbs },
	{ "igvm-measure-none", check_none },
	{ "igvm-parse", check_parse },
	{ "igvm-reject", check_reject },
	{ "igvm-idblock", check_id_block },
	{ NULL },
};
