/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a platform must report for a guest: launch digests of IGVM files and
 * of firmware images, computed by replaying the launch.  Nothing here reads
 * files or keeps state; every function may be called from any thread.
 */
#ifndef COFFER_MEASURE_H
#define COFFER_MEASURE_H

#include "coffer/error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum coffer_platform {
	COFFER_SEV = 1,
	COFFER_SEV_ES,
	COFFER_SEV_SNP,
	COFFER_TDX, /* IGVM files only */
	COFFER_VBS, /* IGVM files only */
};

/** A launch digest: 48 bytes for SNP and TDX, 32 for the others. */
struct coffer_digest {
	uint8_t bytes[48];
	size_t len;
};

/**
 * Compute the launch digest of an IGVM file.
 *
 * file      len bytes of the file, borrowed for the call.
 * platform  one that the file supports.
 * profile   how the host's loader treats the file: "spec" or "qemu"; NULL is
 *           "spec".
 *
 * Returns COFFER_OK; COFFER_ERR_FORMAT or _TRUNCATED when the file breaks a
 * rule of its format; COFFER_ERR_UNSUPPORTED when it has no such platform or
 * needs something that has no digest; COFFER_ERR_ARGUMENT; COFFER_ERR_NOMEM.
 * Sources: IGVM file format; SNP firmware ABI (AMD 56860), "Launch Digest".
 */
enum coffer_status coffer_measure_igvm(const uint8_t *file, size_t len,
	enum coffer_platform platform, const char *profile,
	struct coffer_digest *out, struct coffer_error *err);

/** A guest that starts from a firmware image.  Zero it, then fill in. */
struct coffer_firmware {
	enum coffer_platform platform; /* COFFER_SEV to COFFER_SEV_SNP */
	const uint8_t *image;          /* OVMF, borrowed */
	size_t image_len;
	unsigned vcpus;         /* SEV-ES and SNP: 1 or more */
	const char *cpu_type;   /* "EPYC-v4"; NULL: cpu_signature counts */
	uint32_t cpu_signature; /* CPUID 1 EAX */
	const char *vmm;        /* "qemu" (also NULL), "ec2", "gce", "krun" */
	uint64_t sev_features;  /* SNP; 1 is usual */
	/* Measured direct boot; kernel NULL: none. */
	const uint8_t *kernel, *initrd;
	size_t kernel_len, initrd_len;
	const char *append; /* kernel command line; NULL: none */
};

/**
 * Compute the launch digest of a guest that starts from a firmware image.
 *
 * guest  every pointer in it is borrowed for the call.
 *
 * Returns as coffer_measure_igvm; COFFER_ERR_UNSUPPORTED also when a kernel
 * is given and the firmware has no place for its hashes.
 */
enum coffer_status coffer_measure_firmware(const struct coffer_firmware *guest,
	struct coffer_digest *out, struct coffer_error *err);

#ifdef __cplusplus
}
#endif

#endif
