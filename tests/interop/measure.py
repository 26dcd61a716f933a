#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer measure and Python's sev-snp-measure: same options, same output."""
import itertools
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

COFFER = os.path.abspath(sys.argv[1])
TAP = peer.Tap()
CACHE = os.environ.get("COFFER_GUEST_CACHE", ".cache")
OVMF = os.path.join(CACHE, "guests/ovmf/usr/share/ovmf/OVMF.fd")
VECTORS = os.environ.get("COFFER_VECTORS", "")


def images():
    """Firmware images that are there, with whether they take a kernel."""
    found = []
    if os.path.exists(OVMF):
        found.append((OVMF, False))
    amdsev = os.path.join(VECTORS, "measure/ovmf_AmdSev_suffix.bin")
    if os.path.exists(amdsev):
        found.append((amdsev, True))
    return found


def command_lines(kernel, initrd):
    for image, takes_kernel in images():
        yield ["--mode", "snp:ovmf-hash", "--ovmf", image]
        kernels = [[]]
        if takes_kernel:
            kernels += [["--kernel", kernel],
                        ["--kernel", kernel, "--initrd", initrd,
                         "--append", "console=ttyS0 quiet"],
                        ["--kernel", kernel, "--append", ""]]
        for boot in kernels:
            base = ["--ovmf", image] + boot
            yield ["--mode", "sev"] + base
            for vcpus, cpu in itertools.product(
                    ("1", "2", "5"), (["--vcpu-type", "EPYC-v4"],
                                      ["--vcpu-sig", "0xa10f10"])):
                yield ["--mode", "seves", "--vcpus", vcpus] + cpu + base
                yield ["--mode", "snp", "--vcpus", vcpus] + cpu + base
            for vmm, features in itertools.product(("ec2", "gce"),
                                                   ("0x1", "0x21")):
                yield ["--mode", "snp", "--vcpus", "2", "--vmm-type", vmm,
                       "--guest-features", features] + base
            yield ["--mode", "snp", "--vcpus", "1", "--vcpu-family", "25",
                   "--vcpu-model", "1", "--vcpu-stepping", "1", "-v"] + base
            yield ["--mode", "snp", "--vcpus", "1", "--vcpu-type",
                   "EPYC-Turin", "--output-format", "base64"] + base
    svsm = os.path.join(VECTORS, "measure/svsm.bin")
    if os.path.exists(svsm):
        yield ["--mode", "snp:svsm", "--vcpus", "3", "--vcpu-type",
               "EPYC-Milan", "--ovmf",
               os.path.join(VECTORS, "measure/svsm_ovmf.fd"), "--svsm", svsm,
               "--vars-size", "540672"]


def wrong(image):
    """Both must refuse, with the same status."""
    yield ["--mode", "snp", "--ovmf", image]
    yield ["--mode", "snp", "--ovmf", image, "--vcpus", "1"]
    yield ["--mode", "nope", "--ovmf", image]
    yield ["--mode", "sev"]
    yield ["--mode", "snp", "--ovmf", image, "--vcpus", "1", "--vcpu-type",
           "EPYC", "--initrd", "x"]
    yield ["--mode", "snp", "--ovmf", image, "--vcpus", "1", "--vmm-type",
           "xen"]


def run(command):
    p = subprocess.run(command, capture_output=True, text=True, timeout=60,
                       check=False)
    return p.returncode, p.stdout


def main():
    python, why = peer.use("sev-snp-measure")
    if not python or not images():
        TAP.skip("sev_snp_measure", why or "no firmware image is there")
        TAP.end()
    theirs = os.path.join(os.path.dirname(python), "sev-snp-measure")
    with tempfile.TemporaryDirectory() as folder:
        kernel, initrd = (os.path.join(folder, n) for n in ("k", "i"))
        for path in (kernel, initrd):
            with open(path, "w", encoding="ascii") as f:
                f.write(path[-1] * 5000)
        for options in list(command_lines(kernel, initrd)) + \
                list(wrong(images()[0][0])):
            want = run([theirs] + options)
            have = run([COFFER, "measure"] + options)
            name = " ".join(os.path.basename(o) for o in options)
            TAP.check(want == have, name, "%r, want %r" % (have, want))
    TAP.end()


main()
