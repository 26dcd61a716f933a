#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the payloads in the software CPU and look at what they print.

    run_payloads.py COFFER FOLDER

FOLDER holds native.igvm, sev.igvm (for SEV and SEV-ES) and snp.igvm.  Prints
TAP.
"""
import os
import re
import subprocess
import sys
import tempfile

coffer, folder = sys.argv[1:]
state = tempfile.mkdtemp(prefix="coffer-sp-")

MEASUREMENT = slice(0x90, 0xC0)
NONCE = slice(0x50, 0x90)
POLICY = slice(0x08, 0x10)


OBJECTS = {
    "sev": "sev-guest,policy=0x1",
    "sev-es": "sev-guest,policy=0x5",
    "snp": "sev-snp-guest",
}


def run(name, vcpus, *more):
    machine, objects = "q35,igvm-cfg=igvm0", []
    if name != "native":
        machine += ",confidential-guest-support=sev0"
        objects = ["-object", OBJECTS[name] +
                   ",id=sev0,cbitpos=51,reduced-phys-bits=1"]
    command = [coffer, "run", "-machine", machine, *objects,
               "-object", "igvm-cfg,id=igvm0,file=%s/%s.igvm"
               % (folder, name.split("-")[0]),
               "-smp", str(vcpus), "-m", "64M", "-serial", "stdio",
               "-sp-state", state, "-print-digest", *more]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=120,
                          capture_output=True, text=True)


def must(condition, what):
    if not condition:
        raise AssertionError(what)


def all_vcpus_ran(name, vcpus, out):
    for i in range(vcpus):
        must(re.search(r"^%s: vcpu %d .*runs$" % (name, i), out, re.M),
             "vcpu %d said nothing" % i)
    must("%s: %d of %d vcpus ran; off" % (name, vcpus, vcpus) in out,
         "no good end")


def native(vcpus):
    r = run("native", vcpus)
    must(r.returncode == 0, "exit status %d: %s" % (r.returncode, r.stderr))
    must("native: hello in 64-bit mode" in r.stdout, "no greeting")
    all_vcpus_ran("native", vcpus, r.stdout)


def hex_after(word, text):
    m = re.search(re.escape(word) + r" *([0-9a-f]+)", text)
    must(m, "no '%s'" % word)
    return m.group(1)


def offline():
    r = subprocess.run([coffer, "measure", "--platform", "sev-snp",
                        "--profile", "qemu", "%s/snp.igvm" % folder],
                       capture_output=True, text=True, check=True)
    return r.stdout.strip()


def snp(vcpus):
    r = run("snp", vcpus)
    must(r.returncode == 0, "exit status %d: %s%s"
         % (r.returncode, r.stdout, r.stderr))
    must("snp: hello through the GHCB" in r.stdout, "no greeting")
    must("AuthenticAMD, C-bit 51" in r.stdout, "no CPUID")
    all_vcpus_ran("snp", vcpus, r.stdout)
    report = bytes.fromhex(hex_after("snp: report", r.stdout))
    nonce = bytes.fromhex(hex_after("snp: nonce", r.stdout))
    must(len(report) == 1184, "report of %d bytes" % len(report))
    must(report[NONCE] == nonce, "not the guest's nonce")
    must(any(nonce), "nonce is zero")
    must(int.from_bytes(report[POLICY], "little") == 0x30000, "policy")
    expected = offline()
    must(len(expected) == 96, "measure: '%s'" % expected)
    must(hex_after("expected digest:", r.stderr) == expected, "expected")
    must(hex_after("launched digest:", r.stderr) == expected, "launched")
    must(report[MEASUREMENT].hex() == expected, "reported")


def sp(*args):
    subprocess.run([coffer, "sp", *args, "--sp-state", state], check=True,
                   capture_output=True, timeout=120)


def updated_platform():
    """Firmware newer than the built-in one and a VLEK: the guest's report says
    so, and its signature leads to the simulated root."""
    with tempfile.TemporaryDirectory() as d:
        sp("firmware", "--out", d + "/fw", "--snp-api", "1.56", "--build", "3",
           "--snp-spl", "26")
        sp("update", "--image", d + "/fw", "--commit")
        sp("vlek", "--out", d + "/vlek")
        sp("certs", "--out", d, "--vlek", d + "/vlek")
        r = run("snp", 1, "-sp-vlek", d + "/vlek")
        must(r.returncode == 0, r.stderr)
        report = bytes.fromhex(hex_after("snp: report", r.stdout))
        must(report[0x48] >> 2 & 7 == 1, "not signed with a VLEK")
        open(d + "/report", "wb").write(report)
        check = [coffer, "verify", "--certs", d + "/cert_table.bin", "--root",
                 d + "/ark.pem", "--simulated", "--measurement", offline(),
                 "--min-tcb", "snp=26", d + "/report"]
        good = subprocess.run([*check, "--min-firmware", "1.56.3"],
                              capture_output=True, text=True)
        must(good.returncode == 0, good.stdout + good.stderr)
        bad = subprocess.run([*check, "--min-firmware", "1.56.4"],
                             capture_output=True, text=True)
        must(bad.returncode == 1, bad.stdout + bad.stderr)
        # For an SEV guest there is nothing to load it for.
        r = subprocess.run([coffer, "run", "-machine",
                            "q35,confidential-guest-support=sev0", "-object",
                            "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
                            "-sp-vlek", d + "/vlek", "-sp-state", state,
                            "-bios", d + "/fw"], capture_output=True, text=True)
        must(r.returncode == 1 and "no use for a VLEK" in r.stderr, r.stderr)


def sev(name):
    r = run(name, 1)
    must(r.returncode == 0, "exit status %d: %s%s"
         % (r.returncode, r.stdout, r.stderr))
    es = int(name == "sev-es")
    for line in ("sev: cpuid says SEV 1, SEV-ES %d, C-bit 51" % es,
                 "sev: the shared view is cipher text",
                 "sev: the private view is plain text",
                 "sev: a shared write is noise", "sev: off"):
        must(line in r.stdout.splitlines(), "no '%s' in: %s"
             % (line, r.stdout))
    m = subprocess.run([coffer, "measure", "--platform", name, "--profile",
                        "qemu", "%s/sev.igvm" % folder],
                       capture_output=True, text=True, check=True)
    must(hex_after("launched digest:", r.stderr) == m.stdout.strip(),
         "launched")
    must("\nmatch" in r.stderr, r.stderr)


# What the payload makes of a hypervisor that does wrong: the reason of its
# termination request (enum reason in src/shim/guest/sev.h) or the report of
# the fault that it runs into.
FAULTS = {
    "features": "(coffer shim: the platform or a feature is missing)",
    "register": "(coffer shim: the GHCB is refused)",
    "psc": "shared write, but the page is private",
    "validate": "(coffer shim: a page has lost its validation)",
    "request": "(coffer shim: the secure processor's answer is not genuine)",
    "cbit": "(coffer shim: the C-bit is not where the launch had it)",
    "cpuid-page": "(coffer shim: bad CPUID page)",
    "cpuid-value": "the firmware accepts",
    "replay": "not validated, page replaced by an old copy",
    "flip": "shared write, but the page is private; page C-bit flipped",
    "cpuid": None,  # not noticed: the payload asks the CPUID page alone
}


def fault(name):
    r = run("snp", 1, "-fault", name)
    want = FAULTS[name]
    if want is None:
        must(r.returncode == 0, "noticed: " + r.stderr)
        return
    must(r.returncode == 1, "exit status %d" % r.returncode)
    must(want in r.stderr, "no '%s' in: %s" % (want, r.stderr))


def changed_page():
    """One bit of the payload's text: another digest, everywhere."""
    data = bytearray(open(folder + "/snp.igvm", "rb").read())
    at = data.find(b"snp: hello")
    must(at > 0, "no text in the file")
    # The checksum of the file is over its headers, not over its pages.
    data[at] ^= 1
    with tempfile.TemporaryDirectory() as d:
        open(d + "/snp.igvm", "wb").write(data)
        r = subprocess.run([coffer, "measure", "--platform", "sev-snp",
                            "--profile", "qemu", d + "/snp.igvm"],
                           capture_output=True, text=True)
    must(r.returncode == 0, r.stderr)
    must(r.stdout.strip() != offline(), "digest did not change")


tests = [("native payload with %d vcpus" % n, native, n) for n in (1, 4)]
tests += [("sev payload on " + name, sev, name) for name in ("sev", "sev-es")]
tests += [("snp payload with %d vcpus" % n, snp, n) for n in (1, 4)]
tests += [("snp payload and fault '%s'" % f, fault, f) for f in FAULTS]
tests += [("updated firmware and a VLEK", lambda _: updated_platform(), 0)]
tests += [("a changed page changes the digest", lambda _: changed_page(), 0)]

print("1..%d" % len(tests))
failed = 0
for number, (title, function, argument) in enumerate(tests, 1):
    try:
        function(argument)
        print("ok %d %s" % (number, title), flush=True)
    except Exception as e:
        failed += 1
        print("not ok %d %s" % (number, title))
        print("# " + str(e).replace("\n", "\n# "), flush=True)
sys.exit(failed != 0)
