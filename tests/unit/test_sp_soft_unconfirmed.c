/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The choices for which no source is certain.  Whoever changes one changes it
 * here too, with the source in the commit; so none changes by accident.
 */
#include "test.h"

#include "sp/soft/unconfirmed.h"

#define CHOICE(name, value)        \
	{                          \
#name, name, value \
	}

static void test_no_choice_changes_by_accident(void **state)
{
	static const struct {
		const char *name;
		long has, want;
	} choices[] = {
		CHOICE(UNC_DECOMMISSION_ACTIVE, 0x12),
		CHOICE(UNC_SEV_API_TOO_OLD, 0x07),
		CHOICE(UNC_ES_NOT_ENABLED, 0x07),
		CHOICE(UNC_SEV_POLICY_RESERVED, 0x16),
		CHOICE(UNC_VMSA_WITHOUT_ES, 0x07),
		CHOICE(UNC_SESSION_MAC, 0x0B),
		CHOICE(UNC_UPDATE_NEEDS_ACTIVE, 1),
		CHOICE(UNC_DBG_STATES, 0xE),
		CHOICE(UNC_AFTER_SEND_FINISH, 6),
		CHOICE(UNC_MAC_SEND_DATA, 2),
		CHOICE(UNC_MAC_SEND_VMSA, 3),
		CHOICE(UNC_SECRET_MAX, 16384),
		CHOICE(UNC_IMPORT_WRONG_KEY, 0x06),
		CHOICE(UNC_IMPORT_NEW_PDH, 0),
		CHOICE(UNC_CEK_EXPORT_SIGNED, 0),
		CHOICE(UNC_SEND_OTHER_DOMAIN, 0x07),
		CHOICE(UNC_SEND_BAD_CHAIN, 0x06),
		CHOICE(UNC_KEY_SHARING_REFUSED, 0x07),
		CHOICE(UNC_LEGACY_OUT_NEEDS_FIRMWARE, 1),
		CHOICE(UNC_PAGE_INFO_REVERSED, 0),
		CHOICE(UNC_NOT_A_CONTEXT, 0x10),
		CHOICE(UNC_POLICY_RESERVED, 0x16),
		CHOICE(UNC_BAD_PAGE_TYPE, 0x16),
		CHOICE(UNC_AUTH_WITHOUT_BLOCK, 0x16),
		CHOICE(UNC_BAD_SEQNO, 0x16),
		CHOICE(UNC_RECLAIM_AGAIN, 0x00),
		CHOICE(UNC_CONFIG_ZERO_RESETS, 1),
		CHOICE(UNC_COMMIT_REPORTED_FOLLOWS, 1),
		CHOICE(UNC_VLEK_CHIP_ID_ZERO, 1),
		CHOICE(UNC_REPORT_VERSION_MILAN, 2),
		CHOICE(UNC_REPORT_VERSION_GENOA, 3),
		CHOICE(UNC_REPORT_VERSION_TURIN, 5),
		CHOICE(UNC_SECRETS_VERSION, 4),
		CHOICE(UNC_CPUID_COUNT, 0x16),
		CHOICE(UNC_VCEK_DISABLED, 0x27),
		CHOICE(UNC_VLEK_BAD_TAG, 0x0B),
		CHOICE(UNC_SWAP_BAD_ENTRY, 0x1B),
		CHOICE(UNC_SWAP_BAD_TAG, 0x0B),
		CHOICE(UNC_LARGE_SPECIAL_PAGE, 0x19),
		CHOICE(UNC_UNSMASH_STATES, 0xC0),
		CHOICE(UNC_UNSMASH_UNLIKE, 0x1A),
		CHOICE(UNC_UNSMASH_THAWS, 1),
		CHOICE(UNC_RANGE_UNALIGNED, 0x16),
		CHOICE(UNC_IMAGE_BAD, 0x24),
		CHOICE(UNC_IMAGE_ALIGN, 32),
		CHOICE(UNC_UPDATE_WITH_SEV, 0x23),
		CHOICE(UNC_RMPUPDATE_KEEPS_VALIDATED, 1),
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(choices); i++)
		if (choices[i].has != choices[i].want)
			fail_msg("%s is 0x%lx, was 0x%lx", choices[i].name,
				choices[i].has, choices[i].want);
}

/* Every constant of the header is in the list above. */
static void test_every_choice_is_listed(void **state)
{
	const char *root = getenv("COFFER_SOURCE_ROOT");
	char path[4096];
	uint8_t *header, *self;
	struct coffer_error err;
	size_t n, defined = 0;

	if (!root) {
		print_message("SKIP: COFFER_SOURCE_ROOT is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/src/sp/soft/unconfirmed.h", root);
	assert_ok(cf_read_file(path, 1 << 20, &header, &n, &err));
	snprintf(path, sizeof(path), "%s/tests/unit/test_sp_soft_unconfirmed.c",
		root);
	assert_ok(cf_read_file(path, 1 << 20, &self, &n, &err));
	for (const char *at = (const char *)header;
		(at = strstr(at, "#define UNC_")); defined++) {
		size_t len = strcspn(at + 8, " ");
		char entry[80];

		snprintf(
			entry, sizeof(entry), "CHOICE(%.*s,", (int)len, at + 8);
		if (!strstr((const char *)self, entry))
			fail_msg("%.*s is not listed", (int)len, at + 8);
		at += 8;
	}
	assert_true(defined > 30);
	free(header);
	free(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_choice_changes_by_accident),
		cmocka_unit_test(test_every_choice_is_listed),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_unconfirmed", tests, NULL, NULL);
}
