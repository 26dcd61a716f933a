/* SPDX-License-Identifier: Apache-2.0 */
/* Binary certificates, sessions, measurements and secrets of SEV. */
#include "vectors.h"

const struct vector_kind vector_sev_kinds[] = {
	{ NULL },
};
