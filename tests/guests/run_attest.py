#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's kernel as an SNP guest attests itself with its own sev-guest driver
and gets a secret, or does not.

    run_attest.py COFFER CACHE ATTEST

CACHE is .cache as tools/deps fills it, ATTEST the program of tests/guests/
attest for the initial RAM disk.  Prints TAP.
"""
import atexit
import glob
import hashlib
import mmap
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COFFER, CACHE, ATTEST = [os.path.abspath(a) for a in sys.argv[1:4]]
WORK = tempfile.mkdtemp(prefix="coffer-attest-")
atexit.register(shutil.rmtree, WORK, True)
LIMIT = float(os.environ.get("COFFER_BOOT_LIMIT", "300"))
APPEND = "console=ttyS0 quiet cryptomgr.notests panic=-1 coffer.do=attest"
MEASUREMENT = slice(0x90, 0xC0)


def path(name):
    return os.path.join(WORK, name)


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def coffer(*args):
    done = subprocess.run([COFFER, *args], capture_output=True, text=True,
                          timeout=120, check=False)
    must(done.returncode == 0, "coffer %s: %s" % (args[0], done.stderr))
    return done.stdout.strip()


def must(condition, what):
    if not condition:
        raise AssertionError(what)


def prepare():
    kernel = glob.glob(CACHE + "/guests/kernel/boot/vmlinuz-*")
    if not kernel or not os.path.exists(CACHE + "/guests/busybox"):
        skip("no kernel in %s; run tools/deps" % CACHE)
    if not os.path.exists(ATTEST):
        skip("no %s: libcrypto.a is missing" % ATTEST)
    module = subprocess.run(
        [HERE + "/make_sev_guest", path("sev-guest.ko"), CACHE],
        capture_output=True, text=True, check=False)
    if module.returncode:
        skip("no sev-guest module: " + module.stderr.strip()[-200:])
    subprocess.run([HERE + "/make_initrd", path("initrd.gz"), CACHE, ATTEST,
                    path("sev-guest.ko")], check=True)
    for name, append in (("good", APPEND), ("other", APPEND + " debug")):
        coffer("build", "--kernel", kernel[-1], "--initrd", path("initrd.gz"),
               "--append", append, "--platform", "sev-snp", "--output",
               path(name + ".igvm"))
    coffer("sp", "certs", "--sp-state", path("chip"), "--out", path("certs"))


def expected(name):
    return coffer("measure", "--platform", "sev-snp", "--profile", "qemu",
                  path(name + ".igvm"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Guest:
    def __init__(self, name, vcpus, *more):
        self.port = free_port()
        self.console = path("console")
        with open(path("launch"), "w", encoding="utf-8") as log, \
                open(self.console, "w", encoding="utf-8") as console:
            self.process = subprocess.Popen(
                [COFFER, "run", "-accel", "soft", "-machine",
                 "q35,confidential-guest-support=sev0,igvm-cfg=igvm0",
                 "-object", "sev-snp-guest,id=sev0,cbitpos=51,"
                 "reduced-phys-bits=1", "-object",
                 "igvm-cfg,id=igvm0,file=" + path(name + ".igvm"),
                 "-smp", str(vcpus), "-m", "256M", "-serial", "stdio",
                 "-sp-state", path("chip"), "-print-digest", "-no-reboot",
                 "-netdev", "user,id=n,restrict=on,hostfwd="
                 "tcp:127.0.0.1:%d-:4433" % self.port,
                 "-device", "virtio-net-pci,netdev=n", *more],
                stdin=subprocess.DEVNULL, stdout=console, stderr=log)

    def text(self):
        with open(self.console, encoding="latin-1") as f:
            return f.read().replace("\r", "")

    def launch(self):
        with open(path("launch"), encoding="utf-8") as f:
            return f.read()

    def wait(self, pattern):
        """The first group of what the console shows."""
        end = time.monotonic() + LIMIT
        while True:
            over = self.process.poll() is not None
            m = re.search(pattern, self.text(), re.M)
            if m:
                return m.group(1)
            must(not over, "the guest ended without '%s': %s%s" % (
                pattern, self.text()[-800:], self.launch()[-800:]))
            must(time.monotonic() < end, "no '%s': %s" % (
                pattern, self.text()[-800:]))
            time.sleep(0.1)

    def end(self):
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        must(status == 0, "exit status %d: %s" % (status, self.launch()))

    def kill(self):
        self.process.kill()
        self.process.wait()


KEYS = {}  # SHA-256 of the derived key, by name of the file


def visit(name, vcpus, demand, *more, look=None):
    """Boot a file; returns the guest, who visited it, the secret, and what
    refused it, or None.  look(visitor): before the secret is released."""
    secret = os.urandom(48)
    refused = None
    guest = Guest(name, vcpus, *more)
    try:
        key = guest.wait(r"^attest: derived key SHA-256 ([0-9a-f]{64})$")
        must(KEYS.setdefault(name, key) == key,
             "the derived key of one file changed")
        guest.wait(r"^attest: (ready)$")
        visitor = release.Visitor(guest.port)
        try:
            visitor.challenge()
            if look:
                look(visitor)
            must(len(visitor.certs) > 1000, "no certificates")
            release.verify(COFFER, visitor, demand, path("certs"), WORK)
            visitor.release(secret)
        except release.Refused as e:
            refused = str(e)
        finally:
            visitor.close()
        guest.end()
    finally:
        guest.kill()
    return guest, visitor, secret, refused


def gets_the_secret():
    guest, visitor, secret, refused = visit("good", 4, expected("good"))
    must(refused is None, "refused: %s" % refused)
    must("Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP" in
         guest.text(), guest.text())
    must("coffer: user space, 4 CPUs" in guest.text(), guest.text())
    must("attest: secret SHA-256 " + hashlib.sha256(secret).hexdigest() in
         guest.text(), guest.text()[-800:])
    digest = expected("good")
    for where in ("expected", "launched"):
        must("%s digest: %s" % (where, digest) in guest.launch(),
             guest.launch())
    must(visitor.report[MEASUREMENT].hex() == digest, "reported digest")
    must("attest: measurement " + digest in guest.text(), guest.text())


def other_command_line():
    guest, visitor, _, refused = visit("other", 1, expected("good"))
    must(refused and re.search(r"^failed +measurement", refused, re.M),
         "not refused: %s" % refused)
    must("attest: no secret" in guest.text() and
         "attest: secret" not in guest.text(), guest.text()[-800:])
    must(visitor.report[MEASUREMENT].hex() == expected("other"),
         "the report is not of this file")
    must(KEYS["good"] != KEYS["other"], "two files derive one key")


def host_view(visitor):
    """What a host sees: packets in shared memory, nothing of private pages."""
    coffer("qmp", path("qmp"), "pmemsave", "val=0", "size=%d" % (256 << 20),
           "filename=" + path("memory"))
    with open(path("memory"), "rb") as f, \
            mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as seen:
        must(seen.find(visitor.nonce.hex().encode()) >= 0,
             "the nonce that came by network is nowhere in shared memory")
        must(seen.find(b"coffer.do=attest") < 0,
             "the host reads the command line in a private page")
    os.unlink(path("memory"))


def old_report():
    """A report that answers another nonce, or speaks for another key; and what
    the host sees meanwhile."""
    _, visitor, _, refused = visit(
        "good", 1, expected("good"), "-qmp",
        "unix:%s,server=on,wait=off" % path("qmp"), look=host_view)
    must(refused is None, "refused: %s" % refused)
    for field in ("nonce", "public"):
        kept = getattr(visitor, field)
        setattr(visitor, field, os.urandom(32))
        try:
            release.verify(COFFER, visitor, expected("good"), path("certs"),
                           WORK)
            raise AssertionError("a report over another %s verifies" % field)
        except release.Refused as e:
            must(re.search(r"^failed +report-data", str(e), re.M), str(e))
        setattr(visitor, field, kept)


def messages_kept():
    """-fault request: the hypervisor says that it has asked."""
    guest = Guest("good", 1, "-fault", "request")
    try:
        guest.wait(r"^attest: (failed): SNP_GET_DERIVED_KEY")
        guest.end()
    finally:
        guest.kill()
    # The driver gives the key up rather than use a number twice.
    must("Disabling vmpck_id 0" in guest.text(), guest.text()[-800:])


TESTS = [
    ("a verified guest with 4 vCPUs gets the secret", gets_the_secret),
    ("a guest with another command line does not", other_command_line),
    ("an old report does not verify, a derived key stays, the host sees "
     "cipher text of private pages and packets in shared ones",
     old_report),
    ("a kernel whose messages are kept from the processor notices",
     messages_kept),
]


def main():
    prepare()
    print("1..%d" % len(TESTS))
    failed = 0
    for number, (title, test) in enumerate(TESTS, 1):
        try:
            test()
            print("ok %d %s" % (number, title), flush=True)
        except (AssertionError, subprocess.SubprocessError, OSError) as e:
            failed += 1
            print("not ok %d %s" % (number, title))
            print("# " + str(e).replace("\n", "\n# "), flush=True)
    sys.exit(failed != 0)


try:
    sys.path.insert(0, HERE)
    import release
except ImportError as e:
    skip("no python3-cryptography: %s" % e)
main()
