/* SPDX-License-Identifier: Apache-2.0 */
/* The cryptography of SEV launches: the measurement's HMAC, key derivation. */
#include "cases.h"

#include "crypto/sev_kdf.h"
#include "plan/plan.h"
#include "sp/sp.h"

static struct coffer_error err;

/* A value in hex, or in base64 where the key says so: "nonce(b64)=". */
static bool get_bytes(const char *text, const char *key, uint8_t *out, size_t n)
{
	struct cf_buf b = { 0 };
	char value[512], b64[64];

	if (!case_param(text, key, value, sizeof(value)))
		return false;
	value[strcspn(value, " ")] = '\0';
	snprintf(b64, sizeof(b64), "%s(b64", key);
	if (strstr(text, b64)) {
		assert_true(cf_unbase64(&b, value, strlen(value)));
		assert_int_equal(b.len, n);
		memcpy(out, b.data, n);
		cf_buf_finish(&b);
		return true;
	}
	assert_true(cf_unhex(value, out, n));
	return true;
}

/* The digest of firmware, and kernel hashes when the row has a kernel. */
static void launch_digest(struct vcase *v, uint8_t digest[CF_DIGEST_MAX])
{
	struct cf_firmware_params p = { .platform = CF_PLATFORM_SEV,
		.vcpus = 1 };
	struct cf_mapping fw, kernel = { 0 }, initrd = { 0 };
	struct cf_kernel_hashes hashes;
	char append[256] = "", want[128];
	struct cf_plan *plan;
	struct cf_ovmf o;
	size_t len;

	assert_true(case_input_named(v, "OVMF", &fw));
	assert_ok(cf_ovmf_parse(fw.data, fw.len, &o, &err));
	p.ovmf = &o;
	if (case_input_named(v, "vmlinuz", &kernel)) {
		case_input_named(v, "initrd", &initrd);
		case_param(v->parameters, "append", append, sizeof(append));
		assert_ok(cf_kernel_hashes_make(kernel.data, kernel.len,
			initrd.data, initrd.len, append, &hashes, &err));
		p.hashes = &hashes;
	}
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_ok(cf_launch_digest(plan, NULL, digest, &len, &err));
	cf_plan_destroy(plan);
	cf_unmap_file(&fw);
	cf_unmap_file(&kernel);
	cf_unmap_file(&initrd);
	if (case_param(v->expected, "digest", want, sizeof(want)))
		case_assert_hex(digest, len, want);
}

static void check_launch_measure(struct vcase *v)
{
	uint8_t tik[16], digest[CF_DIGEST_MAX], nonce[16], out[48], want[48];
	struct cf_sev_measure m = { .digest = digest, .mnonce = nonce };
	struct cf_mapping key;
	char text[256];

	if (!get_bytes(v->parameters, "tik", tik, sizeof(tik))) {
		assert_true(case_input_named(v, "tik", &key));
		assert_int_equal(key.len, sizeof(tik));
		memcpy(tik, key.data, sizeof(tik));
		cf_unmap_file(&key);
	}
	if (!get_bytes(v->parameters, "digest", digest, 32))
		launch_digest(v, digest);
	assert_true(get_bytes(v->parameters, "nonce", nonce, sizeof(nonce)));
	assert_true(case_param(v->parameters, "api", text, sizeof(text)));
	m.api_major = (uint8_t)strtoul(text, NULL, 10);
	m.api_minor = (uint8_t)strtoul(strchr(text, '.') + 1, NULL, 10);
	m.build_id = (uint8_t)case_number(v, "build", 0);
	m.policy = (uint32_t)case_number(v, "policy", 0);
	assert_ok(cf_sev_launch_measure(tik, &m, out, &err));
	if (get_bytes(v->expected, "blob", want, sizeof(want))) {
		memcpy(out + 32, nonce, 16);
		assert_memory_equal(out, want, sizeof(want));
		return;
	}
	case_assert_hex(out, 32, v->expected);
}

/* One way in one row: 16 zero bytes as key and context. */
static void check_kdf(struct vcase *v)
{
	const uint8_t zero[16] = { 0 };
	uint8_t out[16];

	assert_non_null(strstr(v->parameters,
		"derive(key=16 zero bytes, size 16, context=16 zero bytes, "
		"label \"sev-master-secret\")"));
	assert_ok(cf_sev_kdf(zero, sizeof(zero), "sev-master-secret", zero,
		sizeof(zero), out, sizeof(out), &err));
	case_assert_hex(out, sizeof(out), v->expected);
}

const struct case_handler launch_cases[] = {
	{ "sev-launch-measure", check_launch_measure },
	{ "sev-kdf", check_kdf },
	{ NULL },
};
