/* SPDX-License-Identifier: Apache-2.0 */
/* Launch digests of firmware images, and the VMSA pages in them. */
#include "cases.h"

#include "crypto/crypto.h"
#include "plan/plan.h"
#include "sp/sp.h"

#include <json-c/json.h>

static struct coffer_error err;

/* A row's inputs on their way to a plan. */
struct launch {
	struct cf_mapping fw, kernel, initrd, svsm;
	struct cf_ovmf ovmf, svsm_tables;
	struct cf_kernel_hashes hashes;
	char append[512];
	struct cf_firmware_params p;
	bool has_seed;
	uint8_t seed[48];
};

static void finish(struct launch *l)
{
	cf_unmap_file(&l->fw);
	cf_unmap_file(&l->kernel);
	cf_unmap_file(&l->initrd);
	cf_unmap_file(&l->svsm);
}

/* kernel and initrd: absent, empty-file, debian, or a named input. */
static bool load_part(
	struct vcase *v, const char *key, struct cf_mapping *out, bool *has)
{
	char how[256];

	*has = false;
	if (!case_param(v->parameters, key, how, sizeof(how)) ||
		strcmp(how, "absent") == 0)
		return true;
	*has = true;
	if (strcmp(how, "empty-file") == 0)
		return true;
	if (strcmp(how, "debian") == 0)
		return case_input_named(v, "/boot/vmlinuz", out);
	assert_true(case_input_named(v, how, out));
	return true;
}

static bool load_kernel(struct vcase *v, struct launch *l)
{
	bool kernel, initrd, append;

	if (!load_part(v, "kernel", &l->kernel, &kernel) ||
		!load_part(v, "initrd", &l->initrd, &initrd))
		return false;
	if (!kernel)
		return true;
	append = case_param(
		v->parameters, "append", l->append, sizeof(l->append));
	if (append && strcmp(l->append, "absent") == 0)
		append = false;
	assert_ok(cf_kernel_hashes_make(l->kernel.data, l->kernel.len,
		l->initrd.data, l->initrd.len, append ? l->append : NULL,
		&l->hashes, &err));
	l->p.hashes = &l->hashes;
	return true;
}

static void load_vmm(struct vcase *v, struct launch *l)
{
	char vmm[256];

	if (!case_param(v->parameters, "vmm", vmm, sizeof(vmm)))
		return;
	if (strstr(v->parameters, "OLDER"))
		l->p.era = cf_vmsa_era_by_name(CF_VMM_EC2, "rdx-0");
	vmm[strcspn(vmm, " ")] = '\0';
	assert_true(cf_vmm_from_name(vmm, &l->p.vmm));
}

/* False: skipped. */
static bool load(struct vcase *v, struct launch *l, enum cf_platform platform)
{
	char seed[128];

	*l = (struct launch) { .p.platform = platform };
	if (!case_input(v, 0, &l->fw))
		return false;
	assert_ok(cf_ovmf_parse(l->fw.data, l->fw.len, &l->ovmf, &err));
	l->p.ovmf = &l->ovmf;
	l->p.vcpus = (unsigned)case_number(v, "vcpus", 1);
	l->p.cpuid_signature = (uint32_t)case_number(v, "vcpu_sig", 0);
	l->p.sev_features = platform == CF_PLATFORM_SEV_SNP
		? case_number(v, "guest_features", 1)
		: 0;
	load_vmm(v, l);
	if (case_param(v->parameters, "snp_ovmf_hash", seed, sizeof(seed))) {
		assert_true(cf_unhex(seed, l->seed, sizeof(l->seed)));
		l->has_seed = l->p.skip_firmware_pages = true;
	}
	return load_kernel(v, l);
}

static void assert_digest(struct launch *l, const char *want)
{
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_plan *plan;
	size_t len;

	assert_ok(cf_plan_from_firmware(&l->p, &plan, &err));
	assert_ok(cf_launch_digest(
		plan, l->has_seed ? l->seed : NULL, digest, &len, &err));
	cf_plan_destroy(plan);
	case_assert_hex(digest, len, want);
}

static void check(struct vcase *v, enum cf_platform platform)
{
	struct launch l;

	if (load(v, &l, platform))
		assert_digest(&l, v->expected);
	finish(&l);
}

static void check_sev(struct vcase *v)
{
	check(v, CF_PLATFORM_SEV);
}

static void check_seves(struct vcase *v)
{
	check(v, CF_PLATFORM_SEV_ES);
}

static void check_snp(struct vcase *v)
{
	check(v, CF_PLATFORM_SEV_SNP);
}

static void check_svsm(struct vcase *v)
{
	struct launch l;

	if (!load(v, &l, CF_PLATFORM_SEV_SNP)) {
		finish(&l);
		return;
	}
	assert_true(case_input(v, 1, &l.svsm));
	assert_ok(cf_ovmf_parse(l.svsm.data, l.svsm.len, &l.svsm_tables, &err));
	l.p.vmm = CF_VMM_SVSM;
	l.p.sev_features = 1;
	l.p.svsm = l.svsm.data;
	l.p.svsm_len = l.svsm.len;
	l.p.svsm_tables = &l.svsm_tables;
	l.p.svsm_vars_size = case_number(v, "ovmf_vars_size", 0);
	assert_digest(&l, v->expected);
	finish(&l);
}

/* No digest; the message holds the tool's own. */
static void check_error(struct vcase *v)
{
	enum cf_platform platform = CF_PLATFORM_SEV;
	struct cf_plan *plan;
	struct launch l;
	char mode[32];

	assert_true(case_param(v->parameters, "mode", mode, sizeof(mode)));
	if (strcmp(mode, "seves") == 0)
		platform = CF_PLATFORM_SEV_ES;
	else if (strcmp(mode, "snp") == 0)
		platform = CF_PLATFORM_SEV_SNP;
	else
		assert_string_equal(mode, "sev");
	if (load(v, &l, platform)) {
		assert_status(COFFER_ERR_UNSUPPORTED,
			cf_plan_from_firmware(&l.p, &plan, &err));
		assert_int_equal(strncmp(v->expected, "ERROR: ", 7), 0);
		assert_message(v->expected + 7);
	}
	finish(&l);
}

static void check_ovmf_hash(struct vcase *v)
{
	struct cf_mapping fw;
	struct cf_step step = { .kind = CF_STEP_RANGE, .type = CF_PAGE_NORMAL };
	const struct cf_plan plan = {
		.platform = CF_PLATFORM_SEV_SNP, .step = &step, .nsteps = 1
	};
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;

	if (!case_input(v, 0, &fw))
		return;
	step.gpa = CF_4GIB - fw.len;
	step.len = fw.len;
	step.data = fw.data;
	assert_ok(cf_launch_digest(&plan, NULL, digest, &len, &err));
	case_assert_hex(digest, len, v->expected);
	cf_unmap_file(&fw);
}

static uint32_t json_number(struct json_object *o, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(o, key, &value));
	return (uint32_t)strtoul(json_object_get_string(value), NULL, 0);
}

/* Sections, reset address and firmware digest as a list, without an image. */
static void check_meta(struct vcase *v)
{
	struct launch l = { .p.platform = CF_PLATFORM_SEV_SNP };
	struct json_object *top, *items, *hash;
	struct cf_mapping text;
	struct cf_ovmf *o = &l.ovmf;

	assert_true(case_input(v, 0, &text));
	top = json_tokener_parse((const char *)text.data);
	assert_non_null(top);
	assert_true(json_object_object_get_ex(top, "MetadataItems", &items));
	assert_true(json_object_object_get_ex(top, "OVMFHash", &hash));
	assert_true(cf_unhex(json_object_get_string(hash), l.seed, 48));
	o->gpa = CF_4GIB;
	o->has_sev_metadata = o->has_reset_eip = true;
	o->reset_eip = json_number(top, "ResetEIP");
	o->nsections = json_object_array_length(items);
	assert_true(o->nsections <= CF_OVMF_MAX_SECTIONS);
	for (size_t i = 0; i < o->nsections; i++) {
		struct json_object *item = json_object_array_get_idx(items, i);

		o->section[i].gpa = json_number(item, "GPA");
		o->section[i].size = json_number(item, "Size");
		o->section[i].type = json_number(item, "SectionTypeInt");
	}
	json_object_put(top);
	cf_unmap_file(&text);
	l.p.ovmf = o;
	l.p.skip_firmware_pages = l.has_seed = true;
	l.p.vcpus = (unsigned)case_number(v, "vcpus", 1);
	l.p.cpuid_signature = (uint32_t)case_number(v, "vcpu_sig", 0);
	l.p.sev_features = case_number(v, "guest_features", 1);
	load_vmm(v, &l);
	assert_digest(&l, v->expected);
}

static void check_vmsa(struct vcase *v)
{
	struct cf_vmsa_params p = {
		.cpuid_signature = (uint32_t)case_number(v, "vcpu_sig", 0),
		.sev_features = case_number(v, "sev_features", 0),
		.eip = CF_RESET_EIP,
	};
	const char *sha = strstr(v->expected, "sha256");
	struct cf_mapping fw;
	struct cf_cpu_state state;
	uint8_t page[4096], digest[32];
	struct cf_ovmf o;
	char vmm[64];

	assert_true(case_input(v, 0, &fw));
	assert_ok(cf_ovmf_parse(fw.data, fw.len, &o, &err));
	assert_true(case_param(v->parameters, "vmm", vmm, sizeof(vmm)));
	assert_true(cf_vmm_from_name(vmm, &p.vmm));
	if (strstr(v->parameters, "family="))
		p.cpuid_signature =
			cf_cpu_signature((unsigned)case_number(v, "family", 0),
				(unsigned)case_number(v, "model", 0),
				(unsigned)case_number(v, "stepping", 0));
	if (strstr(v->parameters, "VMSA AP") ||
		(strstr(v->parameters, "cpu index") &&
			!strstr(v->parameters, "cpu index 0"))) {
		p.eip = o.reset_eip;
		assert_int_equal(p.eip, case_number(v, "eip", p.eip));
	}
	/* sevctl's page is of the time before KVM_SEV_INIT2. */
	if (strstr(v->expected, "vmsa/"))
		p.era = cf_vmsa_era_by_name(CF_VMM_QEMU, "es-init");
	cf_vmsa_initial(&p, &state);
	cf_vmsa_encode(&state, page);
	assert_ok(cf_sha256(page, sizeof(page), digest, &err));
	assert_non_null(sha);
	case_assert_hex(digest, 32, strchr(sha, '=') + 1);
	cf_unmap_file(&fw);
}

const struct case_handler measure_cases[] = {
	{ "measure-sev", check_sev },
	{ "measure-seves", check_seves },
	{ "measure-snp", check_snp },
	{ "measure-snp-meta", check_meta },
	{ "measure-svsm", check_svsm },
	{ "measure-error", check_error },
	{ "snp-ovmf-hash", check_ovmf_hash },
	{ "vmsa", check_vmsa },
	{ NULL },
};
