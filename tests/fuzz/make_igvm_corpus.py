#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seed corpus of the IGVM fuzz targets: one small file per header
type.  usage: make_igvm_corpus.py FOLDER"""
import os
import struct
import sys
import zlib

SNP, VSM, NATIVE, TDX, SEV, ES = 1, 2, 4, 8, 16, 32
X64 = [(SNP, 2), (VSM, 1), (NATIVE, 0), (TDX, 3), (SEV, 4), (ES, 5)]
PAGE = bytes([0x11]) + bytes(4095)
RIP = struct.pack("<IBI11x16s", 1, 0, 0x20010, b"\0\x10" + bytes(14))


def write(path, headers, arch=0, version=1, platforms=None):
    """headers: (type, content with D where the file offset goes, data)"""
    if platforms is None:
        platforms = X64
    rows = [(1, struct.pack("<IBBHQ", mask, 0, kind, 1, 0), None, b"")
            for mask, kind in platforms]
    for kind, before, after, data in headers:
        rows.append((kind, before, after, data))
    size = 32 if version == 2 else 24
    length = sum(8 + (len(b) + (0 if a is None else 4 + len(a)) + 7) // 8 * 8
                 for _, b, a, _ in rows)
    tlv, blob = b"", b""
    for kind, before, after, data in rows:
        content = before
        if after is not None:
            at = size + length + len(blob) if data else 0
            content += struct.pack("<I", at) + after
            blob += data
        tlv += struct.pack("<II", kind, len(content)) + content
        tlv += bytes(-len(content) % 8)
    fixed = struct.pack("<IIIII", 0x4D564749, version, size, len(tlv),
                        size + len(tlv) + len(blob))
    tail = struct.pack("<II", arch, 4096) if version == 2 else b""
    crc = zlib.crc32(fixed + bytes(4) + tail + tlv)
    with open(path, "wb") as f:
        f.write(fixed + struct.pack("<I", crc) + tail + tlv + blob)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    area = (0x301, struct.pack("<QI", 4096, 7), b"", b"")
    vbs = (0x304, struct.pack("<QI", 0, VSM), struct.pack("<HH", 0, 0), RIP)

    def context(mask, data):
        return (0x304, struct.pack("<QI", 0xfffffffff000, mask),
                struct.pack("<HH", 0, 0), data)

    files = {
        "policy": [(0x101, struct.pack("<QII", 0x30000, SNP, 0), None, b"")],
        "relocatable": [(0x102, struct.pack("<IHBBQQQQQ", VSM, 0, 0, 2, 4096,
                                            0x10000, 4096, 0, 0x100000),
                         None, b""), vbs],
        "page_table": [(0x103, struct.pack("<IHBBQQQ", VSM, 0, 0, 0, 0x200000,
                                           0x4000, 0x1000), None, b""),
                       area, vbs,
                       (0x303, struct.pack("<QII", 0x100000, VSM, 7), None,
                        b"")],
        "corim": [(0x104, struct.pack("<I", SNP), struct.pack("<II", 5, 0),
                   b"corim"),
                  (0x105, struct.pack("<I", SNP), struct.pack("<II", 4, 0),
                   b"sign")],
        "page": [(0x302, struct.pack("<QI", 0x1000, 0x3f),
                  struct.pack("<IHH", 0, 0, 0), PAGE)],
        "page_kinds": [(0x302, struct.pack("<QI", i * 4096, SNP),
                        struct.pack("<IHH", flags, kind, 0), b"")
                       for i, (flags, kind) in enumerate(
                           [(0, 0), (0, 1), (0, 2), (0, 3), (2, 0), (4, 0)])],
        "area": [(0x301, struct.pack("<QI", 4096, 7), b"", PAGE)],
        "parameters": [area] + [(kind, struct.pack("<II", 7, 16 * i), None,
                                 b"") for i, kind in enumerate(
            [0x307, 0x308, 0x309, 0x30a, 0x30c, 0x30e, 0x30f, 0x310, 0x312,
             0x313])] + [(0x303, struct.pack("<QII", 0x5000, SNP, 7), None,
                          b"")],
        "vmsa": [context(SNP, PAGE), context(ES, PAGE)],
        "native": [context(NATIVE, PAGE), context(SEV, PAGE)],
        "vbs": [vbs],
        "required": [(0x305, struct.pack("<QIIII", 0x10000, SNP, 0x2000, 1, 0),
                      None, b"")],
        "id_block": [(0x30b, struct.pack("<I", SNP) + bytes(692), None, b"")],
        "error_range": [(0x30d, struct.pack("<QII", 0x9000, VSM, 4096), None,
                         b"")],
        "vbs_measurement": [(0x311, struct.pack("<I", VSM) + bytes(860), None,
                             b"")],
        "optional": [(0x800003f0, b"skip me", None, b"")],
        "empty": [],
    }
    for name, headers in files.items():
        write(os.path.join(folder, name), headers)
    write(os.path.join(folder, "v2"), files["page_kinds"], version=2)
    write(os.path.join(folder, "cca"),
          [(0x106, struct.pack("<IIQQBB6x", 1, 0, 1, 2, 2, 1), None, b""),
           context(1, PAGE)], arch=1, version=2, platforms=[(1, 6)])


main(sys.argv[1])
