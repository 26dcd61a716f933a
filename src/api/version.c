/* SPDX-License-Identifier: Apache-2.0 */
/* The version that was built. */
#include "coffer/version.h"

#include "config.h"

const char *coffer_version(void)
{
	return COFFER_VERSION;
}
