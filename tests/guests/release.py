#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Release a secret to a Linux guest that proves what it is: the side outside
of tests/guests/attest (attest.h has the protocol).

    release.py COFFER PORT MEASUREMENT CHIP_CERTS WORK SECRET

PORT is the guest's, on this machine.  Its report must verify with the
certificates that the host hands the guest, under the root in CHIP_CERTS, which
is simulated; it must be over a nonce made here and the guest's key, and hold
MEASUREMENT.  Only then the secret in the file SECRET is sealed for that key.
"""
import hashlib
import os
import socket
import subprocess
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LABEL = b"coffer test attest 1 "
POLICY = "0x30000"


class Refused(Exception):
    """The guest does not get the secret; why, is in the text."""


def report_data(nonce, public):
    return hashlib.sha512(LABEL + b"report" + nonce + public)


def seal(nonce, public, secret):
    """The words of the line that only the holder of the key can open."""
    mine = X25519PrivateKey.generate()
    sender = mine.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    point = mine.exchange(X25519PublicKey.from_public_bytes(public))
    key = HKDF(hashes.SHA256(), 32, nonce,
               LABEL + b"secret" + sender + public).derive(point)
    iv = os.urandom(12)
    return sender, iv, AESGCM(key).encrypt(iv, secret, None)


class Visitor:
    """One conversation with the guest."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("rwb")
        self.nonce = os.urandom(32)

    def say(self, word, *values):
        self.file.write(b" ".join(
            [word.encode()] + [v.hex().encode() for v in values]) + b"\n")
        self.file.flush()

    def hear(self, word):
        line = self.file.readline().decode("ascii").split(" ", 1)
        if line[0] != word:
            raise Refused("no '%s' but %r" % (word, line))
        return bytes.fromhex(line[1].strip())

    def challenge(self):
        self.say("nonce", self.nonce)
        self.public = self.hear("public")
        self.report = self.hear("report")
        self.extended = self.hear("extended")
        self.certs = self.hear("certs")

    def release(self, secret):
        self.say("secret", *seal(self.nonce, self.public, secret))

    def close(self):
        self.file.close()
        self.socket.close()


def verify(coffer, visitor, measurement, chip_certs, work):
    """`coffer verify` on both reports; Refused unless all checks pass."""
    table = os.path.join(work, "guest-certs.bin")
    with open(table, "wb") as f:
        f.write(visitor.certs)
    text = ""
    for name in ("report", "extended"):
        path = os.path.join(work, "guest-%s.bin" % name)
        with open(path, "wb") as f:
            f.write(getattr(visitor, name))
        done = subprocess.run(
            [coffer, "verify", "--certs", table, "--simulated", "--root",
             os.path.join(chip_certs, "ark.pem"), "--measurement",
             measurement, "--report-data",
             report_data(visitor.nonce, visitor.public).hexdigest(),
             "--policy", POLICY, "--vmpl", "0", path],
            capture_output=True, text=True, timeout=60, check=False)
        text = done.stdout + done.stderr
        if done.returncode:
            raise Refused(text)
    return text


def main():
    coffer, port, measurement, chip_certs, work, secret = sys.argv[1:]
    visitor = Visitor(int(port))
    try:
        visitor.challenge()
        print(verify(coffer, visitor, measurement, chip_certs, work), end="")
        with open(secret, "rb") as f:
            visitor.release(f.read())
        print("reported digest: " + visitor.report[0x90:0xC0].hex())
    except Refused as e:
        print(e)
        sys.exit("release: the guest does not get the secret")
    finally:
        visitor.close()


if __name__ == "__main__":
    main()
