/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of explaining. */
#include "coffer/explain.h"

#include "api/api_priv.h"
#include "base/base.h"
#include "explain/explain.h"
#include "igvm/igvm.h"

struct coffer_explanation {
	struct cf_explain_result result;
};

static enum coffer_status create(
	struct coffer_explanation **out, struct coffer_error *err)
{
	*out = cf_alloc_array(1, sizeof(**out));
	return *out ? COFFER_OK : cf_fail_nomem(err, "an explanation");
}

void coffer_explanation_destroy(struct coffer_explanation *e)
{
	if (!e)
		return;
	cf_explain_result_finish(&e->result);
	free(e);
}

static enum coffer_status finish(enum coffer_status status,
	struct coffer_explanation *e, struct coffer_explanation **out,
	struct coffer_error *err)
{
	/* Ends the text with a NUL that its length does not count. */
	if (!status && !cf_buf_text(&e->result.tried))
		status = cf_fail_nomem(err, "an explanation");
	if (status)
		coffer_explanation_destroy(e);
	else
		*out = e;
	return status;
}

enum coffer_status coffer_explain_firmware(
	const struct coffer_firmware *believed, const uint8_t *digest,
	size_t len, unsigned max_vcpus, struct coffer_explanation **out,
	struct coffer_error *err)
{
	struct cf_firmware_params p = { 0 };
	struct cf_explain_image image = { .name = "image" };
	struct cf_explain_request q = { .image = &image, .nimages = 1 };
	struct coffer_explanation *e;
	enum coffer_status status;

	if (!believed || !believed->image || !digest || !out ||
		!cf_api_platform(believed->platform, &q.platform))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"explain: no image, digest, result or platform");
	status = cf_api_cpu(believed, &p, err);
	if (status)
		return status;
	image.bytes = believed->image;
	image.len = believed->image_len;
	q.target = digest;
	q.target_len = len;
	q.has_kernel = believed->kernel != NULL;
	q.kernel = believed->kernel;
	q.kernel_len = believed->kernel_len;
	q.initrd = believed->initrd;
	q.initrd_len = believed->initrd_len;
	q.append = believed->append;
	q.vmm = p.vmm;
	q.cpuid_signature = p.cpuid_signature;
	q.sev_features = believed->sev_features;
	q.vcpus = believed->vcpus ? believed->vcpus : 1;
	q.max_vcpus = max_vcpus;
	status = create(&e, err);
	if (status)
		return status;
	return finish(cf_explain_firmware(&q, &e->result, err), e, out, err);
}

enum coffer_status coffer_explain_igvm(const uint8_t *file, size_t file_len,
	enum coffer_platform platform, const char *profile,
	const uint8_t *digest, size_t len, struct coffer_explanation **out,
	struct coffer_error *err)
{
	const struct cf_loader_profile *loader =
		cf_profile_by_name(profile ? profile : "spec");
	struct coffer_explanation *e;
	struct cf_igvm *igvm;
	enum coffer_status status;
	enum cf_platform p;

	if (!file || !digest || !out || !loader ||
		!cf_api_platform(platform, &p))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"explain: no file, digest or result, or a platform or "
			"profile that is not one");
	status = cf_igvm_parse(file, file_len, &igvm, err);
	if (status)
		return status;
	status = create(&e, err);
	if (!status)
		status = finish(cf_explain_igvm(igvm, p, loader, digest, len,
					&e->result, err),
			e, out, err);
	cf_igvm_destroy(igvm);
	return status;
}

size_t coffer_explanation_matches(const struct coffer_explanation *e)
{
	return e->result.nmatches;
}

bool coffer_explanation_change(const struct coffer_explanation *e, size_t match,
	size_t i, const char **assumption, const char **believed,
	const char **actual)
{
	const struct cf_explain_change *c;

	if (match >= e->result.nmatches || i >= e->result.match[match].nchanges)
		return false;
	c = &e->result.match[match].change[i];
	*assumption = c->assumption;
	*believed = c->believed;
	*actual = c->actual;
	return true;
}

uint64_t coffer_explanation_candidates(const struct coffer_explanation *e)
{
	return e->result.candidates;
}

const char *coffer_explanation_tried(const struct coffer_explanation *e)
{
	return (const char *)e->result.tried.data;
}
