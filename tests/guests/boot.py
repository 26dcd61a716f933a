#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Boot Debian's kernel and firmware in `coffer run` and watch the console.

usage: boot.py COFFER CACHE WORKDIR [CASE...]

Prints TAP; a case whose inputs are missing is skipped by name.  Without CASE
all run.  What a guest says is compared with what the test knows from
elsewhere (the number of vCPUs given, the bytes served, the digest of a run
before), never with a recording.
"""
import glob
import hashlib
import http.server
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
import time

COFFER, CACHE, WORK = sys.argv[1:4]
HERE = os.path.dirname(os.path.abspath(__file__))
GUESTS = os.path.join(CACHE, "guests")
LIMIT = float(os.environ.get("COFFER_BOOT_LIMIT", "300"))
SBIN = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
APPEND = "console=ttyS0 quiet cryptomgr.notests panic=-1 "


class Skip(Exception):
    pass


def need(pattern):
    found = sorted(glob.glob(os.path.join(GUESTS, pattern)))
    if not found:
        raise Skip("no %s in %s (tools/deps unpacks it)" % (pattern, GUESTS))
    return found[-1]


def kernel():
    return need("kernel/boot/vmlinuz-*")


def firmware():
    return need("ovmf/usr/share/ovmf/OVMF.fd")


def initrd(*programs):
    need("busybox/bin/busybox")
    kernel()
    names = [os.path.basename(p) for p in programs]
    out = os.path.join(WORK, "-".join(["initrd"] + names) + ".gz")
    script = os.path.join(HERE, "make_initrd")
    newest = max(os.path.getmtime(p) for p in (script,) + programs)
    if not os.path.exists(out) or os.path.getmtime(out) < newest:
        subprocess.run([script, out, CACHE] + list(programs), check=True)
    return out


def run(args, limit=None):
    """Run to the end; returns (status, standard output)."""
    p = subprocess.run([COFFER, "run", "-quiet", "-no-reboot"] + args,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=limit or LIMIT)
    return p.returncode, p.stdout.decode("latin-1")


def linux(do, args=(), append=""):
    return run(["-m", "256", "-serial", "stdio", "-kernel", kernel(),
                "-initrd", initrd(), "-append",
                APPEND + "coffer.do=" + do + " " + append] + list(args))


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Console:
    """A guest on a terminal: type and wait for answers."""

    def __init__(self, args):
        self.master, slave = pty.openpty()
        self.text = ""
        self.p = subprocess.Popen([COFFER, "run", "-quiet", "-nographic",
                                   "-no-reboot"] + args, stdin=slave,
                                  stdout=slave, stderr=slave)
        os.close(slave)

    def wait(self, pattern):
        end = time.monotonic() + LIMIT
        while not re.search(pattern, self.text):
            left = end - time.monotonic()
            check(left > 0, "no '%s' in: %s" % (pattern, self.text[-800:]))
            if not select.select([self.master], [], [], min(left, 1))[0]:
                check(self.p.poll() is None,
                      "ended before '%s': %s" % (pattern, self.text[-800:]))
                continue
            try:
                data = os.read(self.master, 4096)
            except OSError:
                data = b""
            if not data and self.p.poll() is not None:
                check(re.search(pattern, self.text),
                      "ended before '%s': %s" % (pattern, self.text[-800:]))
            self.text += data.decode("latin-1")

    def type(self, keys):
        self.text = ""
        os.write(self.master, keys.encode())

    def close(self):
        self.p.kill()
        self.p.wait()
        os.close(self.master)


def linux_cpus(n):
    status, text = linux("hello", ["-smp", str(n)])
    check("coffer: user space, %d CPUs" % n in text, text[-800:])
    check("reboot: Power down" in text, text[-800:])
    check(status == 0, "exit status %d" % status)


def case_linux_reaches_user_space_and_powers_off_with_1_vcpu():
    linux_cpus(1)


def case_linux_reaches_user_space_and_powers_off_with_2_vcpus():
    linux_cpus(2)


def case_linux_reaches_user_space_and_powers_off_with_4_vcpus():
    linux_cpus(4)


def case_shell_answers_a_command_that_is_typed():
    c = Console(["-m", "256", "-kernel", kernel(), "-initrd", initrd(),
                 "-append", APPEND + "coffer.do=shell"])
    try:
        c.wait(r"/ # ")
        c.type("echo $((6 * 7))x\r")
        c.wait(r"42x")
        with open("/proc/%d/status" % c.p.pid) as f:
            check("Seccomp:\t2" in f.read(), "no system call filter")
        c.type("\x01x")  # C-a x
        check(c.p.wait(30) == 0, "C-a x does not end the program")
    finally:
        c.close()


def case_file_on_virtio_disk_survives_a_restart():
    disk = os.path.join(WORK, "disk.img")
    with open(disk, "wb") as f:
        f.truncate(16 << 20)
    if subprocess.run(["mkfs.ext4", "-q", "-F", disk]).returncode:
        raise Skip("no mkfs.ext4")
    drive = ["-drive", "file=%s,format=raw" % disk]
    first = linux("disk", drive)[1]
    wrote = re.search(r"coffer: wrote file ([0-9a-f-]{36})", first)
    check(wrote and "failed" not in first, first[-800:])
    second = linux("disk", drive)[1]
    check("coffer: kept file " + wrote.group(1) in second, second[-800:])


ROOT_INIT = """#!/bin/sh
mount -t proc proc /proc
echo "coffer: root is $(sed -n 's,^\\([^ ]*\\) / ,\\1 ,p' /proc/mounts)"
echo "coffer: program says $(/usr/bin/program)"
[ -f /var/kept ] && echo "coffer: kept $(cat /var/kept)"
cat /proc/sys/kernel/random/boot_id >/var/kept
echo "coffer: wrote $(cat /var/kept)"
[ -b /dev/vdb ] && echo "coffer: sector $(
	dd if=/dev/vdb bs=512 skip=3 count=1 2>/dev/null | md5sum)"
mount -o remount,ro / || echo "coffer: remount failed"
poweroff -f
"""


def root_disk(secret):
    """An ext4 root file system; its program says the secret."""
    tree = os.path.join(WORK, "root")
    disk = os.path.join(WORK, "root.img")
    shutil.rmtree(tree, ignore_errors=True)
    for d in ("bin", "sbin", "usr/bin", "dev", "proc", "var"):
        os.makedirs(os.path.join(tree, d))
    shutil.copy(need("busybox/bin/busybox"), os.path.join(tree, "bin"))
    for name in ("sh", "mount", "sed", "cat", "dd", "md5sum",
                 "poweroff"):
        os.symlink("busybox", os.path.join(tree, "bin", name))
    for name, text in (("sbin/init", ROOT_INIT),
                       ("usr/bin/program", "#!/bin/sh\necho %s\n" % secret)):
        with open(os.path.join(tree, name), "w") as f:
            f.write(text)
        os.chmod(os.path.join(tree, name), 0o755)
    with open(disk, "wb") as f:
        f.truncate(16 << 20)
    try:
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, disk],
                       check=True, env=dict(os.environ, PATH=SBIN))
    except FileNotFoundError:
        raise Skip("no mke2fs")
    return disk


def case_root_on_virtio_disk_runs_its_program_and_keeps_a_file():
    secret = os.urandom(8).hex()
    drive = ["-drive", "file=%s,format=raw" % root_disk(secret)]
    runs = [linux("root", drive, "root=/dev/vda") for _ in range(2)]
    for status, text in runs:
        check("coffer: root is /dev/vda ext4 rw" in text, text[-800:])
        check("coffer: program says " + secret in text, text[-800:])
        check("failed" not in text and status == 0, text[-800:])
    wrote = re.search(r"coffer: wrote ([0-9a-f-]{36})", runs[0][1])
    check("coffer: kept" not in runs[0][1], "kept before it was written")
    check(wrote and "coffer: kept " + wrote.group(1) in runs[1][1],
          runs[1][1][-800:])


class Servers:
    """NBD servers; ended when the block ends."""

    def __init__(self):
        self.running = []

    def start(self, command):
        try:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Skip("no " + command[0])
        self.running.append(p)
        return p

    def __enter__(self):
        return self

    def __exit__(self, *args):
        for p in self.running:
            p.terminate()
            p.wait()


def wait_for(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        check(time.monotonic() < end, "no server after %d s" % seconds)
        time.sleep(0.05)


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def case_root_is_a_qcow2_image_behind_qemu_nbd():
    secret = os.urandom(8).hex()
    raw, qcow2 = root_disk(secret), os.path.join(WORK, "root.qcow2")
    sock = os.path.abspath(os.path.join(WORK, "nbd.sock"))
    port = free_port()
    data = os.path.join(WORK, "data.img")
    with open(data, "wb") as f:
        f.write(os.urandom(1 << 20))
    try:
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, qcow2],
                       check=True)
    except FileNotFoundError:
        raise Skip("no qemu-img")
    texts = []
    for _ in range(2):  # each time with new servers
        if os.path.exists(sock):
            os.unlink(sock)
        with Servers() as servers:
            servers.start(["qemu-nbd", "-f", "qcow2", "-k", sock, qcow2])
            servers.start(["nbdkit", "-f", "-i", "127.0.0.1", "-p", str(port),
                           "-r", "file", data])
            wait_for(lambda: os.path.exists(sock) and answers(port))
            status, text = linux(
                "root", ["-drive", "file=nbd:unix:%s,format=raw" % sock,
                         "-drive", "file=nbd://127.0.0.1:%d,readonly=on"
                         % port], "root=/dev/vda")
        check("coffer: program says " + secret in text, text[-800:])
        check("failed" not in text and status == 0, text[-800:])
        texts.append(text)
    with open(data, "rb") as f:
        sector = hashlib.md5(f.read()[3 * 512:4 * 512]).hexdigest()
    check("coffer: sector " + sector in texts[0], texts[0][-800:])
    wrote = re.search(r"coffer: wrote ([0-9a-f-]{36})", texts[0])
    check(wrote and "coffer: kept " + wrote.group(1) in texts[1],
          texts[1][-800:])
    check(open(qcow2, "rb").read(4) == b"QFI\xfb", "no qcow2 image any more")


def case_guest_fetches_from_the_host_through_slirp():
    body = os.urandom(16).hex()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode() + b"\n")

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        text = linux("net", ["-netdev", "user,id=n", "-device",
                             "virtio-net-pci,netdev=n"],
                     "coffer.port=%d" % server.server_address[1])[1]
    finally:
        server.shutdown()
    check(body in text, text[-800:])


def case_virtio_rng_gives_bytes():
    text = linux("rng", ["-device", "virtio-rng-pci"])[1]
    check("virtio_rng" in text and "\n64" in text.replace("\r", ""),
          text[-800:])


def case_counted_time_repeats_a_boot_exactly():
    # The report holds registers, counts and the last device accesses.
    args = ["-m", "256", "-serial", "null", "-accel", "soft", "-icount",
            "shift=2", "-max-instructions", "300000000", "-bios", firmware()]
    outs = [run(args)[1] for _ in range(2)]
    check("the instruction limit is reached" in outs[0], outs[0][-800:])
    check(outs[0] == outs[1], "two runs differ:\n%s\n---\n%s" % tuple(outs))


def repeated(n, seed="0"):
    """A boot in counted time: console, and log of every interrupt."""
    log = os.path.join(WORK, "repeated.log")
    status, text = linux("rng", ["-smp", str(n), "-icount", "shift=2",
                                 "-seed", seed, "-d", "int", "-D", log,
                                 "-device", "virtio-rng-pci"])
    check(status == 0 and "reboot: Power down" in text, text[-800:])
    with open(log) as f:
        lines = f.read()
    check(len(re.findall(r"^End \d+: \d+ instructions$", lines, re.M)) == n,
          "no counts at the end of the log")
    check(lines.count("Servicing hardware INT") > 50, "no interrupts logged")
    return text, lines


def repeats(n):
    one, two = repeated(n), repeated(n)
    check(one[0] == two[0], "consoles differ:\n%s\n---\n%s" % (one[0], two[0]))
    a, b = one[1].splitlines(), two[1].splitlines()
    for i, (x, y) in enumerate(zip(a, b)):
        check(x == y, "logs differ in line %d:\n%s\n%s" % (i, x, y))
    check(len(a) == len(b), "one log is longer")
    return one[1]


def case_counted_time_repeats_linux_exactly_with_1_vcpu():
    log = repeats(1)
    check(repeated(1, "1")[1] != log, "another seed changes nothing")


def case_counted_time_repeats_linux_exactly_with_2_vcpus():
    repeats(2)


def case_hardware_breakpoints_work_with_isolated_page_tables():
    program = os.path.join(WORK, "..", "hwbp")
    if not os.path.exists(program):
        raise Skip("no " + program)
    status, text = run(["-m", "256", "-serial", "stdio", "-kernel", kernel(),
                        "-initrd", initrd(program), "-append",
                        APPEND.replace("quiet ", "") +
                        "pti=on coffer.do=run:hwbp"])
    check("page tables isolation: enabled" in text, text[-800:])
    check("\npcid\r" in text, text[-800:])
    check("hwbp: ok" in text and status == 0, text[-800:])


def uefi_shell(args, commands=(("echo uefi-is-ok", r"\nuefi-is-ok\r"),)):
    """Type each command and wait for its answer, not the echo of the keys."""
    c = Console(["-m", "256"] + args)
    try:
        c.wait(r"Press .*ESC.* seconds")
        c.type("\x1b")
        c.wait(r"Shell> ")
        for command, answer in commands:
            c.type(command + "\r")
            c.wait(answer)
            c.wait(r"Shell> ")
        c.type("reset -s\r")
        check(c.p.wait(60) == 0, "reset -s does not end the program")
    finally:
        c.close()


def case_ovmf_reaches_the_uefi_shell():
    uefi_shell(["-bios", firmware()])


def flash(code, variables, more=""):
    return ["-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + code,
            "-drive", "if=pflash,format=raw,unit=1,file=" + variables + more]


def case_uefi_variable_in_flash_survives_a_restart():
    code = need("ovmf/usr/share/OVMF/OVMF_CODE.fd")
    store = os.path.join(WORK, "vars.fd")
    shutil.copyfile(need("ovmf/usr/share/OVMF/OVMF_VARS.fd"), store)
    name = "setvar coffer -guid 6b1f0a2e-5a0e-4d9b-9c55-0a3d5e1f7c21"
    value = os.urandom(4).hex().upper()
    uefi_shell(flash(code, store),
               [(name + " -nv -bs =" + value, r"Shell> ")])
    with open(store, "rb") as f:
        kept = f.read()
    check(bytes.fromhex(value) in kept, "the file does not hold the variable")
    uefi_shell(flash(code, store, ",snapshot=on"),
               [(name, " ".join(re.findall("..", value))),
                (name + " -nv -bs =00", r"Shell> ")])
    with open(store, "rb") as f:
        check(f.read() == kept, "snapshot=on has written")


def built(name, args):
    out = os.path.join(WORK, name + ".igvm")
    subprocess.run([COFFER, "build", "--output", out] + args + ["native"],
                   check=True)
    return ["-machine", "q35,igvm-cfg=i", "-object",
            "igvm-cfg,id=i,file=" + out]


def case_ovmf_from_a_native_igvm_file_reaches_the_uefi_shell():
    uefi_shell(built("ovmf", ["--firmware", firmware()]))


def case_linux_from_a_native_igvm_file_reaches_user_space():
    args = built("linux", ["--kernel", kernel(), "--initrd", initrd(),
                           "--append", APPEND + "coffer.do=hello"])
    text = run(["-m", "256", "-serial", "stdio"] + args)[1]
    check("coffer: user space, 1 CPUs" in text, text[-800:])


def case_ovmf_starts_a_kernel_from_a_fat_disk():
    disk = os.path.join(WORK, "fat.img")
    script = os.path.join(WORK, "startup.nsh")
    with open(disk, "wb") as f:
        f.truncate(64 << 20)
    with open(script, "w") as f:
        f.write("fs0:\\vmlinuz.efi initrd=\\initrd.gz " + APPEND +
                "coffer.do=hello\n")
    try:
        subprocess.run(["mkfs.vfat", "-F", "32", disk], check=True,
                       stdout=subprocess.DEVNULL)
        for source, name in ((kernel(), "vmlinuz.efi"),
                             (initrd(), "initrd.gz"),
                             (script, "startup.nsh")):
            subprocess.run(["mcopy", "-i", disk, source, "::" + name],
                           check=True)
    except FileNotFoundError as e:
        raise Skip("no %s" % e.filename)
    text = run(["-m", "512", "-serial", "stdio", "-bios", firmware(),
                "-drive", "file=%s,format=raw" % disk])[1]
    check("coffer: user space, 1 CPUs" in text, text[-800:])


def main(cases):
    names = sys.argv[4:] or list(cases)
    os.makedirs(WORK, exist_ok=True)
    print("1..%d" % len(names))
    bad = 0
    for i, name in enumerate(names, 1):
        try:
            cases[name]()
            print("ok %d - %s" % (i, name), flush=True)
        except Skip as e:
            print("ok %d - %s # SKIP %s" % (i, name, e), flush=True)
        except (AssertionError, subprocess.SubprocessError, OSError) as e:
            bad += 1
            print("not ok %d - %s" % (i, name))
            for line in str(e).splitlines():
                print("# " + line, flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main({n[5:]: f for n, f in globals().items() if n.startswith("case_")})
