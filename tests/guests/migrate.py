#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Linux guest that counts on its serial port moves from process to process.

It is booted once, saved to a file, goes on there, is loaded from the file,
moves through a FIFO between two confined processes, and through a Unix socket.
No number is missing or comes twice on any way.  Then what is refused.

    migrate.py COFFER CACHE FOLDER      (FOLDER holds snp.igvm)

Prints TAP.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))
import peer  # noqa: E402

COFFER, CACHE, FILES = sys.argv[1:]
GUESTS = os.path.join(CACHE, "guests")


class Guest:
    """One process; its serial port is a file."""

    def __init__(self, folder, name, *more, memory="192"):
        self.sock = os.path.join(folder, name + ".qmp")
        self.out = os.path.join(folder, name + ".out")
        self.process = subprocess.Popen(
            [COFFER, "run", "-quiet", "-accel", "soft", "-m", memory, "-smp",
             "2", "-serial", "file:" + self.out, "-kernel", KERNEL, "-initrd",
             os.path.join(folder, "initrd.gz"), "-append", "console=ttyS0 "
             "quiet cryptomgr.notests panic=-1 coffer.do=count", "-object",
             "rng-random,id=r", "-device", "virtio-rng-pci,rng=r", "-qmp",
             "unix:%s,server=on,wait=off" % self.sock, *more],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def text(self):
        if not os.path.exists(self.out):
            return ""
        with open(self.out, encoding="latin-1") as f:
            return f.read()

    def counts(self):
        """The lines that are whole, checked against themselves."""
        found = re.findall(r"count (\d+) of (\d+) random 8\r?\n", self.text())
        return [int(n) if n == m else -1 for n, m in found]

    def wait_for(self, condition, what, limit=240):
        end = time.monotonic() + limit
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError("ended before %s: %s%s" % (
                    what, self.text()[-300:], self.process.stderr.read()))
            if time.monotonic() > end:
                raise RuntimeError("no %s: %s" % (what, self.text()[-300:]))
            time.sleep(0.05)

    def wait_counts(self, n):
        self.wait_for(lambda: len(self.counts()) >= n, "%d counts" % n)

    def qmp(self, *words):
        self.wait_for(lambda: os.path.exists(self.sock), "monitor", 30)
        done = subprocess.run([COFFER, "qmp", self.sock, *words],
                              capture_output=True, text=True, timeout=60,
                              check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def migrated(self):
        """How a migration ended."""
        info = {}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            info = self.qmp("query-migrate")
            if isinstance(info, dict) and info.get("status") not in (
                    "setup", "active"):
                break
            time.sleep(0.05)
        return info

    def end(self):
        if self.process.poll() is None:
            self.qmp("quit")
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return -1


def goes_on(tap, name, before, after):
    """The second process counts from where the first stopped."""
    seen = before.counts()
    after.wait_counts(5)
    joined = seen + after.counts()
    # A line that was on its way is in neither file as a whole.
    gap = joined[len(seen)] - seen[-1]
    steps = [b - a for a, b in zip(joined, joined[1:])]
    steps[len(seen) - 1] = 1
    tap.check(gap in (1, 2) and set(steps) == {1}, name, joined)


def snapshot(tap, folder, first):
    path = os.path.join(folder, "snapshot")
    first.wait_counts(5)
    tap.check(first.qmp("migrate", "uri=file:" + path) == {},
              "file: migrate starts")
    info = first.migrated()
    tap.check(info.get("status") == "completed" and
              info["ram"]["remaining"] == 0 and info["downtime"] > 0,
              "file: it is completed", info)
    stopped = first.counts()
    tap.check(first.qmp("query-status")["status"] == "postmigrate",
              "file: the guest stands still")
    second = Guest(folder, "second", "-incoming", "file:" + path)
    goes_on(tap, "file: another process goes on", first, second)
    first.qmp("cont")
    first.wait_counts(len(stopped) + 5)
    tap.check(first.counts() == list(range(1, len(first.counts()) + 1)),
              "file: and so does the first, when told to", first.counts())
    return second


def fifo(tap, folder, source):
    path = os.path.join(folder, "fifo")
    os.mkfifo(path)
    # Nobody reads yet: given up, the guest goes on here.
    source.qmp("migrate", "uri=file:" + path)
    tap.check("in progress" in str(source.qmp("migrate", "uri=file:" + path)),
              "FIFO: only one at a time")
    source.qmp("migrate_cancel")
    info = source.migrated()
    n = len(source.counts())
    source.wait_counts(n + 3)
    tap.check(info.get("status") == "cancelled",
              "FIFO: a migration is cancelled and the guest goes on", info)
    target = Guest(folder, "third", "-incoming", "file:" + path)
    tap.check(target.qmp("query-status")["status"] == "inmigrate",
              "FIFO: the other side waits")
    source.qmp("migrate", "uri=file:" + path)
    info = source.migrated()
    tap.check(info.get("status") == "completed", "FIFO: completed", info)
    goes_on(tap, "FIFO: from process to process, both confined", source,
            target)
    return target


def sockets(tap, folder, confined):
    where = "unix:" + os.path.join(folder, "way")
    with open("/proc/%d/status" % confined.process.pid,
              encoding="ascii") as f:
        is_confined = "Seccomp:\t2" in f.read()
    said = confined.qmp("migrate", "uri=" + where)
    info = confined.migrated() if said == {} else {"error-desc": said}
    if is_confined:
        tap.check("-no-seccomp" in info.get("error-desc", ""),
                  "unix: a confined process says what to do", info)
    else:
        tap.skip("unix: a confined process says what to do",
                 "built without the system call filter")
    path = os.path.join(folder, "to_open")
    confined.qmp("migrate", "uri=file:" + path)
    confined.migrated()
    source = Guest(folder, "fourth", "-no-seccomp", "-incoming",
                   "file:" + path)
    source.wait_counts(3)
    target = Guest(folder, "fifth", "-incoming", where)
    target.wait_for(lambda: os.path.exists(where[5:]), "socket", 30)
    source.qmp("migrate", "uri=" + where)
    info = source.migrated()
    tap.check(info.get("status") == "completed", "unix: completed", info)
    goes_on(tap, "unix: the guest goes on", source, target)
    source.end()
    target.end()


def refused_load(folder, name, path, *more, memory="192"):
    guest = Guest(folder, name, "-incoming", "file:" + path, *more,
                  memory=memory)
    try:
        guest.process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        guest.process.kill()
    return guest.process.returncode, guest.process.stderr.read()


def refusals(tap, folder):
    path = os.path.join(folder, "snapshot")
    with open(path, "rb") as f:
        good = f.read()
    bad = os.path.join(folder, "bad")
    for what, data, text in (
            ("cut", good[:len(good) // 2], "ends too early"),
            ("changed", good[:5000000] + bytes([good[5000000] ^ 1]) +
             good[5000001:], "checksum"),
            ("no stream", b"hello" * 10, "no migration stream")):
        with open(bad, "wb") as f:
            f.write(data)
        status, said = refused_load(folder, "bad" + what.replace(" ", ""), bad)
        tap.check(status == 1 and text in said and said.count("\n") == 1,
                  "a file that is %s is refused" % what, said)
    status, said = refused_load(folder, "size", path, memory="128")
    tap.check(status == 1 and "-m: another size" in said,
              "another size of memory is refused", said)
    status, said = refused_load(folder, "cpu", path, "-cpu", "EPYC,-avx2")
    tap.check(status == 1 and "-cpu" in said,
              "another CPU is refused", said)


def confidential(tap, folder):
    sock = os.path.join(folder, "snp.qmp")
    guest = subprocess.Popen(
        [COFFER, "run", "-quiet", "-accel", "soft", "-S", "-m", "64",
         "-machine", "q35,confidential-guest-support=s,igvm-cfg=i", "-object",
         "sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1", "-object",
         "igvm-cfg,id=i,file=%s/snp.igvm" % FILES, "-sp-state",
         os.path.join(folder, "sp"), "-serial", "null", "-qmp",
         "unix:%s,server=on,wait=off" % sock], stdin=subprocess.DEVNULL)
    for _ in range(600):
        if os.path.exists(sock):
            break
        time.sleep(0.05)
    done = subprocess.run([COFFER, "qmp", sock, "migrate", "uri=file:/x"],
                          capture_output=True, text=True, check=False)
    tap.check(done.returncode == 1 and "migration agent" in done.stderr,
              "an SNP guest says what it would take", done.stderr)
    subprocess.run([COFFER, "qmp", sock, "quit"], check=False,
                   stdout=subprocess.DEVNULL)
    guest.wait(timeout=60)


def main():
    tap = peer.Tap()
    with tempfile.TemporaryDirectory() as folder:
        confidential(tap, folder)
        if not KERNEL:
            tap.skip("migration of Linux", "no kernel in " + GUESTS)
            tap.end()
        subprocess.run([os.path.join(HERE, "make_initrd"),
                        os.path.join(folder, "initrd.gz"), CACHE], check=True)
        guests = [Guest(folder, "first")]
        try:
            guests.append(snapshot(tap, folder, guests[0]))
            guests[0].end()
            guests.append(fifo(tap, folder, guests[1]))
            guests[1].end()
            sockets(tap, folder, guests[2])
        finally:
            for g in guests:
                g.end()
        refusals(tap, folder)
    tap.end()


found = sorted(glob.glob(os.path.join(GUESTS, "kernel/boot/vmlinuz-*")))
KERNEL = found[-1] if found and os.path.exists(os.path.join(
    GUESTS, "busybox/bin/busybox")) else None
main()
