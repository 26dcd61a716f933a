#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Start kernels that are no bzImage in the software CPU.

    run_kernels.py COFFER FOLDER

FOLDER holds pvh.elf, multiboot.elf and multiboot.flat.  Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

coffer, folder = sys.argv[1:]
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
    must(r.stdout == greeting + ": a=1 b=two words\n", repr(r.stdout))


def gets_module(name, greeting):
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(MODULE)
        f.flush()
        r = run(os.path.join(folder, name), "-initrd", f.name)
    text = " " + f.name if name.startswith("multiboot") else ""
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    must(r.stdout == "%s:  module%s: %s\n" % (greeting, text, MODULE),
         repr(r.stdout))


def gets_modules(name, greeting):
    with tempfile.TemporaryDirectory() as d:
        for n in "one", "two":
            open(os.path.join(d, n), "w").write("text " + n)
        r = run(os.path.join(folder, name), "-initrd",
                "%s/one a b,%s/two" % (d, d))
    must(r.returncode == EXIT, "status %d: %s" % (r.returncode, r.stderr))
    want = "%s:  module %s/one a b: text one module %s/two: text two\n"
    must(r.stdout == want % (greeting, d, d), repr(r.stdout))


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


tests = []
for name, greeting in (("pvh.elf", "pvh ok"),
                       ("multiboot.elf", "multiboot ok"),
                       ("multiboot.flat", "multiboot ok")):
    for what, function in (("starts", starts), ("gets a module", gets_module)):
        tests.append(("%s %s" % (name, what), function, (name, greeting)))
tests += [("a multiboot kernel gets two modules", gets_modules,
           ("multiboot.elf", "multiboot ok")),
          ("a file of no known kind is refused", unknown_file, ()),
          ("an ELF file without entry is refused", elf_without_entry, ())]

print("1..%d" % len(tests))
failed = 0
for number, (title, function, arguments) in enumerate(tests, 1):
    try:
        function(*arguments)
        print("ok %d %s" % (number, title), flush=True)
    except Exception as e:
        failed += 1
        print("not ok %d %s" % (number, title))
        print("# " + str(e).replace("\n", "\n# "), flush=True)
sys.exit(failed != 0)
