/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure of a firmware image. */
#include "cli/measure_priv.h"

#include "base/base.h"
#include "cli/launch_inputs.h"
#include "cli/progress.h"

#include <stdio.h>

static enum coffer_status dump_vmsas(
	const struct cf_plan *plan, struct coffer_error *err)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct cf_step *s = &plan->step[i];
		enum coffer_status st;
		char name[32];

		if (s->kind != CF_STEP_VCPU)
			continue;
		snprintf(name, sizeof(name), "vmsa%u.bin", s->vp_index);
		st = cf_write_file(name, 0644, s->data, s->len, err);
		if (st)
			return st;
	}
	return COFFER_OK;
}

/* Mode snp:ovmf-hash: the digest after the firmware pages. */
static enum coffer_status firmware_hash(const struct launch_inputs *in,
	struct measured *out, struct coffer_error *err)
{
	struct cf_step step = {
		.kind = CF_STEP_RANGE,
		.origin = { .what = "firmware", .index = SIZE_MAX },
		.gpa = in->ovmf.gpa,
		.len = in->ovmf.len,
		.data = in->ovmf.bytes,
		.type = CF_PAGE_NORMAL,
	};
	const struct cf_plan plan = {
		.platform = CF_PLATFORM_SEV_SNP,
		.step = &step,
		.nsteps = 1,
	};
	enum coffer_status st = cf_plan_check(&plan, err);

	return st ? st
		  : cf_launch_digest(&plan, NULL, out->digest, &out->len, err);
}

/* One row per number of vCPUs; *rows is owned by the caller. */
static enum coffer_status digest_rows(const struct cli_args *args,
	const struct launch_inputs *in, struct cf_plan *plan,
	struct measured **rows, size_t *n, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t(*table)[CF_DIGEST_MAX] = NULL;
	const size_t all = in->last_vcpus;
	const uint8_t *seed = in->has_seed ? in->seed : NULL;
	struct cli_progress p;
	enum coffer_status st;
	size_t len = 0;

	*n = in->last_vcpus - in->first_vcpus + 1;
	*rows = cf_alloc_array(*n, sizeof(**rows));
	table = cf_alloc_array(all, sizeof(*table));
	if (!*rows || !table)
		return cf_fail_nomem(err, "the digests");
	cli_progress_begin(&p, args->command, stderr, cli_has(args, "json"));
	plan->progress = cli_progress(&p);
	if (in->params.platform == CF_PLATFORM_SEV)
		st = cf_launch_digest(plan, seed, table[0], &len, err);
	else
		st = cf_launch_digest_table(plan, seed, table, all, &len, err);
	plan->progress = NULL;
	cli_progress_end(&p);
	for (size_t i = 0; !st && i < *n; i++) {
		struct measured *m = &(*rows)[i];

		m->vcpus = in->first_vcpus + (unsigned)i;
		m->len = len;
		memcpy(m->digest, table[m->vcpus - 1], len);
		if (in->params.platform == CF_PLATFORM_SEV)
			m->vcpus = 0;
	}
	return st;
}

static struct measure_facts facts_of(const struct launch_inputs *in)
{
	const struct cf_firmware_params *p = &in->params;
	const struct cf_vmsa_era *era =
		p->era ? p->era : cf_vmsa_era_at(p->vmm, 0);
	struct measure_facts f = {
		.mode = in->mode,
		.platform = p->platform,
		.kernel_hashes = p->hashes != NULL,
	};

	if (p->platform == CF_PLATFORM_SEV || in->ovmf_hash_only)
		return f;
	f.vmm = cf_vmm_name(p->vmm);
	f.era = cf_vmsa_era_name(era);
	f.cpuid_signature = p->cpuid_signature;
	f.sev_features = p->sev_features;
	return f;
}

static int finish(const struct cli_args *args, const struct launch_inputs *in,
	const struct measured *rows, size_t n)
{
	struct measure_facts f = facts_of(in);
	uint64_t policy;

	if (!measure_wants_hmac(args))
		return measure_print(args, &f, rows, n);
	if (in->params.platform == CF_PLATFORM_SEV_SNP || n != 1)
		return cli_usage(args->command,
			"--tik is for one digest of mode sev or seves");
	if (!cli_get_u64(args, "policy", UINT32_MAX, 0, &policy))
		return CLI_USAGE;
	return measure_print_hmac(
		args, rows->digest, cli_has(args, "policy"), policy);
}

static int measure(const struct cli_args *args, struct launch_inputs *in)
{
	struct measured one = { 0 }, *rows = NULL;
	struct cf_plan *plan = NULL;
	struct coffer_error err;
	enum coffer_status st;
	size_t n = 1;
	int leave;

	if (in->ovmf_hash_only) {
		if (firmware_hash(in, &one, &err))
			return cli_failed(args->command, &err);
		return finish(args, in, &one, 1);
	}
	in->params.vcpus = in->last_vcpus;
	st = cf_plan_from_firmware(&in->params, &plan, &err);
	if (st)
		cf_error_context(&err, st, "%s", cli_get(args, "ovmf"));
	if (!st && cli_has(args, "dump-vmsa"))
		st = dump_vmsas(plan, &err);
	if (!st)
		st = digest_rows(args, in, plan, &rows, &n, &err);
	leave = st ? cli_failed(args->command, &err)
		   : finish(args, in, rows, n);
	cf_plan_destroy(plan);
	free(rows);
	return leave;
}

int measure_firmware(const struct cli_args *args)
{
	struct launch_inputs in;
	int leave = launch_inputs_load(args, NULL, &in);

	if (leave >= 0)
		return leave;
	if (cli_has(args, "dump-vmsa") &&
		(in.params.platform == CF_PLATFORM_SEV || in.ovmf_hash_only))
		leave = cli_usage(args->command,
			"--dump-vmsa: mode %s measures no VMSA", in.mode);
	else
		leave = measure(args, &in);
	launch_inputs_finish(&in);
	return leave;
}
