#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real GDB on the native payload: breakpoints, watchpoints, registers,
memory, threads, steps; and on the SNP one, whose policy may forbid it.

    gdb.py COFFER FOLDER

FOLDER holds native.igvm, native.elf and those of snp.  Prints TAP.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

coffer, folder = sys.argv[1:]


def session(commands, vcpus=1, policy=None):
    """GDB's output, and the guest's after both have ended.  With a policy it
    is an SNP guest.  commands may be a function that talks to the port."""
    where = tempfile.mkdtemp(prefix="coffer-gdb-")
    port = os.path.join(where, "gdb")
    name, machine, objects = "native", "q35,igvm-cfg=igvm0", []
    if policy:
        name = "snp"
        machine += ",confidential-guest-support=sev0"
        objects = ["-object", "sev-snp-guest,id=sev0,cbitpos=51,"
                   "reduced-phys-bits=1,policy=" + policy,
                   "-sp-state", where + "/sp"]
    guest = subprocess.Popen(
        [coffer, "run", "-accel", "soft", "-machine", machine, *objects,
         "-object", "igvm-cfg,id=igvm0,file=%s/%s.igvm" % (folder, name),
         "-smp", str(vcpus), "-m", "64M", "-serial", "stdio", "-S",
         "-gdb", "unix:" + port],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if os.path.exists(port) or guest.poll() is not None:
                break
            time.sleep(0.05)
        if callable(commands):
            return commands(port), guest.communicate(timeout=60)[0]
        script = ["set pagination off", "set confirm off",
                  "file %s/%s.elf" % (folder, name), "target remote " + port]
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


def debugs_an_snp_guest_whose_policy_allows_it():
    with open(folder + "/snp.bin", "rb") as f:
        # In the image, which is private.
        text = 0x100000 + f.read().index(b"snp: hello")
    gdb, guest = session(
        ["hbreak cpuid_check", "continue",
         "print $rip == (long)cpuid_check", "print ($efer & 0x500) == 0x500",
         "x/1s %d" % text, "set {char}%d = 'S'" % text, "x/1s %d" % text,
         "delete", "continue"], policy="0xb0000")
    must(gdb, r"\$1 = 1.*\$2 = 1.*\"snp: hello thr.*\"Snp: hello thr")
    must(guest, r"^Snp: hello through the GHCB$.*1 of 1 vcpus ran; off")


def packet(file, text):
    """A request of the remote protocol, and its answer."""
    file.write(b"$%s#%02x" % (text, sum(text) & 0xFF))
    file.flush()
    answer = b""
    while not re.search(rb"\$[^#]*#..$", answer):
        byte = file.read(1)
        if not byte:
            break
        answer += byte
    file.write(b"+")
    file.flush()
    return re.sub(rb".*\$([^#]*)#..$", rb"\1", answer, flags=re.S)


def sees_cipher_text_where_the_policy_forbids_it():
    """Without registers GDB does not start: its protocol by hand."""
    def ask(port):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(port)
            s.settimeout(60)
            f = s.makefile("rwb")
            found = [packet(f, b"g"), packet(f, b"m100000,8"),
                     packet(f, b"M100000,1:00")]
            f.write(b"$k#6b")
            f.flush()
            return found

    regs, memory, write = session(ask, policy="0x30000")[0]
    if regs != b"E01" or not write.startswith(b"E"):
        raise AssertionError("registers %r, write %r" % (regs, write))
    if len(memory) != 16 or bytes.fromhex(memory.decode()) == b"GUEST64\0":
        raise AssertionError("memory %r" % memory)


tests = [stops_at_a_breakpoint, steps_one_instruction,
         reports_a_changed_variable, changes_registers_and_memory,
         shows_every_vcpu, sees_control_registers,
         debugs_an_snp_guest_whose_policy_allows_it,
         sees_cipher_text_where_the_policy_forbids_it]

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
