/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options mean together: ids to objects, sizes to numbers, and the
 * rules about what excludes what.
 *
 * Source: QEMU's documentation, "AMD Secure Encrypted Virtualization" and
 * "IGVM support".
 */
#include "cli/run/qemu_opts_priv.h"

#include "accel/accel.h"
#include "base/base.h"

#include <inttypes.h>
#include <string.h>

#define SEV_POLICY_ES 0x4u

/* Bytes of what each base64 property must hold when it is given. */
static const struct {
	const char *name;
	size_t len;
} exact[] = {
	{ "guest-visible-workarounds", 16 },
	{ "id-block", 96 },
	{ "id-auth", 4096 },
	{ "host-data", 32 },
};

static enum coffer_status check_ids(const char *where,
	const struct qemu_list *list, bool required, struct coffer_error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *id = qemu_get(&list->set[i], "id");

		if (!id && required)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s %s: needs an id, as in id=%s0", where,
				list->set[i].type->name, "obj");
		if (id && qemu_find_id(list, id) != &list->set[i])
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: id '%s' is used twice", where, id);
	}
	return COFFER_OK;
}

static enum coffer_status check_lengths(
	const struct qemu_set *guest, struct coffer_error *err)
{
	uint8_t bytes[4096];
	size_t len;

	for (size_t i = 0; i < CF_ARRAY_LEN(exact); i++) {
		enum coffer_status s;

		if (!qemu_was_given(guest, exact[i].name))
			continue;
		s = qemu_get_base64(
			guest, exact[i].name, bytes, sizeof(bytes), &len, err);
		if (s)
			return s;
		if (len != exact[i].len)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-object %s: property '%s': parameter length "
				"of %zu not equal to %zu",
				guest->type->name, exact[i].name, len,
				exact[i].len);
	}
	return COFFER_OK;
}

static enum coffer_status check_snp(
	struct qemu_options *o, struct coffer_error *err)
{
	const struct qemu_set *g = o->guest;
	const char *smm = qemu_get(&o->machine, "smm");

	if (strcmp(smm, "on") == 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-machine smm=on: SEV-SNP does not support SMM");
	if (o->pflash[0])
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-drive if=pflash: SEV-SNP keeps its firmware in "
			"private memory, which cannot be flash; use -bios or "
			"igvm-cfg");
	if (qemu_was_given(g, "id-block") != qemu_was_given(g, "id-auth"))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-object sev-snp-guest: id-block and id-auth go "
			"together");
	if (qemu_get_u64(g, "tsc-frequency") && !qemu_get_bool(g, "secure-tsc"))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-object sev-snp-guest: tsc-frequency can only be set "
			"with secure-tsc=on");
	return check_lengths(g, err);
}

static enum coffer_status check_guest(
	struct qemu_options *o, struct coffer_error *err)
{
	const struct qemu_set *g = o->guest;
	bool snp = strcmp(g->type->name, "sev-snp-guest") == 0;
	uint64_t bits = qemu_get_u64(g, "reduced-phys-bits");
	uint64_t cbit = qemu_get_u64(g, "cbitpos");
	const char *chip = qemu_get(&o->machine, "kernel-irqchip");

	if (bits < 1 || bits > 63)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-object %s: reduced-phys-bits is %" PRIu64
			", it should be in the range of 1 to 63 (usually 1)",
			g->type->name, bits);
	if (cbit < 32 || cbit > 51)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-object %s: cbitpos is %" PRIu64
			", it should be 47 or 51 (32 to 51)",
			g->type->name, cbit);
	if (snp)
		o->platform = CF_PLATFORM_SEV_SNP;
	else if (qemu_get_u64(g, "policy") & SEV_POLICY_ES)
		o->platform = CF_PLATFORM_SEV_ES;
	else
		o->platform = CF_PLATFORM_SEV;
	if (o->platform != CF_PLATFORM_SEV && chip && strcmp(chip, "off") == 0)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-machine kernel-irqchip=off: SEV-ES and SEV-SNP "
			"guests require the in-kernel irqchip");
	return snp ? check_snp(o, err) : COFFER_OK;
}

static enum coffer_status find_guest(
	struct qemu_options *o, struct coffer_error *err)
{
	const char *prop = qemu_was_given(&o->machine, "memory-encryption")
		? "memory-encryption"
		: "confidential-guest-support";
	enum coffer_status s;

	s = qemu_named_object(o, prop, "sev-", &o->guest, err);
	if (s)
		return s;
	if (o->guest)
		return check_guest(o, err);
	for (size_t i = 0; i < o->object.n; i++)
		if (strncmp(o->object.set[i].type->name, "sev-", 4) == 0)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-object %s: id '%s' is not used; add "
				"-machine confidential-guest-support=%s",
				o->object.set[i].type->name,
				qemu_get(&o->object.set[i], "id"),
				qemu_get(&o->object.set[i], "id"));
	return COFFER_OK;
}

static enum coffer_status find_memory(
	struct qemu_options *o, struct coffer_error *err)
{
	const struct qemu_set *backend;
	enum coffer_status s;

	o->ram = qemu_get_u64(&o->memory, "size");
	s = qemu_named_object(
		o, "memory-backend", "memory-backend-", &backend, err);
	if (s)
		return s;
	if (backend && qemu_was_given(backend, "size")) {
		uint64_t size = qemu_get_u64(backend, "size");

		if (qemu_was_given(&o->memory, "size") && size != o->ram)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-object %s: its size is not the size that -m "
				"gives",
				backend->type->name);
		o->ram = size;
	}
	if (o->ram < 1 << 20 || o->ram % (1 << 20))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-m: RAM must be whole MiB, at least 1");
	if (o->ram > (uint64_t)1 << 40)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-m: RAM cannot be more than 1 TiB");
	return COFFER_OK;
}

static enum coffer_status find_vcpus(
	struct qemu_options *o, struct coffer_error *err)
{
	static const char *const parts[] = { "sockets", "dies", "cores",
		"threads" };
	uint64_t n = qemu_get_u64(&o->smp, "cpus"), product = 1;
	bool topology = false;

	for (size_t i = 0; i < CF_ARRAY_LEN(parts); i++) {
		uint64_t v = qemu_get_u64(&o->smp, parts[i]);

		if (!v)
			continue;
		topology = true;
		if (__builtin_mul_overflow(product, v, &product))
			product = UINT64_MAX;
	}
	if (!qemu_was_given(&o->smp, "cpus"))
		n = topology ? product : 1;
	if (n < 1 || n > CF_MAX_VCPUS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-smp: %" PRIu64 " vCPUs; there can be 1 to %d", n,
			CF_MAX_VCPUS);
	if (topology && product < n)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-smp: sockets * dies * cores * threads is less than "
			"cpus");
	o->vcpus = (unsigned)n;
	return COFFER_OK;
}

/* Things that there are in QEMU and not here, where saying nothing would
 * give a guest that differs from what was asked for. */
static enum coffer_status check_absent(
	const struct qemu_options *o, struct coffer_error *err)
{
	static const char *const off_props[] = { "vmport", "smm" };

	for (size_t i = 0; i < CF_ARRAY_LEN(off_props); i++)
		if (strcmp(qemu_get(&o->machine, off_props[i]), "on") == 0)
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"-machine %s=on: not supported; leave it out",
				off_props[i]);
	if (o->blockdev)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-blockdev: not supported; use -drive file=F,format=raw"
			"[,if=pflash,unit=N]");
	for (unsigned i = 0; i < 2; i++)
		if (qemu_was_given(&o->machine, i ? "pflash1" : "pflash0"))
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"-machine pflash%u: not supported; use -drive "
				"if=pflash,format=raw,unit=%u,file=F",
				i, i);
	if (qemu_get_bool(&o->machine, "usb"))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-machine usb=on: there is no USB");
	if (o->display && strcmp(o->display, "none") != 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-display %s: there is only none", o->display);
	if (o->vga && strcmp(o->vga, "none") != 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-vga %s: there is only none", o->vga);
	if (o->net && strcmp(o->net, "none") != 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-net %s: use -netdev user,id=N -device "
			"virtio-net-pci,netdev=N",
			o->net);
	if (o->monitor && strcmp(o->monitor, "none") != 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-monitor %s: use -qmp", o->monitor);
	if ((o->initrd || o->append) && !o->kernel)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "-%s needs -kernel",
			o->initrd ? "initrd" : "append");
	return COFFER_OK;
}

enum coffer_status qemu_resolve(
	struct qemu_options *o, struct coffer_error *err)
{
	enum coffer_status s;

	o->platform = CF_PLATFORM_NATIVE;
	if ((s = check_ids("-object", &o->object, true, err)) ||
		(s = check_ids("-drive", &o->drive, false, err)) ||
		(s = check_ids("-netdev", &o->netdev, true, err)) ||
		(s = check_ids("-chardev", &o->chardev, true, err)) ||
		(s = qemu_find_firmware(o, err)) || (s = find_guest(o, err)) ||
		(s = find_memory(o, err)) || (s = find_vcpus(o, err)))
		return s;
	return check_absent(o, err);
}
