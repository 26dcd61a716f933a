/* SPDX-License-Identifier: Apache-2.0 */
/* The software engine as the machine sees it: struct cf_accel_ops. */
#include "accel/soft/block_priv.h"
#include "accel/soft/debug/debug_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/debug/watch_priv.h"
#include "accel/soft/world_priv.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <time.h>

/* What a machine need not give. */
static uint32_t no_pio_read(void *o, unsigned vcpu, uint16_t port, unsigned n)
{
	return UINT32_MAX;
}

static void no_pio_write(
	void *o, unsigned vcpu, uint16_t port, unsigned n, uint32_t v)
{
}

static uint64_t no_mmio_read(void *o, unsigned vcpu, uint64_t gpa, unsigned n)
{
	return UINT64_MAX;
}

static void no_mmio_write(
	void *o, unsigned vcpu, uint64_t gpa, unsigned n, uint64_t v)
{
}

static int no_irq_take(void *o, unsigned vcpu)
{
	return -1;
}

static bool no_irq_pending(void *o, unsigned vcpu)
{
	return false;
}

static uint64_t no_cr8_read(void *o, unsigned vcpu)
{
	return 0;
}

static void no_cr8_write(void *o, unsigned vcpu, uint64_t v)
{
}

static bool no_msr_read(void *o, unsigned vcpu, uint32_t msr, uint64_t *v)
{
	return false;
}

static bool no_msr_write(void *o, unsigned vcpu, uint32_t msr, uint64_t v)
{
	return false;
}

static void no_idle(void *o, unsigned vcpu)
{
	nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
}

static void no_relax(void *o, unsigned vcpu)
{
}

static uint64_t host_clock_ns(void *o, unsigned vcpu)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fill_host(struct cf_accel_host *h, const struct cf_accel_host *from)
{
	*h = (struct cf_accel_host) { 0 };
	if (from)
		*h = *from;
	h->pio_read = h->pio_read ? h->pio_read : no_pio_read;
	h->pio_write = h->pio_write ? h->pio_write : no_pio_write;
	h->mmio_read = h->mmio_read ? h->mmio_read : no_mmio_read;
	h->mmio_write = h->mmio_write ? h->mmio_write : no_mmio_write;
	h->irq_take = h->irq_take ? h->irq_take : no_irq_take;
	h->irq_pending = h->irq_pending ? h->irq_pending : no_irq_pending;
	h->cr8_read = h->cr8_read ? h->cr8_read : no_cr8_read;
	h->cr8_write = h->cr8_write ? h->cr8_write : no_cr8_write;
	h->msr_read = h->msr_read ? h->msr_read : no_msr_read;
	h->msr_write = h->msr_write ? h->msr_write : no_msr_write;
	h->idle = h->idle ? h->idle : no_idle;
	h->relax = h->relax ? h->relax : no_relax;
	h->clock_ns = h->clock_ns ? h->clock_ns : host_clock_ns;
}

static void destroy_vcpu(struct vcpu *cpu)
{
	if (!cpu)
		return;
	cf_watch_clear(cpu);
	cf_blocks_destroy(cpu);
	free(cpu->jump);
	free(cpu);
}

static struct vcpu *create_vcpu(struct cf_vm *vm, unsigned index)
{
	size_t len = (sizeof(struct vcpu) + 63) & ~(size_t)63;
	struct vcpu *cpu = aligned_alloc(64, len);
	unsigned i;

	if (!cpu)
		return NULL;
	memset(cpu, 0, len);
	cpu->vm = vm;
	cpu->index = index;
	cpu->tlb_gen = cpu->tlb_top = 1;
	cpu->jump_gen = cpu->jump_top = 1;
	cpu->mode = UINT32_MAX; /* no mode yet */
	for (i = 0; i < CF_TLB_SIZE; i++)
		cpu->tlb[i].rtag = cpu->tlb[i].wtag = CF_TLB_NONE;
	for (i = 0; i < CF_FETCH_SIZE; i++)
		cpu->fetch[i].tag = CF_TLB_NONE;
	cpu->jump = calloc(CF_JUMP_SIZE, sizeof(*cpu->jump));
	if (!cpu->jump || !cf_blocks_create(cpu)) {
		destroy_vcpu(cpu);
		return NULL;
	}
	cpu->cpuid = (struct cf_cpuid_env) {
		.model = vm->model,
		.spec = vm->config.cpu,
		.platform = vm->config.platform,
		.cbit = vm->config.cbit,
		.vcpus = vm->nvcpus,
		.vcpu = index,
		.tsc_hz = vm->tsc_hz,
	};
	/* Streams of different vCPUs are far apart. */
	cpu->random = vm->config.seed + ((uint64_t)index << 48);
	cf_vcpu_reset(cpu);
	cf_sev_vcpu_init(cpu);
	return cpu;
}

static void sync_stop(void *opaque)
{
	cf_world_stop(opaque);
}

static void sync_changed(void *opaque, uint64_t gpa)
{
	cf_world_changed(opaque, gpa);
}

static void sync_resume(void *opaque)
{
	cf_world_resume(opaque);
}

static void sync_written(void *opaque, uint64_t gpa, uint64_t len)
{
	cf_code_written_by_host(opaque, gpa, len);
}

static void sync_refused(void *opaque, uint64_t gpa)
{
	struct cf_vm *vm = opaque;

	cf_log(vm->config.log, CF_LOG_DEBUG,
		"rmp: host write to gpa=0x%016" PRIx64
		" refused: the page is the guest's",
		gpa);
}

static void vm_destroy(struct cf_vm *vm)
{
	unsigned i;

	if (!vm)
		return;
	cf_memory_set_sync(vm->mem, NULL);
	for (i = 0; i < vm->nvcpus; i++)
		destroy_vcpu(vm->vcpu[i]);
	cf_sev_vm_finish(vm);
	cf_native_destroy(vm->native);
	cf_code_map_finish(vm);
	cf_world_finish(vm);
	free(vm);
}

static enum coffer_status check_config(
	const struct cf_vm_config *config, struct coffer_error *err)
{
	if (!config->memory)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "accel: no memory");
	if (!config->vcpus || config->vcpus > CF_MAX_VCPUS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"accel: %u vCPUs; 1 to %u are possible", config->vcpus,
			CF_MAX_VCPUS);
	if (config->platform > CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"accel: the software CPU runs no %s guests",
			cf_platform_name(config->platform));
	return COFFER_OK;
}

/* MAXPHYADDR of the CPU type. */
static uint64_t phys_mask(const struct cf_vm *vm)
{
	const struct cf_cpuid_env env = {
		.model = vm->model,
		.platform = vm->config.platform,
		.cbit = vm->config.cbit,
		.vcpus = 1,
	};
	uint32_t out[4];
	unsigned bits;

	cf_cpuid(&env, 0x80000008, 0, out);
	bits = out[0] & 0xff;
	if (bits < 32 || bits > 52)
		bits = 40;
	return ((uint64_t)1 << bits) - 1;
}

static enum coffer_status fill_vm(struct cf_vm *vm,
	const struct cf_vm_config *c, struct coffer_error *err)
{
	enum coffer_status st;
	unsigned i;

	fill_host(&vm->host, c->host);
	vm->tsc_hz = c->tsc_hz ? c->tsc_hz : 1000000000u;
	st = cf_cpu_model_find(
		c->cpu_model ? c->cpu_model : "EPYC-Milan", &vm->model, err);
	if (!st && c->cpu)
		st = cf_cpu_spec_check(vm->model, c->cpu, c->log, err);
	if (st)
		return st;
	vm->sev = c->platform >= CF_PLATFORM_SEV;
	vm->es = c->platform >= CF_PLATFORM_SEV_ES;
	vm->snp = c->platform == CF_PLATFORM_SEV_SNP;
	vm->cbit_mask = vm->sev ? (uint64_t)1 << c->cbit : 0;
	vm->phys_mask = phys_mask(vm);
	st = cf_code_map_init(vm, err);
	if (!st)
		st = cf_native_create(&vm->native, err);
	if (!st)
		st = cf_sev_vm_init(vm, err);
	for (i = 0; !st && i < c->vcpus; i++) {
		vm->vcpu[i] = create_vcpu(vm, i);
		if (!vm->vcpu[i])
			st = cf_fail_nomem(err, "a vCPU");
	}
	return st;
}

static enum coffer_status vm_create(const struct cf_vm_config *config,
	struct cf_vm **out, struct coffer_error *err)
{
	enum coffer_status st = check_config(config, err);
	struct cf_memory_sync sync;
	struct cf_vm *vm;
	int rc;

	if (st)
		return st;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return cf_fail_nomem(err, "a VM");
	rc = cf_world_init(vm);
	if (rc) {
		free(vm);
		return cf_fail_errno(err, rc, "accel: locks of the VM");
	}
	vm->config = *config;
	vm->mem = config->memory;
	vm->nvcpus = config->vcpus;
	vm->trace = config->trace.write ? config->trace.what : 0;
	st = fill_vm(vm, config, err);
	if (st) {
		vm_destroy(vm);
		return st;
	}
	sync = (struct cf_memory_sync) {
		.opaque = vm,
		.stop = sync_stop,
		.changed = sync_changed,
		.resume = sync_resume,
		.written = sync_written,
		.refused = sync_refused,
	};
	cf_memory_set_sync(vm->mem, &sync);
	*out = vm;
	return COFFER_OK;
}

static enum coffer_status set_state(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *err)
{
	cf_vcpu_load(vm->vcpu[vcpu], s);
	return COFFER_OK;
}

static enum coffer_status get_state(struct cf_vm *vm, unsigned vcpu,
	struct cf_cpu_state *s, struct coffer_error *err)
{
	if (vm->es && !vm->config.debug_policy)
		return cf_fail(err, COFFER_ERR_STATE,
			"accel: the registers of a %s guest are encrypted, and "
			"its policy allows no debugging",
			cf_platform_name(vm->config.platform));
	cf_vcpu_store(vm->vcpu[vcpu], s);
	return COFFER_OK;
}

static void park(struct cf_vm *vm, unsigned vcpu, bool parked)
{
	struct vcpu *cpu = vm->vcpu[vcpu];

	cpu->parked = parked;
	cpu->wait_sipi = parked;
	cf_attention(cpu, CF_ATT_PARK);
}

static void run(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
	struct cf_stop_info *out)
{
	cf_vcpu_run(vm->vcpu[vcpu], budget, out);
}

static void kick(struct cf_vm *vm, unsigned vcpu)
{
	cf_attention(vm->vcpu[vcpu], CF_ATT_KICK);
}

static void notify_irq(struct cf_vm *vm, unsigned vcpu)
{
	cf_attention(vm->vcpu[vcpu], CF_ATT_IRQ);
}

static void init_ipi(struct cf_vm *vm, unsigned vcpu)
{
	cf_attention(vm->vcpu[vcpu], CF_ATT_INIT);
}

static void sipi(struct cf_vm *vm, unsigned vcpu, uint8_t vector)
{
	vm->vcpu[vcpu]->sipi_vector = vector;
	cf_attention(vm->vcpu[vcpu], CF_ATT_SIPI);
}

static void nmi(struct cf_vm *vm, unsigned vcpu)
{
	atomic_fetch_add(&vm->vcpu[vcpu]->nmis_sent, 1);
	cf_attention(vm->vcpu[vcpu], CF_ATT_NMI);
}

/* Exact for the vCPU's own thread and while it does not run. */
static uint64_t instructions(struct cf_vm *vm, unsigned vcpu)
{
	return vm->vcpu[vcpu]->count;
}

static const struct cf_accel_ops soft_ops = {
	.name = "soft",
	.vm_create = vm_create,
	.vm_destroy = vm_destroy,
	.set_state = set_state,
	.get_state = get_state,
	.park = park,
	.run = run,
	.kick = kick,
	.notify_irq = notify_irq,
	.init = init_ipi,
	.sipi = sipi,
	.nmi = nmi,
	.instructions = instructions,
	.vcpu_state = cf_vcpu_walk,
	.debug_points = cf_debug_points,
	.debug_step = cf_debug_step,
	.debug_read = cf_debug_read,
	.debug_write = cf_debug_write,
};

const struct cf_accel_ops *cf_accel_soft(struct coffer_error *err)
{
	return &soft_ops;
}
