/* SPDX-License-Identifier: Apache-2.0 */
/* The types and properties of QEMU that coffer takes, as tables. */
#ifndef CF_CLI_QEMU_TYPES_H
#define CF_CLI_QEMU_TYPES_H

#include "cli/run/qemu_props.h"

extern const struct qemu_type qemu_machine_types[];
extern const struct qemu_type qemu_memory_types[];
extern const struct qemu_type qemu_smp_types[];
extern const struct qemu_type qemu_accel_types[];
extern const struct qemu_type qemu_icount_types[];
extern const struct qemu_type qemu_rtc_types[];
extern const struct qemu_type qemu_object_types[];
extern const struct qemu_type qemu_drive_types[];
extern const struct qemu_type qemu_device_types[];
extern const struct qemu_type qemu_netdev_types[];
extern const struct qemu_type qemu_chardev_types[];
extern const struct qemu_type qemu_global_types[];

#endif
