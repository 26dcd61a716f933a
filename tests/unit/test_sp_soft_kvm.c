/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware path's own code (src/sp/kvm) launches on the software
 * processor: the fake kernel makes the VM, and its SEV ioctls go to the
 * kernel-shaped door.  And the shapes that the launcher does not use: debug,
 * migration, /dev/sev.
 */
#include "test.h"

#include "crypto/crypto.h"
#include "crypto/sev_cert.h"
#include "crypto/sev_kdf.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "sp/kvm/sp_kvm.h"
#include "sp/soft/kvm_shape.h"
#include "sp_roots.h"

#include <errno.h>

#define RAM (64u << 10)

static struct coffer_error err;

struct world {
	struct fake_kvm fake;
	struct cf_kvm_sys fake_sys, sys;
	struct cf_kvm_shape *shape;
	struct cf_memory *model; /* what the firmware sees */
	struct cf_sp_soft *sp;
	struct cf_kvm_vm *kvm;
	struct cf_memory *mem; /* what the program has */
	struct cf_sp_guest *guest;
};

/* Everything but the SEV ioctls is the fake kernel's. */
static long route(void *opaque, int fd, unsigned long request, uintptr_t arg)
{
	struct world *w = opaque;

	if (request == 0xC008AEBA && arg)
		return cf_kvm_shape_op(w->shape, (void *)arg);
	if (request == CF_SEV_ISSUE_CMD)
		return cf_kvm_shape_device(w->shape, (void *)arg);
	return w->fake_sys.ioctl(w->fake_sys.opaque, fd, request, arg);
}

static int route_open(void *opaque, const char *path, int flags)
{
	struct world *w = opaque;

	return w->fake_sys.open(w->fake_sys.opaque, path, flags);
}

static void *route_map(void *opaque, int fd, size_t len)
{
	struct world *w = opaque;

	return w->fake_sys.map(w->fake_sys.opaque, fd, len);
}

static void route_unmap(void *opaque, void *at, size_t len)
{
	struct world *w = opaque;

	w->fake_sys.unmap(w->fake_sys.opaque, at, len);
}

static void route_close(void *opaque, int fd)
{
	struct world *w = opaque;

	w->fake_sys.close(w->fake_sys.opaque, fd);
}

static void reset_vmsa(void *opaque, unsigned n, uint8_t page[4096])
{
	memset(page, (int)n + 1, 4096);
}

static void open_shape(
	struct world *w, enum cf_platform platform, const char *seed)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)seed,
		.seed_len = strlen(seed),
		.ops = SP_ROOTS_OPS };
	struct cf_kvm_shape_config shape = {
		.platform = platform, .asid = 1, .vcpus = 1, .vmsa = reset_vmsa
	};

	memset(w, 0, sizeof(*w));
	assert_ok(cf_memory_create(&w->model, &err));
	assert_ok(cf_memory_add(w->model, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	shape.sp = w->sp;
	shape.mem = w->model;
	assert_ok(cf_kvm_shape_create(&shape, &w->shape, &err));
	/* The program's view of guest memory is the model's raw one. */
	assert_true(cf_kvm_shape_slot(w->shape, 0, RAM,
		(uintptr_t)cf_memory_page(w->model, 0, 0, NULL)));
}

static void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->guest);
	cf_kvm_close(w->kvm);
	cf_memory_destroy(w->mem);
	cf_kvm_shape_destroy(w->shape);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->model);
}

static void open_driver(struct world *w, enum cf_platform platform)
{
	struct cf_kvm_config config = {
		.sys = &w->sys,
		.generation = platform == CF_PLATFORM_SEV_SNP ? CF_KVM_SEV_SNP
							      : CF_KVM_SEV_ES,
		.sev_device = "/dev/sev",
	};
	struct cf_sp_kvm_config driver = {
		.sev_features = platform == CF_PLATFORM_SEV_SNP ? 1 : 0
	};

	open_shape(w, platform, "driver");
	fake_kvm_init(&w->fake);
	w->fake_sys = fake_kvm_sys(&w->fake);
	w->sys = (struct cf_kvm_sys) { .opaque = w,
		.open = route_open,
		.ioctl = route,
		.map = route_map,
		.unmap = route_unmap,
		.close = route_close };
	assert_ok(cf_kvm_open(&config, &w->kvm, &err));
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	driver.kvm = w->kvm;
	driver.memory = w->mem;
	assert_ok(cf_sp_kvm_create(&driver, &w->guest, &err));
	/* The fake did not see the INIT2 that went past it. */
	w->fake.initialised = w->fake.is_es = true;
	w->fake.is_snp = platform == CF_PLATFORM_SEV_SNP;
	assert_ok(cf_kvm_set_memory(w->kvm, w->mem, &err));
}

static void test_hardware_driver_launches_snp_on_the_model(void **state)
{
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = 0x30000 };
	const struct cf_sp_finish f = { .host_data = { 5 } };
	uint8_t page[2 * CF_PAGE_SIZE], back[2 * CF_PAGE_SIZE];
	uint8_t ld[CF_DIGEST_MAX], want[CF_DIGEST_MAX], vmsa[CF_PAGE_SIZE];
	struct cf_sp_update u = { .gpa = 0x4000,
		.len = sizeof(page),
		.data = page,
		.type = CF_PAGE_NORMAL };
	struct cf_sp_guest *model, *digest;
	struct world w;
	size_t len;

	memset(page, 0x3C, sizeof(page));
	reset_vmsa(NULL, 0, vmsa);
	open_driver(&w, CF_PLATFORM_SEV_SNP);
	assert_ok(cf_guest_write(w.mem, u.gpa, page, sizeof(page), &err));
	assert_ok(w.guest->ops->launch_start(w.guest, &l, &err));
	assert_ok(w.guest->ops->launch_update(w.guest, &u, &err));
	assert_ok(w.guest->ops->launch_finish(w.guest, &f, &err));

	model = cf_kvm_shape_guest(w.shape);
	assert_ok(model->ops->launch_digest(model, ld, &len, &err));
	assert_ok(cf_sp_digest_create(NULL, &digest, &err));
	assert_ok(digest->ops->launch_start(digest, &l, &err));
	assert_ok(digest->ops->launch_update(digest, &u, &err));
	assert_ok(digest->ops->launch_update_vmsa(
		digest, 0, 0xFFFFFFFFF000, vmsa, &err));
	assert_ok(digest->ops->launch_digest(digest, want, &len, &err));
	assert_memory_equal(ld, want, len);
	cf_sp_guest_destroy(digest);
	assert_ok(cf_guest_read_private(
		w.model, 1, u.gpa, back, sizeof(back), &err));
	assert_memory_equal(back, page, sizeof(page));
	close_world(&w);
}

/* --- Shapes by themselves --- */

static uint32_t op(struct world *w, uint32_t id, void *data, long want)
{
	struct cf_kvm_sev_cmd cmd = { .id = id, .data = (uintptr_t)data };
	long result = cf_kvm_shape_op(w->shape, &cmd);

	if (result != want)
		fail_msg("command %u: %ld, want %ld (firmware 0x%x)", id,
			result, want, cmd.error);
	return cmd.error;
}

static uint32_t device(struct world *w, uint32_t id, void *data)
{
	struct cf_sev_issue_cmd cmd = { .cmd = id, .data = (uintptr_t)data };

	return cf_kvm_shape_device(w->shape, &cmd) ? cmd.error : 0;
}

static uint8_t *ram(struct world *w, uint64_t gpa)
{
	return cf_memory_page(w->model, gpa, 0, NULL);
}

static void launch_sev(struct world *w)
{
	struct cf_kvm_sev_init init = { 0 };
	struct cf_kvm_sev_launch_start start = { .policy = 0 };
	struct cf_kvm_sev_launch_update_data data = { .len = 0x1000 };
	struct cf_kvm_sev_launch_measure m = { 0 };
	uint8_t measure[48];

	assert_int_equal(op(w, CF_KVM_SEV_LAUNCH_START, &start, -EINVAL),
		CF_KVM_SEV_NO_FW_CALL);
	op(w, CF_KVM_SEV_INIT2, &init, 0);
	op(w, CF_KVM_SEV_LAUNCH_START, &start, 0);
	assert_int_equal(start.handle, 1);
	memset(ram(w, 0x1000), 0x6E, CF_PAGE_SIZE);
	data.uaddr = (uintptr_t)ram(w, 0x1000);
	op(w, CF_KVM_SEV_LAUNCH_UPDATE_DATA, &data, 0);
	op(w, CF_KVM_SEV_LAUNCH_UPDATE_VMSA, NULL, -ENOTTY);
	assert_int_equal(op(w, CF_KVM_SEV_LAUNCH_MEASURE, &m, -EIO),
		CF_FW_INVALID_LENGTH);
	assert_int_equal(m.len, 48);
	m.uaddr = (uintptr_t)measure;
	op(w, CF_KVM_SEV_LAUNCH_MEASURE, &m, 0);
	op(w, CF_KVM_SEV_LAUNCH_FINISH, NULL, 0);
	assert_int_equal(op(w, CF_KVM_SEV_LAUNCH_FINISH, NULL, -EIO),
		CF_FW_INVALID_GUEST_STATE);
}

static void test_status_debug_and_attestation_have_the_kernels_shape(
	void **state)
{
	struct cf_kvm_sev_guest_status status = { 0 };
	struct cf_kvm_sev_attestation_report report = { .mnonce = { 1 } };
	uint8_t out[256], bytes[0xD0];
	struct cf_kvm_sev_dbg dbg = { .dst_uaddr = (uintptr_t)out, .len = 64 };
	struct world w;

	open_shape(&w, CF_PLATFORM_SEV, "shape");
	launch_sev(&w);
	op(&w, CF_KVM_SEV_GUEST_STATUS, &status, 0);
	assert_int_equal(status.state, 3);
	/* The slot's address of the page; the bytes there are the model's. */
	dbg.src_uaddr = (uintptr_t)ram(&w, 0) + 0x1000;
	op(&w, CF_KVM_SEV_DBG_DECRYPT, &dbg, 0);
	assert_int_equal(out[0], 0x6E);
	assert_int_equal(out[63], 0x6E);
	dbg.src_uaddr = 16;
	op(&w, CF_KVM_SEV_DBG_DECRYPT, &dbg, -EINVAL);
	assert_int_equal(
		op(&w, CF_KVM_SEV_GET_ATTESTATION_REPORT, &report, -EIO),
		CF_FW_INVALID_LENGTH);
	report.uaddr = (uintptr_t)bytes;
	op(&w, CF_KVM_SEV_GET_ATTESTATION_REPORT, &report, 0);
	assert_int_equal(bytes[0], 1);
	op(&w, 10, NULL, -EINVAL);
	op(&w, CF_KVM_SEV_SNP_LAUNCH_START, out, -ENOTTY);
	close_world(&w);
}

static void test_device_commands_have_the_kernels_shape(void **state)
{
	uint8_t pdh[CF_SEV_CERT_LEN], chain[CF_SEV_CHAIN_LEN], id[64];
	uint8_t csr[CF_SEV_CERT_LEN], sized[12] = { 0 }, both[128];
	struct cf_sev_platform_status status;
	struct cf_sev_pdh_cert_export export = { 0 };
	struct cf_sev_get_id2 get_id = { 0 };
	struct cf_sp_soft_facts facts;
	struct cf_sev_cert cert;
	struct world w;

	open_shape(&w, CF_PLATFORM_SEV, "device");
	assert_int_equal(device(&w, CF_SEV_PLATFORM_STATUS, &status), 0);
	assert_int_equal(status.api_minor, 24);
	assert_int_equal(status.state, 1);
	assert_int_equal(status.flags, CF_SEV_STATUS_ES);
	assert_int_equal(device(&w, CF_SEV_PDH_CERT_EXPORT, &export),
		CF_FW_INVALID_LENGTH);
	assert_int_equal(export.pdh_cert_len, sizeof(pdh));
	assert_int_equal(export.cert_chain_len, sizeof(chain));
	export.pdh_cert_address = (uintptr_t)pdh;
	export.cert_chain_address = (uintptr_t)chain;
	assert_int_equal(device(&w, CF_SEV_PDH_CERT_EXPORT, &export), 0);
	assert_ok(cf_sev_cert_parse(pdh, sizeof(pdh), &cert, &err));
	assert_int_equal(
		device(&w, CF_SEV_GET_ID2, &get_id), CF_FW_INVALID_LENGTH);
	assert_int_equal(get_id.length, 64);
	get_id.address = (uintptr_t)id;
	assert_int_equal(device(&w, CF_SEV_GET_ID2, &get_id), 0);
	cf_sp_soft_facts(w.sp, &facts);
	assert_memory_equal(id, facts.chip_id, 64);
	assert_int_equal(device(&w, 7, both), 0); /* GET_ID */
	assert_memory_equal(both, facts.chip_id, 64);
	assert_true(cf_is_zero(both + 64, 64));
	cf_store_le64(sized, (uintptr_t)csr);
	cf_store_le32(sized + 8, sizeof(csr));
	assert_int_equal(device(&w, 3, sized), 0);
	assert_ok(cf_sev_cert_parse(csr, sizeof(csr), &cert, &err));
	assert_int_equal(device(&w, 4, NULL), 0); /* PDH_GEN */
	assert_int_equal(device(&w, 2, NULL), 0); /* PEK_GEN */
	assert_int_equal(device(&w, 0, NULL), 0); /* FACTORY_RESET */
	assert_int_equal(device(&w, CF_SEV_PLATFORM_STATUS, &status), 0);
	assert_int_equal(status.state, 0);
	close_world(&w);
}

/* SNP_PLATFORM_STATUS, SNP_COMMIT, SNP_SET_CONFIG, SNP_VLEK_LOAD. */
static void test_snp_device_commands_have_the_kernels_shape(void **state)
{
	uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN], load[0x10] = { 0x10 };
	uint8_t status[0x20], config[0x40] = { 0 };
	struct cf_sp_soft_facts facts;
	struct world w;

	open_shape(&w, CF_PLATFORM_SEV_SNP, "device");
	assert_int_equal(device(&w, CF_SEV_SNP_PLATFORM_STATUS, status), 0);
	assert_int_equal(status[0], 1);
	assert_int_equal(status[1], 55);
	assert_int_equal(status[2], 1); /* INIT */
	cf_sp_soft_facts(w.sp, &facts);
	assert_true(cf_load_le64(status + 0x10) == facts.current_tcb);
	assert_true(cf_load_le64(status + 0x18) == facts.reported_tcb);
	assert_true(facts.committed_tcb != facts.current_tcb);
	assert_int_equal(device(&w, 10, NULL), 0);
	cf_sp_soft_facts(w.sp, &facts);
	assert_true(facts.committed_tcb == facts.current_tcb);
	cf_store_le64(config, facts.committed_tcb);
	config[8] = 1; /* MASK_CHIP_ID */
	assert_int_equal(device(&w, 11, config), 0);
	config[7]++;
	assert_int_equal(device(&w, 11, config), CF_FW_INVALID_PARAM);
	assert_int_equal(device(&w, CF_SEV_SNP_PLATFORM_STATUS, status), 0);
	assert_int_equal(status[8] & 7, 1);
	assert_ok(cf_sp_soft_vlek_wrap(w.sp, wrapped, &err));
	cf_store_le64(load + 8, (uintptr_t)wrapped);
	assert_int_equal(device(&w, 12, load), 0);
	assert_int_equal(device(&w, CF_SEV_SNP_PLATFORM_STATUS, status), 0);
	assert_int_equal(status[8] & 7, 5); /* VLEK_EN */
	close_world(&w);
}

/* struct kvm_sev_send_start and its siblings by offset, as the UAPI has
 * them. */
static void test_migration_has_the_kernels_shape(void **state)
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, amd = { 0 }, cek = { 0 };
	uint8_t session[0x80], hdr[0x34], trans[64], back[64];
	uint8_t start[72] = { 0 }, data[48] = { 0 }, receive[40] = { 0 };
	struct cf_kvm_sev_init init = { 0 };
	struct world a, b;

	open_shape(&a, CF_PLATFORM_SEV, "from");
	open_shape(&b, CF_PLATFORM_SEV, "to");
	launch_sev(&a);
	op(&b, CF_KVM_SEV_INIT2, &init, 0);
	assert_ok(cf_sp_soft_sev_certs(b.sp, &pdh, &chain, &err));
	assert_ok(cf_sp_soft_amd_chain(b.sp, &amd, &err));
	assert_ok(cf_sp_soft_cek(b.sp, &cek, &err));
	memcpy(chain.data + 2 * CF_SEV_CERT_LEN, cek.data, cek.len);
	cf_store_le64(start + 8, (uintptr_t)pdh.data);
	cf_store_le32(start + 0x10, (uint32_t)pdh.len);
	cf_store_le64(start + 0x18, (uintptr_t)chain.data);
	cf_store_le32(start + 0x20, (uint32_t)chain.len);
	cf_store_le64(start + 0x28, (uintptr_t)amd.data);
	cf_store_le32(start + 0x30, (uint32_t)amd.len);
	assert_int_equal(op(&a, 8, start, -EIO), CF_FW_INVALID_LENGTH);
	assert_int_equal(cf_load_le32(start + 0x40), 0x80);
	cf_store_le64(start + 0x38, (uintptr_t)session);
	op(&a, 8, start, 0);

	pdh.len = chain.len = 0;
	assert_ok(cf_sp_soft_sev_certs(a.sp, &pdh, &chain, &err));
	cf_store_le64(receive + 8, (uintptr_t)pdh.data);
	cf_store_le32(receive + 0x10, (uint32_t)pdh.len);
	cf_store_le64(receive + 0x18, (uintptr_t)session);
	cf_store_le32(receive + 0x20, sizeof(session));
	op(&b, 12, receive, 0);

	cf_store_le64(data, (uintptr_t)hdr);
	cf_store_le64(data + 0x10, (uintptr_t)ram(&a, 0) + 0x1000);
	cf_store_le32(data + 0x18, sizeof(trans));
	cf_store_le64(data + 0x20, (uintptr_t)trans);
	assert_int_equal(op(&a, 9, data, -EIO), CF_FW_INVALID_LENGTH);
	assert_int_equal(cf_load_le32(data + 8), sizeof(hdr));
	op(&a, 9, data, 0);
	cf_store_le64(data + 0x10, (uintptr_t)ram(&b, 0) + 0x2000);
	trans[5] ^= 1;
	assert_int_equal(op(&b, 13, data, -EIO), CF_FW_BAD_MEASUREMENT);
	trans[5] ^= 1;
	op(&b, 13, data, 0);
	op(&b, 15, NULL, 0);
	op(&a, 21, NULL, 0); /* and it may run on, or */
	assert_ok(cf_guest_read_private(
		b.model, 1, 0x2000, back, sizeof(back), &err));
	assert_int_equal(back[0], 0x6E);
	assert_int_equal(back[63], 0x6E);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&amd);
	cf_buf_finish(&cek);
	close_world(&a);
	close_world(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_hardware_driver_launches_snp_on_the_model),
		cmocka_unit_test(
			test_status_debug_and_attestation_have_the_kernels_shape),
		cmocka_unit_test(test_device_commands_have_the_kernels_shape),
		cmocka_unit_test(
			test_snp_device_commands_have_the_kernels_shape),
		cmocka_unit_test(test_migration_has_the_kernels_shape),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_kvm", tests, sp_roots_open, sp_roots_close);
}
