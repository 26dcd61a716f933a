/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes, behind names, and the two or three universal macros. */
#ifndef CF_BASE_COMPILER_H
#define CF_BASE_COMPILER_H

#include <stddef.h>

#define CF_MUST_CHECK        __attribute__((warn_unused_result))
#define CF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CF_CLEANUP(fn)       __attribute__((cleanup(fn)))
#define CF_UNUSED            __attribute__((unused))
#define CF_NOINLINE          __attribute__((noinline))
#define CF_ALWAYS_INLINE     inline __attribute__((always_inline))
#define CF_FALLTHROUGH       __attribute__((fallthrough))
#define CF_LIKELY(x)         __builtin_expect(!!(x), 1)
#define CF_UNLIKELY(x)       __builtin_expect(!!(x), 0)

#define CF_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The object that holds `member`, from a pointer to that member. */
#define CF_CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
