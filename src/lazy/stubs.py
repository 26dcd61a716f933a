#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write stubs for the functions of shared libraries that a program calls.

usage: stubs.py OUTPUT.S --libraries NAME... --cc CC... --objects FILE...

Of each library lib<NAME>.so (or the file, where NAME is a path), every
function that the objects need becomes a stub of the same name: the first call
opens the library and binds all of its stubs (src/lazy/lazy.c).  A program that
links the stubs does not name the library among its needed ones.  Objects are
object files or archives.
"""
import os
import re
import subprocess
import sys

PAGE = 4096

HEAD = """/* Made by src/lazy/stubs.py. */
	.section .note.GNU-stack,"",@progbits
	.text

/* The first call of a library: all argument registers are kept, the stack is
 * as the caller left it but for the return address.  r11: the stub's slot; on
 * the stack: the library. */
bind:
	push %rax
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %r8
	push %r9
	push %r11
	sub $128, %rsp
{save}	mov 192(%rsp), %rdi
	call cf_lazy_bind
{restore}	add $128, %rsp
	pop %r11
	pop %r9
	pop %r8
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	pop %rax
	add $8, %rsp
	jmp *(%r11)
"""

STUB = """
	.globl {name}
	.hidden {name}
	.type {name}, @function
{name}:
	endbr64
	mov {slots}+{offset}(%rip), %r11
	test %r11, %r11
	jz 1f
	jmp *%r11
1:	lea {slots}+{offset}(%rip), %r11
	jmp {bind}
	.size {name}, . - {name}
"""

LIBRARY = """
{bind}:
	push %r10
	lea {lib}(%rip), %r10
	xchg %r10, (%rsp)
	jmp bind
	.section .rodata
{names}:
{strings}	.byte 0
	.data
	.balign 8
{lib}:
	.quad {soname}, {names}, {slots}, {size}, 0
	.section .rodata
{soname}:
	.asciz "{file}"
	.bss
	.balign {page}
{slots}:
	.zero {size}
	.text
"""

TABLE = """
	.section .data.rel.ro, "aw"
	.balign 8
	.globl cf_lazy_libraries
	.hidden cf_lazy_libraries
cf_lazy_libraries:
{pointers}	.quad 0
"""


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True,
                          text=True).stdout


def undefined(objects):
    """What the objects need and none of them has."""
    need, have = set(), set()
    for line in run("nm", "-P", *objects).splitlines():
        field = line.split()
        if len(field) > 1 and len(field[1]) == 1:
            (need if field[1] in "Uw" else have).add(field[0])
    return need - have


def find(cc, name):
    if "/" in name:
        return name
    path = run(*cc, "-print-file-name=lib%s.so" % name).strip()
    if not os.path.isabs(path):
        sys.exit("stubs.py: lib%s.so is not here" % name)
    return path


def exported(path):
    """Symbols of a library with their kinds."""
    out = {}
    for line in run("nm", "-D", "--defined-only", path).splitlines():
        kind, name = line.split()[-2:]
        out[name.split("@")[0]] = kind
    return out


def soname(path):
    m = re.search(r"\(SONAME\).*\[(.*)\]", run("readelf", "-d", path))
    return m.group(1) if m else os.path.basename(path)


def tag_of(library):
    return re.sub(r"\W", "_", os.path.basename(library))


def stubs(cc, library, need):
    path = find(cc, library)
    symbols = exported(path)
    names = sorted(need & set(symbols))
    for name in names:
        if symbols[name] not in "TWi":
            sys.exit("stubs.py: %s of lib%s is not a function" % (
                name, library))
    if not names:
        return ""
    tag = tag_of(library)
    labels = {k: "%s_%s" % (k, tag) for k in (
        "bind", "lib", "names", "slots", "soname")}
    text = "".join(STUB.format(name=name, offset=8 * i, **labels)
                   for i, name in enumerate(names))
    return text + LIBRARY.format(
        strings="".join('\t.asciz "%s"\n' % n for n in names),
        size=(8 * len(names) + PAGE - 1) // PAGE * PAGE, page=PAGE,
        file=soname(path), **labels)


def options(argv):
    """{"--libraries": [...], ...}"""
    out, at = {}, None
    for a in argv:
        if a in ("--libraries", "--cc", "--objects"):
            at = out.setdefault(a, [])
        else:
            at.append(a)
    return out


def main():
    o = options(sys.argv[2:])
    need = undefined(o["--objects"])
    text = HEAD.format(
        save="".join("\tmovups %%xmm%d, %d(%%rsp)\n" % (i, 16 * i)
                     for i in range(8)),
        restore="".join("\tmovups %d(%%rsp), %%xmm%d\n" % (16 * i, i)
                        for i in range(8)))
    pointers = ""
    for library in o["--libraries"]:
        part = stubs(o["--cc"], library, need)
        text += part
        if part:
            pointers += "\t.quad lib_%s\n" % tag_of(library)
    text += TABLE.format(pointers=pointers)
    with open(sys.argv[1], "w") as f:
        f.write(text)


main()
