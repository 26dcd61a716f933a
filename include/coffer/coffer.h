/* SPDX-License-Identifier: Apache-2.0 */
/* All of libcoffer. */
#ifndef COFFER_H
#define COFFER_H

#include "coffer/error.h"
#include "coffer/explain.h"
#include "coffer/measure.h"
#include "coffer/owner.h"
#include "coffer/verify.h"
#include "coffer/version.h"

#endif
