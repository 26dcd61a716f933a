#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install into a scratch folder, then build and run the test program with
# nothing but what pkg-config says, as any user of libigvm would.
set -eu
build=$1
program=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root meson install -C "$build" --no-rebuild >/dev/null
pc=$(dirname "$(find "$root" -name igvm.pc)")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$root"
# shellcheck disable=SC2046
${CC:-cc} -DLIBIGVM_INSTALLED -o "$root/program" "$program" \
	$(pkg-config --cflags --libs igvm) -lcmocka
libs=$(dirname "$(find "$root" -name 'libigvm.so.0.4')")
LD_LIBRARY_PATH=$libs "$root/program"
