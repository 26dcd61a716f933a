#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a C array of a file: embed.py NAME IN OUT."""
import sys

name, source, target = sys.argv[1:]
data = open(source, "rb").read()
with open(target, "w") as out:
    out.write('#include "shim/shim_priv.h"\n')
    out.write("const size_t %s_len = %d;\nconst uint8_t %s[] = {\n"
              % (name, len(data), name))
    for i in range(0, len(data), 16):
        out.write(",".join(str(b) for b in data[i:i + 16]) + ",\n")
    out.write("};\n")
