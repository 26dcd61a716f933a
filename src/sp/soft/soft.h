/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software AMD secure processor: a model of the AMD-SP firmware behind
 * the firmware's own interface.  One door: a command id and a command buffer
 * in, a firmware status and the buffer out; guest memory through an accessor.
 * On top of the door stands one guest object for the launcher.
 *
 * Pure: storage, clock and randomness come in through ops.  One platform
 * serves one system memory; guest and system physical addresses are the same
 * because one VM owns all of it.
 *
 * Everything here is simulated.  Certificates carry the marks of
 * crypto/sim_marker.h and never chain to AMD's roots.
 *
 * Sources: SEV API (AMD 55766), SNP firmware ABI (AMD 56860).
 */
#ifndef CF_SP_SOFT_H
#define CF_SP_SOFT_H

#include "memory/memory.h"
#include "sp/sp.h"

struct cf_buf;

enum cf_sp_product {
	CF_SP_MILAN,
	CF_SP_GENOA,
	CF_SP_TURIN,
	CF_SP_NPRODUCTS,
};
const char *cf_sp_product_name(enum cf_sp_product p); /* "Milan" */
/* Any case; false when there is no such product. */
CF_MUST_CHECK bool cf_sp_product_from_name(
	const char *name, enum cf_sp_product *out);

/*
 * What the firmware has from outside.  Each may be NULL: randomness of the
 * system (or derived from the seed when there is one), a clock that stands at
 * 2024-01-01, nothing persistent.  A record is one named blob ("chip-Milan",
 * "roots/ark-Milan"); load gives COFFER_OK with *data NULL when there is none, else
 * bytes that the caller frees; store replaces it in one step.
 */
struct cf_sp_soft_ops {
	void *opaque;
	enum coffer_status (*random)(
		void *opaque, void *out, size_t n, struct coffer_error *err);
	int64_t (*now)(void *opaque); /* seconds since 1970 */
	enum coffer_status (*load)(void *opaque, const char *record,
		uint8_t **data, size_t *len, struct coffer_error *err);
	enum coffer_status (*store)(void *opaque, const char *record,
		const uint8_t *data, size_t len, struct coffer_error *err);
	/* Take or give back the storage: held while a record is made or
	 * changed, so that two processes make one chip.  Nests. */
	void (*lock)(void *opaque, bool take);
	/* CPUID of the machine, eax..edx; what SNP's CPUID page is checked
	 * against.  NULL: only the bits that firmware always refuses. */
	void (*cpuid)(void *opaque, uint32_t leaf, uint32_t subleaf,
		uint32_t regs[4]);
};

struct cf_sp_soft_config {
	enum cf_sp_product product;
	/* Chip secrets are derived from it; NULL: random, then persistent. */
	const uint8_t *seed;
	size_t seed_len;
	struct cf_sp_soft_ops ops;
	/* Told while keys are made that take seconds; NULL: nobody.  Kept. */
	const struct cf_progress *progress;
};

/*
 * Memory as the firmware reaches it, by system physical address.  Each
 * returns false when the range is not wholly in memory.  host_write has the
 * firmware's rights: the RMP does not stop it.  encrypt makes the raw bytes
 * of a range the plain text under the ASID's key.
 */
struct cf_sp_soft_memory {
	void *opaque;
	bool (*host_read)(void *o, uint64_t spa, void *out, size_t len);
	bool (*host_write)(void *o, uint64_t spa, const void *in, size_t len);
	bool (*private_read)(
		void *o, unsigned asid, uint64_t spa, void *out, size_t len);
	bool (*private_write)(void *o, unsigned asid, uint64_t spa,
		const void *in, size_t len);
	bool (*encrypt)(void *o, unsigned asid, uint64_t spa, size_t len);
	bool (*set_key)(void *o, unsigned asid, const uint8_t vek[CF_VEK_LEN]);
	void (*clear_key)(void *o, unsigned asid);
	/* Highest ASID that set_key takes. */
	unsigned max_asid;
	bool (*rmp_enable)(void *o); /* every page is nobody's then */
	bool (*rmp_get)(void *o, uint64_t spa, struct cf_rmp_entry *out);
	bool (*rmp_set)(void *o, uint64_t spa, const struct cf_rmp_entry *e);
};
/* The accessor for guest memory; mem is kept. */
void cf_sp_soft_memory_bind(
	struct cf_memory *mem, struct cf_sp_soft_memory *out);

struct cf_sp_soft;

/* Power the chip on: state is loaded, or made and stored, nothing is
 * initialised (both APIs are UNINIT).  config is copied, its ops are kept. */
enum coffer_status cf_sp_soft_create(const struct cf_sp_soft_config *config,
	struct cf_sp_soft **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_sp_soft_destroy(struct cf_sp_soft *sp);
/* A storage holds at most one chip of each product: the first that it has, in
 * the order of the enum; false: there is no chip yet. */
enum coffer_status cf_sp_soft_stored_product(const struct cf_sp_soft_ops *ops,
	enum cf_sp_product *out, bool *found,
	struct coffer_error *err) CF_MUST_CHECK;
/* The system memory; copied, its opaque is kept.  Before any guest. */
void cf_sp_soft_set_memory(
	struct cf_sp_soft *sp, const struct cf_sp_soft_memory *mem);

/*
 * The door.  command: the buffer is at a system physical address (ignored by
 * commands without one); call: the buffer is the caller's bytes, of exactly
 * the command's size, copied back also on failure.  The result is the
 * firmware's status.
 */
uint32_t cf_sp_soft_command(
	struct cf_sp_soft *sp, uint32_t id, uint64_t buffer_spa);
uint32_t cf_sp_soft_call(
	struct cf_sp_soft *sp, uint32_t id, uint8_t *buffer, size_t len);
/* The host executed WBINVD on all cores. */
void cf_sp_soft_wbinvd(struct cf_sp_soft *sp);
/* The command table as Markdown: the documentation's own. */
void cf_sp_soft_commands_markdown(struct cf_buf *out);

/* What there is to know about the platform without asking the firmware. */
struct cf_sp_soft_facts {
	enum cf_sp_product product;
	uint8_t chip_id[64];
	size_t chip_id_len; /* 64; Turin 8 */
	uint8_t sev_api[2], snp_api[2], build;
	uint64_t current_tcb, committed_tcb, reported_tcb;
	uint8_t committed_version[3]; /* major, minor, build */
	bool mask_chip_id, mask_chip_key, vlek_loaded;
	bool external_owner; /* after INIT */
};
void cf_sp_soft_facts(
	const struct cf_sp_soft *sp, struct cf_sp_soft_facts *out);
/* Components of a TCB_VERSION in the order and with the names of the key
 * server's parameters; up to 5; returns how many. */
struct cf_sp_spl {
	const char *name; /* "blSPL" */
	uint8_t value;
};
size_t cf_sp_tcb_split(
	enum cf_sp_product product, uint64_t tcb, struct cf_sp_spl out[5]);
/* The other way; a name that the product does not have: false. */
CF_MUST_CHECK bool cf_sp_tcb_set(enum cf_sp_product product, const char *name,
	uint8_t value, uint64_t *tcb);

/* What `coffer sp` and the host side hand out. */
enum cf_sp_cert {
	CF_SP_CERT_ARK,
	CF_SP_CERT_ASK,
	CF_SP_CERT_ASVK,
	CF_SP_CERT_VCEK, /* of the reported TCB */
	CF_SP_CERT_VLEK,
	CF_SP_CERT_CRL,
	CF_SP_NCERTS,
};
/* DER of an X.509 certificate or of the CRL. */
enum coffer_status cf_sp_soft_cert(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
/* The VCEK of another TCB than the reported one, at most the current one, as
 * the key server gives it. */
enum coffer_status cf_sp_soft_vcek_at(struct cf_sp_soft *sp, uint64_t tcb,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
/* The platform's SEV certificates after INIT, as PDH_CERT_EXPORT gives them:
 * PDH (2084 bytes); PEK, OCA and CEK (6252).  COFFER_ERR_STATE before. */
enum coffer_status cf_sp_soft_sev_certs(struct cf_sp_soft *sp,
	struct cf_buf *pdh, struct cf_buf *chain,
	struct coffer_error *err) CF_MUST_CHECK;
/* For SEV: ASK then ARK in AMD's binary form; the CEK certificate that the
 * ASK signed (2084 bytes). */
enum coffer_status cf_sp_soft_amd_chain(struct cf_sp_soft *sp,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_sp_soft_cek(struct cf_sp_soft *sp, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* The key server's part of SNP_VLEK_LOAD: a hashstick wrapped for this chip. */
#define CF_SP_VLEK_WRAPPED_LEN 0x1B0
enum coffer_status cf_sp_soft_vlek_wrap(struct cf_sp_soft *sp,
	uint8_t out[CF_SP_VLEK_WRAPPED_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
#define CF_SP_CSP_ID "coffer-simulated" /* in the VLEK's certificate */
/* A firmware image for chips of this product and these roots, as
 * DOWNLOAD_FIRMWARE(_EX) takes it: unmistakably simulated, signed by the
 * simulated ARK. */
#define CF_SP_FIRMWARE_LEN 0x240
struct cf_sp_firmware_version {
	uint8_t sev_api[2], snp_api[2]; /* major, minor */
	uint8_t build;
	uint8_t snp_spl; /* patch level of the firmware in the TCB */
};
enum coffer_status cf_sp_soft_firmware_image(struct cf_sp_soft *sp,
	const struct cf_sp_firmware_version *version,
	uint8_t out[CF_SP_FIRMWARE_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
/* The GHCB certificate table of an extended guest request (VCEK or VLEK, ASK
 * or ASVK, ARK), padded to whole pages. */
enum coffer_status cf_sp_soft_cert_table(struct cf_sp_soft *sp,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

/*
 * The guest object.  It plays the host's part as KVM does: initialises the
 * platform if nobody has, makes the guest context in a small area of memory
 * above what a guest can address, moves pages through the RMP states and
 * issues the commands.  sp and mem are kept; asid is 1 .. CF_MEMORY_MAX_ASID;
 * vcpus bounds the VMSA pages.
 */
#define CF_SP_HOST_AREA ((uint64_t)1 << 51)
enum coffer_status cf_sp_soft_guest_create(struct cf_sp_soft *sp,
	struct cf_memory *mem, enum cf_platform platform, unsigned asid,
	unsigned vcpus, struct cf_sp_guest **out,
	struct coffer_error *err) CF_MUST_CHECK;
/* SNP_VLEK_LOAD as the host does it, for this guest's platform. */
enum coffer_status cf_sp_soft_guest_load_vlek(struct cf_sp_guest *g,
	const uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
/* Where the VMSA page of a vCPU is, private under the guest's ASID; false
 * when the launch gave none for it. */
CF_MUST_CHECK bool cf_sp_soft_vmsa(
	const struct cf_sp_guest *g, unsigned vp_index, uint64_t *spa);

#endif
