#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples, run on the shared vectors; TAP.
set -u
measure=$1
verify=$2
secret=$3
v=${COFFER_VECTORS:-}
if [ ! -f "$v/cases.tsv" ]; then
	echo "1..0 # SKIP no test vectors at '$v'"
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
n=0
check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# '$2', want '$3'"
		failed=1
	fi
}

check "measure_igvm prints the digest" \
	"$("$measure" "$v/igvm/tool_bz2_x86.igvm")" \
	a3e144490d2a1c39997e8ac2344d02fe85bdc424617ae766296ae920d08f9ff6e0a1381d2f2984e8cd73a942747aed18
"$measure" "$v/cases.tsv" >/dev/null 2>&1
check "measure_igvm refuses other files" $? 1

milan="$v/roots/milan_ask.pem $v/roots/milan_ark.pem"
# shellcheck disable=SC2086
check "verify_report believes a report of AMD's" \
	"$("$verify" "$v/reports/milan_virtee.bin" \
		"$v/reports/milan_virtee_vek.der" $milan | tail -1)" verified
# shellcheck disable=SC2086
check "verify_report refuses another chip's certificate" \
	"$("$verify" "$v/reports/milan_virtee.bin" \
		"$v/reports/milan_coco_vcek_vek.der" $milan | tail -1)" \
	"NOT verified"

head -c 48 /dev/zero >"$dir/measurement"
"$secret" "$v/secret/tek1.bin" "$v/secret/tik1.bin" "$dir/measurement" \
	passphrase "$dir/header" "$dir/payload"
check "build_secret succeeds" $? 0
# 20 bytes of table head, 20 of entry head, 11 of data, padded to 16.
check "build_secret writes header and payload" \
	"$(wc -c <"$dir/header") $(wc -c <"$dir/payload")" "52 64"
echo "1..$n"
exit $failed
