#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real GDB on the native payload: breakpoints, watchpoints, registers,
memory, threads, steps.

    gdb.py COFFER FOLDER

FOLDER holds native.igvm and native.elf.  Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

coffer, folder = sys.argv[1:]


def session(commands, vcpus=1):
    """GDB's output, and the guest's after both have ended."""
    where = tempfile.mkdtemp(prefix="coffer-gdb-")
    port = os.path.join(where, "gdb")
    guest = subprocess.Popen(
        [coffer, "run", "-machine", "q35,igvm-cfg=igvm0",
         "-object", "igvm-cfg,id=igvm0,file=%s/native.igvm" % folder,
         "-smp", str(vcpus), "-m", "64M", "-serial", "stdio", "-S",
         "-gdb", "unix:" + port],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if os.path.exists(port) or guest.poll() is not None:
                break
            time.sleep(0.05)
        script = ["set pagination off", "set confirm off",
                  "file %s/native.elf" % folder, "target remote " + port]
        args = ["gdb", "-nx", "-batch"]
        for c in script + commands:
            args += ["-ex", c]
        gdb = subprocess.run(args, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=120)
        out, err = guest.communicate(timeout=60)
        return gdb.stdout + gdb.stderr, out
    finally:
        guest.kill()
        guest.wait()
        shutil.rmtree(where, ignore_errors=True)


def must(text, pattern):
    if not re.search(pattern, text, re.M | re.S):
        raise AssertionError("no /%s/ in:\n%s" % (pattern, text))


def stops_at_a_breakpoint():
    gdb, guest = session(["hbreak native_main", "continue",
                          "print $rip == (long)native_main", "delete",
                          "continue"])
    must(gdb, r"Breakpoint 1, .*native_main")
    must(gdb, r"\$1 = 1")
    must(gdb, r"exited normally|process 1.*exited|Inferior 1 .*exited")
    must(guest, r"1 of 1 vcpus ran; off")


def steps_one_instruction():
    gdb, _ = session(["set $before = $rip", "stepi",
                      "print $rip > $before && $rip < $before + 16",
                      "kill"])
    must(gdb, r"\$1 = 1")


def reports_a_changed_variable():
    gdb, guest = session(["hbreak native_main", "continue", "delete",
                          "watch *(int *)&ready", "continue",
                          "print *(int *)&ready", "delete", "continue"])
    must(gdb, r"Old value = 0.*New value = 1.*\$1 = 1")
    must(guest, r"1 of 1 vcpus ran; off")


def changes_registers_and_memory():
    gdb, guest = session(
        ["hbreak put_text", "continue",
         "print $rsp != 0",
         # The text that is about to be printed, by its first argument.
         "set {char}$rdi = 'N'", "x/1bc $rdi",
         "set $r15 = 0x1122334455667788", "print/x $r15",
         "delete", "continue"])
    must(gdb, r"\$1 = 1.*'N'.*\$2 = 0x1122334455667788")
    must(guest, r"Native: ")


def shows_every_vcpu():
    gdb, guest = session(["info threads", "hbreak native_ap", "continue",
                          "info threads", "delete", "continue"], vcpus=2)
    must(gdb, r"vCPU 0.*vCPU 1")
    must(gdb, r"native_ap")
    must(guest, r"2 of 2 vcpus ran; off")


def sees_control_registers():
    gdb, _ = session(["hbreak native_main", "continue",
                      "print ($cr0 & 0x80000001) == 0x80000001",
                      "print ($efer & 0x500) == 0x500", "kill"])
    must(gdb, r"\$1 = 1.*\$2 = 1")


tests = [stops_at_a_breakpoint, steps_one_instruction,
         reports_a_changed_variable, changes_registers_and_memory,
         shows_every_vcpu, sees_control_registers]

if not shutil.which("gdb"):
    print("1..0 # SKIP gdb is not installed")
    sys.exit(0)
print("1..%d" % len(tests))
failed = False
for number, test in enumerate(tests, 1):
    try:
        test()
        print("ok %d - %s" % (number, test.__name__))
    except (AssertionError, subprocess.TimeoutExpired) as e:
        failed = True
        print("not ok %d - %s" % (number, test.__name__))
        print("\n".join("# " + line for line in str(e).splitlines()))
    sys.stdout.flush()
sys.exit(failed)
