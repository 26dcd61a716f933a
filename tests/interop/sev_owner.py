#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A SEV guest owned by coffer on the software processor, with libvirt's
virt-qemu-sev-validate as second opinion on the measurement and the secret."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

API = ["0", "24", "21"]  # of the software processor: major, minor, build
LUKS = "736869e5-84f0-4973-92ec-06879ce3da0b"


def validator():
    """How to run the peer, or why it cannot be run."""
    path = shutil.which("virt-qemu-sev-validate")
    if not path:
        return None, "virt-qemu-sev-validate is not installed"
    for python in "/usr/bin/python3", sys.executable:
        done = subprocess.run([python, path, "--help"], capture_output=True)
        if done.returncode == 0:
            return [python, path], ""
    return None, "virt-qemu-sev-validate lacks its Python modules"


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def main():
    evidence, coffer = sys.argv[1:]
    tap = peer.Tap()
    peer_command, why = validator()
    with tempfile.TemporaryDirectory() as d:
        def at(name):
            return os.path.join(d, name)
        firmware = at("firmware")
        with open(firmware, "wb") as f:
            f.write(bytes(range(256)) * 64)
        with open(at("passphrase"), "w") as f:
            f.write("open sesame\n")
        subprocess.run([evidence, "sev", d], check=True)
        certs = [at(n + ".cert") for n in ("pdh", "chain", "cek", "amd")]
        refused = run(coffer, "session", *certs, "-p", "nodbg", "-o", at("no"))
        tap.check(refused.returncode == 1 and "SIMULATED" in refused.stdout,
                  "a simulated platform is refused unless asked for",
                  refused.stdout)
        made = run(coffer, "session", *certs, "-p", "nodbg", "--simulated",
                   "-o", at("owner"))
        tap.check(made.returncode == 0, "a session is made", made.stderr)
        tap.check(os.stat(at("owner_tik.bin")).st_mode & 0o777 == 0o600,
                  "keys are for their owner only")
        guest = subprocess.Popen([evidence, "launch", d, firmware, "1"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 text=True)
        measurement = guest.stdout.readline().strip()
        digest = run("sha256sum", firmware).stdout.split()[0]
        verify = [coffer, "verify", "launch", "-m", measurement,
                  "--tik", at("owner_tik.bin"), "-p", "1",
                  "--api-major", API[0], "--api-minor", API[1],
                  "--build-id", API[2]]
        good = run(*verify, "--digest", digest)
        tap.check(good.returncode == 0, "the measurement verifies", good.stderr)
        bad = run(*verify, "--digest", digest[::-1])
        tap.check(bad.returncode == 1, "another digest does not")
        peer_args = ["--measurement", measurement, "--policy", "1",
                     "--api-major", API[0], "--api-minor", API[1],
                     "--build-id", API[2], "--firmware", firmware,
                     "--tik", at("owner_tik.bin"),
                     "--tek", at("owner_tek.bin"), "--insecure"]
        name = "virt-qemu-sev-validate agrees on the measurement"
        if peer_command:
            theirs = run(*peer_command, *peer_args)
            tap.check(theirs.returncode == 0, name, theirs.stderr[-300:])
        else:
            tap.skip(name, why)
        made = run(coffer, "secret", "--tek", at("owner_tek.bin"), "--tik",
                   at("owner_tik.bin"), "-m", measurement, "--luks",
                   at("passphrase"), "--header", at("header.b64"),
                   "--payload", at("payload.b64"))
        tap.check(made.returncode == 0, "a secret is made", made.stderr)
        def inject(header, payload):
            guest.stdin.write("%s %s\n" % (header, payload))
            guest.stdin.flush()
            said = guest.stdout.readline().strip()
            if said != "injected":
                return b""
            with open(at("injected.bin"), "rb") as f:
                return f.read()

        plain = inject("header.b64", "payload.b64")
        tap.check(b"open sesame\0" in plain,
                  "the guest finds the secret in its table", str(plain))
        name = "virt-qemu-sev-validate's packet has the same table"
        if peer_command:
            theirs = run(*peer_command, *peer_args, "--inject-secret",
                         "%s:%s" % (LUKS, at("passphrase")),
                         "--secret-header", at("their_header"),
                         "--secret-payload", at("their_payload"))
            their_plain = inject("their_header", "their_payload") \
                if theirs.returncode == 0 else b""
            # They take the file as it is: a newline where we have a NUL.
            tap.check(their_plain == plain.replace(b"sesame\0", b"sesame\n"),
                      name, theirs.stderr[-300:] + str(their_plain))
        else:
            tap.skip(name, why)
        guest.stdin.close()
        tap.check(guest.wait() == 0, "the launch ends well")
    tap.end()


main()
