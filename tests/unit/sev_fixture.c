/* SPDX-License-Identifier: Apache-2.0 */
/* See sev_fixture.h. */
#include "sev_fixture.h"

struct coffer_error err;
struct cf_vm vm;
struct vcpu cpu[2];

/* What the core was told. */
jmp_buf unwind;
struct seen_by_core core;

_Noreturn void cf_raise(struct vcpu *c, const struct op *op, int vector)
{
	core.vector = vector;
	core.error = 0;
	longjmp(unwind, 1);
}

_Noreturn void cf_raise_error(
	struct vcpu *c, const struct op *op, int vector, uint32_t error)
{
	core.vector = vector;
	core.error = error;
	longjmp(unwind, 1);
}

_Noreturn void cf_raise_pf(
	struct vcpu *c, const struct op *op, uint64_t addr, uint32_t error)
{
	cf_raise_error(c, op, CF_VEC_PF, error);
}

_Noreturn void cf_stop(struct vcpu *c, const struct op *op, enum cf_stop why,
	const char *fmt, ...)
{
	va_list ap;

	core.why = why;
	va_start(ap, fmt);
	vsnprintf(core.text, sizeof(core.text), fmt, ap);
	va_end(ap);
	longjmp(unwind, 2);
}

void cf_attention(struct vcpu *c, uint32_t bits)
{
	core.attention |= bits;
}

/* One to one, private below RAM. */
bool cf_walk(struct vcpu *c, uint64_t addr, unsigned access, bool user,
	bool set_bits, struct cf_walk *out)
{
	*out = (struct cf_walk) {
		.gpa = addr, .writable = true, .private_view = true
	};
	out->error = 0;
	return addr < RAM;
}

void cf_gate_enter(struct vcpu *c)
{
}

void cf_gate_leave(struct vcpu *c)
{
}

void cf_world_stop(struct cf_vm *v)
{
}

void cf_world_resume(struct cf_vm *v)
{
}

void cf_world_changed(struct cf_vm *v, uint64_t gpa)
{
	core.changed = gpa;
}

bool cf_msr_read(struct vcpu *c, uint32_t msr, uint64_t *value)
{
	*value = UINT64_C(0x1122334455667788);
	return msr == 0x1B;
}

bool cf_msr_write(struct vcpu *c, uint32_t msr, uint64_t value)
{
	return msr == 0x1B && value == UINT64_C(0x0000000A0000000B);
}

void cf_vcpu_load(struct vcpu *c, const struct cf_cpu_state *s)
{
	core.loaded = *s;
	core.loads++;
}

void cf_vcpu_store(struct vcpu *c, struct cf_cpu_state *s)
{
	*s = core.loaded;
}

uint64_t cf_tsc(struct vcpu *c)
{
	return UINT64_C(0x123456789);
}

/* The machine: remembers the last access. */
struct seen_by_machine device;

static uint32_t pio_read(void *o, unsigned v, uint16_t port, unsigned size)
{
	device.at = port;
	device.size = size;
	return 0xA0B0C0D0u + (uint32_t)device.count++;
}

static void pio_write(
	void *o, unsigned v, uint16_t port, unsigned size, uint32_t value)
{
	device.at = port;
	device.size = size;
	device.value = value;
	device.count++;
}

static uint64_t mmio_read(void *o, unsigned v, uint64_t gpa, unsigned size)
{
	device.at = gpa;
	device.size = size;
	return UINT64_C(0x8877665544332211);
}

static void mmio_write(
	void *o, unsigned v, uint64_t gpa, unsigned size, uint64_t value)
{
	device.at = gpa;
	device.size = size;
	device.value = value;
}

static const struct cf_accel_host host = { .pio_read = pio_read,
	.pio_write = pio_write,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write };

/* The secure processor: says what it was asked. */
struct seen_by_processor sp;

static enum coffer_status guest_request(struct cf_sp_guest *g, uint64_t request,
	uint64_t response, uint32_t *fw_status, struct coffer_error *e)
{
	sp.request = request;
	sp.response = response;
	*fw_status = sp.status;
	return COFFER_OK;
}

static const struct cf_sp_guest_ops sp_ops = { .guest_request = guest_request };
static struct cf_sp_guest sp_guest = { .ops = &sp_ops };

enum cf_certs cert_answer;
int certs_locked;
static uint8_t certs[5000];

static enum cf_certs lock_certs(void *opaque, const uint8_t **data, size_t *len)
{
	if (cert_answer == CF_CERTS_OK)
		certs_locked++;
	*data = certs;
	*len = sizeof(certs);
	return cert_answer;
}

static void unlock_certs(void *opaque)
{
	certs_locked--;
}

static const struct cf_cert_source cert_source = { .lock = lock_certs,
	.unlock = unlock_certs };

static void start(bool snp)
{
	static const uint8_t vek[CF_VEK_LEN] = { 7 };

	memset(&vm, 0, sizeof(vm));
	memset(cpu, 0, sizeof(cpu));
	memset(&core, 0, sizeof(core));
	memset(&device, 0, sizeof(device));
	memset(&sp, 0, sizeof(sp));
	memset(certs, 0xCE, sizeof(certs));
	cert_answer = CF_CERTS_OK;
	certs_locked = 0;
	vm.config = (struct cf_vm_config) { .asid = ASID,
		.cbit = 51,
		.sp = &sp_guest,
		.sev_features = snp,
		.certs = &cert_source };
	vm.host = host;
	vm.sev = vm.es = true;
	vm.snp = snp;
	vm.nvcpus = 2;
	assert_ok(cf_memory_create(&vm.mem, &err));
	assert_ok(cf_memory_add(vm.mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_memory_set_key(vm.mem, ASID, vek, &err));
	if (snp)
		assert_ok(cf_rmp_enable(vm.mem, &err));
	assert_ok(cf_cpu_model_find("EPYC-Milan", &vm.model, &err));
	assert_ok(cf_sev_vm_init(&vm, &err));
	for (unsigned i = 0; i < 2; i++) {
		vm.vcpu[i] = &cpu[i];
		cpu[i].vm = &vm;
		cpu[i].index = i;
		cpu[i].sev_features = snp;
		cpu[i].mode = CF_MODE_L;
		cpu[i].cpuid = (struct cf_cpuid_env) { .model = vm.model,
			.platform =
				snp ? CF_PLATFORM_SEV_SNP : CF_PLATFORM_SEV_ES,
			.cbit = 51,
			.vcpus = 2,
			.vcpu = i };
		cf_sev_vcpu_init(&cpu[i]);
	}
}

int sev_start_snp(void **state)
{
	start(true);
	return 0;
}

int sev_start_es(void **state)
{
	start(false);
	return 0;
}

int sev_end(void **state)
{
	cf_sev_vm_finish(&vm);
	cf_memory_destroy(vm.mem);
	return 0;
}

struct cf_ghcb_outcome outcome;

uint64_t msr_call(uint64_t request)
{
	outcome = (struct cf_ghcb_outcome) { 0 };
	cpu[0].ghcb_msr = request;
	cf_ghcb_exit(&cpu[0], &outcome);
	return cpu[0].ghcb_msr;
}

uint8_t page[4096];

void put(unsigned field, uint64_t v)
{
	cf_store_le64(page + field, v);
	page[GHCB_VALID + field / 64] |= (uint8_t)(1u << (field / 8 & 7));
}

bool valid(unsigned field)
{
	return page[GHCB_VALID + field / 64] >> (field / 8 & 7) & 1;
}

uint64_t got(unsigned field)
{
	assert_true(valid(field));
	return cf_load_le64(page + field);
}

void begin(void)
{
	memset(page, 0, sizeof(page));
	cf_store_le16(page + GHCB_VERSION, 2);
	if (vm.snp)
		assert_int_equal(msr_call(GHCB | 0x012), GHCB | 0x013);
}

void send(void)
{
	assert_ok(cf_guest_write(vm.mem, GHCB, page, sizeof(page), &err));
	msr_call(GHCB);
	assert_ok(cf_guest_read(vm.mem, GHCB, page, sizeof(page), &err));
}

void call(uint64_t code, uint64_t info1, uint64_t info2)
{
	put(GHCB_CODE, code);
	put(GHCB_INFO1, info1);
	put(GHCB_INFO2, info2);
	send();
}

void expect_ok(void)
{
	assert_int_equal(got(GHCB_INFO1), 0);
	assert_true(valid(GHCB_INFO2));
	assert_false(valid(GHCB_CODE));
	assert_false(valid(GHCB_SCRATCH));
}

void expect_malformed(enum cf_ghcb_error error)
{
	assert_int_equal(got(GHCB_INFO1), 2);
	assert_int_equal(got(GHCB_INFO2), error);
	assert_false(valid(GHCB_RAX));
}
