#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared library exports exactly the names of a list."""
import subprocess
import sys

library, listed = sys.argv[1:]
out = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", library],
                     check=True, capture_output=True, text=True).stdout
have = {line.split()[0] for line in out.splitlines() if line}
with open(listed) as f:
    want = {line.strip() for line in f if line.strip() and line[0] != "#"}
print("1..1")
for name in sorted(have - want):
    print(f"# {name}: exported, not in the list")
for name in sorted(want - have):
    print(f"# {name}: in the list, not exported")
print("ok 1 exports" if have == want else "not ok 1 exports")
sys.exit(have != want)
