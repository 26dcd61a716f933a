#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install into a scratch folder, then build the examples with nothing but what
# pkg-config says, and every header alone, as C99 and as C++ where there is a
# compiler for it.
set -eu
build=$1
examples=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root meson install -C "$build" --no-rebuild >/dev/null
pc=$(dirname "$(find "$root" -name coffer.pc)")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$root"
for source in "$examples"/*.c; do
	# shellcheck disable=SC2046
	${CC:-cc} -Wall -Werror -o "$root/program" "$source" \
		$(pkg-config --cflags --libs coffer)
	echo "built $(basename "$source")"
done
include=$(dirname "$(find "$root" -path '*coffer/coffer.h')")
for header in "$include"/*.h; do
	name=coffer/$(basename "$header")
	echo "#include <$name>" >"$root/header.c"
	# shellcheck disable=SC2046
	${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only \
		$(pkg-config --cflags coffer) "$root/header.c"
	if command -v c++ >/dev/null; then
		# shellcheck disable=SC2046
		c++ -x c++ -Wall -Wextra -Werror -fsyntax-only \
			$(pkg-config --cflags coffer) "$root/header.c"
	fi
	echo "parsed $name"
done
