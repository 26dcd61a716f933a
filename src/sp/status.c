/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's status codes: what they are called and what a person can do.
 *
 * Sources: SEV API (AMD 55766) and SNP firmware ABI (AMD 56860), "Status
 * Codes".
 */
#include "sp/sp.h"

#include "base/base.h"

static const struct {
	uint32_t code;
	const char *name;
	const char *remedy;
} codes[] = {
	{ CF_FW_SUCCESS, "SUCCESS", "" },
	{ CF_FW_INVALID_PLATFORM_STATE, "INVALID_PLATFORM_STATE",
		"the platform is in the wrong state; see 'coffer sp status'" },
	{ CF_FW_INVALID_GUEST_STATE, "INVALID_GUEST_STATE",
		"the command does not belong at this point of the launch" },
	{ CF_FW_INVALID_CONFIG, "INVALID_CONFIG",
		"the platform's configuration forbids it; SEV-ES may be off" },
	{ CF_FW_INVALID_LENGTH, "INVALID_LENGTH",
		"a length is not what the command takes" },
	{ CF_FW_ALREADY_OWNED, "ALREADY_OWNED",
		"the platform has an owner; a factory reset removes it" },
	{ CF_FW_INVALID_CERTIFICATE, "INVALID_CERTIFICATE",
		"a certificate is malformed or signed by another key; export "
		"the platform's chain again" },
	{ CF_FW_POLICY_FAILURE, "POLICY_FAILURE",
		"the guest policy forbids it or does not fit this platform" },
	{ CF_FW_INACTIVE, "INACTIVE", "the guest has no key slot (ASID) yet" },
	{ CF_FW_INVALID_ADDRESS, "INVALID_ADDRESS",
		"an address is misaligned or outside memory" },
	{ CF_FW_BAD_SIGNATURE, "BAD_SIGNATURE",
		"the signature does not fit the key and what it signs" },
	{ CF_FW_BAD_MEASUREMENT, "BAD_MEASUREMENT",
		"what was launched is not what was expected; compare with "
		"'coffer measure', then 'coffer explain'" },
	{ CF_FW_ASID_OWNED, "ASID_OWNED", "the key slot is another guest's" },
	{ CF_FW_INVALID_ASID, "INVALID_ASID",
		"the key slot does not exist or is of the other kind (SEV, "
		"SEV-ES and SNP)" },
	{ CF_FW_WBINVD_REQUIRED, "WBINVD_REQUIRED",
		"caches must be flushed on every processor first" },
	{ CF_FW_DFFLUSH_REQUIRED, "DFFLUSH_REQUIRED",
		"DF_FLUSH must come first" },
	{ CF_FW_INVALID_GUEST, "INVALID_GUEST",
		"there is no guest with this handle" },
	{ CF_FW_INVALID_COMMAND, "INVALID_COMMAND",
		"the firmware does not have this command; it may be too old" },
	{ CF_FW_ACTIVE, "ACTIVE", "the guest still holds its key slot" },
	{ CF_FW_HWERROR_PLATFORM, "HWERROR_PLATFORM",
		"hardware error; the data is safe, the platform needs a "
		"reset" },
	{ CF_FW_HWERROR_UNSAFE, "HWERROR_UNSAFE",
		"hardware error; do not trust the platform" },
	{ CF_FW_UNSUPPORTED, "UNSUPPORTED",
		"this firmware or processor does not have the feature" },
	{ CF_FW_INVALID_PARAM, "INVALID_PARAM",
		"a parameter or a reserved field has a value that the command "
		"refuses" },
	{ CF_FW_RESOURCE_LIMIT, "RESOURCE_LIMIT",
		"the firmware has no room for another guest" },
	{ CF_FW_SECURE_DATA_INVALID, "SECURE_DATA_INVALID",
		"the platform's stored data failed its integrity check" },
	{ CF_FW_INVALID_PAGE_SIZE, "INVALID_PAGE_SIZE",
		"the RMP entry has another page size" },
	{ CF_FW_INVALID_PAGE_STATE, "INVALID_PAGE_STATE",
		"the page is not in the RMP state that the command needs; it "
		"may have been launched before" },
	{ CF_FW_INVALID_MDATA_ENTRY, "INVALID_MDATA_ENTRY",
		"the metadata entry does not fit the page" },
	{ CF_FW_INVALID_PAGE_OWNER, "INVALID_PAGE_OWNER",
		"the page belongs to another guest" },
	{ CF_FW_AEAD_OFLOW, "AEAD_OFLOW",
		"the message counter of the guest channel is used up" },
	{ CF_FW_RING_BUFFER_EXIT, "RING_BUFFER_EXIT",
		"command ring mode has ended" },
	{ CF_FW_RMP_INIT_REQUIRED, "RMP_INIT_REQUIRED",
		"the RMP must be initialised; is SNP on in the BIOS and "
		"kvm_amd.sev_snp=1?" },
	{ CF_FW_BAD_SVN, "BAD_SVN",
		"the security version is below the committed one" },
	{ CF_FW_BAD_VERSION, "BAD_VERSION",
		"the version is below the committed one" },
	{ CF_FW_SHUTDOWN_REQUIRED, "SHUTDOWN_REQUIRED",
		"the platform must be shut down first" },
	{ CF_FW_UPDATE_FAILED, "UPDATE_FAILED",
		"the firmware update failed; the old one still runs" },
	{ CF_FW_RESTORE_REQUIRED, "RESTORE_REQUIRED",
		"the committed firmware must be loaded again" },
	{ CF_FW_RMP_INIT_FAILED, "RMP_INITIALIZATION_FAILED",
		"the RMP could not be initialised; look at the BIOS settings" },
	{ CF_FW_INVALID_KEY, "INVALID_KEY",
		"the key that was asked for does not exist or is masked" },
	{ CF_FW_SHUTDOWN_INCOMPLETE, "SHUTDOWN_INCOMPLETE",
		"the shutdown did not finish; try again" },
	/* The kernel's own, when the firmware was never reached. */
	{ UINT32_MAX, "NO_FW_CALL",
		"the kernel refused before it asked the firmware" },
};

const char *cf_fw_status_name(uint32_t fw_status)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(codes); i++)
		if (codes[i].code == fw_status)
			return codes[i].name;
	return "unknown status";
}

const char *cf_fw_status_remedy(uint32_t fw_status)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(codes); i++)
		if (codes[i].code == fw_status)
			return codes[i].remedy;
	return "";
}
