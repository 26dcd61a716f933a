/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every other folder stands on.  Each header below is small and has one
 * job; this one is for files that use most of them.
 */
#ifndef CF_BASE_BASE_H
#define CF_BASE_BASE_H

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#endif
