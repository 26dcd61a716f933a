/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secure-processor interface: one table of operations named after the
 * firmware's commands, and one function that replays a launch plan onto it.
 * Three implementations: `digest` hashes only, `soft` is the software AMD-SP,
 * `kvm` is the hardware.
 *
 * Sources: SEV API (AMD 55766), SNP firmware ABI (AMD 56860).
 */
#ifndef CF_SP_H
#define CF_SP_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_memory;

#define CF_DIGEST_MAX 48

/* Firmware status codes, with names; the values are the firmware's. */
enum cf_fw_status {
	CF_FW_SUCCESS = 0x00,
	CF_FW_INVALID_PLATFORM_STATE = 0x01,
	CF_FW_INVALID_GUEST_STATE = 0x02,
	CF_FW_INVALID_CONFIG = 0x03,
	CF_FW_INVALID_LENGTH = 0x04,
	CF_FW_ALREADY_OWNED = 0x05,
	CF_FW_INVALID_CERTIFICATE = 0x06,
	CF_FW_POLICY_FAILURE = 0x07,
	CF_FW_INACTIVE = 0x08,
	CF_FW_INVALID_ADDRESS = 0x09,
	CF_FW_BAD_SIGNATURE = 0x0A,
	CF_FW_BAD_MEASUREMENT = 0x0B,
	CF_FW_ASID_OWNED = 0x0C,
	CF_FW_INVALID_ASID = 0x0D,
	CF_FW_WBINVD_REQUIRED = 0x0E,
	CF_FW_DFFLUSH_REQUIRED = 0x0F,
	CF_FW_INVALID_GUEST = 0x10,
	CF_FW_INVALID_COMMAND = 0x11,
	CF_FW_ACTIVE = 0x12,
	CF_FW_HWERROR_PLATFORM = 0x13,
	CF_FW_HWERROR_UNSAFE = 0x14,
	CF_FW_UNSUPPORTED = 0x15,
	CF_FW_INVALID_PARAM = 0x16,
	CF_FW_RESOURCE_LIMIT = 0x17,
	CF_FW_SECURE_DATA_INVALID = 0x18,
	CF_FW_INVALID_PAGE_SIZE = 0x19,
	CF_FW_INVALID_PAGE_STATE = 0x1A,
	CF_FW_INVALID_MDATA_ENTRY = 0x1B,
	CF_FW_INVALID_PAGE_OWNER = 0x1C,
	CF_FW_AEAD_OFLOW = 0x1D,
	CF_FW_RING_BUFFER_EXIT = 0x1F,
	CF_FW_RMP_INIT_REQUIRED = 0x20,
	CF_FW_BAD_SVN = 0x21,
	CF_FW_BAD_VERSION = 0x22,
	CF_FW_SHUTDOWN_REQUIRED = 0x23,
	CF_FW_UPDATE_FAILED = 0x24,
	CF_FW_RESTORE_REQUIRED = 0x25,
	CF_FW_RMP_INIT_FAILED = 0x26,
	CF_FW_INVALID_KEY = 0x27,
	CF_FW_SHUTDOWN_INCOMPLETE = 0x28,
};
const char *cf_fw_status_name(uint32_t fw_status);   /* "BAD_MEASUREMENT" */
const char *cf_fw_status_remedy(uint32_t fw_status); /* what to do; or "" */

/* LAUNCH_START of either API; what a platform does not have is ignored. */
struct cf_sp_launch {
	enum cf_platform platform;
	uint64_t policy;
	uint32_t handle; /* SEV: share the key of this guest; 0: none */
	const uint8_t *dh_cert, *session; /* SEV; NULL: no owner */
	size_t dh_cert_len, session_len;
	uint8_t gosvw[16]; /* SNP */
	uint32_t tsc_khz;  /* SNP with secure TSC */
};

/* One range for LAUNCH_UPDATE(_DATA).  data: the plain text, also in guest
 * memory at gpa when there is one; never NULL (zeros are given as bytes)
 * except for ZERO and SHARED pages. */
struct cf_sp_update {
	uint64_t gpa;
	uint64_t len;
	const uint8_t *data;
	enum cf_page_type type;
	uint8_t vmpl_perms[4];
};

struct cf_sp_finish {
	bool id_block_enabled, author_key_enabled, vcek_disabled;
	const uint8_t *id_block; /* 96 bytes when enabled */
	const uint8_t *id_auth;  /* 4096 bytes when enabled */
	uint8_t host_data[32];
};

struct cf_sp_guest;

/*
 * Operations on one guest context.  NULL members: the implementation does not
 * have the command.  COFFER_ERR_FIRMWARE carries the firmware's status.
 */
struct cf_sp_guest_ops {
	const char *name; /* "digest", "soft", "kvm" */
	bool simulated;   /* nothing that it says comes from hardware */

	enum coffer_status (*launch_start)(struct cf_sp_guest *g,
		const struct cf_sp_launch *l, struct coffer_error *err);
	/* After the start: true when it will tell p itself while
	 * launch_digest works; NULL or false: updates are the work. */
	bool (*watch)(struct cf_sp_guest *g, const struct cf_progress *p);
	enum coffer_status (*launch_update)(struct cf_sp_guest *g,
		const struct cf_sp_update *u, struct coffer_error *err);
	/* SEV-ES LAUNCH_UPDATE_VMSA, SNP VMSA page; page is 4096 bytes. */
	enum coffer_status (*launch_update_vmsa)(struct cf_sp_guest *g,
		unsigned vp_index, uint64_t gpa, const uint8_t *page,
		struct coffer_error *err);
	/* VBS: a register list as IGVM stores it. */
	enum coffer_status (*launch_update_registers)(struct cf_sp_guest *g,
		const uint8_t *list, size_t len, struct coffer_error *err);
	/* SEV, SEV-ES: measure[32], mnonce[16]. */
	enum coffer_status (*launch_measure)(struct cf_sp_guest *g,
		uint8_t out[48], struct coffer_error *err);
	enum coffer_status (*launch_secret)(struct cf_sp_guest *g,
		const uint8_t *header, size_t header_len, const uint8_t *data,
		size_t data_len, uint64_t gpa, struct coffer_error *err);
	enum coffer_status (*launch_finish)(struct cf_sp_guest *g,
		const struct cf_sp_finish *f, struct coffer_error *err);
	/* The launch digest so far.  NULL where only the guest's report or
	 * the measurement tells it. */
	enum coffer_status (*launch_digest)(struct cf_sp_guest *g,
		uint8_t out[CF_DIGEST_MAX], size_t *len,
		struct coffer_error *err);
	/* SNP_GUEST_REQUEST: both pages by gpa; the firmware's status goes to
	 * *fw_status with COFFER_OK. */
	enum coffer_status (*guest_request)(struct cf_sp_guest *g,
		uint64_t request_gpa, uint64_t response_gpa,
		uint32_t *fw_status, struct coffer_error *err);
	/* SEV attestation report, 208 bytes. */
	enum coffer_status (*attestation)(struct cf_sp_guest *g,
		const uint8_t mnonce[16], uint8_t *out, size_t *len,
		struct coffer_error *err);
	enum coffer_status (*dbg_decrypt)(struct cf_sp_guest *g, uint64_t gpa,
		uint8_t *out, size_t len, struct coffer_error *err);
	enum coffer_status (*dbg_encrypt)(struct cf_sp_guest *g, uint64_t gpa,
		const uint8_t *in, size_t len, struct coffer_error *err);
	void (*destroy)(struct cf_sp_guest *g);
};

struct cf_sp_guest {
	const struct cf_sp_guest_ops *ops;
};

static inline void cf_sp_guest_destroy(struct cf_sp_guest *g)
{
	if (g)
		g->ops->destroy(g);
}

/* The `digest` implementation: no memory, no keys, the launch digest only.
 * seed: 48 bytes to start an SNP digest from, NULL for zeros.  It keeps the
 * data of every update until launch_digest is asked, so that pages are hashed
 * many at a time. */
enum coffer_status cf_sp_digest_create(const uint8_t *seed,
	struct cf_sp_guest **out, struct coffer_error *err) CF_MUST_CHECK;

/* A second `digest` guest in the same state, for trying several ways to go
 * on; g is one whose launch_digest was just asked.  It borrows what g does. */
enum coffer_status cf_sp_digest_clone(const struct cf_sp_guest *g,
	struct cf_sp_guest **out, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Replay a plan: LAUNCH_START, every step in order, LAUNCH_MEASURE where the
 * platform and the implementation have it; not LAUNCH_FINISH (secrets come in
 * between).  With memory, each range is loaded into it before its update, and
 * so are the VMSAs of SNP whose address is in memory; memory that the plan
 * requires must be there.  launch carries what the user gave; the plan's
 * policy is used unless override_policy or it has none.
 *
 * params may be NULL (no owner, the plan's policy), mem too (nothing is
 * loaded), and g for a plan without encryption (only load).
 */
struct cf_launch_params {
	struct cf_sp_launch launch; /* its platform is not looked at */
	bool override_policy;
	/* 4096 bytes for CPUID pages; NULL: the plan's own. */
	const uint8_t *cpuid_page;
	/* Where LAUNCH_MEASURE's 48 bytes go, on SEV and SEV-ES; NULL: drop. */
	uint8_t *measurement;
};
enum coffer_status cf_launch_replay(const struct cf_plan *plan,
	const struct cf_launch_params *params, struct cf_memory *mem,
	struct cf_sp_guest *g, struct coffer_error *err) CF_MUST_CHECK;

/* The digest of a plan on the `digest` implementation. */
enum coffer_status cf_launch_digest(const struct cf_plan *plan,
	const uint8_t *seed, uint8_t out[CF_DIGEST_MAX], size_t *len,
	struct coffer_error *err) CF_MUST_CHECK;

/* The digests of the same plan with 1, 2, ... n vCPUs, for little more than
 * the cost of one.  The plan's last n steps must be its vCPUs. */
enum coffer_status cf_launch_digest_table(const struct cf_plan *plan,
	const uint8_t *seed, uint8_t (*out)[CF_DIGEST_MAX], size_t n,
	size_t *len, struct coffer_error *err) CF_MUST_CHECK;

#endif
