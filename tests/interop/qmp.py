#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""QEMU's own Python client against our monitor, and coffer qmp too."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

CLIENT = """
import asyncio, json, sys
from qemu.qmp import QMPClient

async def main(path):
    client = QMPClient('test')
    await client.connect(path)
    out = {
        'status': await client.execute('query-status'),
        'sev': await client.execute('query-sev'),
        'measure': await client.execute('query-sev-launch-measure'),
        'schema': len(await client.execute('query-qmp-schema')),
        'version': client.greeting.QMP.version['package'],
    }
    with client.listener('RESUME') as events:
        await client.execute('cont')
        out['event'] = (await asyncio.wait_for(events.get(), 10))['event']
    try:
        await client.execute('sev-inject-launch-secret', {'secret': 'AA=='})
    except Exception as e:
        out['error'] = str(e)
    await client.disconnect()
    print(json.dumps(out))

asyncio.run(main(sys.argv[1]))
"""


def wait_for(path):
    for _ in range(200):
        if os.path.exists(path):
            return
        time.sleep(0.05)


def test_qemu_client(tap, sock):
    python, why = peer.use("qemu.qmp")
    if not python:
        tap.skip("qemu.qmp client", why)
        return
    done = subprocess.run([python, "-c", CLIENT, sock], timeout=60,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        tap.check(False, "qemu.qmp client talks to the monitor", done.stderr)
        return
    out = json.loads(done.stdout)
    tap.check(out["status"] == {"status": "prelaunch", "running": False},
              "qemu.qmp: query-status", out["status"])
    tap.check(out["sev"]["state"] == "launch-secret" and
              out["sev"]["policy"] == 1, "qemu.qmp: query-sev", out["sev"])
    tap.check(out["measure"]["data"].startswith("AAECAwQF"),
              "qemu.qmp: query-sev-launch-measure", out["measure"])
    tap.check(out["schema"] > 40, "qemu.qmp: query-qmp-schema", out["schema"])
    tap.check(out["version"].startswith("coffer-"), "qemu.qmp: greeting",
              out["version"])
    tap.check(out["event"] == "RESUME", "qemu.qmp: events", out["event"])
    tap.check("packet-header" in out.get("error", ""),
              "qemu.qmp: errors carry our text", out.get("error"))


def test_own_client(tap, coffer, sock):
    done = subprocess.run(
        [coffer, "qmp", sock, "query-memory-size-summary"], timeout=30,
        capture_output=True, text=True, check=False)
    tap.check(done.returncode == 0 and
              json.loads(done.stdout)["base-memory"] == 2 << 30,
              "coffer qmp prints an answer", done.stderr)
    done = subprocess.run(
        [coffer, "qmp", sock, "sev-inject-launch-secret", "gpa=x"],
        timeout=30, capture_output=True, text=True, check=False)
    tap.check(done.returncode == 1 and "gpa: 'x' is not of type int" in
              done.stderr, "coffer qmp checks types", done.stderr)
    done = subprocess.run(
        [coffer, "qmp", sock], timeout=30, input="query-status\nexit\n",
        capture_output=True, text=True, check=False)
    tap.check(done.returncode == 0 and "running" in done.stdout,
              "coffer qmp reads commands", done.stderr)


def main():
    server_path, coffer = sys.argv[1:3]
    tap = peer.Tap()
    with tempfile.TemporaryDirectory() as folder:
        sock = os.path.join(folder, "s")
        server = subprocess.Popen(
            [server_path, "unix:%s,server=on,wait=off" % sock])
        wait_for(sock)
        test_qemu_client(tap, sock)
        test_own_client(tap, coffer, sock)
        subprocess.run([coffer, "qmp", sock, "quit"], timeout=30, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tap.check(server.wait(timeout=30) == 0, "quit ends the server")
    tap.end()


main()
