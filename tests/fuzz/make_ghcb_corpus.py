#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of fuzz_ghcb: what guests say, one group per file.

    make_ghcb_corpus.py FOLDER

The first byte chooses the platform; see step() and fill_page() in fuzz_ghcb.c.
"""
import os
import struct
import sys

ES, SNP = b"\0", b"\1"
CODES = (0x27, 0x37, 0x6E, 0x6F, 0x72, 0x76, 0x7B, 0x7C, 0x81, 0x87, 0x89,
         0x8A, 0x8B, 0x80000001, 0x80000002, 0x80000003, 0x80000004,
         0x80000005, 0x80000010, 0x80000011, 0x80000012, 0x80000013,
         0x80000014, 0x80000017, 0x80000018, 0x8000FFFD, 0x8000FFFE,
         0x8000FFFF)
GHCB = 3  # a page's number


def msr(value, vcpu=0):
    return struct.pack("<BQ", vcpu << 7, value)


def memory(at, value, private=False):
    return struct.pack("<BHQ", 3 if private else 1, at // 8, value)


def event(code, info1=0, info2=0, scratch=0, rax=0, rbx=0, rcx=0, rdx=0,
          xcr0=1, cpl=0, vcpu=0):
    """All fields valid and 8 bytes wide; scratch 0: the page's buffer."""
    return struct.pack("<BBBBHB9Q", 7 | vcpu << 7, GHCB, 0, CODES.index(code),
                       0, 0xFF, info1, info2, scratch, rax, rbx, rcx, rdx,
                       xcr0, 0)[:-8] + cpl.to_bytes(8, "little")


def psc(*entries):
    at = GHCB * 4096 + 0x800
    return memory(at, (len(entries) - 1) << 16) + b"".join(
        memory(at + 8 + 8 * i, op << 52 | page << 12 | large << 56)
        for i, (op, page, large) in enumerate(entries)) + event(0x80000010)


SEEDS = {
    "msr": SNP + msr(2) + msr(0x80) + msr(0x10) + msr(0x3012)
    + msr(0x8000001F << 32 | 1 << 30 | 4) + msr(1 << 52 | 0x5014)
    + msr(2 << 52 | 0x5014) + msr(0x16) + msr(6, 1) + msr(0x21100),
    "registers": ES + event(0x37, rax=0x401) + event(0x27) + event(0x6E)
    + event(0x87) + event(0x6F, rcx=1) + event(0x81, rax=1, cpl=3)
    + event(0x7C, rcx=0x1B) + event(0x7C, info1=1, rcx=0x1B, rax=5)
    + event(0x72, rax=0xD) + event(0x89) + event(0x8A) + event(0x8B),
    "io": ES + event(0x7B, 0x3F8 << 16 | 0x10, rax=65)
    + event(0x7B, 0x3F8 << 16 | 0x11) + event(0x7B, 0x511 << 16 | 0x1D, 16)
    + event(0x7B, 0x402 << 16 | 0x4C, 4)
    + event(0x80000001, 0xFEE00020, 4) + event(0x80000002, 0xFEE000B0, 8)
    + event(0x80000002, 0x5000, 8),
    "pages": SNP + psc((1, 8, 0), (1, 9, 0), (2, 8, 0), (1, 0x200, 1),
                       (3, 0x200, 1), (4, 0x200, 1), (2, 0x201, 0),
                       (2, 0x200, 1), (1, 0, 1)),
    # The bytes behind a request: how the certificates are, and what the
    # processor answers.
    "requests": SNP + event(0x80000017, 0x5000, rax=1)
    + event(0x80000012, 0x5000, 0x6000, rax=0x7000, rbx=0) + b"\0"
    + event(0x80000012, 0x5000, 0x6000, rax=0x7000, rbx=2) + b"\1"
    + event(0x80000011, 0x5000, 0x6000) + b"\0"
    + event(0x80000012, 0x5000, 0x6000, rax=0x7000, rbx=2) + b"\0\0",
    "ap_create": SNP + b"\4\x09" + bytes(2 + 4 + 3 + 8 + 1)
    + event(0x80000013, 1 << 32 | 1, 0x9000, rax=1) + b"\5\x05"
    + event(0x80000013, 1 << 32 | 2, 0) + b"\5\x05"
    + event(0x80000013, 1 << 32, 0x9000, rax=1) + b"\5\x01",
    "ap_hold": ES + event(0x80000005, 0, 0xA000) + event(0x80000005, 1)
    + event(0x80000004, vcpu=1) + b"\5\x01\5\x03" + msr(6, 1) + b"\5\x03",
    "ends": SNP + event(0x8000FFFD) + event(0x80000003) + event(0x80000014)
    + event(0x80000018) + event(0x8000FFFF, 0x404),
    "terminate": ES + event(0x8000FFFE, 0x21),
    "faults": b"\3\xC4\x01" + psc((1, 8, 0)) + memory(0x8000, 1, True)
    + event(0x89) + memory(0x8000, 2, True) + event(0x89) + msr(2),
}

for name, data in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(data)
