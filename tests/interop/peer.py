# SPDX-License-Identifier: Apache-2.0
"""Python packages of peers, in a virtual environment of their own.

`use('qemu.qmp')` returns the interpreter of an environment that has the
package, or None with a reason when it cannot be had.
"""
import os
import subprocess
import sys


def use(package):
    cache = os.environ.get("COFFER_GUEST_CACHE", ".cache")
    home = os.path.join(cache, "peers", package)
    python = os.path.join(home, "bin", "python")
    stamp = os.path.join(home, "installed")
    if os.path.exists(stamp):
        return python, ""
    try:
        for command in ([sys.executable, "-m", "venv", home],
                        [python, "-m", "pip", "install", "-q", package]):
            subprocess.run(command, check=True, timeout=120,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except (subprocess.SubprocessError, OSError) as e:
        return None, "%s cannot be installed (%s)" % (package, type(e).__name__)
    with open(stamp, "w", encoding="ascii") as f:
        f.write(package)
    return python, ""


class Tap:
    """Test Anything Protocol on standard output."""

    def __init__(self):
        self.count = 0
        self.failed = False

    def check(self, ok, name, detail=""):
        self.count += 1
        print("%sok %d - %s" % ("" if ok else "not ", self.count, name))
        if not ok:
            self.failed = True
            print("# %s" % detail)

    def skip(self, name, why):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why))

    def end(self):
        print("1..%d" % self.count)
        sys.exit(1 if self.failed else 0)
