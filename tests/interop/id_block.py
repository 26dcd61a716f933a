#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer sign against sev-snp-measure's snp-create-id-block."""
import base64
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

PEER = """
import sys
from sevsnpmeasure import id_block
sys.argv = ['snp-create-id-block'] + sys.argv[1:]
sys.exit(id_block.main())
"""

# Checks signatures with a library that is neither coffer's nor the peer's
# code: the block by the ID key, the ID key by the author key.
CHECK = """
import base64, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
block, auth = (base64.b64decode(a) for a in sys.argv[1:3])
def num(b): return int.from_bytes(b, 'little')
def key(b):
    return ec.EllipticCurvePublicNumbers(
        num(b[4:76]), num(b[76:148]), ec.SECP384R1()).public_key()
def sig(b): return utils.encode_dss_signature(num(b[:72]), num(b[72:144]))
alg = ec.ECDSA(hashes.SHA384())
key(auth[0x240:0x644]).verify(sig(auth[0x40:0x240]), block, alg)
key(auth[0x880:0xC84]).verify(sig(auth[0x680:0x880]), auth[0x240:0x644], alg)
"""


def parts(text):
    """id-block, id-auth, and the lines with the digests."""
    lines = text.strip().split("\n")
    fields = dict(f.split("=", 1) for f in lines[0].split(","))
    return fields["id-block"], fields["id-auth"], lines[1:]


def main():
    coffer = sys.argv[1]
    tap = peer.Tap()
    python, why = peer.use("sev-snp-measure")
    names = ["id block and key digests are the same",
             "everything but the signatures is the same",
             "the signatures verify"]
    if not python:
        for name in names:
            tap.skip(name, why)
        tap.end()
    with tempfile.TemporaryDirectory() as tmp:
        keys = []
        for name in "id", "author":
            keys.append(os.path.join(tmp, name))
            subprocess.run([coffer, "sign", "--new-key", keys[-1]], check=True)
        args = ["--measurement", base64.b64encode(bytes(range(48))).decode(),
                "--idkey", keys[0], "--authorkey", keys[1]]
        theirs = subprocess.run([python, "-c", PEER, *args], check=True,
                                capture_output=True, text=True).stdout
        ours = subprocess.run([coffer, "sign", *args], check=True,
                              capture_output=True, text=True).stdout
        a, b = parts(theirs), parts(ours)
        tap.check(a[0] == b[0] and a[2] == b[2], names[0], ours)
        left, right = (bytearray(base64.b64decode(x[1])) for x in (a, b))
        for at in 0x40, 0x680:  # ECDSA signatures differ each time
            left[at:at + 144] = right[at:at + 144] = bytes(144)
        tap.check(left == right, names[1])
        done = subprocess.run([python, "-c", CHECK, b[0], b[1]],
                              capture_output=True, text=True)
        tap.check(done.returncode == 0, names[2], done.stderr[-200:])
    tap.end()


main()
