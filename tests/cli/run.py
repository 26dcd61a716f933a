#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What coffer run says to files and options that it cannot run.

Each refusal is one line on standard error that names the file and the rule,
exit status 1.
"""
import os
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

VMSA_GPA = 0xFFFFFFFFF000
SNP, SEV = 2, 4


def entry(kind, content):
    padded = content + bytes(-len(content) % 8)
    return struct.pack("<II", kind, len(content)) + padded


def vmsa(**fields):
    page = bytearray(4096)
    page[0xD0:0xD8] = struct.pack("<Q", 0x1000)      # EFER
    page[0x3B0:0x3B8] = struct.pack("<Q", 1)         # SEV_FEATURES
    for offset, value in fields.items():
        at = int(offset.lstrip("at_"), 16)
        page[at:at + 8] = struct.pack("<Q", value)
    return bytes(page)


class File:
    """An IGVM file of version 1 for one platform, mask 1."""

    def __init__(self, platform=SNP):
        self.heads = [(0x001, struct.pack("<IBBHQ", 1, 0, platform, 1, 0),
                       None, None),
                      (0x101, struct.pack("<QII", 0x30000, 1, 0), None, None)]

    def page(self, gpa, data=b"\x5a" * 4096):
        self.heads.append((0x302, struct.pack("<QIIIHH", gpa, 1, 0, 0, 0, 0),
                           data, 12))
        return self

    def context(self, index, gpa=VMSA_GPA, data=None):
        self.heads.append((0x304, struct.pack("<QIIHH", gpa, 1, 0, index, 0),
                           data or vmsa(), 12))
        return self

    def header(self, kind, content):
        self.heads.append((kind, content, None, None))
        return self

    def bytes(self):
        size = sum(len(entry(k, c)) for k, c, _, _ in self.heads)
        offset, table, blob = 24 + size, b"", b""
        for kind, content, data, at in self.heads:
            if data:
                content = (content[:at] +
                           struct.pack("<I", offset + len(blob)) +
                           content[at + 4:])
                blob += data
            table += entry(kind, content)
        total = 24 + size + len(blob)
        head = struct.pack("<IIIII", 0x4D564749, 1, 24, size, total)
        crc = zlib.crc32(head + bytes(4) + table)
        return head + struct.pack("<I", crc) + table + blob


class Runner:
    def __init__(self, tap, coffer, folder):
        self.tap, self.coffer, self.folder = tap, coffer, folder
        self.state = os.path.join(folder, "sp")

    def write(self, data):
        path = os.path.join(self.folder, "guest.igvm")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def run(self, path, *more, guest="sev-snp-guest", vcpus=1, timeout=60):
        return subprocess.run(
            [self.coffer, "run", "-accel", "soft", "-quiet", "-machine",
             "q35,confidential-guest-support=s0,igvm-cfg=i0", "-object",
             guest + ",id=s0,cbitpos=51,reduced-phys-bits=1", "-object",
             "igvm-cfg,id=i0,file=" + path, "-smp", str(vcpus), "-m", "64",
             "-serial", "null", "-sp-state", self.state, "-max-instructions",
             "1000", *more],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=timeout, check=False)

    def refused(self, what, done, *texts):
        lines = done.stderr.strip().split("\n")
        ok = done.returncode == 1 and len(lines) == 1 and all(
            t in done.stderr for t in texts)
        self.tap.check(ok, what, "status %d: %s" % (
            done.returncode, done.stderr))

    def refuse_file(self, what, data, *texts, **more):
        path = self.write(data.bytes() if isinstance(data, File) else data)
        self.refused(what, self.run(path, **more), *texts)


def broken_files(r):
    good = File().page(0x100000).context(0).bytes()
    r.refused("a file that is missing",
              r.run(os.path.join(r.folder, "none")), "none", "cannot open")
    r.refuse_file("a wrong magic", b"MVGI" + good[4:], "guest.igvm", "magic")
    bad = bytearray(good)
    bad[20] ^= 1
    r.refuse_file("a wrong checksum", bytes(bad), "guest.igvm", "checksum")
    worst = None
    for length in list(range(0, 260)) + list(range(260, len(good), 97)):
        done = subprocess.run([r.coffer, "measure", r.write(good[:length])],
                              capture_output=True, text=True, check=False)
        if done.returncode != 1 or done.stderr.count("\n") != 1:
            worst = "%d bytes: status %d, %s" % (length, done.returncode,
                                                 done.stderr)
    r.tap.check(worst is None, "a file that is cut at any length", worst)


def wrong_files(r):
    r.refuse_file("a directive that the platform does not take",
                  File().page(0x100000).header(0x308, struct.pack(
                      "<II", 0, 0)), "guest.igvm", "SRAT")
    r.refuse_file("no compatible platform", File(SEV).page(0x100000),
                  "guest.igvm", "platform")
    r.refuse_file("a VMSA with a field that is not allowed",
                  File().page(0x100000).context(0, data=vmsa(at_240=1)),
                  "guest.igvm", "VP_CONTEXT", "0x240")
    r.refuse_file("a VMSA at another address",
                  File().page(0x100000).context(0, gpa=0x200000),
                  "guest.igvm", "0xfffffffff000")
    r.refuse_file("a page outside memory", File().page(0x40000000).context(0),
                  "guest.igvm", "0x40000000")
    r.refuse_file("two pages at one address",
                  File().page(0x100000).page(0x101000).page(0x100000),
                  "guest.igvm", "0x100000")
    r.refuse_file("more vCPU contexts than vCPUs",
                  File().page(0x100000).context(0).context(1), "guest.igvm",
                  "VP_CONTEXT")


def wrong_options(r):
    path = r.write(File().page(0x100000).context(0).bytes())
    r.refused("-bios with igvm-cfg", r.run(path, "-bios", path), "-bios",
              "igvm-cfg")
    r.refused("an object id that is not defined", subprocess.run(
        [r.coffer, "run", "-machine", "q35,igvm-cfg=other", "-quiet"],
        capture_output=True, text=True, check=False), "other", "no object")
    for options, rule in ((["-bios", path], "whole pages"),
                          (["-kernel", path], "bzImage"),
                          (["-machine", "q35,confidential-guest-support=s",
                            "-object", "sev-snp-guest,id=s,cbitpos=51,"
                            "reduced-phys-bits=1", "-bios", path],
                           "firmware")):
        r.refused("a file that is no input of %s" % options[0], subprocess.run(
            [r.coffer, "run", "-accel", "soft", "-quiet", *options],
            capture_output=True, text=True, check=False), "guest.igvm:", rule)
    for options, *texts in (
            (["-d", "int,everything"], "-d everything", "in_asm"),
            (["-d", "exec", "-dfilter", "0x10"], "-dfilter 0x10",
             "FIRST..LAST"),
            (["-d", "exec", "-dfilter", "2..1"], "-dfilter 2..1"),
            (["-d", "exec", "-dfilter", "0+0"], "-dfilter 0+0"),
            (["-d", "int", "-D", "/nowhere/log"], "-D /nowhere/log",
             "No such file"),
            (["-seed", "dice"], "-seed dice", "number"),
            (["-rtc", "base=yesterday"], "base=yesterday", "YYYY-MM-DD"),
            (["-rtc", "base=2026-13-01"], "base=2026-13-01"),
            (["-drive", "file=nbd:unix:/nowhere/s"], "nbd:unix:/nowhere/s",
             "No such file"),
            (["-drive", "file=nbd:localhost"], "nbd:localhost",
             "nbd:HOST:PORT")):
        r.refused(" ".join(options), r.run(path, *options), *texts)


def good_file(r):
    """The same file without a fault gets as far as running."""
    path = r.write(File().page(0x100000).context(0).bytes())
    done = r.run(path, "-print-digest")
    r.tap.check("launched digest" in done.stderr and "match" in done.stderr,
                "the file without a fault is launched", done.stderr)


def main():
    tap = peer.Tap()
    with tempfile.TemporaryDirectory() as folder:
        r = Runner(tap, sys.argv[1], folder)
        good_file(r)
        broken_files(r)
        wrong_files(r)
        wrong_options(r)
    tap.end()


main()
