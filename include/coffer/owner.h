/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest owner makes: sessions and secrets for SEV and SEV-ES, ID
 * blocks for SNP.  Randomness comes from the system; nothing is stored.
 * Every function may be called from any thread.
 */
#ifndef COFFER_OWNER_H
#define COFFER_OWNER_H

#include "coffer/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A session: the first two parts go to the host, the keys stay secret. */
struct coffer_session {
	uint8_t dh_cert[2084]; /* LAUNCH_START's guest owner certificate */
	uint8_t blob[128];     /* LAUNCH_START's session */
	uint8_t tek[16];       /* encrypts secrets */
	uint8_t tik[16];       /* authenticates measurements and secrets */
};

/**
 * Make a session for a platform whose certificates verify.
 *
 * certs      PDH, PEK, OCA, CEK, ASK and ARK, one after the other in any
 *            order, len bytes in all.
 * policy     SEV guest policy; LAUNCH_START must get the same.
 * simulated  accept a SIMULATED root.
 *
 * Returns COFFER_ERR_MISMATCH, naming the link, when the chain does not hold.
 * Wipe the result with coffer_session_wipe.
 * Source: SEV API (AMD 55766), LAUNCH_START.
 */
enum coffer_status coffer_session_create(const uint8_t *certs, size_t len,
	uint32_t policy, bool simulated, struct coffer_session *out,
	struct coffer_error *err);
/** Overwrites the session; it holds no memory of its own.  NULL is fine. */
void coffer_session_wipe(struct coffer_session *session);

/** What LAUNCH_MEASURE covers beside the keys. */
struct coffer_launch {
	uint8_t api_major, api_minor, build_id; /* of PLATFORM_STATUS */
	uint32_t policy;
	uint8_t digest[32]; /* of coffer_measure_firmware */
};

/**
 * Check a launch measurement: 32 bytes of MAC, 16 of nonce, as LAUNCH_MEASURE
 * and query-sev-launch-measure give them.  COFFER_ERR_MISMATCH: the guest is
 * another one.
 */
enum coffer_status coffer_launch_check(const uint8_t tik[16],
	const struct coffer_launch *launch, const uint8_t measurement[48],
	struct coffer_error *err);

struct coffer_secret {
	const char *guid; /* text form */
	const uint8_t *data;
	size_t len;
};

/**
 * Make the packet that LAUNCH_SECRET takes: a table of secrets by GUID, as
 * OVMF hands it to the guest, encrypted and bound to the measurement.
 *
 * header       52 bytes, out.
 * payload      out, owned: free() it.
 *
 * COFFER_ERR_ARGUMENT: not a GUID, or no secret; COFFER_ERR_UNSUPPORTED:
 * more than 16 KiB.
 * Source: SEV API (AMD 55766), LAUNCH_SECRET.
 */
enum coffer_status coffer_secret_packet(const uint8_t tek[16],
	const uint8_t tik[16], const uint8_t measurement[48],
	const struct coffer_secret *secrets, size_t nsecrets,
	uint8_t header[52], uint8_t **payload, size_t *payload_len,
	struct coffer_error *err);

/** An ID block before it is signed.  Zero it, then fill in. */
struct coffer_id_block {
	uint8_t measurement[48];
	uint8_t family_id[16], image_id[16];
	uint32_t guest_svn;
	uint64_t policy; /* the guest's; 0x30000 is usual */
};

/**
 * Sign an ID block.
 *
 * id_key_pem      P-384 private key in PEM, without password.
 * author_key_pem  the same, or NULL for no author key.
 * block, auth     out: what SNP_LAUNCH_FINISH takes.
 *
 * COFFER_ERR_FORMAT or _UNSUPPORTED: a key is not one of P-384.
 * Source: SNP firmware ABI (AMD 56860), ID_BLOCK, ID_AUTH.
 */
enum coffer_status coffer_id_block_sign(const struct coffer_id_block *id,
	const char *id_key_pem, const char *author_key_pem, uint8_t block[96],
	uint8_t auth[4096], struct coffer_error *err);

/**
 * Put a signed ID block into an IGVM file, in the place of any that it has.
 *
 * file  len bytes, borrowed.
 * out   the new file, owned: free() it.
 *
 * COFFER_ERR_MISMATCH: the signatures do not verify.
 */
enum coffer_status coffer_id_block_into_igvm(const uint8_t *file, size_t len,
	const uint8_t block[96], const uint8_t auth[4096], uint8_t **out,
	size_t *out_len, struct coffer_error *err);

#ifdef __cplusplus
}
#endif

#endif
