/* SPDX-License-Identifier: Apache-2.0 */
/* Policy words, from one table per kind of guest. */
#include "owner/policy.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct bit {
	const char *name;
	unsigned at;
};

struct layout {
	const struct bit *bits;
	size_t nbits;
	bool has_version;
	unsigned major_shift, minor_shift;
	uint64_t must_be_one, known;
};

static const struct bit sev_bits[] = {
	{ "nodbg", 0 },
	{ "noks", 1 },
	{ "es", 2 },
	{ "nosend", 3 },
	{ "domain", 4 },
	{ "sev", 5 },
};

static const struct bit snp_bits[] = {
	{ "smt", 16 },
	{ "migrate", 18 },
	{ "debug", 19 },
	{ "single-socket", 20 },
	{ "cxl", 21 },
	{ "aes-256-xts", 22 },
	{ "rapl-dis", 23 },
	{ "ciphertext-hiding", 24 },
	{ "page-swap-dis", 25 },
};

static const struct bit platform_bits[] = {
	{ "smt", 0 },
	{ "tsme", 1 },
	{ "ecc", 2 },
	{ "rapl-dis", 3 },
	{ "ciphertext-hiding", 4 },
	{ "alias-check", 5 },
	{ "tio", 7 },
};

static const struct layout layouts[] = {
	[CF_POLICY_PLATFORM] = { platform_bits, CF_ARRAY_LEN(platform_bits),
		.known = UINT64_MAX },
	[CF_POLICY_SEV] = { sev_bits, CF_ARRAY_LEN(sev_bits), true, 16, 24, 0,
		0xFFFF003F },
	[CF_POLICY_SNP] = { snp_bits, CF_ARRAY_LEN(snp_bits), true, 8, 0,
		(uint64_t)1 << 17, 0x03FFFFFF },
};

static const struct bit *find_bit(
	const struct layout *l, const char *name, size_t len)
{
	for (size_t i = 0; i < l->nbits; i++)
		if (strlen(l->bits[i].name) == len &&
			memcmp(l->bits[i].name, name, len) == 0)
			return &l->bits[i];
	return NULL;
}

static bool parse_version(const char *text, struct cf_policy_rule *out)
{
	char copy[16], *dot;
	uint64_t major, minor;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	dot = strchr(copy, '.');
	if (!dot)
		return false;
	*dot = '\0';
	if (!cf_parse_u64(copy, 255, &major) ||
		!cf_parse_u64(dot + 1, 255, &minor))
		return false;
	out->abi_major = (uint8_t)major;
	out->abi_minor = (uint8_t)minor;
	return true;
}

static enum coffer_status parse_word(const struct layout *l, const char *word,
	struct cf_policy_rule *out, struct coffer_error *err)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : "on";
	const struct bit *bit = find_bit(l, word, len);
	uint64_t mask;

	if (l->has_version && len == 3 &&
		(strncmp(word, "abi", 3) == 0 ||
			strncmp(word, "api", 3) == 0)) {
		if (parse_version(value, out))
			return COFFER_OK;
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"policy: '%.40s': want abi=MAJOR.MINOR", word);
	}
	if (!bit)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"policy: no word '%.40s'", word);
	mask = (uint64_t)1 << bit->at;
	if (strcmp(value, "any") == 0) {
		out->mask &= ~mask;
		return COFFER_OK;
	}
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"policy: '%.40s': want on, off or any", word);
	out->mask |= mask;
	if (strcmp(value, "on") == 0)
		out->value |= mask;
	else
		out->value &= ~mask;
	return COFFER_OK;
}

static void load_version(
	const struct layout *l, uint64_t policy, struct cf_policy_rule *out)
{
	if (!l->has_version)
		return;
	out->abi_major = (uint8_t)(policy >> l->major_shift);
	out->abi_minor = (uint8_t)(policy >> l->minor_shift);
}

enum coffer_status cf_policy_rule_parse(enum cf_policy_kind kind,
	const char *text, struct cf_policy_rule *out, struct coffer_error *err)
{
	const struct layout *l = &layouts[kind];
	uint64_t max = kind == CF_POLICY_SEV ? UINT32_MAX : UINT64_MAX;
	char copy[256], *at = copy, *word;
	enum coffer_status status = COFFER_OK;

	*out = (struct cf_policy_rule) { 0 };
	if (cf_parse_u64(text, max, &out->value)) {
		out->mask = UINT64_MAX;
		out->exact = true;
		load_version(l, out->value, out);
		return COFFER_OK;
	}
	if (strlen(text) >= sizeof(copy))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"policy: the text is too long");
	strcpy(copy, text);
	while (!status && (word = strsep(&at, ",")))
		status = parse_word(l, word, out, err);
	return status;
}

uint64_t cf_policy_from_rule(
	enum cf_policy_kind kind, const struct cf_policy_rule *rule)
{
	const struct layout *l = &layouts[kind];

	if (rule->exact)
		return rule->value;
	if (!l->has_version)
		return rule->value & rule->mask;
	return (rule->value & rule->mask) | l->must_be_one |
		(uint64_t)rule->abi_major << l->major_shift |
		(uint64_t)rule->abi_minor << l->minor_shift;
}

void cf_policy_text(
	enum cf_policy_kind kind, uint64_t policy, struct cf_buf *out)
{
	const struct layout *l = &layouts[kind];
	struct cf_policy_rule version = { 0 };
	const char *between = "";

	load_version(l, policy, &version);
	if (l->has_version) {
		cf_buf_printf(out, "%s=%u.%u",
			kind == CF_POLICY_SEV ? "api" : "abi",
			version.abi_major, version.abi_minor);
		between = ",";
	}
	for (size_t i = 0; i < l->nbits; i++)
		if (policy >> l->bits[i].at & 1) {
			cf_buf_printf(out, "%s%s", between, l->bits[i].name);
			between = ",";
		}
	if (kind == CF_POLICY_SNP && !(policy & CF_SNP_POLICY_DEBUG))
		cf_buf_printf(out, ",debug=off");
}

static enum coffer_status check_bits(const struct layout *l, uint64_t policy,
	const struct cf_policy_rule *rule, struct coffer_error *err)
{
	for (size_t i = 0; i < l->nbits; i++) {
		uint64_t mask = (uint64_t)1 << l->bits[i].at;

		if (!(rule->mask & mask) || !((policy ^ rule->value) & mask))
			continue;
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"%s is %s in 0x%" PRIx64, l->bits[i].name,
			policy & mask ? "on" : "off", policy);
	}
	return COFFER_OK;
}

enum coffer_status cf_policy_check(enum cf_policy_kind kind, uint64_t policy,
	const struct cf_policy_rule *rule, struct coffer_error *err)
{
	const struct layout *l = &layouts[kind];
	struct cf_policy_rule has = { 0 };
	enum coffer_status status;

	if ((policy & ~l->known) || (policy & l->must_be_one) != l->must_be_one)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"reserved bits of policy 0x%" PRIx64
			" do not have their value",
			policy);
	if (rule->exact && policy != rule->value)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"policy is 0x%" PRIx64 ", want 0x%" PRIx64, policy,
			rule->value);
	status = check_bits(l, policy, rule, err);
	if (status)
		return status;
	load_version(l, policy, &has);
	if (has.abi_major < rule->abi_major ||
		(has.abi_major == rule->abi_major &&
			has.abi_minor < rule->abi_minor))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the policy demands firmware version %u.%u, want %u.%u "
			"or later",
			has.abi_major, has.abi_minor, rule->abi_major,
			rule->abi_minor);
	return COFFER_OK;
}
