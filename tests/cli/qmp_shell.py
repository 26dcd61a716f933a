#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shell of `coffer qmp` on a terminal: prompt, completion, history.

usage: qmp_shell.py COFFER
"""
import os
import pty
import select
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

COFFER = os.path.abspath(sys.argv[1])
TAP = peer.Tap()
HALTED = bytes(65536 - 16) + bytes([0xF4, 0xEB, 0xFD]).ljust(16, b"\xf4")


class Shell:
    """`coffer qmp` with a terminal around it."""

    def __init__(self, sock):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [COFFER, "qmp", sock], stdin=slave, stdout=slave, stderr=slave,
            env=dict(os.environ, TERM="xterm"))
        os.close(slave)

    def until(self, text):
        """What comes, to a text or for 20 seconds."""
        out, end = "", time.monotonic() + 20
        while text not in out and time.monotonic() < end:
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    out += os.read(self.master, 4096).decode()
                except OSError:
                    break
        return out

    def type(self, text):
        os.write(self.master, text.encode())


def main():
    with tempfile.TemporaryDirectory() as folder:
        firmware = os.path.join(folder, "firmware")
        sock = os.path.join(folder, "qmp")
        with open(firmware, "wb") as f:
            f.write(HALTED)
        guest = subprocess.Popen(
            [COFFER, "run", "-quiet", "-m", "16", "-accel", "soft", "-bios",
             firmware, "-serial", "none", "-qmp",
             "unix:%s,server=on,wait=off" % sock])
        while not os.path.exists(sock) and guest.poll() is None:
            time.sleep(0.05)
        shell = Shell(sock)
        TAP.check("(qmp) " in shell.until("(qmp) "), "it prompts")
        shell.type("query-stat\t")
        got = shell.until("us ")
        TAP.check("us " in got, "Tab completes a command", repr(got))
        shell.type("\n")
        got = shell.until("(qmp) ")
        TAP.check('"status":"running"' in got, "the command is sent",
                  repr(got))
        shell.type("\x1b[A\n")  # arrow up
        got = shell.until("(qmp) ")
        TAP.check('"status":"running"' in got, "history gives it again",
                  repr(got))
        shell.type("quit\n")
        TAP.check(guest.wait(timeout=20) == 0, "quit ends the guest")
        shell.type("exit\n")
        shell.until("exit\r\n")
        TAP.check(shell.process.wait(timeout=20) == 0, "exit ends the shell")
        os.close(shell.master)
    TAP.end()


main()
