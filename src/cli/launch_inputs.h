/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inputs of a launch from a firmware image, as measure and explain take
 * them: the options of sev-snp-measure with the same meaning, and ours.
 */
#ifndef CF_CLI_LAUNCH_INPUTS_H
#define CF_CLI_LAUNCH_INPUTS_H

#include "base/file.h"
#include "cli/cli.h"
#include "plan/plan.h"

/* The last one counts, as in the tool whose options these are. */
/* clang-format off */
#define LAUNCH_INPUT_OPTIONS \
	{ "mode", 0, "MODE", "sev, seves, snp, snp:ovmf-hash or snp:svsm", true }, \
	{ "ovmf", 0, "PATH", "firmware image", true }, \
	{ "vcpus", 0, "N", "number of vCPUs, or a range such as 1-64", true }, \
	{ "vcpu-type", 0, "TYPE", "CPU type: EPYC-v4, EPYC-Milan, ...", true }, \
	{ "vcpu-sig", 0, "VALUE", "CPU signature (CPUID 1 EAX)", true }, \
	{ "vcpu-family", 0, "N", "CPU family, with model and stepping", true }, \
	{ "vcpu-model", 0, "N", "CPU model", true }, \
	{ "vcpu-stepping", 0, "N", "CPU stepping", true }, \
	{ "vmm-type", 0, "VMM", "QEMU (default), ec2, gce or krun", true }, \
	{ "era", 0, "NAME", "what that VMM puts into a VMSA; 'list' lists", true }, \
	{ "kernel", 0, "PATH", "kernel of a measured direct boot", true }, \
	{ "initrd", 0, "PATH", "initrd, with --kernel", true }, \
	{ "append", 0, "TEXT", "kernel command line, with --kernel", true }, \
	{ "guest-features", 0, "VALUE", "SEV_FEATURES of SNP (default 0x1)", true }, \
	{ "snp-ovmf-hash", 0, "HEX", "digest of the firmware pages, instead of them", true }, \
	{ "svsm", 0, "PATH", "COCONUT-SVSM image, for snp:svsm", true }, \
	{ "vars-size", 0, "BYTES", "size of OVMF_VARS, for snp:svsm", true }, \
	{ "vars-file", 0, "PATH", "OVMF_VARS, for its size", true }
/* clang-format on */

struct launch_inputs {
	struct cf_mapping ovmf_file, kernel, initrd, svsm_file;
	bool has_kernel, has_initrd;
	const char *append; /* NULL: none */
	struct cf_ovmf ovmf, svsm;
	struct cf_kernel_hashes hashes;
	/* Ready for cf_plan_from_firmware but for vcpus. */
	struct cf_firmware_params params;
	bool ovmf_hash_only; /* mode snp:ovmf-hash */
	const char *mode;
	bool has_seed;
	uint8_t seed[48];
	unsigned first_vcpus, last_vcpus;
};

/*
 * Returns -1 to go on, or the exit status to leave with.  guess_mode NULL: what
 * the tool demands must be there.  Else what is missing is guessed: this mode,
 * one vCPU, EPYC-v4.
 */
int launch_inputs_load(const struct cli_args *args, const char *guess_mode,
	struct launch_inputs *out);
/* The first of these options that is given, but not `except` (may be NULL);
 * NULL: none.  For commands that also take an IGVM file. */
const char *launch_inputs_given(
	const struct cli_args *args, const char *except);
void launch_inputs_finish(struct launch_inputs *in);

#endif
