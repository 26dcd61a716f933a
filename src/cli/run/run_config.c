/* SPDX-License-Identifier: Apache-2.0 */
/* From options to the description of a machine. */
#include "cli/run/run_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static enum coffer_status open_chardev(struct run *r, const char *spec,
	struct cf_chardev **out, struct coffer_error *err)
{
	enum coffer_status s;

	for (size_t i = 0; i < r->nnamed; i++)
		if (strncmp(spec, "chardev:", 8) == 0 &&
			strcmp(r->named[i].id, spec + 8) == 0) {
			*out = r->named[i].c;
			return COFFER_OK;
		}
	if (strstr(spec, "stdio")) {
		if (r->uses_stdio)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: standard input is used already; give "
				"another device, such as file:PATH",
				spec);
		r->uses_stdio = true;
	}
	if (r->nchardevs == RUN_MAX_CHARDEVS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"more than %d character devices", RUN_MAX_CHARDEVS);
	s = cf_chardev_open(spec, out, err);
	if (s == COFFER_OK)
		r->chardev[r->nchardevs++] = *out;
	return s;
}

/* -chardev TYPE,... as the text that -serial would take. */
static void chardev_spec(const struct qemu_set *set, char *out, size_t len)
{
	const char *type = set->type->name, *path = NULL;

	if (strcmp(type, "stdio") == 0) {
		snprintf(out, len, "%s",
			qemu_get_bool(set, "mux") ? "mon:stdio" : "stdio");
		return;
	}
	if (strcmp(type, "null") == 0) {
		snprintf(out, len, "null");
		return;
	}
	path = qemu_get(set, "path");
	if (strcmp(type, "file") == 0)
		snprintf(out, len, "file:%s", path ? path : "");
	else
		snprintf(out, len, "unix:%s,server=%s,wait=%s",
			path ? path : "",
			qemu_get_bool(set, "server") ? "on" : "off",
			qemu_get_bool(set, "wait") ? "on" : "off");
}

static enum coffer_status open_named(struct run *r, struct coffer_error *err)
{
	for (size_t i = 0; i < r->opts.chardev.n; i++) {
		const struct qemu_set *set = &r->opts.chardev.set[i];
		char spec[256];
		enum coffer_status s;

		chardev_spec(set, spec, sizeof(spec));
		s = open_chardev(r, spec, &r->named[r->nnamed].c, err);
		if (s)
			return s;
		r->named[r->nnamed++].id = qemu_get(set, "id");
	}
	return COFFER_OK;
}

static enum coffer_status configure_serial(
	struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < o->nserial && s == COFFER_OK; i++)
		if (strcmp(o->serial[i], "none") != 0)
			s = open_chardev(
				r, o->serial[i], &r->config.serial[i], err);
	if (s == COFFER_OK && o->debugcon)
		s = open_chardev(r, o->debugcon, &r->config.debugcon, err);
	/* -nographic: the first serial port is the terminal. */
	if (s == COFFER_OK && !o->nserial && !o->nodefaults && !r->uses_stdio)
		s = open_chardev(r, o->nographic ? "mon:stdio" : "stdio",
			&r->config.serial[0], err);
	if (qemu_was_given(&o->global, "isa-debugcon.iobase"))
		r->config.debugcon_port = (uint16_t)qemu_get_u64(
			&o->global, "isa-debugcon.iobase");
	return s;
}

static enum coffer_status device_chardev(struct run *r,
	const struct qemu_set *set, struct cf_chardev **out,
	struct coffer_error *err)
{
	const char *id = qemu_get(set, "chardev");

	for (size_t i = 0; id && i < r->nnamed; i++)
		if (strcmp(r->named[i].id, id) == 0) {
			*out = r->named[i].c;
			return COFFER_OK;
		}
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"-device %s: no -chardev has the id '%s'", set->type->name,
		id ? id : "");
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	unsigned v[6];
	char end;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2],
		    &v[3], &v[4], &v[5], &end) != 6)
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
	return true;
}

static enum coffer_status add_nic(
	struct run *r, const struct qemu_set *set, struct coffer_error *err)
{
	struct cf_nic_config *nic = &r->config.nic[r->config.nnics];
	const char *id = qemu_get(set, "netdev"), *mac = qemu_get(set, "mac");
	const struct qemu_set *net =
		id ? qemu_find_id(&r->opts.netdev, id) : NULL;

	if (!net)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-device %s: no -netdev has the id '%s'",
			set->type->name, id ? id : "");
	if (r->config.nnics == CF_MAX_NICS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-device: more than %d network cards", CF_MAX_NICS);
	*nic = (struct cf_nic_config) {
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34,
			(uint8_t)(0x56 + r->config.nnics) },
		.restricted = qemu_get_bool(net, "restrict")
	};
	if (mac && !parse_mac(mac, nic->mac))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-device %s: mac=%s is not six hexadecimal bytes",
			set->type->name, mac);
	for (size_t i = 0; i + 1 < CF_ARRAY_LEN(nic->hostfwd); i++)
		nic->hostfwd[i] = qemu_get_nth(net, "hostfwd", i);
	r->config.nnics++;
	return COFFER_OK;
}

static enum coffer_status add_drive(
	struct run *r, const struct qemu_set *drive, struct coffer_error *err)
{
	struct cf_drive_config *d;
	enum coffer_status s;

	if (r->config.ndrives == CF_MAX_DRIVES)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-drive: more than %d disks", CF_MAX_DRIVES);
	d = &r->config.drive[r->config.ndrives];
	d->readonly = qemu_get_bool(drive, "readonly");
	s = cf_block_open(qemu_get(drive, "file"), d->readonly, &d->block, err);
	if (s == COFFER_OK)
		r->config.ndrives++;
	return s;
}

static enum coffer_status add_flash(
	struct run *r, const struct qemu_set *drive, struct coffer_error *err)
{
	struct cf_flash_config *f = &r->config.flash[r->config.nflash];
	const char *path = qemu_get(drive, "file");
	enum coffer_status s;

	f->readonly = qemu_get_bool(drive, "readonly");
	s = qemu_get_bool(drive, "snapshot")
		? cf_block_open_copy(path, &f->block, err)
		: cf_block_open(path, f->readonly, &f->block, err);
	if (s == COFFER_OK)
		r->config.nflash++;
	return s;
}

static enum coffer_status add_device(
	struct run *r, const struct qemu_set *set, struct coffer_error *err)
{
	struct cf_machine_config *c = &r->config;
	const char *type = set->type->name;

	if (strcmp(type, "isa-debug-exit") == 0) {
		c->debug_exit = true;
		c->debug_exit_port = (uint16_t)qemu_get_u64(set, "iobase");
		c->debug_exit_size = (uint16_t)qemu_get_u64(set, "iosize");
	} else if (strcmp(type, "pc-testdev") == 0) {
		c->testdev = true;
	} else if (strcmp(type, "virtio-rng-pci") == 0) {
		c->rng = true;
	} else if (strcmp(type, "isa-debugcon") == 0) {
		c->debugcon_port = (uint16_t)qemu_get_u64(set, "iobase");
		return device_chardev(r, set, &c->debugcon, err);
	} else if (strcmp(type, "isa-serial") == 0) {
		for (size_t i = 0; i < CF_MAX_SERIAL; i++)
			if (!c->serial[i])
				return device_chardev(
					r, set, &c->serial[i], err);
	} else if (strcmp(type, "virtconsole") == 0) {
		return device_chardev(r, set, &c->console, err);
	} else if (strcmp(type, "virtio-net-pci") == 0) {
		return add_nic(r, set, err);
	} else if (strcmp(type, "virtio-blk-pci") == 0) {
		const char *id = qemu_get(set, "drive");
		const struct qemu_set *d =
			id ? qemu_find_id(&r->opts.drive, id) : NULL;

		if (!d)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-device %s: no -drive has the id '%s'", type,
				id ? id : "");
		return add_drive(r, d, err);
	}
	return COFFER_OK;
}

static enum coffer_status configure_devices(
	struct run *r, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < r->opts.drive.n && s == COFFER_OK; i++)
		if (strcmp(qemu_get(&r->opts.drive.set[i], "if"), "virtio") ==
			0)
			s = add_drive(r, &r->opts.drive.set[i], err);
	for (size_t i = 0; i < CF_MAX_FLASH && s == COFFER_OK; i++)
		if (r->opts.pflash[i])
			s = add_flash(r, r->opts.pflash[i], err);
	for (size_t i = 0; i < r->opts.device.n && s == COFFER_OK; i++)
		s = add_device(r, &r->opts.device.set[i], err);
	return s;
}

/* Seconds since 1970, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC. */
static enum coffer_status parse_time(
	const char *text, int64_t *out, struct coffer_error *err)
{
	struct tm t = { 0 };
	uint64_t seconds;
	const char *end;

	if (cf_parse_u64(text, INT64_MAX / 1000000000, &seconds)) {
		*out = (int64_t)seconds;
		return COFFER_OK;
	}
	end = strptime(text, "%Y-%m-%d", &t);
	if (end && *end == 'T')
		end = strptime(end, "T%H:%M:%S", &t);
	if (!end || *end || t.tm_year < 70)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-rtc base=%s: must be utc, seconds since 1970, "
			"YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS",
			text);
	*out = timegm(&t);
	return COFFER_OK;
}

static enum coffer_status configure_time(
	struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	const char *base = qemu_get(&o->rtc, "base");
	const char *shift = qemu_get(&o->icount, "shift");
	enum coffer_status s = COFFER_OK;

	r->config.rtc_seconds = -1;
	if (shift || strcmp(qemu_get(&o->accel, "thread"), "single") == 0) {
		r->config.icount = true;
		r->config.icount_shift =
			(unsigned)qemu_get_u64(&o->icount, "shift");
		/* The same every time; 2026-01-01 unless told otherwise. */
		r->config.rtc_seconds = 1767225600;
		r->config.seeded = true;
	}
	if (strcmp(base, "utc") != 0)
		s = parse_time(base, &r->config.rtc_seconds, err);
	if (s == COFFER_OK && o->seed) {
		r->config.seeded = true;
		if (!cf_parse_u64(o->seed, UINT64_MAX, &r->config.seed))
			s = cf_fail(err, COFFER_ERR_ARGUMENT,
				"-seed %s: must be a number", o->seed);
	}
	return s;
}

const char *run_firmware_path(const struct run *r)
{
	const struct qemu_options *o = &r->opts;

	return o->pflash[0] ? qemu_get(o->pflash[0], "file") : o->bios;
}

static enum coffer_status map_inputs(struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	const char *firmware = run_firmware_path(r);
	enum coffer_status s = COFFER_OK;

	if (o->igvm) {
		const char *path = qemu_get(o->igvm, "file");

		s = cf_map_file(path, &r->igvm_file, err);
		if (s)
			return s;
		s = cf_igvm_parse(
			r->igvm_file.data, r->igvm_file.len, &r->igvm, err);
		if (s)
			return cf_error_context(err, s, "%s", path);
	}
	if (firmware)
		s = cf_map_file(firmware, &r->firmware, err);
	if (s == COFFER_OK && o->kernel)
		s = cf_map_file(o->kernel, &r->kernel, err);
	if (s == COFFER_OK && o->initrd)
		s = run_takes_modules(r)
			? run_map_modules(r, err)
			: cf_map_file(o->initrd, &r->initrd, err);
	if (s == COFFER_OK && !o->igvm && !firmware && !o->kernel)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"nothing to run: give -machine igvm-cfg=ID with "
			"-object igvm-cfg,id=ID,file=F, or -bios, or -kernel");
	return s;
}

static enum coffer_status configure_faults(
	struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	const char *list = o->fault ? o->fault : "";

	while (*list) {
		size_t n = strcspn(list, ",");

		if (!cf_faults_add(&r->config.faults, list, n))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-fault %.*s: must be " CF_FAULT_NAMES
				", each with @N to skip N occasions",
				(int)n, list);
		list += n + (list[n] == ',');
	}
	if (r->config.faults.kinds && o->platform != CF_PLATFORM_SEV_ES &&
		o->platform != CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-fault: platform %s: faults are of the hypervisor of "
			"SEV-ES and SEV-SNP guests",
			cf_platform_name(o->platform));
	if (r->config.faults.kinds & CF_FAULTS_SNP &&
		o->platform != CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-fault %s: psc, validate, request, cpuid-page and "
			"cpuid-value need a SEV-SNP guest",
			o->fault);
	return COFFER_OK;
}

/* Without -cpu a plain guest on KVM gets the host's; all others the type that
 * measurements assume. */
static enum coffer_status configure_cpu(struct run *r, struct coffer_error *err)
{
	bool kvm = r->config.accel->vm_before_launch;
	const char *fallback = kvm && !r->opts.guest ? "host" : "EPYC-Milan";
	enum coffer_status s = cf_cpu_spec_parse(
		r->opts.cpu ? r->opts.cpu : fallback, &r->cpu, err);

	if (!s && !kvm && strcmp(r->cpu.name, "host") == 0)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-cpu host needs -accel kvm; in software 'max' is all "
			"that engine and host have");
	r->config.cpu_model = r->cpu.name;
	r->config.cpu = &r->cpu;
	return s;
}

enum coffer_status run_configure(struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	enum coffer_status s;

	r->config = (struct cf_machine_config) {
		.platform = o->platform,
		.memory = o->ram,
		.vcpus = o->vcpus,
		.paused = o->paused || o->incoming,
		.log = &r->log,
	};
	if (o->guest)
		r->config.cbit = (unsigned)qemu_get_u64(o->guest, "cbitpos");
	if ((s = configure_faults(r, err)) || (s = configure_time(r, err)) ||
		(s = run_configure_log(r, err)) ||
		(s = run_choose_engine(r, err)) ||
		(s = configure_cpu(r, err)) || (s = map_inputs(r, err)) ||
		(s = open_named(r, err)) || (s = configure_devices(r, err)))
		return s;
	return configure_serial(r, err);
}

void run_unconfigure(struct run *r)
{
	run_close_log(r);
	cf_igvm_destroy(r->igvm);
	cf_unmap_file(&r->igvm_file);
	cf_unmap_file(&r->firmware);
	cf_unmap_file(&r->kernel);
	cf_unmap_file(&r->initrd);
	run_unmap_modules(r);
	for (size_t i = 0; i < r->config.ndrives; i++)
		cf_block_destroy(r->config.drive[i].block);
	for (size_t i = 0; i < r->config.nflash; i++)
		cf_block_destroy(r->config.flash[i].block);
	for (size_t i = 0; i < r->nchardevs; i++)
		cf_chardev_destroy(r->chardev[i]);
}
