#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's OVMF as SEV, SEV-ES and SEV-SNP guest in software, to its shell and
from there to Debian's kernel on a FAT disk.

usage: ovmf_sev.py COFFER CACHE WORKDIR [CASE...|slow]

Prints TAP as boot.py does, whose console and inputs it uses.
"""
import os
import re
import shutil
import subprocess
import sys

from boot import (APPEND, COFFER, Console, Skip, WORK, check, flash, initrd,
                  kernel, main, need, uefi_shell)

OBJECTS = {
    "sev": "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x1",
    "sev-es": "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,policy=0x5",
    "sev-snp": "sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
}
FEATURES = {
    "sev": "AMD SEV",
    "sev-es": "AMD SEV SEV-ES",
    "sev-snp": "AMD SEV SEV-ES SEV-SNP",
}


def new_firmware(name="ovmf/OVMF.fd"):
    return need("ovmf13/usr/share/" + name)


def platform(name, igvm=None):
    machine = "q35,confidential-guest-support=sev0"
    args = ["-object", OBJECTS[name]]
    if igvm:
        machine += ",igvm-cfg=igvm0"
        args += ["-object", "igvm-cfg,id=igvm0,file=" + igvm]
    return ["-accel", "soft", "-machine", machine] + args


def igvm_file(vcpus):
    out = os.path.join(WORK, "ovmf13-%d.igvm" % vcpus)
    subprocess.run([COFFER, "build", "--firmware", new_firmware(),
                    "--cpucount", str(vcpus), "--output", out,
                    "sev-snp,sev-es,sev"], check=True)
    return out


def chips(code=None, variables=None):
    store = os.path.join(WORK, "vars.fd")
    shutil.copyfile(variables or new_firmware("OVMF/OVMF_VARS_4M.fd"), store)
    return flash(code or new_firmware("OVMF/OVMF_CODE_4M.fd"), store)


REPORT = os.path.join(os.path.dirname(COFFER), "..", "..", "tests", "guests",
                      "report.efi")


def fat_disk():
    """With a program that prints an SNP report, and a kernel that tells what
    encryption it found."""
    disk = os.path.join(WORK, "sev-fat.img")
    script = os.path.join(WORK, "startup.nsh")
    with open(disk, "wb") as f:
        f.truncate(64 << 20)
    with open(script, "w") as f:
        f.write("fs0:\\report.efi\n"
                "fs0:\\vmlinuz.efi initrd=\\initrd.gz " + APPEND +
                "coffer.do=encryption\n")
    try:
        subprocess.run(["mkfs.vfat", "-F", "32", disk], check=True,
                       stdout=subprocess.DEVNULL)
        for source, name in ((kernel(), "vmlinuz.efi"),
                             (initrd(), "initrd.gz"),
                             (script, "startup.nsh"),
                             (REPORT, "report.efi")):
            subprocess.run(["mcopy", "-i", disk, source, "::" + name],
                           check=True)
    except FileNotFoundError as e:
        raise Skip("no %s" % e.filename)
    return ["-drive", "file=%s,format=raw,readonly=on" % disk]


def linux(name, vcpus, args):
    """Through the firmware to user space; what was said before that, and
    by the program that asks for a report."""
    c = Console(["-m", "512", "-smp", str(vcpus)] + fat_disk() + args)
    try:
        c.wait(r"Press .*ESC.* seconds")
        said = c.text
        c.type("\r")  # any other key: at once
        c.wait(r"reboot: Power down")
        check("coffer: user space, %d CPUs" % vcpus in c.text, c.text[-800:])
        found = re.search(r"Memory Encryption Features active: ([A-Z -]*\S)",
                          c.text)
        check(found and found.group(1) == FEATURES[name], c.text[-800:])
        check(c.p.wait(60) == 0, "exit status")
        report = re.search(r"(snp: nonce [\s\S]*|report: .*)\r",
                           c.text[:c.text.index("coffer: user space")])
        check(report, "nothing of a report: " + c.text[-800:])
        check(("SNP" in FEATURES[name]) == ("snp:" in report.group(1)),
              report.group(1))
        return said, report.group(1)
    finally:
        c.close()


def snp_digest(path):
    return subprocess.run(
        [COFFER, "measure", "--platform", "sev-snp", "--profile", "qemu",
         path], stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def case_sev_reaches_the_shell():
    uefi_shell(platform("sev") + chips(
        need("ovmf/usr/share/OVMF/OVMF_CODE.fd"),
        need("ovmf/usr/share/OVMF/OVMF_VARS.fd")))


def case_sev_es_starts_a_kernel_with_4_vcpus_from_flash():
    linux("sev-es", 4, platform("sev-es") + chips())


def case_snp_starts_a_kernel_with_4_vcpus_from_igvm():
    path = igvm_file(4)
    told, report = linux("sev-snp", 4, platform("sev-snp", path) +
                         ["-print-digest"])
    digest = snp_digest(path)
    for what in ("expected", "launched"):
        check("%s digest: %s" % (what, digest) in told, told[:400])
    nonce, report = re.findall(r"snp: (?:nonce|report) ([0-9a-f]+)", report)
    check(len(report) == 2 * 1184, "report of %d digits" % len(report))
    check(report[2 * 0x50:2 * 0x90] == nonce, "another nonce: " + report)
    check(report[2 * 0x90:2 * 0xC0] == digest, "another digest: " + report)


def slow_sev_starts_a_kernel():
    linux("sev", 4, platform("sev") + ["-bios", new_firmware()])
    linux("sev", 1, platform("sev") + chips())
    linux("sev", 1, platform("sev", igvm_file(1)))


def slow_sev_es_starts_a_kernel():
    linux("sev-es", 1, platform("sev-es") + chips())
    linux("sev-es", 4, platform("sev-es", igvm_file(4)))
    linux("sev-es", 4, platform("sev-es") + ["-bios", new_firmware()])


def slow_snp_starts_a_kernel():
    linux("sev-snp", 1, platform("sev-snp", igvm_file(1)))
    linux("sev-snp", 4, platform("sev-snp") + ["-bios", new_firmware()])


def slow_snp_starts_its_vcpus_every_time():
    for _ in range(10):
        uefi_shell(platform("sev-snp", igvm_file(4)) + ["-smp", "4"])


def cases():
    prefix = "case_"
    if sys.argv[4:] == ["slow"]:
        prefix = sys.argv.pop() + "_"
    return {n[5:]: f for n, f in globals().items() if n.startswith(prefix)}


main(cases())
