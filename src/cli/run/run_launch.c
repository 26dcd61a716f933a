/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to a guest that is ready to run: the plan, the secure processor,
 * the launch.
 */
#include "cli/run/run_priv.h"

#include <string.h>

#define GUEST_ASID 1
#define FILE_MAX   (1u << 20)

#define FEATURE_SNP        0x1u
#define FEATURE_DEBUG_SWAP 0x20u
#define FEATURE_SECURE_TSC 0x200u

static uint64_t sev_features(const struct run *r)
{
	const struct qemu_set *g = r->opts.guest;
	uint64_t v = 0;

	if (r->opts.platform == CF_PLATFORM_SEV_SNP)
		v |= FEATURE_SNP;
	if (qemu_get_bool(g, "debug-swap"))
		v |= FEATURE_DEBUG_SWAP;
	if (r->opts.platform == CF_PLATFORM_SEV_SNP &&
		qemu_get_bool(g, "secure-tsc"))
		v |= FEATURE_SECURE_TSC;
	return v;
}

/* Leaf 1 EAX, which the boot processor finds in EDX. */
static enum coffer_status signature(
	struct run *r, uint32_t *out, struct coffer_error *err)
{
	uint32_t regs[4] = { 0 };

	if (cf_cpu_type_signature(r->cpu.name, out))
		return COFFER_OK;
	if (!r->kvm || !cf_cpu_spec_is_host(&r->cpu))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-cpu %s: not a known type", r->cpu.name);
	r->sys->cpuid(r->sys->opaque, 1, regs);
	*out = regs[0];
	return COFFER_OK;
}

/* What is said about an input begins with its file. */
static enum coffer_status of_file(
	enum coffer_status s, const char *path, struct coffer_error *err)
{
	return s && path ? cf_error_context(err, s, "%s", path) : s;
}

static enum coffer_status firmware_plan(struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	struct cf_firmware_params p = { .ovmf = &r->ovmf,
		.platform = o->platform,
		.vmm = CF_VMM_QEMU,
		.vcpus = o->vcpus,
		.sev_features = sev_features(r),
		.has_policy = true,
		.policy = qemu_get_u64(o->guest, "policy") };
	enum coffer_status s;

	/* Without INIT2 the kernel builds other VMSAs. */
	if (r->kvm && cf_kvm_is_legacy(r->kvm))
		p.era = cf_vmsa_era_by_name(CF_VMM_QEMU, "es-init");
	if (!r->firmware.len)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"a confidential guest needs an IGVM file or firmware: "
			"give igvm-cfg or -bios");
	s = cf_ovmf_parse(r->firmware.data, r->firmware.len, &r->ovmf, err);
	if (s)
		return of_file(s, run_firmware_path(r), err);
	s = signature(r, &p.cpuid_signature, err);
	if (s)
		return s;
	if (qemu_get_bool(o->guest, "kernel-hashes")) {
		if (!r->kernel.len)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"kernel-hashes=on needs -kernel");
		s = cf_kernel_hashes_make(r->kernel.data, r->kernel.len,
			r->initrd.data, r->initrd.len, o->append, &r->hashes,
			err);
		if (s)
			return s;
		p.hashes = &r->hashes;
	}
	s = cf_plan_from_firmware(&p, &r->plan, err);
	return of_file(s, run_firmware_path(r), err);
}

static enum coffer_status make_plan(struct run *r, struct coffer_error *err)
{
	enum coffer_status s;

	if (r->igvm) {
		s = cf_plan_from_igvm(r->igvm, r->opts.platform,
			&cf_profile_qemu, cf_machine_env(r->machine), &r->plan,
			err);
		return of_file(s, qemu_get(r->opts.igvm, "file"), err);
	}
	if (r->opts.guest)
		return firmware_plan(r, err);
	return COFFER_OK;
}

static enum coffer_status load_vlek(struct run *r, struct coffer_error *err)
{
	const char *path = r->opts.sp_vlek;
	CF_CLEANUP(cf_free_ptr) uint8_t *vlek = NULL;
	size_t len;
	enum coffer_status s = cf_read_file(path, FILE_MAX, &vlek, &len, err);

	if (s)
		return s;
	if (len != CF_SP_VLEK_WRAPPED_LEN)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: %zu bytes; a VLEK of 'coffer sp vlek' has %d",
			path, len, CF_SP_VLEK_WRAPPED_LEN);
	return cf_sp_soft_guest_load_vlek(r->guest, vlek, err);
}

static enum coffer_status make_processor(
	struct run *r, struct coffer_error *err)
{
	struct cf_sp_soft_config c = { .product = CF_SP_MILAN,
		.progress = cli_progress(&r->progress) };
	const char *cpu = r->config.cpu_model;
	struct cf_sp_soft_memory mem;
	enum coffer_status s;

	if (strncmp(cpu, "EPYC-Genoa", 10) == 0)
		c.product = CF_SP_GENOA;
	else if (strncmp(cpu, "EPYC-Turin", 10) == 0)
		c.product = CF_SP_TURIN;
	s = cf_sp_state_open(r->opts.sp_state, &r->state, err);
	if (s)
		return s;
	cf_sp_state_ops(r->state, &c.ops);
	s = cf_sp_soft_create(&c, &r->sp, err);
	if (s)
		return s;
	cf_sp_soft_memory_bind(cf_machine_memory(r->machine), &mem);
	cf_sp_soft_set_memory(r->sp, &mem);
	s = cf_sp_soft_guest_create(r->sp, cf_machine_memory(r->machine),
		r->opts.platform, GUEST_ASID, r->opts.vcpus, &r->guest, err);
	if (!s && r->opts.sp_vlek)
		s = load_vlek(r, err);
	if (s || r->certs.path)
		return s;
	return cf_sp_soft_cert_table(r->sp, &r->certs.table, err);
}

/* A file with base64 text, decoded. */
static enum coffer_status read_base64(
	const char *path, uint8_t **out, size_t *len, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *text = NULL;
	struct cf_buf b = { 0 };
	size_t n;
	enum coffer_status s = cf_read_file(path, FILE_MAX, &text, &n, err);

	if (s)
		return s;
	if (!cf_unbase64(&b, (const char *)text, n)) {
		cf_buf_finish(&b);
		return cf_fail(
			err, COFFER_ERR_FORMAT, "%s: not base64 text", path);
	}
	*out = b.data;
	*len = b.len;
	return COFFER_OK;
}

static enum coffer_status sev_params(struct run *r, struct coffer_error *err)
{
	const struct qemu_set *g = r->opts.guest;
	struct cf_sp_launch *l = &r->params.launch;
	const char *cert = qemu_get(g, "dh-cert-file");
	const char *session = qemu_get(g, "session-file");
	enum coffer_status s = COFFER_OK;

	l->handle = (uint32_t)qemu_get_u64(g, "handle");
	if (cert)
		s = read_base64(cert, &r->dh_cert, &l->dh_cert_len, err);
	if (s == COFFER_OK && session)
		s = read_base64(session, &r->session, &l->session_len, err);
	l->dh_cert = r->dh_cert;
	l->session = r->session;
	return s;
}

static enum coffer_status snp_params(struct run *r, struct coffer_error *err)
{
	const struct qemu_set *g = r->opts.guest;
	struct cf_sp_finish *f = &r->finish;
	struct cf_cpuid_page_params page;
	size_t block, auth, ignored;
	enum coffer_status s;

	if ((s = qemu_get_base64(g, "guest-visible-workarounds",
		     r->params.launch.gosvw, 16, &ignored, err)) ||
		(s = qemu_get_base64(
			 g, "host-data", f->host_data, 32, &ignored, err)) ||
		(s = qemu_get_base64(
			 g, "id-block", r->id_block, 96, &block, err)) ||
		(s = qemu_get_base64(
			 g, "id-auth", r->id_auth, 4096, &auth, err)))
		return s;
	r->params.launch.tsc_khz =
		(uint32_t)(qemu_get_u64(g, "tsc-frequency") / 1000);
	f->vcek_disabled = qemu_get_bool(g, "vcek-disabled");
	if (block) {
		f->id_block_enabled = true;
		f->author_key_enabled = qemu_get_bool(g, "author-key-enabled");
		f->id_block = r->id_block;
		f->id_auth = r->id_auth;
	} else if (r->plan->id_block_enabled) {
		f->id_block_enabled = true;
		f->author_key_enabled = r->plan->author_key_enabled;
		f->id_block = r->plan->id_block;
		f->id_auth = r->plan->id_auth;
	}
	r->params.cpuid_page = r->cpuid_page;
	page = (struct cf_cpuid_page_params) { .cpu_model = r->config.cpu_model,
		.cpu = r->config.cpu,
		.platform = r->opts.platform,
		.cbit = r->config.cbit,
		.vcpus = r->opts.vcpus,
		.tsc_hz = CF_MACHINE_TSC_HZ };
	if (r->kvm)
		return cf_accel_kvm_cpuid_page(
			r->kvm, &page, r->cpuid_page, err);
	s = cf_accel_cpuid_page(&page, r->cpuid_page, err);
	if (s == COFFER_OK)
		cf_faults_cpuid_page(&r->config.faults, r->cpuid_page);
	return s;
}

static enum coffer_status launch_params(struct run *r, struct coffer_error *err)
{
	const struct qemu_set *g = r->opts.guest;

	r->params = (struct cf_launch_params) {
		.launch = { .platform = r->opts.platform,
			.policy = qemu_get_u64(g, "policy") },
		.override_policy = qemu_was_given(g, "policy"),
	};
	r->launched_policy = r->params.override_policy || !r->plan->has_policy
		? r->params.launch.policy
		: r->plan->policy;
	r->params.measurement = r->measurement;
	r->finish = (struct cf_sp_finish) { 0 };
	if (r->opts.platform == CF_PLATFORM_SEV_SNP)
		return snp_params(r, err);
	return sev_params(r, err);
}

static enum coffer_status launch_confidential(
	struct run *r, struct coffer_error *err)
{
	struct cf_machine_launch launch;
	enum coffer_status s;

	s = run_open_certs(r, err);
	if (s)
		return s;
	s = r->kvm ? run_make_hardware_processor(r, sev_features(r), err)
		   : make_processor(r, err);
	if (s || (s = launch_params(r, err)) || (s = run_read_version(r, err)))
		return s;
	s = cf_launch_digest(r->plan, NULL, r->expected, &r->expected_len, err);
	if (s)
		return s;
	launch = (struct cf_machine_launch) { .plan = r->plan,
		.sp = r->guest,
		.params = &r->params,
		.finish = &r->finish,
		.asid = GUEST_ASID,
		.certs = r->kvm && !r->certs.path ? NULL : &r->certs.source };
	s = cf_machine_load_plan(r->machine, &launch, err);
	if (s)
		return s;
	if (r->guest->ops->launch_digest &&
		r->guest->ops->launch_digest(r->guest, r->launched,
			&r->launched_len, err) != COFFER_OK)
		r->launched_len = 0;
	return COFFER_OK;
}

static enum coffer_status load_plain(struct run *r, struct coffer_error *err)
{
	const struct cf_kernel_config kernel = { .kernel = r->kernel.data,
		.initrd = r->initrd.data,
		.kernel_len = r->kernel.len,
		.initrd_len = r->initrd.len,
		.module = r->module,
		.nmodules = r->nmodules,
		.append = r->opts.append,
		.name = r->opts.kernel };
	enum coffer_status s = COFFER_OK;

	if (r->kernel.len)
		s = cf_machine_load_kernel(
			r->machine, &kernel, r->plan || r->firmware.len, err);
	if (s)
		return of_file(s, r->opts.kernel, err);
	if (r->plan)
		return cf_machine_load_plan(r->machine,
			&(struct cf_machine_launch) { .plan = r->plan }, err);
	if (r->config.nflash)
		return cf_machine_start_flash(r->machine, err);
	if (r->firmware.len)
		s = cf_machine_load_firmware(
			r->machine, r->firmware.data, r->firmware.len, err);
	return of_file(s, run_firmware_path(r), err);
}

static enum coffer_status launch(struct run *r, struct coffer_error *err)
{
	enum coffer_status s = run_open_kvm(r, err);

	if (s == COFFER_OK)
		s = cf_machine_create(&r->config, &r->machine, err);
	if (s)
		return s;
	s = make_plan(r, err);
	if (s == COFFER_OK && r->plan)
		s = cf_machine_add_plan_memory(r->machine, r->plan, err);
	if (s)
		return s;
	if (r->plan && !r->kvm)
		r->plan->progress = cli_progress(&r->progress);
	return r->opts.guest ? launch_confidential(r, err) : load_plain(r, err);
}

enum coffer_status run_launch(struct run *r, struct coffer_error *err)
{
	enum coffer_status s;

	cli_progress_begin(&r->progress, r->self, stderr, r->opts.quiet);
	s = launch(r, err);
	cli_progress_end(&r->progress);
	return s;
}

void run_end(struct run *r)
{
	/* The engine uses the guest's context; the software processor takes
	 * back pages of the machine's memory; the kernel's guest lives as
	 * long as its VM. */
	cf_machine_end_vm(r->machine);
	if (r->sp) {
		cf_sp_guest_destroy(r->guest);
		r->guest = NULL;
	}
	cf_sp_soft_destroy(r->sp);
	cf_machine_destroy(r->machine);
	cf_sp_guest_destroy(r->guest);
	cf_kvm_close(r->kvm);
	cf_sp_state_close(r->state);
	cf_plan_destroy(r->plan);
	run_close_certs(r);
	free(r->session);
	free(r->dh_cert);
	r->machine = NULL;
	r->guest = NULL;
	r->kvm = r->config.kvm = NULL;
	r->sp = NULL;
	r->state = NULL;
	r->plan = NULL;
	r->session = r->dh_cert = NULL;
}
