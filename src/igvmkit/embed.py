#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a C file with a text as one NUL-terminated array.
usage: embed.py IN OUT NAME HEADER"""
import sys

source, target, name, header = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read() + b"\0"
with open(target, "w") as f:
    f.write(f'#include "{header}"\n\nconst char {name}[] = {{\n')
    for at in range(0, len(data), 16):
        f.write(" ".join(f"{b - 256 if b > 127 else b}," for b in
                          data[at:at + 16]) + "\n")
    f.write("};\n")
