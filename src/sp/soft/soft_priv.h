/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the software processor share: the platform, the guest
 * contexts of both APIs, the command table's form and the small services.
 */
#ifndef CF_SP_SOFT_PRIV_H
#define CF_SP_SOFT_PRIV_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "crypto/sev_cert.h"
#include "crypto/sev_kdf.h"
#include "sp/soft/soft.h"
#include "sp/soft/unconfirmed.h"

#include <pthread.h>

#define BIT(n) (1u << (n))

/* Version of the firmware that the model is, and that a new chip runs: SEV API
 * 0.24, SNP ABI 1.55.  An image can bring another number, no other
 * behaviour. */
#define FW_SEV_MAJOR 0
#define FW_SEV_MINOR 24
#define FW_SNP_MAJOR 1
#define FW_SNP_MINOR 55
#define FW_BUILD     21

/* Security patch levels by component; the 8-byte TCB_VERSION has another
 * order on each line. */
struct tcb {
	uint8_t fmc, bl, tee, snp, ucode;
};

struct product {
	const char *name;      /* line, in certificate names */
	const char *cert_name; /* productName extension of VCEK */
	uint8_t report_version;
	uint8_t family, model, stepping;
	uint32_t cpuid; /* CPUID Fn1 EAX */
	uint32_t ark_serial, ask_serial, asvk_serial;
	size_t hwid_len;
	bool turin_tcb;
	struct tcb current;
};
const struct product *cf_sp_product(enum cf_sp_product p);
uint64_t cf_sp_tcb_encode(const struct product *p, const struct tcb *t);
/* False when a byte that must be zero is not. */
bool cf_sp_tcb_decode(const struct product *p, uint64_t v, struct tcb *out);
/* a <= b in every component. */
bool cf_sp_tcb_le(const struct tcb *a, const struct tcb *b);

/* --- SEV --- */

enum sev_state { SEV_UNINIT, SEV_INIT, SEV_WORKING };
enum sev_gstate {
	GS_UNINIT,
	GS_LUPDATE,
	GS_LSECRET,
	GS_RUNNING,
	GS_SUPDATE,
	GS_RUPDATE,
	GS_SENT,
};
#define SEV_POLICY_NODBG  BIT(0)
#define SEV_POLICY_NOKS   BIT(1)
#define SEV_POLICY_ES     BIT(2)
#define SEV_POLICY_NOSEND BIT(3)
#define SEV_POLICY_DOMAIN BIT(4)
#define SEV_POLICY_SEV    BIT(5)
#define SEV_POLICY_RSVD   0xFFC0u

#define SEV_ID_LEN 64 /* of GET_ID, one socket */

struct sev_guest {
	bool used;
	uint32_t handle, asid, policy;
	enum sev_gstate state;
	uint8_t vek[CF_VEK_LEN];
	uint8_t tek[16], tik[16];
	bool has_oek; /* key of swapped pages; its IVs are counted */
	uint8_t oek[32];
	uint64_t oek_iv;
	struct cf_hash *digest; /* running SHA-256, LUPDATE only */
	uint8_t launch_digest[CF_SHA256_LEN];
	uint8_t measure[CF_SHA256_LEN], mnonce[16];
};

struct sev_keys {
	bool external_owner;
	uint8_t oca[CF_P384_LEN]; /* unused when external */
	uint8_t pek[CF_P384_LEN], pdh[CF_P384_LEN];
	uint8_t oca_cert[CF_SEV_CERT_LEN], pek_cert[CF_SEV_CERT_LEN],
		pdh_cert[CF_SEV_CERT_LEN];
};

/* --- SNP --- */

enum snp_state { SNP_UNINIT, SNP_INIT };
enum snp_gstate { SG_INIT, SG_LAUNCH, SG_RUNNING };

#define SNP_POLICY_SMT        BIT(16)
#define SNP_POLICY_MBO        BIT(17)
#define SNP_POLICY_MIGRATE_MA BIT(18)
#define SNP_POLICY_DEBUG      BIT(19)
#define SNP_POLICY_SINGLE     BIT(20)
#define SNP_POLICY_CXL        BIT(21)
#define SNP_POLICY_AES256     BIT(22)
#define SNP_POLICY_RAPL_DIS   BIT(23)
#define SNP_POLICY_CIPHER     BIT(24)
#define SNP_POLICY_NO_SWAP    BIT(25)

#define SNP_VMSA_GPA     0xFFFFFFFFF000ull
#define SNP_ID_BLOCK_LEN 0x60
#define SNP_MDATA_LEN    0x40

struct snp_guest {
	bool used;
	uint64_t gctx; /* where its context page is */
	uint32_t asid;
	enum snp_gstate state;
	uint64_t policy, launch_tcb;
	uint8_t ld[CF_SHA384_LEN], imd[CF_SHA384_LEN];
	uint8_t vek[CF_VEK_LEN], vmpck[4][32];
	uint64_t msg_count[4];
	uint8_t oek[32], root_mdata[SNP_MDATA_LEN];
	uint64_t oek_iv;
	bool has_vmrk, imi_en, ma_en;
	uint8_t vmrk[32];
	uint64_t ma_gctx;
	bool id_block_en, author_key_en, vcek_dis;
	uint8_t id_block[SNP_ID_BLOCK_LEN];
	uint8_t id_key_digest[CF_SHA384_LEN], author_key_digest[CF_SHA384_LEN];
	uint8_t host_data[32], report_id[32], report_id_ma[32], gosvw[16];
	uint32_t tsc_khz;
};

/* What SNP keeps over a power cycle. */
struct snp_config {
	struct tcb reported, committed;
	bool mask_chip_id, mask_chip_key;
	uint8_t committed_major, committed_minor, committed_build;
};

/* What runs: versions, and the patch level that the firmware has in the TCB
 * (snpSPL). */
struct firmware {
	uint8_t sev_major, sev_minor, snp_major, snp_minor, build, spl;
};

#define VLEK_HASHSTICK_LEN 384

#define MAX_GUESTS 16 /* contexts of each API */

enum asid_owner { ASID_FREE, ASID_SEV, ASID_SNP };
struct asid_slot {
	enum asid_owner owner;
	bool dirty; /* deactivated, not flushed since */
};

struct cf_sp_soft {
	const struct product *product;
	struct cf_sp_soft_ops ops;
	const struct cf_progress *progress;
	bool has_mem;
	struct cf_sp_soft_memory mem;
	/* The chip: what fuses hold. */
	enum cf_sp_product which;
	bool seeded;
	uint8_t seed[32];
	uint64_t drawn; /* random draws from the seed so far */
	uint8_t chip_secret[32], chip_id[64];
	pthread_mutex_t lock; /* one command at a time */
	/* ASIDs, common to both APIs. */
	struct asid_slot asid[CF_MEMORY_MAX_ASID + 1];
	bool wbinvd_needed;
	/* SEV. */
	enum sev_state sev_state;
	bool es, nv_bad; /* nv_bad: INIT found the record damaged */
	uint64_t nv_spa; /* INIT_EX: where the host keeps it; 0: storage */
	struct sev_keys keys;
	struct sev_guest sev[MAX_GUESTS];
	uint32_t next_handle;
	/* SNP. */
	enum snp_state snp_state;
	struct firmware fw;
	struct snp_config config;
	struct snp_guest snp[MAX_GUESTS];
	bool rapl_dis, has_vlek;
	uint8_t vlek_hashstick[VLEK_HASHSTICK_LEN]; /* first 32: a key */
};

/* --- Services --- */

enum coffer_status cf_sp_random(struct cf_sp_soft *sp, void *out, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;
/* n bytes from a 32-byte secret, a label and a context. */
enum coffer_status cf_sp_derive(const uint8_t secret[32], const char *label,
	const void *context, size_t context_len, uint8_t *out, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;
/* A P-384 scalar derived the same way. */
enum coffer_status cf_sp_derive_scalar(const uint8_t secret[32],
	const char *label, const void *context, size_t context_len,
	uint8_t out[CF_P384_LEN], struct coffer_error *err) CF_MUST_CHECK;
int64_t cf_sp_now(const struct cf_sp_soft *sp);

/* The signing keys of attestation, of the reported TCB. */
enum coffer_status cf_sp_vcek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_sp_vlek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], struct coffer_error *err) CF_MUST_CHECK;
uint64_t cf_sp_reported_tcb(const struct cf_sp_soft *sp);
uint64_t cf_sp_committed_tcb(const struct cf_sp_soft *sp);
uint64_t cf_sp_current_tcb(const struct cf_sp_soft *sp);
struct tcb cf_sp_current(const struct cf_sp_soft *sp);

/* What runs becomes the committed version: SNP_COMMIT and images that are
 * committed at once.  In memory only. */
void cf_sp_commit(struct cf_sp_soft *sp);

/* Persistent records. */
enum coffer_status cf_sp_load_chip(struct cf_sp_soft *sp,
	const struct cf_sp_soft_config *config,
	struct coffer_error *err) CF_MUST_CHECK;
static inline void cf_sp_storage_lock(const struct cf_sp_soft *sp, bool take)
{
	if (sp->ops.lock)
		sp->ops.lock(sp->ops.opaque, take);
}
enum coffer_status cf_sp_load_config(
	struct cf_sp_soft *sp, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_sp_store_config(
	struct cf_sp_soft *sp, struct coffer_error *err) CF_MUST_CHECK;

/* A named record: payload with a format mark and a keyed checksum, so that a
 * damaged or foreign one is seen.  load gives COFFER_OK and *payload NULL
 * when there is none; COFFER_ERR_FORMAT when it is damaged. */
enum coffer_status cf_sp_record_load(struct cf_sp_soft *sp, const char *name,
	size_t want, uint8_t **payload, size_t *len,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_sp_record_store(struct cf_sp_soft *sp, const char *name,
	const uint8_t *payload, size_t len,
	struct coffer_error *err) CF_MUST_CHECK;

/* --- Memory, as firmware checks it (memory.c) --- */

bool cf_sp_read(struct cf_sp_soft *sp, uint64_t spa, void *out, size_t n);
/* Host-view write to a buffer that the host named for output: FW status. */
uint32_t cf_sp_write_out(
	struct cf_sp_soft *sp, uint64_t spa, const void *in, size_t n);
/* An SNP command's whole output page: with SNP on it must be a Firmware page
 * of 4 KiB, and is left in Reclaim. */
uint32_t cf_sp_write_page(
	struct cf_sp_soft *sp, uint64_t spa, const void *in, size_t n);
/* The RMP entry of an aligned page; INVALID_ADDRESS or SUCCESS. */
uint32_t cf_sp_rmp(
	struct cf_sp_soft *sp, uint64_t spa, struct cf_rmp_entry *out);

/* Page states (AMD 56860, "Page States"). */
enum page_state {
	PAGE_HYPERVISOR,
	PAGE_HV_FIXED,
	PAGE_FIRMWARE,
	PAGE_RECLAIM,
	PAGE_CONTEXT,
	PAGE_METADATA,
	PAGE_PRE_GUEST,
	PAGE_PRE_SWAP,
	PAGE_GUEST_INVALID,
	PAGE_GUEST_VALID,
};
enum page_state cf_sp_page_state(const struct cf_rmp_entry *e);
/* Pages of a guest that the host has frozen (IMMUTABLE). */
#define FROZEN_PAGES (BIT(PAGE_PRE_GUEST) | BIT(PAGE_PRE_SWAP))
/* Firmware-owned state (FIRMWARE, RECLAIM, CONTEXT) of one 4 KiB page. */
bool cf_sp_page_set(struct cf_sp_soft *sp, uint64_t spa, enum page_state state);
/* SUCCESS when the aligned 4 KiB page is in that state. */
uint32_t cf_sp_page_need(
	struct cf_sp_soft *sp, uint64_t spa, enum page_state state);

/* A page that a command names with its size: 4 KiB, or large for 2 MiB. */
struct sp_page {
	uint64_t spa;
	bool large;
	struct cf_rmp_entry rmp; /* as cf_sp_page_find found it */
};
#define LARGE_PAGES (CF_RMP_LARGE / CF_PAGE_SIZE)
static inline uint64_t cf_sp_page_len(const struct sp_page *p)
{
	return p->large ? CF_RMP_LARGE : CF_PAGE_SIZE;
}
/* states: BIT of each page state that is taken; asid: the owner, 0 for any.
 * Fills p->rmp.  The checks come in this order: address, state, owner, size. */
uint32_t cf_sp_page_find(struct cf_sp_soft *sp, struct sp_page *p,
	unsigned states, uint32_t asid);
/* The page gets this entry, in its size. */
uint32_t cf_sp_page_put(struct cf_sp_soft *sp, const struct sp_page *p,
	const struct cf_rmp_entry *e);
uint32_t cf_sp_page_to_reclaim(struct cf_sp_soft *sp, const struct sp_page *p);

/* The RANGE_LIST of INIT_EX, copied and checked: pages become HV-Fixed, what is
 * no memory is left out.  check comes first, then set; list is a copy. */
uint32_t cf_sp_ranges_read(
	struct cf_sp_soft *sp, uint64_t spa, uint8_t list[CF_PAGE_SIZE]);
uint32_t cf_sp_ranges_check(
	struct cf_sp_soft *sp, const uint8_t list[CF_PAGE_SIZE]);
void cf_sp_ranges_set(struct cf_sp_soft *sp, const uint8_t list[CF_PAGE_SIZE]);

/* ASIDs (asid.c). */
uint32_t cf_sp_asid_bind(struct cf_sp_soft *sp, uint32_t asid,
	enum asid_owner owner, const uint8_t vek[CF_VEK_LEN]);
void cf_sp_asid_unbind(struct cf_sp_soft *sp, uint32_t asid);

/* --- SEV, between its files --- */

/* The chip's CEK: scalar and unsigned certificate. */
enum coffer_status cf_sp_cek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], uint8_t cert[CF_SEV_CERT_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
/* The certificate with the ASK's signature, as the key server gives it. */
enum coffer_status cf_sp_cek_signed(struct cf_sp_soft *sp,
	uint8_t cert[CF_SEV_CERT_LEN], struct coffer_error *err) CF_MUST_CHECK;
/* Load or make the owner's identity at INIT: FW status. */
uint32_t cf_sp_sev_load_keys(struct cf_sp_soft *sp);
/* Policy of a new guest against this platform: FW status. */
uint32_t cf_sp_sev_check_policy(const struct cf_sp_soft *sp, uint32_t policy);
/* A new context in state UNINIT with a VEK, or the VEK of guest `share` when
 * it is not 0 and both policies allow that. */
uint32_t cf_sp_sev_new_guest(struct cf_sp_soft *sp, uint32_t share,
	uint32_t policy, struct sev_guest **out);
/* TEK and TIK from a session blob of a DH certificate's owner. */
uint32_t cf_sp_sev_open_session(struct cf_sp_soft *sp, uint64_t cert_spa,
	uint32_t cert_len, uint64_t session_spa, uint32_t session_len,
	struct sev_guest *g);
/* A guest page range that the host names: aligned to 16, of the host's
 * memory, nobody else's. */
uint32_t cf_sp_sev_range(struct cf_sp_soft *sp, uint64_t spa, uint32_t len);

struct snp_guest *cf_sp_snp_find(struct cf_sp_soft *sp, uint64_t gctx);
void cf_sp_snp_discard(struct cf_sp_soft *sp, struct snp_guest *g);
void cf_sp_sev_discard(struct cf_sp_soft *sp, struct sev_guest *g);

/* CPUID table of `size` bytes (SNP's CPUID page), corrected in place: SUCCESS
 * when nothing had to be, INVALID_PARAM otherwise. */
uint32_t cf_sp_cpuid_check(struct cf_sp_soft *sp, uint8_t *table, size_t size);
uint32_t cf_sp_cpuid_check_page(struct cf_sp_soft *sp, uint64_t spa);

/* The page-info digest step (digest of launch). */
enum coffer_status cf_sp_page_info(uint8_t ld[CF_SHA384_LEN],
	const uint8_t contents[CF_SHA384_LEN], unsigned type, bool imi,
	const uint8_t perms[4], uint64_t gpa,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
