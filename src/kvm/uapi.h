/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the kernel's interface the packaged <linux/kvm.h> of Debian 12 does
 * not have yet: SEV INIT2, the SNP launch commands, guest_memfd, memory
 * attributes, /dev/sev.  Layouts are the kernel's; the assertions below hold
 * them to the documented sizes.
 *
 * Source: Linux UAPI (arch/x86/include/uapi/asm/kvm.h, linux/kvm.h,
 * linux/psp-sev.h), 6.11 and later.
 */
#ifndef CF_KVM_UAPI_H
#define CF_KVM_UAPI_H

#include <assert.h>
#include <linux/kvm.h>
#include <stdint.h>

enum cf_kvm_vm_type {
	CF_KVM_DEFAULT_VM = 0,
	CF_KVM_SEV_VM = 2,
	CF_KVM_SEV_ES_VM = 3,
	CF_KVM_SNP_VM = 4,
};

/* Capabilities. */
#define CF_KVM_CAP_EXIT_HYPERCALL    201
#define CF_KVM_CAP_USER_MEMORY2      231
#define CF_KVM_CAP_MEMORY_ATTRIBUTES 233
#define CF_KVM_CAP_GUEST_MEMFD       234
#define CF_KVM_CAP_VM_TYPES          235

/* Device attributes of /dev/kvm. */
#define CF_KVM_GRP_SEV           1
#define CF_KVM_SEV_VMSA_FEATURES 0
#define CF_KVM_SNP_POLICY_BITS   1
#define CF_KVM_SEV_SNP_REQ_CERTS 2

/* ioctls. */
#define CF_KVM_SET_USER_MEMORY_REGION2 0x40A0AE49ul
#define CF_KVM_SET_MEMORY_ATTRIBUTES   0x4020AED2ul
#define CF_KVM_CREATE_GUEST_MEMFD      0xC040AED4ul
#define CF_KVM_HAS_DEVICE_ATTR         0x4018AEE3ul
#define CF_KVM_GET_DEVICE_ATTR         0x4018AEE2ul
#define CF_SEV_ISSUE_CMD               0xC0105300ul

/* Commands of KVM_MEMORY_ENCRYPT_OP. */
enum cf_kvm_sev_id {
	CF_KVM_SEV_INIT = 0,
	CF_KVM_SEV_ES_INIT = 1,
	CF_KVM_SEV_LAUNCH_START = 2,
	CF_KVM_SEV_LAUNCH_UPDATE_DATA = 3,
	CF_KVM_SEV_LAUNCH_UPDATE_VMSA = 4,
	CF_KVM_SEV_LAUNCH_SECRET = 5,
	CF_KVM_SEV_LAUNCH_MEASURE = 6,
	CF_KVM_SEV_LAUNCH_FINISH = 7,
	CF_KVM_SEV_GUEST_STATUS = 16,
	CF_KVM_SEV_DBG_DECRYPT = 17,
	CF_KVM_SEV_DBG_ENCRYPT = 18,
	CF_KVM_SEV_GET_ATTESTATION_REPORT = 20,
	CF_KVM_SEV_INIT2 = 22,
	CF_KVM_SEV_SNP_LAUNCH_START = 100,
	CF_KVM_SEV_SNP_LAUNCH_UPDATE = 101,
	CF_KVM_SEV_SNP_LAUNCH_FINISH = 102,
	CF_KVM_SEV_SNP_ENABLE_REQ_CERTS = 103,
};

#define CF_KVM_SEV_NO_FW_CALL 0xFFFFFFFFu

struct cf_kvm_sev_cmd {
	uint32_t id;
	uint32_t pad0;
	uint64_t data;
	uint32_t error;
	uint32_t sev_fd;
};
static_assert(sizeof(struct cf_kvm_sev_cmd) == 24, "kvm_sev_cmd");

struct cf_kvm_sev_init {
	uint64_t vmsa_features;
	uint32_t flags;
	uint16_t ghcb_version;
	uint16_t pad1;
	uint32_t pad2[8];
};
static_assert(sizeof(struct cf_kvm_sev_init) == 48, "kvm_sev_init");

struct cf_kvm_sev_launch_start {
	uint32_t handle;
	uint32_t policy;
	uint64_t dh_uaddr;
	uint32_t dh_len;
	uint32_t pad0;
	uint64_t session_uaddr;
	uint32_t session_len;
	uint32_t pad1;
};
static_assert(sizeof(struct cf_kvm_sev_launch_start) == 40, "launch_start");

struct cf_kvm_sev_launch_update_data {
	uint64_t uaddr;
	uint32_t len;
	uint32_t pad0;
};
static_assert(
	sizeof(struct cf_kvm_sev_launch_update_data) == 16, "launch_update");

struct cf_kvm_sev_launch_secret {
	uint64_t hdr_uaddr;
	uint32_t hdr_len;
	uint32_t pad0;
	uint64_t guest_uaddr;
	uint32_t guest_len;
	uint32_t pad1;
	uint64_t trans_uaddr;
	uint32_t trans_len;
	uint32_t pad2;
};
static_assert(sizeof(struct cf_kvm_sev_launch_secret) == 48, "launch_secret");

struct cf_kvm_sev_launch_measure {
	uint64_t uaddr;
	uint32_t len;
	uint32_t pad0;
};
static_assert(sizeof(struct cf_kvm_sev_launch_measure) == 16, "measure");

struct cf_kvm_sev_guest_status {
	uint32_t handle;
	uint32_t policy;
	uint32_t state;
};
static_assert(sizeof(struct cf_kvm_sev_guest_status) == 12, "guest_status");

struct cf_kvm_sev_dbg {
	uint64_t src_uaddr;
	uint64_t dst_uaddr;
	uint32_t len;
	uint32_t pad0;
};
static_assert(sizeof(struct cf_kvm_sev_dbg) == 24, "dbg");

struct cf_kvm_sev_attestation_report {
	uint8_t mnonce[16];
	uint64_t uaddr;
	uint32_t len;
	uint32_t pad0;
};
static_assert(
	sizeof(struct cf_kvm_sev_attestation_report) == 32, "attestation");

struct cf_kvm_sev_snp_launch_start {
	uint64_t policy;
	uint8_t gosvw[16];
	uint16_t flags;
	uint8_t pad0[6];
	uint64_t pad1[4];
};
static_assert(sizeof(struct cf_kvm_sev_snp_launch_start) == 64, "snp_start");

struct cf_kvm_sev_snp_launch_update {
	uint64_t gfn_start;
	uint64_t uaddr;
	uint64_t len;
	uint8_t type;
	uint8_t pad0;
	uint16_t flags;
	uint32_t pad1;
	uint64_t pad2[4];
};
static_assert(sizeof(struct cf_kvm_sev_snp_launch_update) == 64, "snp_update");

struct cf_kvm_sev_snp_launch_finish {
	uint64_t id_block_uaddr;
	uint64_t id_auth_uaddr;
	uint8_t id_block_en;
	uint8_t auth_key_en;
	uint8_t vcek_disabled;
	uint8_t host_data[32]; /* at 0x13: unaligned in the kernel's too */
	uint8_t pad0[3];
	uint16_t flags;
	uint64_t pad1[4];
};
static_assert(sizeof(struct cf_kvm_sev_snp_launch_finish) == 88, "snp_finish");

struct cf_kvm_userspace_memory_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};
static_assert(sizeof(struct cf_kvm_userspace_memory_region2) == 160, "region2");
#define CF_KVM_MEM_GUEST_MEMFD (1u << 2)

struct cf_kvm_memory_attributes {
	uint64_t address;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};
static_assert(sizeof(struct cf_kvm_memory_attributes) == 32, "attributes");
#define CF_KVM_ATTRIBUTE_PRIVATE (1ull << 3)

struct cf_kvm_create_guest_memfd {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};
static_assert(sizeof(struct cf_kvm_create_guest_memfd) == 64, "guest_memfd");

/* Exits. */
#define CF_KVM_EXIT_MEMORY_FAULT  39
#define CF_KVM_EXIT_SNP_REQ_CERTS 43
struct cf_kvm_exit_snp_req_certs {
	uint64_t gpa;    /* page aligned, not private */
	uint64_t npages; /* room; the need, with ENOSPC */
	uint64_t ret;    /* 0, ENOSPC, EAGAIN or EIO */
};
static_assert(sizeof(struct cf_kvm_exit_snp_req_certs) == 24, "req_certs");
#define CF_KVM_SYSTEM_EVENT_SEV_TERM 6
#define CF_KVM_HC_MAP_GPA_RANGE      12
#define CF_KVM_MAP_GPA_ENCRYPTED     (1ull << 4)
#define CF_KVM_MEMORY_FAULT_PRIVATE  (1ull << 3)

/* /dev/sev; its structs are packed. */
enum cf_sev_dev_cmd {
	CF_SEV_PLATFORM_STATUS = 1,
	CF_SEV_PDH_CERT_EXPORT = 5,
	CF_SEV_GET_ID2 = 8,
	CF_SEV_SNP_PLATFORM_STATUS = 9,
};

struct cf_sev_issue_cmd {
	uint32_t cmd;
	uint64_t data;
	uint32_t error;
} __attribute__((packed));
static_assert(sizeof(struct cf_sev_issue_cmd) == 16, "sev_issue_cmd");

struct cf_sev_platform_status {
	uint8_t api_major;
	uint8_t api_minor;
	uint8_t state;
	uint32_t flags; /* bit 0 externally owned, bit 8 SEV-ES configured */
	uint8_t build;
	uint32_t guest_count;
} __attribute__((packed));
static_assert(sizeof(struct cf_sev_platform_status) == 12, "platform_status");
#define CF_SEV_STATUS_ES 0x100u

struct cf_sev_pdh_cert_export {
	uint64_t pdh_cert_address;
	uint32_t pdh_cert_len;
	uint64_t cert_chain_address;
	uint32_t cert_chain_len;
} __attribute__((packed));
static_assert(sizeof(struct cf_sev_pdh_cert_export) == 24, "pdh_cert_export");

struct cf_sev_get_id2 {
	uint64_t address;
	uint32_t length;
} __attribute__((packed));
static_assert(sizeof(struct cf_sev_get_id2) == 12, "get_id2");

#endif
