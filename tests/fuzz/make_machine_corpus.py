#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_machine: one per group of devices.

An access is 4 bytes (operation and size, page, 16-bit address) and a value of
8; see step() in fuzz_machine.c.
"""
import os
import struct
import sys

OUT, IN, MMIO_READ, MMIO, MEMORY = 1, 0, 2, 3, 4


def op(what, at, value=0, size=1, page=0):
    code = what | {1: 0, 2: 1, 4: 2, 8: 3}[size] << 4
    return struct.pack("<BBHQ", code, page, at, value)


def ring(page, queues=(0,)):
    """Bring a virtio device up and put one request into its queues."""
    s = b"".join(op(MMIO, at, v, size, page) for at, v, size in (
        (0x14, 3, 1), (0x08, 1, 4), (0x0C, 1, 4), (0x14, 0x0B, 1)))
    for q in queues:
        at = 0x1000 + 0x4000 * q
        s += b"".join(op(MMIO, reg, v, size, page) for reg, v, size in (
            (0x16, q, 2), (0x18, 8, 2), (0x20, at, 4), (0x28, at + 0x1000, 4),
            (0x30, at + 0x2000, 4), (0x1C, 1, 2)))
        # A chain of three: 16 bytes out, 512 in, 1 in.
        for i, (gpa, length, flags) in enumerate((
                (0x4000, 16, 1), (0x5000, 512, 3), (0x6000, 1, 2))):
            s += op(MEMORY, (at + 16 * i) >> 4, gpa)
            s += op(MEMORY, (at + 16 * i) >> 4,
                    length | flags << 32 | i + 1 << 48, page=8)
        s += op(MEMORY, (at + 0x1000) >> 4, 1 << 16)
    s += op(MMIO, 0x14, 0x0F, 1, page)
    for q in queues:
        s += op(MMIO, 0x3000 + 4 * q, q, 2, page)
    return s + op(MMIO_READ, 0x14, 0, 1, page)


SEEDS = {
    "serial": b"".join(op(OUT, 0x3F8 + i, v) for i, v in
                       ((1, 15), (2, 7), (3, 0x83), (0, 1), (3, 3), (4, 0x1B),
                        (0, 65))) + op(IN, 0x3FA) + op(IN, 0x3F8),
    "pic_pit": b"".join(op(OUT, p, v) for p, v in
                        ((0x20, 0x11), (0x21, 8), (0x21, 4), (0x21, 1),
                         (0x43, 0x34), (0x40, 16), (0x40, 0), (0x61, 1),
                         (0x43, 0xB6), (0x42, 1), (0x42, 2), (0x43, 0xC2)))
    + op(IN, 0x40) + op(7, 0),
    "rtc": b"".join(op(OUT, 0x70, r) + op(OUT, 0x71, v) for r, v in
                    ((11, 0x76), (10, 0x21), (0, 0x59), (7, 0x31),
                     (8, 0x02), (9, 0x99), (0x32, 0x19), (11, 0x02))),
    "apic": b"".join(op(MMIO, at, v, 4) for at, v in
                     ((0xF0, 0x1FF), (0x3E0, 11), (0x320, 0x20040),
                      (0x380, 100), (0x300, 0x40041), (0xB0, 0))) + op(7, 0),
    "ioapic_hpet": op(MMIO, 0, 0x10, 4, 1) + op(MMIO, 0x10, 0x8030, 4, 1)
    + op(MMIO, 0x100, 0x14C, 4, 2) + op(MMIO, 0x108, 10, 4, 2)
    + op(MMIO, 0x10, 3, 4, 2) + op(MMIO_READ, 0xF0, 0, 8, 2),
    "fw_cfg": op(OUT, 0x510, 0x19, 2) + op(IN, 0x511)
    + op(MEMORY, 0x10, 0x0400000A00190000) + op(OUT, 0x514, 0, 4)
    + op(OUT, 0x518, 0x00010000, 4),
    "pci": op(OUT, 0xCF8, 0x80000060, 4) + op(OUT, 0xCFC, 0xB0000001, 4)
    + op(MMIO, 0x60, 0, 4, 7) + op(OUT, 0xCF8, 0x80001010, 4)
    + op(OUT, 0xCFC, 0xFFFFFFFF, 4) + op(IN, 0xCFC, 0, 4),
    "virtio": ring(3),
    "virtio_net": ring(5, (0, 1)),
    "virtio_console": ring(8, (0, 1)),
    "virtio_rng": ring(10),
    "flash": b"".join(op(MMIO, at, v, 1, 12) for at, v in
                      ((0x2010, 0x50), (0x2010, 0x70), (0x3000, 0x20),
                       (0x3000, 0xD0), (0x2010, 0x40), (0x2010, 0x5A),
                       (0x2100, 0xE8), (0x2100, 1), (0x2100, 1), (0x2101, 2),
                       (0x2100, 0xD0), (0x10, 0x20), (0x10, 0xD0)))
    + op(MMIO_READ, 0x2010, 0, 4, 12) + op(MMIO, 0x2010, 0x98, 1, 12)
    + op(MMIO_READ, 0x2010, 0, 8, 12) + op(MMIO, 0x2010, 0xFF, 1, 12)
    + op(MMIO_READ, 0x2010, 0, 1, 12),
}

for name, data in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(data)
