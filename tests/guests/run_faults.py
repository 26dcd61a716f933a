#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Debian's kernel with the boot shim makes of a hypervisor that does
wrong (coffer run -fault).

    run_faults.py COFFER CACHE

CACHE is .cache as tools/deps fills it.  Each row says who notices, and how the
report of the run puts it; None: the guest does not notice and boots.  Prints
TAP.  That messages are kept from the secure processor, run_attest.py tries.
"""
import atexit
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COFFER, CACHE = [os.path.abspath(a) for a in sys.argv[1:3]]
WORK = tempfile.mkdtemp(prefix="coffer-faults-")
atexit.register(shutil.rmtree, WORK, True)

OBJECTS = {
    "sev-es": "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x5",
    "sev-snp": "sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
}
LOST = r"it had found gpa 0x[0-9a-f]+ not validated, page "
OLD = "replaced by an old copy"

# Platform, fault, what the report matches.  "@N" skips occasions of the shim,
# so that the kernel itself meets the fault.
ROWS = [
    ("sev-snp", "features",
     r"coffer shim: the platform or a feature is missing"),
    ("sev-snp", "features@1", r"set 0, code 0x2 \(SNP features not supported"),
    ("sev-snp", "register", r"coffer shim: the GHCB is refused"),
    ("sev-snp", "register@1", r"Linux: GHCB registration failed"),
    # The guest believes it; the RMP does not.
    ("sev-snp", "psc", r"nested fault: .*shared write, but the page is "
     r"private; page validation rescinded"),
    ("sev-snp", "psc@20", r"nested fault: .*shared write, but the page is "
     r"private; page validation rescinded by vcpu 0 at 0x.*before: validated"),
    ("sev-snp", "validate", r"coffer shim: a page has lost its validation.*" +
     LOST + "validated by"),
    # Linux ends with a general request; which page it was, the report knows.
    ("sev-snp", "validate@shim", r"set 0, code 0x0 .*" + LOST +
     "validated by"),
    ("sev-snp", "cpuid", r"set 0, code 0x0 \(general termination request"),
    ("sev-snp", "cbit", r"coffer shim: the C-bit is not where the launch"),
    ("sev-snp", "cbit@1", None),  # Linux takes it from the CPUID page
    ("sev-snp", "replay", LOST + OLD),
    ("sev-snp", "replay@100", LOST + OLD),
    ("sev-snp", "flip", r"nested fault: .*shared write, but the page is "
     r"private; page C-bit flipped"),
    ("sev-snp", "flip@1000", r"nested fault: .*shared write, but the page is "
     r"private; page C-bit flipped"),
    ("sev-snp", "write", None),  # the RMP refuses, the guest never knows
    ("sev-snp", "cpuid-page", r"coffer shim: bad CPUID page"),
    ("sev-snp", "cpuid-value", r"the CPUID page says .*firmware accepts"),
    ("sev-es", "cpuid", r"set 0, code 0x0 \(general termination request"),
    ("sev-es", "cbit", r"coffer shim: the C-bit is not where the launch"),
    ("sev-es", "cbit@1", r"triple fault: exception 14"),
    ("sev-es", "replay", None),  # nothing in SEV-ES tells old from new
    ("sev-es", "flip", r"."),  # noise instead of a stack: it dies somehow
]


def must(condition, what):
    if not condition:
        raise AssertionError(what)


def build():
    kernel = glob.glob(CACHE + "/guests/kernel/boot/vmlinuz-*")
    if not kernel or not os.path.exists(CACHE + "/guests/busybox"):
        print("1..0 # SKIP no kernel in %s; run tools/deps" % CACHE)
        sys.exit(0)
    subprocess.run([HERE + "/make_initrd", WORK + "/initrd.gz", CACHE],
                   check=True)
    subprocess.run(
        [COFFER, "build", "--kernel", kernel[-1], "--initrd",
         WORK + "/initrd.gz", "--append", "console=ttyS0 quiet nokaslr "
         "cryptomgr.notests panic=-1 coffer.do=hello", "--output",
         WORK + "/linux.igvm", "--platform", "sev-snp,sev-es"], check=True)


def run(platform, fault):
    return subprocess.run(
        [COFFER, "run", "-accel", "soft", "-machine",
         "q35,confidential-guest-support=sev0,igvm-cfg=igvm0", "-object",
         OBJECTS[platform], "-object",
         "igvm-cfg,id=igvm0,file=%s/linux.igvm" % WORK, "-m", "256M",
         "-serial", "stdio", "-no-reboot", "-sp-state", WORK + "/chip",
         "-trace", "rmp", "-fault", fault, "-max-instructions", "3000000000"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", timeout=300, check=False)


def validations_of_the_shim():
    """How often; a kernel that stops at once has validated nothing yet."""
    done = run("sev-snp", "features@1")
    return len(re.findall(r"^coffer run: rmp: .* validated rip=", done.stderr,
                          re.M))


def fault(platform, name, want):
    if name.endswith("@shim"):
        n = validations_of_the_shim()
        must(n > 100, "the shim validates %d times" % n)
        name = "%s@%d" % (name.split("@")[0], n)
    done = run(platform, name)
    report = "\n".join(x for x in done.stderr.splitlines()
                       if not x.startswith("coffer run: rmp:"))
    alive = "coffer: user space" in done.stdout
    if name.startswith(("replay", "flip")):
        must("(-fault)" in done.stderr, "the fault was not committed")
    if name == "write":
        must("rmp: host write to gpa=" in done.stderr and
             "refused: the page is the guest's" in done.stderr,
             "the write was not refused, or not traced")
    if want is None:
        must(alive and done.returncode == 0, "noticed: " + report)
        return
    must(not alive and done.returncode == 1,
         "not noticed, exit status %d: %s" % (done.returncode, done.stdout))
    must(re.search(want, report), "no '%s' in: %s" % (want, report))


def main():
    build()
    print("1..%d" % len(ROWS))
    failed = 0
    for number, (platform, name, want) in enumerate(ROWS, 1):
        title = "Linux on %s and fault %s: %s" % (
            platform, name, "noticed" if want else "not noticed")
        try:
            fault(platform, name, want)
            print("ok %d %s" % (number, title), flush=True)
        except (AssertionError, subprocess.SubprocessError, OSError) as e:
            failed += 1
            print("not ok %d %s" % (number, title))
            print("# " + str(e).replace("\n", "\n# "), flush=True)
    sys.exit(failed != 0)


main()
