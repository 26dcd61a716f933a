#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monitor where QEMU's -qmp puts it: a TCP port and the terminal; and
wait=on, which holds the guest back until the first client is there.

    monitor.py COFFER FOLDER

FOLDER holds native.igvm.  Prints TAP.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402


def command(qmp, *more):
    return [COFFER, "run", "-quiet", "-accel", "soft", "-name", "vm1", "-m",
            "64", "-machine", "q35,igvm-cfg=i0", "-object",
            "igvm-cfg,id=i0,file=%s/native.igvm" % FILES, "-serial", "null",
            "-qmp", qmp, *more]


def talk(write, read, *requests):
    """Greeting, negotiation, then each request's answer (events are passed
    over)."""
    answers = [json.loads(read())]
    for r in [{"execute": "qmp_capabilities"}, *requests]:
        write(json.dumps(r) + "\n")
        while True:
            answer = json.loads(read())
            if "event" not in answer:
                break
        answers.append(answer)
    return answers


def check(tap, name, answers):
    tap.check("QMP" in answers[0] and answers[1] == {"return": {}} and
              answers[2]["return"]["status"] == "prelaunch" and
              answers[3]["return"]["name"] == "vm1" and
              answers[4] == {"return": {}}, name, answers)


REQUESTS = [{"execute": c} for c in ("query-status", "query-name", "quit")]


def stdio(tap):
    process = subprocess.Popen(command("stdio", "-S"), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def write(text):
        process.stdin.write(text)
        process.stdin.flush()

    check(tap, "-qmp stdio", talk(write, process.stdout.readline, *REQUESTS))
    tap.check(process.wait(timeout=30) == 0, "-qmp stdio: quit ends it")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connect(port):
    for _ in range(400):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise RuntimeError("nothing listens on port %d" % port)


def tcp(tap):
    port = free_port()
    process = subprocess.Popen(command(
        "tcp:127.0.0.1:%d,server=on,wait=off" % port, "-S"))
    with connect(port) as s, s.makefile("rw") as f:

        def write(text):
            f.write(text)
            f.flush()

        check(tap, "-qmp tcp:", talk(write, f.readline, *REQUESTS))
    tap.check(process.wait(timeout=30) == 0, "-qmp tcp: quit ends it")
    with tempfile.TemporaryDirectory() as folder:
        sock = os.path.join(folder, "s")
        process = subprocess.Popen(command("unix:%s,server=on" % sock))
        time.sleep(0.3)
        tap.check(process.poll() is None,
                  "wait=on: the guest waits for the first client")
        done = subprocess.run([COFFER, "qmp", sock, "query-status"],
                              capture_output=True, text=True, check=False)
        tap.check(done.returncode == 0 or process.poll() == 0,
                  "wait=on: the client is served", done.stderr)
        tap.check(process.wait(timeout=30) == 0, "wait=on: the guest runs")


def main():
    tap = peer.Tap()
    stdio(tap)
    tcp(tap)
    tap.end()


COFFER, FILES = sys.argv[1:]
main()
