#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A shared library has no writable data of its own: what .data and .bss hold
# is the compiler's start files' (two words).
set -eu
size -A "$1" | awk '
	$1 == ".data" || $1 == ".bss" { n += $2 }
	END {
		print "1.."1
		if (n > 16) {
			print "not ok 1 - no globals"
			print "# " n " bytes are writable; see nm -n"
			exit 1
		}
		print "ok 1 - no globals"
	}'
