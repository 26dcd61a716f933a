#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Start kernels that are no bzImage in the software CPU.

    run_kernels.py COFFER FOLDER TRACE_DIFF

FOLDER holds pvh.elf, multiboot.elf, multiboot.flat, exceptions.elf and
wait_*.elf.  Prints TAP.
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

coffer, folder, trace_diff = sys.argv[1:]
EXIT = 0x10 << 1 | 1  # what isa-debug-exit makes of the payload's 0x10
MODULE = "the module's text"


def run(kernel, *more):
    command = [coffer, "run", "-machine", "q35", "-accel", "tcg", "-m", "64M",
               "-serial", "stdio", "-kernel", kernel,
               "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", *more]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=120,
                          capture_output=True, text=True)


def must(condition, what):
    if not condition:
        raise AssertionError(what)


def starts(name, greeting):
    kernel = os.path.join(folder, name)
    r = run(kernel, "-append", "a=1 b=two words")
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    # As QEMU does, multiboot kernels get their own name first.
    name = kernel + " " if name.startswith("multiboot") else ""
    must(r.stdout == greeting + ": " + name + "a=1 b=two words\n",
         repr(r.stdout))


def gets_module(name, greeting):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(MODULE)
        f.flush()
        kernel = os.path.join(folder, name)
        r = run(kernel, "-initrd", f.name)
    own, text = "", ""
    if name.startswith("multiboot"):
        own, text = kernel, " " + f.name
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    must(r.stdout == "%s: %s module%s: %s\n" % (greeting, own, text, MODULE),
         repr(r.stdout))


def gets_modules(name, greeting):
    with tempfile.TemporaryDirectory() as d:
        for n in "one", "two":
            open(os.path.join(d, n), "w").write("text " + n)
        kernel = os.path.join(folder, name)
        r = run(kernel, "-initrd", "%s/one a b,%s/two" % (d, d))
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    want = "%s: %s module %s/one a b: text one module %s/two: text two\n"
    must(r.stdout == want % (greeting, kernel, d, d), repr(r.stdout))


def refused(data, words):
    with tempfile.NamedTemporaryFile("wb") as f:
        f.write(data)
        f.flush()
        r = run(f.name)
    must(r.returncode == 1, "status %d" % r.returncode)
    must(len(r.stderr.splitlines()) == 1, "lines: " + r.stderr)
    for word in words:
        must(word in r.stderr, "no '%s' in: %s" % (word, r.stderr))


def unknown_file():
    refused(b"\0" * 65536, ["bzImage", "multiboot", "PVH"])
    refused(b"x", ["bzImage", "multiboot", "PVH"])


def elf_without_entry():
    data = open(os.path.join(folder, "pvh.elf"), "rb").read()
    must(data.count(b"Xen\0") == 1, "not one note")
    refused(data.replace(b"Xen\0", b"Xem\0"), ["PVH", "multiboot"])


# Where the kernel with the exceptions is (kernel32.ld), for -dfilter.
FIRST, LAST = "0x200000", "0x20ffff"


def logged(d, what):
    """The log of our run."""
    log = os.path.join(d, "log")
    r = run(os.path.join(folder, "exceptions.elf"), "-d", what, "-D", log,
            "-dfilter", FIRST + ".." + LAST, "-singlestep")
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    return log


def logs_exceptions():
    with tempfile.TemporaryDirectory() as d:
        text = open(logged(d, "int,exec,in_asm,cpu")).read()
    must(" v=00 e=0000 i=0 cpl=0 IP=0008:" in text, text[:2000])
    must(" v=0e e=0004 i=0 cpl=3 IP=001b:" in text, "no #PF of ring 3")
    must("CR2=0000000001000000\n" in text, "no CR2")
    must("\nIN: \n0x00200010: " in text, "no code: " + text[:2000])
    must("\nEAX=" in text and "\nRAX=" in text, "no registers")
    must(text.rstrip().splitlines()[-1].startswith("End 0: "), text[-200:])


def same_log_as_qemu():
    qemu = shutil.which("qemu-system-x86_64")
    if not qemu:
        return "no qemu-system-x86_64"
    with tempfile.TemporaryDirectory() as d:
        ours, theirs = logged(d, "int,exec"), os.path.join(d, "qemu")
        subprocess.run(
            [qemu, "-display", "none", "-monitor", "none", "-serial", "null",
             "-accel", "tcg", "-no-reboot", "-kernel",
             os.path.join(folder, "exceptions.elf"),
             "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
             "-d", "int,exec,nochain", "-D", theirs, "-singlestep",
             "-dfilter", FIRST + ".." + LAST], timeout=120)
        r = subprocess.run([trace_diff, ours, theirs, FIRST, LAST],
                           capture_output=True, text=True)
    must(r.returncode == 0, r.stdout)
    must(int(r.stdout.split()[0]) > 1000, r.stdout)
    return None


def waits_without_the_processor(name):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    r = run(os.path.join(folder, name))
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = sum(getattr(after, f) - getattr(before, f)
               for f in ("ru_utime", "ru_stime"))
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    must(wall >= 2, "waited %.2f s, not 2" % wall)
    must(used < wall / 2, "%.2f s of processor time in %.2f s" % (used, wall))


tests = []
for name, greeting in (("pvh.elf", "pvh ok"),
                       ("multiboot.elf", "multiboot ok"),
                       ("multiboot.flat", "multiboot ok")):
    for what, function in (("starts", starts), ("gets a module", gets_module)):
        tests.append(("%s %s" % (name, what), function, (name, greeting)))
tests += [("a multiboot kernel gets two modules", gets_modules,
           ("multiboot.elf", "multiboot ok")),
          ("a file of no known kind is refused", unknown_file, ()),
          ("an ELF file without entry is refused", elf_without_entry, ()),
          ("-d logs exceptions, code and registers", logs_exceptions, ()),
          ("the log of exceptions is QEMU's", same_log_as_qemu, ()),
          ("a guest that spins does not burn the processor",
           waits_without_the_processor, ("wait_spin.elf",)),
          ("a guest that polls a timer does not burn the processor",
           waits_without_the_processor, ("wait_hpet.elf",))]

print("1..%d" % len(tests))
failed = 0
for number, (title, function, arguments) in enumerate(tests, 1):
    try:
        skipped = function(*arguments)
        print("ok %d %s%s" % (number, title,
                              " # SKIP " + skipped if skipped else ""),
              flush=True)
    except Exception as e:
        failed += 1
        print("not ok %d %s" % (number, title))
        print("# " + str(e).replace("\n", "\n# "), flush=True)
sys.exit(failed != 0)
