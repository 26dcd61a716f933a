#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot Debian's kernel without firmware on every platform, in software.

    run_linux.py COFFER CACHE

CACHE is .cache/guests/.. as tools/deps fills it.  Prints TAP.
"""
import glob
import gzip
import os
import subprocess
import sys
import tempfile

coffer, cache = sys.argv[1:]
work = tempfile.mkdtemp(prefix="coffer-linux-")

INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox echo "init: $(/bin/busybox grep -c ^processor /proc/cpuinfo) processors"
/bin/busybox dmesg | /bin/busybox grep 'Memory Encryption' || /bin/busybox echo 'no encryption'
/bin/busybox mount -t sysfs sys /sys
cd /sys/devices/system/cpu
for i in cpu[1-9]/online; do [ -e $i ] && echo 0 >$i; done
/bin/busybox echo "init: then $(/bin/busybox cat online)"
for i in cpu[1-9]/online; do [ -e $i ] && echo 1 >$i; done
/bin/busybox echo "init: again $(/bin/busybox cat online)"
/bin/busybox poweroff -f
"""

FEATURES = {
    "native": "no encryption",
    "sev": "Memory Encryption Features active: AMD SEV",
    "sev-es": "Memory Encryption Features active: AMD SEV SEV-ES",
    "sev-snp": "Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP",
}
OBJECTS = {
    "sev": "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x1",
    "sev-es": "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x5",
    "sev-snp": "sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
}


def entry(name, mode, data=b"", number=[0]):
    """One file of a cpio archive in the "newc" form."""
    number[0] += 1
    name = name.encode() + b"\0"
    fields = (number[0], mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    return (head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))


def make_initrd(path):
    busybox = open(cache + "/guests/busybox/bin/busybox", "rb").read()
    archive = (entry("bin", 0o40755) + entry("proc", 0o40755) +
               entry("sys", 0o40755) +
               entry("bin/busybox", 0o100755, busybox) +
               entry("init", 0o100755, INIT.encode()) +
               entry("TRAILER!!!", 0))
    with gzip.open(path, "wb", 6) as f:
        f.write(archive)


def build():
    kernel = glob.glob(cache + "/guests/kernel/boot/vmlinuz-*")
    if not kernel or not os.path.exists(cache + "/guests/busybox"):
        print("1..0 # SKIP no kernel in %s; run tools/deps" % cache)
        sys.exit(0)
    make_initrd(work + "/initrd.gz")
    for cpus in ("1", "4"):
        subprocess.run([coffer, "build", "--kernel", kernel[0],
                        "--initrd", work + "/initrd.gz",
                        "--append", "console=ttyS0 cryptomgr.notests quiet",
                        "--output", work + "/linux%s.igvm" % cpus,
                        "--cpucount", cpus,
                        "--platform", "sev-snp,sev-es,sev,native"], check=True)


def run(platform, vcpus, file):
    machine, objects = "q35,igvm-cfg=igvm0", []
    if platform != "native":
        machine += ",confidential-guest-support=sev0"
        objects = ["-object", OBJECTS[platform]]
    return subprocess.run(
        [coffer, "run", "-accel", "soft", "-machine", machine, *objects,
         "-object", "igvm-cfg,id=igvm0,file=%s/%s" % (work, file),
         "-smp", str(vcpus), "-m", "512M", "-serial", "stdio",
         "-sp-state", work + "/chip", "-print-digest"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", timeout=900)


def boot(platform, vcpus):
    # SEV-ES measures the state of every vCPU: another file for each number.
    r = run(platform, vcpus,
            "linux%d.igvm" % (vcpus if platform == "sev-es" else 1))
    lines = [x.split("] ")[-1].strip() for x in r.stdout.splitlines()]
    if r.returncode:
        raise AssertionError("exit status %d: %s" % (r.returncode, r.stderr))
    # All but one are taken offline and started again.
    online = "0-%d" % (vcpus - 1) if vcpus > 1 else "0"
    for want in (FEATURES[platform], "init: %d processors" % vcpus,
                 "init: then 0", "init: again " + online):
        if want not in lines:
            raise AssertionError("no line '%s' in:\n%s" % (want, r.stdout))
    if platform != "native" and "\nmatch" not in r.stderr:
        raise AssertionError("digests: " + r.stderr)


def more_than_measured(platform, vcpus):
    r = run(platform, vcpus, "linux1.igvm")
    if r.returncode == 0 or "build the file with --cpucount" not in r.stdout:
        raise AssertionError("the shim goes on: " + r.stdout + r.stderr)


build()
tests = [("Debian's kernel on %s with %d vcpus", boot, p, n) for p, n in (
    ("native", 1), ("sev", 1), ("sev-es", 1), ("sev-es", 4), ("sev-snp", 1),
    ("sev-snp", 4))]
tests.append(("%s with %d vcpus and states for one is refused",
              more_than_measured, "sev-es", 4))
print("1..%d" % len(tests))
failed = 0
for number, (title, function, platform, vcpus) in enumerate(tests, 1):
    title %= (platform, vcpus)
    try:
        function(platform, vcpus)
        print("ok %d %s" % (number, title), flush=True)
    except Exception as e:
        failed += 1
        print("not ok %d %s" % (number, title))
        print("# " + str(e).replace("\n", "\n# "), flush=True)
sys.exit(failed != 0)
