/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the loaders share. */
#ifndef CF_MACHINE_LOAD_PRIV_H
#define CF_MACHINE_LOAD_PRIV_H

#include "machine/machine_priv.h"

#define FLASH_LOWEST 0xFF000000u

/* launch NULL: a plain guest. */
enum coffer_status cf_machine_create_vm(struct cf_machine *m,
	const struct cf_machine_launch *launch, uint64_t sev_features,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_machine_set_reset_state(struct cf_machine *m,
	unsigned vcpu, struct coffer_error *err) CF_MUST_CHECK;

#endif
