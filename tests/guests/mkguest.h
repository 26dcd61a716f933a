/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the build helper share. */
#ifndef MKGUEST_H
#define MKGUEST_H

#include "base/base.h"
#include "igvm/igvm.h"

#include <stdbool.h>

#define PAGE 4096u
#define BASE 0x100000u

struct job {
	bool snp;
	const uint8_t *image;
	size_t len;
	struct cf_igvm_writer *w;
	struct coffer_error err;
};

/* The payload for SEV and SEV-ES: one file for both; false: see j->err. */
bool build_sev(struct job *j, struct cf_buf *out);

#endif
