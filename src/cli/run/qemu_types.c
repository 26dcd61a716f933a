/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, defaults and checks of the properties, as QEMU documents them.
 *
 * Sources: QEMU's documentation ("AMD Secure Encrypted Virtualization", "IGVM
 * support", "Invocation"); -object TYPE,help.
 */
#include "cli/run/qemu_types.h"

#define END_PROPS            \
	{                    \
		.name = NULL \
	}
#define END_TYPES            \
	{                    \
		.name = NULL \
	}

static const struct qemu_prop machine_props[] = {
	{ "type", QEMU_CHOICE, "q35", "the board", "q35|pc-q35" },
	{ "confidential-guest-support", QEMU_STR, NULL,
		"id of the sev-guest or sev-snp-guest object", NULL },
	{ "memory-encryption", QEMU_STR, NULL,
		"older name of confidential-guest-support", NULL },
	{ "igvm-cfg", QEMU_STR, NULL, "id of the igvm-cfg object", NULL },
	{ "memory-backend", QEMU_STR, NULL,
		"id of the memory-backend-* object that is the RAM", NULL },
	{ "accel", QEMU_STR, NULL, "as -accel; kvm:soft takes the first" },
	{ "pflash0", QEMU_STR, NULL, "not supported; see -drive if=pflash",
		NULL },
	{ "pflash1", QEMU_STR, NULL, "not supported; see -drive if=pflash",
		NULL },
	{ "smm", QEMU_AUTO, "auto", "system management mode; only off", NULL },
	{ "kernel-irqchip", QEMU_CHOICE, NULL, "interrupt controllers in KVM",
		"on|off|split" },
	{ "vmport", QEMU_AUTO, "auto", "VMware port; only off", NULL },
	{ "hpet", QEMU_BOOL, "on", "ignored, the HPET is always there", NULL },
	{ "acpi", QEMU_AUTO, "auto", "ACPI tables; only on", NULL },
	{ "usb", QEMU_BOOL, "off", "USB; only off", NULL },
	{ "graphics", QEMU_BOOL, "off", "ignored, there is no display", NULL },
	{ "mem-merge", QEMU_BOOL, "off", "ignored", NULL },
	{ "dump-guest-core", QEMU_BOOL, "off", "ignored", NULL },
	END_PROPS,
};
const struct qemu_type qemu_machine_types[] = {
	{ "machine", "the board and what it is joined with", machine_props },
	END_TYPES,
};

static const struct qemu_prop memory_props[] = {
	{ "size", QEMU_MIB, "128", "RAM", NULL },
	{ "slots", QEMU_U32, "0", "memory hot-plug; only 0", NULL },
	{ "maxmem", QEMU_MIB, NULL, "ignored, memory cannot be added", NULL },
	END_PROPS,
};
const struct qemu_type qemu_memory_types[] = {
	{ "memory", "size of the RAM", memory_props },
	END_TYPES,
};

static const struct qemu_prop smp_props[] = {
	{ "cpus", QEMU_U32, NULL, "number of vCPUs", NULL },
	{ "maxcpus", QEMU_U32, NULL, "as many as cpus", NULL },
	{ "sockets", QEMU_U32, NULL, "sockets", NULL },
	{ "dies", QEMU_U32, NULL, "dies per socket", NULL },
	{ "cores", QEMU_U32, NULL, "cores per die", NULL },
	{ "threads", QEMU_U32, NULL, "threads per core", NULL },
	END_PROPS,
};
const struct qemu_type qemu_smp_types[] = {
	{ "smp-opts", "number of vCPUs", smp_props },
	END_TYPES,
};

static const struct qemu_prop accel_props[] = {
	{ "accel", QEMU_STR, NULL,
		"CPU engine: kvm or soft; kvm:soft takes the first" },
	{ "thread", QEMU_CHOICE, "multi", "single: as with -icount",
		"single|multi" },
	{ "kernel-irqchip", QEMU_CHOICE, NULL, "for kvm", "on|off|split" },
	END_PROPS,
};
const struct qemu_type qemu_accel_types[] = {
	{ "accel", "CPU engine", accel_props },
	END_TYPES,
};

static const struct qemu_prop icount_props[] = {
	{ "shift", QEMU_CHOICE, NULL, "2^shift ns per instruction",
		"0|1|2|3|4|5|6|7|8|9|10" },
	{ "sleep", QEMU_BOOL, "off", "only off: idle time is skipped", NULL },
	{ "align", QEMU_BOOL, "off", "only off", NULL },
	END_PROPS,
};
const struct qemu_type qemu_icount_types[] = {
	{ "icount", "deterministic time", icount_props },
	END_TYPES,
};

static const struct qemu_prop rtc_props[] = {
	{ "base", QEMU_STR, "utc", "utc, a date or seconds since 1970", NULL },
	{ "clock", QEMU_CHOICE, "vm", "which clock the RTC follows",
		"host|rt|vm" },
	END_PROPS,
};
const struct qemu_type qemu_rtc_types[] = {
	{ "rtc", "real-time clock", rtc_props },
	END_TYPES,
};

#define SEV_COMMON                                                             \
	{ "id", QEMU_STR, NULL, "name of the object", NULL },                  \
		{ "sev-device", QEMU_STR, "/dev/sev", "the SEV device",        \
			NULL },                                                \
		{ "cbitpos", QEMU_U32, "0", "C-bit location", NULL },          \
		{ "reduced-phys-bits", QEMU_U32, "0",                          \
			"physical address bits that encryption takes, 1 to "   \
			"63",                                                  \
			NULL },                                                \
		{ "kernel-hashes", QEMU_BOOL, "off",                           \
			"add hashes of kernel, initrd and command line",       \
			NULL },                                                \
	{                                                                      \
		"debug-swap", QEMU_BOOL, "off", "VMSA feature DebugSwap", NULL \
	}

static const struct qemu_prop sev_guest_props[] = {
	SEV_COMMON,
	{ "policy", QEMU_U32, "0x1", "guest policy; bit 2 selects SEV-ES",
		NULL },
	{ "handle", QEMU_U32, "0", "share the key of this guest", NULL },
	{ "dh-cert-file", QEMU_STR, NULL,
		"file with the owner's DH certificate, base64", NULL },
	{ "session-file", QEMU_STR, NULL,
		"file with the owner's session blob, base64", NULL },
	{ "legacy-vm-type", QEMU_AUTO, "auto", "KVM's older VM type", NULL },
	END_PROPS,
};
static const struct qemu_prop sev_snp_guest_props[] = {
	SEV_COMMON,
	{ "policy", QEMU_U64, "0x30000", "guest policy", NULL },
	{ "guest-visible-workarounds", QEMU_BASE64, NULL, "GOSVW, 16 bytes",
		"16" },
	{ "id-block", QEMU_BASE64, NULL, "ID block, 96 bytes", "96" },
	{ "id-auth", QEMU_BASE64, NULL,
		"ID authentication information, 4096 bytes", "4096" },
	{ "author-key-enabled", QEMU_BOOL, "off", "id-auth holds an author key",
		NULL },
	{ "host-data", QEMU_BASE64, NULL, "32 bytes for the attestation report",
		"32" },
	{ "vcek-disabled", QEMU_BOOL, "off", "no reports signed by the VCEK",
		NULL },
	{ "certs-path", QEMU_STR, NULL,
		"file with the certificates that the guest gets with its "
		"report (table of the GHCB specification)",
		NULL },
	{ "secure-tsc", QEMU_BOOL, "off", "VMSA feature SecureTSC", NULL },
	{ "tsc-frequency", QEMU_U32, "0", "Hz, with secure-tsc", NULL },
	END_PROPS,
};
static const struct qemu_prop igvm_props[] = {
	{ "id", QEMU_STR, NULL, "name of the object", NULL },
	{ "file", QEMU_STR, NULL, "IGVM file", NULL },
	END_PROPS,
};

#define MEMORY_BACKEND                                             \
	{ "id", QEMU_STR, NULL, "name of the object", NULL },      \
		{ "size", QEMU_SIZE, NULL, "size, as -m", NULL },  \
		{ "share", QEMU_BOOL, "off", "ignored", NULL },    \
		{ "prealloc", QEMU_BOOL, "off", "ignored", NULL }, \
		{ "merge", QEMU_BOOL, "off", "ignored", NULL },    \
		{ "dump", QEMU_BOOL, "off", "ignored", NULL },     \
	{                                                          \
		"reserve", QEMU_BOOL, "off", "ignored", NULL       \
	}

static const struct qemu_prop backend_ram_props[] = {
	MEMORY_BACKEND,
	END_PROPS,
};
static const struct qemu_prop backend_memfd_props[] = {
	MEMORY_BACKEND,
	{ "seal", QEMU_BOOL, "on", "ignored", NULL },
	END_PROPS,
};
static const struct qemu_prop rng_props[] = {
	{ "id", QEMU_STR, NULL, "name of the object", NULL },
	{ "filename", QEMU_STR, "/dev/urandom",
		"ignored, the kernel's generator is used", NULL },
	END_PROPS,
};
const struct qemu_type qemu_object_types[] = {
	{ "sev-guest", "SEV or SEV-ES guest", sev_guest_props },
	{ "sev-snp-guest", "SEV-SNP guest", sev_snp_guest_props },
	{ "igvm-cfg", "IGVM file that configures the guest", igvm_props },
	{ "memory-backend-ram", "RAM", backend_ram_props },
	{ "memory-backend-memfd", "RAM", backend_memfd_props },
	{ "rng-random", "source of random numbers", rng_props },
	{ "rng-builtin", "source of random numbers", rng_props },
	END_TYPES,
};

static const struct qemu_prop drive_props[] = {
	{ "file", QEMU_STR, NULL, "raw file, block device or NBD URI", NULL },
	{ "format", QEMU_CHOICE, "raw",
		"only raw; others through nbd:", "raw" },
	{ "if", QEMU_CHOICE, "virtio", "how it is attached",
		"virtio|none|pflash" },
	{ "id", QEMU_STR, NULL, "name for -device", NULL },
	{ "readonly", QEMU_BOOL, "off", "do not write", NULL },
	{ "media", QEMU_CHOICE, "disk", "only disk", "disk" },
	{ "index", QEMU_U32, NULL, "pflash: as unit; else order decides",
		NULL },
	{ "unit", QEMU_U32, NULL, "pflash: 0 ends at 4 GiB, 1 below it", NULL },
	{ "snapshot", QEMU_BOOL, "off", "pflash: writes are lost at the end",
		NULL },
	{ "cache", QEMU_STR, NULL, "ignored", NULL },
	{ "aio", QEMU_STR, NULL, "ignored", NULL },
	END_PROPS,
};
const struct qemu_type qemu_drive_types[] = {
	{ "drive", "a disk", drive_props },
	END_TYPES,
};

#define VIRTIO_PCI                                                             \
	{ "id", QEMU_STR, NULL, "name", NULL },                                \
		{ "addr", QEMU_STR, NULL, "ignored", NULL },                   \
		{ "bus", QEMU_STR, NULL, "ignored", NULL },                    \
		{ "disable-legacy", QEMU_AUTO, "on", "always on", NULL },      \
		{ "iommu_platform", QEMU_BOOL, "off",                          \
			"always on for confidential guests", NULL },           \
		{ "romfile", QEMU_STR, NULL, "ignored, there is none", NULL }, \
	{                                                                      \
		"bootindex", QEMU_U32, NULL, "ignored", NULL                   \
	}

static const struct qemu_prop blk_props[] = {
	VIRTIO_PCI,
	{ "drive", QEMU_STR, NULL, "id of the drive", NULL },
	END_PROPS,
};
static const struct qemu_prop net_props[] = {
	VIRTIO_PCI,
	{ "netdev", QEMU_STR, NULL, "id of the network", NULL },
	{ "mac", QEMU_STR, NULL, "hardware address", NULL },
	END_PROPS,
};
static const struct qemu_prop virtio_rng_props[] = {
	VIRTIO_PCI,
	{ "rng", QEMU_STR, NULL, "id of the source", NULL },
	END_PROPS,
};
static const struct qemu_prop virtio_serial_props[] = {
	VIRTIO_PCI,
	END_PROPS,
};
static const struct qemu_prop virtconsole_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "chardev", QEMU_STR, NULL, "id of the character device", NULL },
	END_PROPS,
};
static const struct qemu_prop debug_exit_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "iobase", QEMU_U16, "0x501", "port", NULL },
	{ "iosize", QEMU_U16, "0x2", "number of ports", NULL },
	END_PROPS,
};
static const struct qemu_prop testdev_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	END_PROPS,
};
static const struct qemu_prop debugcon_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "iobase", QEMU_U16, "0xe9", "port", NULL },
	{ "chardev", QEMU_STR, NULL, "id of the character device", NULL },
	END_PROPS,
};
static const struct qemu_prop isa_serial_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "chardev", QEMU_STR, NULL, "id of the character device", NULL },
	END_PROPS,
};
const struct qemu_type qemu_device_types[] = {
	{ "virtio-blk-pci", "disk", blk_props },
	{ "virtio-net-pci", "network card", net_props },
	{ "virtio-rng-pci", "random numbers", virtio_rng_props },
	{ "virtio-serial-pci", "carrier of virtconsole", virtio_serial_props },
	{ "virtconsole", "console", virtconsole_props },
	{ "isa-serial", "16550 serial port", isa_serial_props },
	{ "isa-debugcon", "debug console", debugcon_props },
	{ "isa-debug-exit", "a write to the port ends the program",
		debug_exit_props },
	{ "pc-testdev", "ports that bare-metal tests use", testdev_props },
	END_TYPES,
};

static const struct qemu_prop user_props[] = {
	{ "id", QEMU_STR, NULL, "name for -device", NULL },
	{ "hostfwd", QEMU_MANY, NULL, "forward a host port to the guest",
		NULL },
	{ "restrict", QEMU_BOOL, "off", "no way out", NULL },
	END_PROPS,
};
const struct qemu_type qemu_netdev_types[] = {
	{ "user", "user-mode network", user_props },
	END_TYPES,
};

static const struct qemu_prop stdio_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "mux", QEMU_BOOL, "off", "C-a x ends the program", NULL },
	{ "signal", QEMU_BOOL, "on", "ignored", NULL },
	END_PROPS,
};
static const struct qemu_prop file_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "path", QEMU_STR, NULL, "file", NULL },
	END_PROPS,
};
static const struct qemu_prop socket_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	{ "path", QEMU_STR, NULL, "socket", NULL },
	{ "server", QEMU_BOOL, "off", "listen", NULL },
	{ "wait", QEMU_BOOL, "on", "for the first peer", NULL },
	END_PROPS,
};
static const struct qemu_prop null_props[] = {
	{ "id", QEMU_STR, NULL, "name", NULL },
	END_PROPS,
};
const struct qemu_type qemu_chardev_types[] = {
	{ "stdio", "the terminal", stdio_props },
	{ "file", "a file", file_props },
	{ "socket", "a Unix socket", socket_props },
	{ "null", "nothing", null_props },
	END_TYPES,
};

static const struct qemu_prop global_props[] = {
	{ "isa-debugcon.iobase", QEMU_U16, NULL, "port of -debugcon", NULL },
	END_PROPS,
};
const struct qemu_type qemu_global_types[] = {
	{ "global", "defaults of devices", global_props },
	END_TYPES,
};
