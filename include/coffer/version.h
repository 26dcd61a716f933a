/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the library. */
#ifndef COFFER_VERSION_H
#define COFFER_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/** "0.1.0": the version of the library that runs, not of this header. */
const char *coffer_version(void);

#ifdef __cplusplus
}
#endif

#endif
