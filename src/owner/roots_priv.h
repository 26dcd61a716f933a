/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's pinned root keys, for both forms of certificates. */
#ifndef CF_OWNER_ROOTS_PRIV_H
#define CF_OWNER_ROOTS_PRIV_H

#include "crypto/crypto.h"

/* "Milan": the line whose root key has this digest; NULL: not AMD's. */
const char *cf_amd_root_line(const uint8_t spki_sha384[CF_SHA384_LEN]);

#endif
