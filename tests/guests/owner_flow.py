#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The guest owner's flow of the documents, from outside.

A SEV and a SEV-ES guest start paused; the owner reads the measurement over
QMP, verifies it, sends a secret that the guest's memory then holds under its
key, and lets the guest go.  Wrong keys and wrong moments are refused.  A
kernel without firmware then finds the secret.

    owner_flow.py COFFER SECRET    (SECRET: the program for the RAM disk)
"""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

SECRET_GPA = 0x7000000
SHIM_SECRET = 0x19C000  # src/shim/layout.h
PASSWORD = b"correct horse battery staple\n"


def coffer(*args, check=True):
    done = subprocess.run([COFFER, *args], capture_output=True, text=True,
                          timeout=120, check=False)
    if check and done.returncode:
        raise RuntimeError("coffer %s: %s" % (" ".join(args), done.stderr))
    return done


def qmp(sock, *words, check=True):
    done = coffer("qmp", sock, *words, check=check)
    if not check:
        return done
    return json.loads(done.stdout) if done.stdout.strip() else None


class Guest:
    """A paused guest with a session of the owner's."""

    def __init__(self, folder, policy, *image):
        self.folder = folder
        self.state = os.path.join(folder, "sp")
        self.sock = os.path.join(folder, "qmp")
        certs = os.path.join(folder, "certs")
        coffer("sp", "certs", "--sp-state", self.state, "-o", certs)
        coffer("session", "--simulated", "-p", policy, "-o",
               self.path("vm"), *[os.path.join(certs, n) for n in (
                   "pdh.cert", "pek.cert", "oca.cert", "cek.cert",
                   "ask_ark.cert")])
        self.files = {n.rsplit("_", 1)[-1]: self.path(n) for n in
                      os.listdir(folder) if n.startswith("vm_")}
        self.process = subprocess.Popen([
            COFFER, "run", "-accel", "soft", "-quiet",
            "-object", "sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,"
            "policy=%s,dh-cert-file=%s,session-file=%s" % (
                policy, self.find("godh"), self.find("session")),
            *image, "-S", "-sp-state", self.state,
            "-serial", "file:" + self.path("serial"),
            "-qmp", "unix:%s,server=on,wait=off" % self.sock],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(400):
            if os.path.exists(self.sock) or self.process.poll() is not None:
                break
            time.sleep(0.05)

    def path(self, name):
        return os.path.join(self.folder, name)

    def find(self, part):
        for name in os.listdir(self.folder):
            if name.startswith("vm") and part in name:
                return self.path(name)
        raise RuntimeError("session made no file with '%s': %s" % (
            part, os.listdir(self.folder)))

    def end(self):
        qmp(self.sock, "quit", check=False)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return -1


def ovmf_digest(mode):
    return coffer("measure", "--mode", mode, "--ovmf", OVMF, "--vcpus", "1",
                  "--vcpu-type", "EPYC-Milan").stdout.strip()


def verify(digest, blob, info, tik):
    return coffer("verify", "launch", "-m", blob, "-d", digest, "--tik", tik,
                  "-p", str(info["policy"]), "--api-major",
                  str(info["api-major"]), "--api-minor",
                  str(info["api-minor"]), "--build-id",
                  str(info["build-id"]), check=False)


def secret_arguments(guest, blob, gpa=SECRET_GPA):
    text = guest.path("disk.txt")
    with open(text, "wb") as f:
        f.write(PASSWORD)
    packet = json.loads(coffer(
        "secret", "--tek", guest.find("tek"), "--tik", guest.find("tik"),
        "-m", blob, "--luks", text, "--json").stdout)
    return ["packet-header=" + packet["packet-header"],
            "secret=" + packet["secret"], "gpa=%d" % gpa]


def owner_flow(tap, mode, policy):
    with tempfile.TemporaryDirectory() as folder:
        guest = Guest(folder, policy, "-machine",
                      "q35,confidential-guest-support=sev0", "-bios", OVMF,
                      "-m", "128")
        digest = ovmf_digest(mode)
        try:
            info = qmp(guest.sock, "query-sev")
            tap.check(info["enabled"] and info["state"] == "launch-secret" and
                      info["policy"] == int(policy, 0),
                      mode + ": query-sev says launch-secret", info)
            tap.check(qmp(guest.sock, "query-status")["status"] ==
                      "prelaunch", mode + ": -S waits")
            blob = qmp(guest.sock, "query-sev-launch-measure")["data"]
            good = verify(digest, blob, info, guest.find("tik"))
            tap.check(good.returncode == 0, mode + ": the owner verifies the "
                      "measurement", good.stdout + good.stderr)
            bad = verify(digest, blob, dict(info, policy=3),
                         guest.find("tik"))
            tap.check(bad.returncode == 1, mode + ": another policy does not "
                      "verify", bad.stdout)
            words = secret_arguments(guest, blob)
            spoiled = [words[0], words[1][:-8] + "AAAAAAA=", words[2]]
            bad = qmp(guest.sock, "sev-inject-launch-secret", *spoiled,
                      check=False)
            tap.check(bad.returncode == 1 and "BAD_MEASUREMENT" in bad.stderr,
                      mode + ": a changed packet is refused", bad.stderr)
            qmp(guest.sock, "sev-inject-launch-secret", *words)
            dump = guest.path("dump")
            qmp(guest.sock, "pmemsave", "val=%d" % SECRET_GPA, "size=4096",
                "filename=" + dump)
            with open(dump, "rb") as f:
                seen = f.read()
            tap.check(b"correct horse" not in seen and any(seen),
                      mode + ": the host sees cipher text of the secret")
            qmp(guest.sock, "cont")
            tap.check(qmp(guest.sock, "query-status")["running"],
                      mode + ": cont starts the guest")
            late = qmp(guest.sock, "sev-inject-launch-secret", *words,
                       check=False)
            tap.check("Not in correct state" in late.stderr,
                      mode + ": no secret after the start", late.stderr)
            qmp(guest.sock, "stop")
            tap.check(qmp(guest.sock, "query-status")["status"] == "paused",
                      mode + ": stop pauses")
        finally:
            status = guest.end()
        tap.check(status == 0, mode + ": quit ends it", guest.process.stderr)


def make_linux(folder):
    """One file for both platforms; None: there is no kernel."""
    kernel = glob.glob(CACHE + "/guests/kernel/boot/vmlinuz-*")
    if not kernel or not os.path.exists(CACHE + "/guests/busybox"):
        return None
    out, initrd = os.path.join(folder, "linux.igvm"), folder + "/initrd.gz"
    subprocess.run([os.path.join(HERE, "make_initrd"), initrd, CACHE, SECRET],
                   check=True)
    coffer("build", "--kernel", kernel[-1], "--initrd", initrd, "--append",
           "console=ttyS0 quiet cryptomgr.notests panic=-1 coffer.do=secret",
           "--cpucount", "4", "--platform", "sev-snp,sev-es,sev,native",
           "--output", out)
    return out


def run_linux(guest, platform, linux, inject):
    """The owner's part; returns what the console showed."""
    info = qmp(guest.sock, "query-sev")
    blob = qmp(guest.sock, "query-sev-launch-measure")["data"]
    digest = coffer("measure", "--platform", platform, "--profile", "qemu",
                    linux).stdout.strip()
    verified = verify(digest, blob, info, guest.find("tik"))
    if verified.returncode:
        return "not verified: " + verified.stdout + verified.stderr
    if inject:
        qmp(guest.sock, "sev-inject-launch-secret",
            *secret_arguments(guest, blob, SHIM_SECRET))
    qmp(guest.sock, "cont")
    guest.process.wait(timeout=240)
    with open(guest.path("serial"), encoding="latin-1") as f:
        return f.read()


def linux_flow(tap, platform, policy, linux, inject):
    cpus = 4 if platform == "sev-es" else 1
    title = "Linux on %s, %d vCPUs: " % (platform, cpus)
    with tempfile.TemporaryDirectory() as folder:
        guest = Guest(folder, policy, "-machine",
                      "q35,confidential-guest-support=sev0,igvm-cfg=igvm0",
                      "-object", "igvm-cfg,id=igvm0,file=" + linux,
                      "-smp", str(cpus), "-m", "512")
        try:
            text = run_linux(guest, platform, linux, inject)
        finally:
            guest.end()
    # A passphrase is its first line with a NUL behind it.
    found = "coffer: %s SHA-256 " + hashlib.sha256(
        PASSWORD.strip() + b"\0").hexdigest()
    if not inject:
        tap.check("no secret was injected" in text and
                  found % "secret" not in text,
                  title + "without a secret it finds none", text)
        return
    active = "Memory Encryption Features active: AMD SEV"
    if platform == "sev-es":
        active += " SEV-ES"
    tap.check(active in text and "coffer: user space, %d CPUs" % cpus in text,
              title + "verified by its owner, it boots", text)
    tap.check(found % "secret" in text, title + "it finds the secret", text)
    tap.check("coffer: again" in text and found % "again" not in text,
              title + "the secret is wiped after use", text)


def main():
    tap = peer.Tap()
    if os.path.exists(OVMF):
        for mode, policy in (("sev", "0x1"), ("seves", "0x5")):
            owner_flow(tap, mode, policy)
    else:
        tap.skip("owner's flow", "no " + OVMF)
    with tempfile.TemporaryDirectory() as folder:
        linux = make_linux(folder)
        if linux:
            linux_flow(tap, "sev", "0x1", linux, True)
            linux_flow(tap, "sev-es", "0x5", linux, True)
            linux_flow(tap, "sev", "0x1", linux, False)
        else:
            tap.skip("Linux finds the secret", "no kernel in " + CACHE)
    tap.end()


COFFER, SECRET = sys.argv[1:]
HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("COFFER_GUEST_CACHE", ".cache")
OVMF = os.path.join(CACHE, "guests/ovmf/usr/share/ovmf/OVMF.fd")
main()
