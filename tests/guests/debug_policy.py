#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the host may read of a guest: memsave, pmemsave and registers.

OVMF is started as plain, SEV and SEV-ES guest, stopped after its first
instructions, and the last bytes of its image are read by linear address.
With a policy that permits debugging they are the file's, though memory itself
holds cipher text; with one that forbids it the refusal says so.

    debug_policy.py COFFER FOLDER

FOLDER holds native.igvm.  Prints TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

LAST = 0x1000       # bytes below 4 GiB, the end of the image
AT = (1 << 32) - LAST


class Guest:
    def __init__(self, folder, *options):
        self.folder, self.sock = folder, os.path.join(folder, "qmp")
        self.process = subprocess.Popen(
            [COFFER, "run", "-quiet", "-m", "128", "-S", "-serial", "null",
             "-sp-state", CHIP, "-qmp",
             "unix:%s,server=on,wait=off" % self.sock, *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(600):
            if os.path.exists(self.sock) or self.process.poll() is not None:
                break
            time.sleep(0.05)

    def qmp(self, *words):
        done = subprocess.run([COFFER, "qmp", self.sock, *words],
                              capture_output=True, text=True, timeout=60,
                              check=False)
        return done.stdout if done.returncode == 0 else done.stderr

    def save(self, command, at, size):
        path = os.path.join(self.folder, command)
        said = self.qmp(command, "val=%d" % at, "size=%d" % size,
                        "filename=" + path)
        if not os.path.exists(path):
            return b"", said
        with open(path, "rb") as f:
            return f.read(), said

    def registers(self):
        return self.qmp("human-monitor-command",
                        "command-line=info registers")

    def end(self):
        self.qmp("quit")
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()


def started(folder, platform):
    """A guest that has run for a moment and stands still."""
    options = ["-accel", "soft", "-bios", OVMF, "-machine"]
    if platform is None:
        options += ["q35"]
    else:
        options += ["q35,confidential-guest-support=sev0", "-object",
                    "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,"
                    "policy=" + platform]
    guest = Guest(folder, *options)
    guest.qmp("cont")
    time.sleep(0.3)
    return guest


def readable(tap, name, platform):
    with tempfile.TemporaryDirectory() as folder:
        guest = started(folder, platform)
        try:
            _, said = guest.save("memsave", AT, LAST)
            tap.check("running" in said,
                      name + ": memsave of a running guest is refused", said)
            guest.qmp("stop")
            virtual, said = guest.save("memsave", AT, LAST)
            tap.check(virtual == IMAGE[-LAST:],
                      name + ": memsave gives the plain text", said)
            physical, said = guest.save("pmemsave", AT, LAST)
            tap.check((physical == virtual) == (platform is None) and
                      len(physical) == LAST,
                      name + ": pmemsave gives what the host sees", said)
            tap.check("RIP=" in guest.registers(), name + ": registers")
            _, said = guest.save("memsave", 0x7ffffff000, LAST)
            tap.check("0x7ffffff000" in said,
                      name + ": an address without memory is named", said)
        finally:
            guest.end()


def unreadable(tap, name, policy):
    with tempfile.TemporaryDirectory() as folder:
        guest = started(folder, policy)
        try:
            guest.qmp("stop")
            data, said = guest.save("memsave", AT, LAST)
            tap.check(not data and "NODBG" in said,
                      name + ": memsave names the policy", said)
            said = guest.registers()
            tap.check(("encrypted" in said) == (name == "SEV-ES"),
                      name + ": registers are %s" % (
                          "encrypted" if name == "SEV-ES" else "the host's"),
                      said)
        finally:
            guest.end()


def kvm(tap):
    """Registers and memory through the kernel, before the first step."""
    with tempfile.TemporaryDirectory() as folder:
        guest = Guest(folder, "-accel", "kvm", "-machine", "q35,igvm-cfg=i0",
                      "-object", "igvm-cfg,id=i0,file=%s/native.igvm" % FILES)
        try:
            found = re.search("RIP=([0-9a-f]+)", guest.registers())
            if not found:
                tap.skip("KVM: memsave by linear address",
                         guest.process.stderr.read().strip()
                         if guest.process.poll() is not None
                         else "no registers")
                return
            rip = int(found.group(1), 16)
            virtual, said = guest.save("memsave", rip, 256)
            physical, _ = guest.save("pmemsave", rip, 256)
            tap.check(virtual == physical and any(virtual),
                      "KVM: memsave by linear address", said)
            _, said = guest.save("memsave", 1 << 46, 16)
            tap.check("not present" in said,
                      "KVM: an address that is not mapped is named", said)
        finally:
            guest.end()


def main(chip):
    global CHIP  # made once: its keys take seconds
    CHIP = chip
    tap = peer.Tap()
    if os.path.exists(OVMF):
        readable(tap, "plain", None)
        readable(tap, "SEV with debugging", "0x0")
        readable(tap, "SEV-ES with debugging", "0x4")
        unreadable(tap, "SEV", "0x1")
        unreadable(tap, "SEV-ES", "0x5")
    else:
        tap.skip("debug policy", "no " + OVMF)
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        kvm(tap)
    else:
        tap.skip("KVM: memsave by linear address", "no /dev/kvm")
    tap.end()


COFFER, FILES = sys.argv[1:]
OVMF = os.path.join(os.environ.get("COFFER_GUEST_CACHE", ".cache"),
                    "guests/ovmf/usr/share/ovmf/OVMF.fd")
if os.path.exists(OVMF):
    with open(OVMF, "rb") as f:
        IMAGE = f.read()
with tempfile.TemporaryDirectory() as name:
    main(name)
