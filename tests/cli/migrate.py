#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A migration whose reader stalls does not keep the process from ending.

usage: migrate.py COFFER
"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

COFFER = os.path.abspath(sys.argv[1])
TAP = peer.Tap()
# More than a pipe holds, and nothing that is all zero.
FIRMWARE = random.Random(1).randbytes((1 << 20) - 16) + bytes(
    [0xF4, 0xEB, 0xFD]).ljust(16, b"\xf4")


class Stalled:
    """A guest on its way into a FIFO that is open and not read."""

    def __init__(self, folder, name, *more):
        self.sock = os.path.join(folder, name + ".qmp")
        fifo = os.path.join(folder, name + ".fifo")
        firmware = os.path.join(folder, "firmware")
        os.mkfifo(fifo)
        with open(firmware, "wb") as f:
            f.write(FIRMWARE)
        self.reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.process = subprocess.Popen(
            [COFFER, "run", "-quiet", "-m", "16", "-accel", "soft", "-bios",
             firmware, "-serial", "none", "-qmp",
             "unix:%s,server=on,wait=off" % self.sock, *more])
        while not os.path.exists(self.sock) and self.process.poll() is None:
            time.sleep(0.05)
        self.qmp("migrate", "uri=file:" + fifo)
        sent = [0, -1, -2]
        while len(set(sent[-3:])) > 1 and len(sent) < 200:
            time.sleep(0.1)
            self.info = self.qmp("query-migrate")
            sent.append(self.info.get("ram", {}).get("transferred", -len(sent)))

    def qmp(self, *words):
        done = subprocess.run([COFFER, "qmp", self.sock, *words],
                              capture_output=True, text=True, timeout=60,
                              check=True)
        return json.loads(done.stdout)

    def status(self):
        """How it ends within 20 seconds; None: it does not."""
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            os.close(self.reader)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, more in (("threads", ()), ("counted",
                                             ("-icount", "shift=0"))):
            guest = Stalled(folder, name, *more)
            TAP.check(guest.info.get("status") == "active",
                      "%s: the reader stalls" % name, guest.info)
            guest.process.send_signal(signal.SIGTERM)
            status = guest.status()
            TAP.check(status == 0, "%s: SIGTERM ends it" % name, status)
        guest = Stalled(folder, "quit")
        guest.qmp("quit")
        status = guest.status()
        TAP.check(status == 0, "quit ends it", status)
    TAP.end()


main()
