/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sign and IGVM files: policy and digest out of one, ID block in. */
#include "cli/owner/sign_priv.h"

#include "base/base.h"
#include "cli/igvm_file.h"
#include "cli/progress.h"
#include "igvm/igvm.h"
#include "plan/plan.h"
#include "sp/sp.h"

#include <string.h>

static void policy_of_file(const struct cf_igvm *file, struct signing *s)
{
	uint32_t mask = cf_igvm_mask_of(file, CF_IGVM_SEV_SNP);
	struct cf_igvm_header h;

	for (size_t i = 0; i < cf_igvm_count(file, CF_IGVM_INITIALIZATIONS);
		i++) {
		cf_igvm_get(file, CF_IGVM_INITIALIZATIONS, i, &h);
		if (h.type == CF_IGVM_GUEST_POLICY &&
			(h.compatibility_mask & mask))
			s->block.policy = h.u.policy.policy;
	}
}

static enum coffer_status digest_of_file(const struct cli_args *args,
	const struct cf_igvm *file, uint8_t out[48], struct coffer_error *err)
{
	const struct cf_plan_env env = { 0 };
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_plan *plan = NULL;
	enum coffer_status status;
	size_t len;

	status = cf_plan_from_igvm(
		file, CF_PLATFORM_SEV_SNP, &cf_profile_spec, &env, &plan, err);
	if (!status)
		status = cli_launch_digest(
			args->command, false, plan, NULL, digest, &len, err);
	if (!status)
		memcpy(out, digest, 48);
	cf_plan_destroy(plan);
	return status;
}

enum coffer_status cli_sign_measure(const struct cli_args *args,
	struct signing *s, struct coffer_error *err)
{
	const char *path = cli_get(args, "igvm");
	struct cf_mapping in = { 0 };
	struct cf_igvm *file = NULL;
	enum coffer_status status;

	if (!path)
		return COFFER_OK;
	status = cf_map_file(path, &in, err);
	if (status)
		return status;
	status = cli_parse_igvm(&in, &file, err);
	if (!status && !s->has_measurement)
		status = digest_of_file(args, file, s->block.measurement, err);
	if (status)
		cf_error_context(err, status, "%s", path);
	else if (!s->has_policy)
		policy_of_file(file, s);
	cf_igvm_destroy(file);
	cf_unmap_file(&in);
	return status;
}

enum coffer_status cli_sign_write_igvm(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err)
{
	const char *path = cli_get(args, "igvm");
	struct cf_mapping in = { 0 };
	struct cf_igvm *file = NULL;
	struct cf_buf out = { 0 };
	enum coffer_status status = cf_map_file(path, &in, err);

	if (status)
		return status;
	status = cli_parse_igvm(&in, &file, err);
	if (!status)
		status = cf_id_block_into_igvm(
			file, &s->block, &s->auth, &out, err);
	if (status)
		cf_error_context(err, status, "%s", path);
	else
		status = cf_write_file(
			cli_get(args, "output"), 0644, out.data, out.len, err);
	cf_buf_finish(&out);
	cf_igvm_destroy(file);
	cf_unmap_file(&in);
	return status;
}
