#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libigvm against microsoft/igvm: mutated files, the same answer for each.

usage: igvm_reference.py ANSWERS   (the program made from igvm_answers.c)

The peer is the crate igvm 0.4, built with cargo where its registry can be
reached.  What is published under that number is older than the library that
we follow: it does not know the platform CCA, reads 1648 bytes of a VMSA
instead of 4096 and knows fewer registers of AArch64.  Files with these are
left out.
"""
import glob
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CORPUS = os.path.join(ROOT, "tests/fuzz/corpus/igvm/*")
CACHE = os.environ.get("COFFER_GUEST_CACHE", ".cache")
COUNT = 20000
WORDS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 32, 4096, 4097, 0xffffffff, 0x80000000,
         0x101, 0x102, 0x103, 0x104, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306,
         0x307, 0x30d, 0x313, 0x314]
MANIFEST = """[package]
name = "answers"
version = "0.1.0"
edition = "2021"
[dependencies]
igvm = { version = "0.4", features = ["igvm-c"] }
[profile.release]
overflow-checks = false
"""


def build_peer():
    """The path of the peer's program, or None and the reason."""
    home = os.path.join(CACHE, "peers", "igvm")
    try:
        os.makedirs(os.path.join(home, "src"), exist_ok=True)
        with open(os.path.join(home, "Cargo.toml"), "w") as f:
            f.write(MANIFEST)
        shutil.copy(os.path.join(HERE, "igvm_answers.rs"),
                    os.path.join(home, "src/main.rs"))
        subprocess.run(["cargo", "build", "--release", "-q"], cwd=home,
                       check=True, capture_output=True, timeout=900)
    except (subprocess.SubprocessError, OSError) as e:
        return None, "crate igvm cannot be built (%s)" % type(e).__name__
    return os.path.join(home, "target/release/answers"), ""


def repair(b):
    """Length and checksum of a mutated file, as far as it has them."""
    if len(b) < 24:
        return
    version, at, size = struct.unpack_from("<III", b, 4)
    fixed = 32 if version == 2 else 24
    struct.pack_into("<I", b, 16, len(b))
    if fixed > len(b) or at + size > len(b):
        return
    struct.pack_into("<I", b, 20, 0)
    crc = zlib.crc32(bytes(b[at:at + size]), zlib.crc32(bytes(b[:fixed])))
    struct.pack_into("<I", b, 20, crc)


def mutate(rng, b):
    headers = min(len(b), 32 + struct.unpack_from("<I", b, 12)[0])
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        limit = min(len(b), headers if rng.random() < 0.85 else len(b))
        at = rng.randrange(24, max(limit, 25))
        kind = rng.random()
        if at >= len(b):
            continue
        if kind < 0.4:
            b[at] ^= 1 << rng.randrange(8)
        elif kind < 0.75:
            at &= ~3
            if at + 4 <= len(b):
                struct.pack_into("<I", b, at, rng.choice(WORDS))
        else:
            at = 24 + (at - 24 & ~7)
            part = bytes(b[at:at + rng.choice([8, 16, 24, 32, 40])])
            size = struct.unpack_from("<I", b, 12)[0]
            if rng.random() < 0.5:
                b[at:at] = part
                size += len(part)
            else:
                del b[at:at + len(part)]
                size -= len(part)
            if len(b) >= 16:
                struct.pack_into("<I", b, 12, size & 0xffffffff)
    repair(b)


def is_newer(b):
    """Has a platform of type CCA, a CCA policy, a VP context for SNP or
    SEV-ES, or is for AArch64."""
    if len(b) >= 28 and struct.unpack_from("<I", b, 4)[0] == 2 and b[24] == 1:
        return True
    context = b.find(b"\x04\x03\0\0\x14\0\0\0")
    while context >= 0:
        if b[context + 16:context + 17] in (b"\x01", b"\x20"):
            return True
        context = b.find(b"\x04\x03\0\0\x14\0\0\0", context + 1)
    return b"\x06\x01\x00" in b


def answers(program, names):
    p = subprocess.run([program], input="\n".join(names) + "\n", text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       timeout=600, check=True)
    return p.stdout.splitlines()


def main():
    name = "libigvm answers as microsoft/igvm does"
    print("1..1")
    peer, why = build_peer()
    if not peer:
        print("ok 1 %s # SKIP %s" % (name, why))
        return 0
    seeds = [open(path, "rb").read() for path in sorted(glob.glob(CORPUS))
             if os.path.basename(path) not in ("cca", "vmsa")]
    # The library wants data after the headers.
    seeds = [s if sum(struct.unpack_from("<II", s, 8)) < len(s) else
             s + bytes(8) for s in seeds]
    seed = int(os.environ.get("SEED", "1"))
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        names = []
        while len(names) < COUNT:
            b = bytearray(rng.choice(seeds))
            mutate(rng, b)
            if is_newer(b):
                continue
            path = os.path.join(folder, str(len(names)))
            with open(path, "wb") as f:
                f.write(b)
            names.append(path)
        ours, theirs = answers(sys.argv[1], names), answers(peer, names)
        bad = 0
        tally = {}
        for path, a, b in zip(names, ours, theirs):
            tally[b.split()[0]] = tally.get(b.split()[0], 0) + 1
            if a != b and b != "panic":
                bad += 1
                if bad <= 10:
                    print("# ours %s, theirs %s: %s" % (
                        a, b, open(path, "rb").read(256).hex()))
        complete = len(ours) == len(theirs) == len(names)
        print("# seed %d, %d files, answers: %s" % (seed, len(names), tally))
        print("%s 1 %s" % ("not ok" if bad or not complete else "ok", name))
        return bad != 0 or not complete


sys.exit(main())
