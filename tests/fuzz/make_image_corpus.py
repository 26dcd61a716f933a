#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the firmware and kernel fuzzers: synthetic images.

usage: make_image_corpus.py CORPUS
"""
import os
import sys


def firmware(size, sections):
    """Tables of an OVMF build at the end of `size` zero bytes."""
    fw = bytearray(size)

    def le32(*values):
        return b"".join(v.to_bytes(4, "little") for v in values)

    def entry(guid, data):
        return data + (len(data) + 18).to_bytes(2, "little") + \
            bytes.fromhex(guid)

    meta = b"ASEV" + le32(16 + 12 * len(sections), 1, len(sections))
    for section in sections:
        meta += le32(*section)
    back = 0x800
    fw[size - back:size - back + len(meta)] = meta
    table = entry("6665 88dc 4a98 9847 a75e 5585a7bf67cc", le32(back)) + \
        entry("1f375572 3b3a 044b 927b 1da6efa8d454",
              le32(0x810C00, 0x400)) + \
        entry("61b32e4c 9b7d c34c 8081 127c90d3d294",
              le32(0x810000, 0xC00)) + \
        entry("de71f700 7e1a cb4f 890e 68c77e2fb44e", le32(0x80B004))
    table += (len(table) + 18).to_bytes(2, "little") + \
        bytes.fromhex("de82b596b21ff745baeaa366c55a082d")
    fw[size - 0x20 - len(table):size - 0x20] = table
    return bytes(fw)


def kernel(protocol):
    k = bytearray(0x1000)
    k[0x1F1] = 3
    k[0x1FE:0x202] = bytes.fromhex("55aaeb6a")
    k[0x202:0x206] = b"HdrS"
    k[0x206:0x208] = protocol.to_bytes(2, "little")
    k[0x211] = 1
    k[0x22C:0x23C] = bytes.fromhex("ffffff7f0000200001157f00ff070000")
    k[0x248:0x250] = bytes.fromhex("0001000000020000")
    k[0x258:0x264] = bytes.fromhex("000000010000000000803703")
    return bytes(k)


def elf(bits, payload, note):
    """An executable with one segment, which holds the note, too."""
    wide = bits == 64
    word = 8 if wide else 4

    def words(*values):
        return b"".join(v.to_bytes(word, "little") for v in values)

    def le(size, *values):
        return b"".join(v.to_bytes(size, "little") for v in values)

    header, entry = (64, 56) if wide else (52, 32)
    at = 0x100
    data = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    data += le(2, 2, 62 if wide else 3) + le(4, 1)
    data += words(0x200000, header, 0) + le(4, 0)
    data += le(2, header, entry, 2 if note else 1, 0, 0, 0)
    for kind, size in ((1, len(payload) + len(note)), (4, len(note))):
        if not size:
            continue
        place = words(at, 0x200000, 0x200000, size, size)
        data += le(4, kind, 5) + place if wide else \
            le(4, kind) + place + le(4, 5)
        data += words(4)
    return data + bytes(at - len(data)) + note + payload


def xen_note(size):
    return b"".join(v.to_bytes(4, "little") for v in (4, size, 18)) + \
        b"Xen\0" + (0x200000).to_bytes(size, "little")


def multiboot(flags, *addresses):
    magic = 0x1BADB002
    fields = (magic, flags, -(magic + flags) & 0xFFFFFFFF) + addresses
    return b"".join(v.to_bytes(4, "little") for v in fields) + bytes(32)


def main():
    seeds = {
        "ovmf/amdsev": firmware(4096, [
            (0x800000, 0x2000, 1), (0x802000, 0x1000, 2),
            (0x803000, 0x1000, 3), (0x804000, 0x1000, 4),
            (0x810000, 0x1000, 0x10)]),
        "ovmf/plain": firmware(4096, [(0x800000, 0x1000, 1)]),
        "ovmf/no-sections": firmware(4096, []),
        "bzimage/2.15": kernel(0x20F),
        "bzimage/2.06": kernel(0x206),
        "elf/pvh64": elf(64, bytes(16), xen_note(8)),
        "elf/pvh32": elf(32, bytes(16), xen_note(4)),
        "elf/no-note": elf(32, bytes(16), b""),
        "multiboot/elf": elf(32, multiboot(3), b""),
        "multiboot/flat": multiboot(0x10003, 0x200000, 0x200000, 0x200020,
                                    0x200100, 0x200020),
    }
    for name, data in seeds.items():
        path = os.path.join(sys.argv[1], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)


main()
