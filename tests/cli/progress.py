#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Progress on a terminal, by the longest thing that the program does: keys of
RSA-4096 for a new simulated platform.

usage: progress.py COFFER
"""
import os
import pty
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

COFFER = os.path.abspath(sys.argv[1])
TAP = peer.Tap()
LINE = "\rcoffer sp: making the simulated platform's RSA-4096 roots, "
GONE = "\r\033[K"


def read_all(fd):
    out = b""
    try:
        while True:
            some = os.read(fd, 4096)
            if not some:
                break
            out += some
    except OSError:  # the last writer is gone
        pass
    return out.decode()


def make_roots(folder):
    """Seconds, standard output, and standard error on a terminal."""
    master, slave = pty.openpty()
    start = time.monotonic()
    child = subprocess.Popen(
        [COFFER, "sp", "certs", "--sp-state", os.path.join(folder, "state"),
         "--out", os.path.join(folder, "out")], stdout=subprocess.PIPE,
        stderr=slave, env=dict(os.environ, TERM="xterm"), text=True)
    os.close(slave)
    err = read_all(master)
    out = child.stdout.read()
    child.stdout.close()
    os.close(master)
    assert child.wait(timeout=150) == 0, err
    return time.monotonic() - start, out, err


def main():
    # Chance decides how long primes take; under a second nothing is shown.
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            spent, out, err = make_roots(folder)
        if spent > 2:
            break
    TAP.check(spent <= 2 or LINE in err, "progress of making keys is shown",
              repr(err[-200:]))
    TAP.check("\n" not in err, "it stays on one line", repr(err[-200:]))
    TAP.check(not err or err.endswith(GONE), "it is gone at the end",
              repr(err[-200:]))
    TAP.check(out.count("\n") == 10 and "\r" not in out,
              "standard output is as ever", out)
    TAP.end()


main()
