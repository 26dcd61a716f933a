#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer build, inspect and diff as a person calls them.

usage: igvm.py COFFER   (environment: COFFER_GUEST_CACHE, COFFER_VECTORS)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

COFFER = sys.argv[1]
OVMF = os.path.join(os.environ.get("COFFER_GUEST_CACHE", ".cache"),
                    "guests/ovmf/usr/share/ovmf/OVMF.fd")
VECTORS = os.environ.get("COFFER_VECTORS", "")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Skip(Exception):
    """The reason why a test cannot run here."""


def run(*args, status=0):
    """Standard output and error; the exit status must be this one."""
    p = subprocess.run([COFFER, *args], capture_output=True, text=True,
                       timeout=60)
    assert p.returncode == status, (args, p.returncode, p.stderr)
    return p.stdout, p.stderr


def need_ovmf():
    if not os.path.exists(OVMF):
        raise Skip("no Debian OVMF: run tools/deps")


def build(folder, name, *args):
    need_ovmf()
    path = os.path.join(folder, name)
    run("build", "--firmware", OVMF, "--output", path, *args)
    return path


def test_build_takes_the_options_of_buildigvm(folder):
    a = build(folder, "a.igvm", "-c", "4", "sev-snp")
    need_ovmf()
    b = os.path.join(folder, "b.igvm")
    run("build", "-f", OVMF, "-o", b, "--cpucount", "4", "-v", "sev-snp")
    assert open(a, "rb").read() == open(b, "rb").read()
    text, _ = run("inspect", a)
    for line in ["SEV_SNP", "secrets, no data", "cpuid, no data",
                 "vp 2, mask 0x00000001: as vp 1"]:
        assert line in text, line


def test_one_file_for_four_platforms(folder):
    path = build(folder, "a.igvm", "--platform", "sev-snp,sev-es,sev,native",
                 "--policy", "sev-snp=0xb0000")
    view = json.loads(run("inspect", "--json", path)[0])
    assert [p["platform_type"] for p in view["platforms"]] == [
        "SEV_SNP", "SEV_ES", "SEV", "NATIVE"]
    assert [h["policy"] for h in view["initializations"]] == [
        "0xb0000", "0x5", "0x1", "0x0"]


def test_manifest_takes_a_file_apart_and_builds_it_again(folder):
    path = build(folder, "a.igvm", "-c", "2", "sev-snp")
    manifest = os.path.join(folder, "a.json")
    again = os.path.join(folder, "again.igvm")
    with open(manifest, "w") as f:
        f.write(run("inspect", "--manifest", path)[0])
    run("build", "--manifest", manifest, "-o", again)
    assert open(path, "rb").read() == open(again, "rb").read()
    with open(manifest) as f:
        text = f.read()
    with open(manifest, "w") as f:
        f.write(text.replace('"policy": "0x30000"', '"policy": "0x70000"'))
    run("build", "--manifest", manifest, "-o", again)
    out, _ = run("diff", path, again, status=1)
    assert "policy\n  - 0x30000\n  + 0x70000" in out, out
    assert "launch digest is the same" in out, out


def test_diff_tells_the_page_and_the_digest(folder):
    path = build(folder, "a.igvm", "sev-snp")
    image = os.path.join(folder, "changed.fd")
    with open(OVMF, "rb") as f:
        data = bytearray(f.read())
    data[5000] ^= 1
    with open(image, "wb") as f:
        f.write(data)
    other = os.path.join(folder, "b.igvm")
    run("build", "-f", image, "-o", other, "sev-snp")
    assert run("diff", path, path)[0] == "no difference\n"
    report = json.loads(run("diff", "--json", path, other, status=1)[0])
    assert report["same"] is False
    assert [d["where"] for d in report["differences"]] == [
        "page 0xffe01000: 1 byte from offset 0x388 on"]
    assert [d["same"] for d in report["digests"]] == [False]


def test_unusable_files_give_one_line_and_status_1(folder):
    def write(name, data):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    path = build(folder, "a.igvm", "sev-snp")
    with open(path, "rb") as f:
        good = f.read()
    cases = [
        (os.path.join(folder, "missing"), "No such file"),
        (write("empty", b""), "at least 24 bytes"),
        (write("short", good[:-1]), "cut short"),
        (write("magic", b"JGVM" + good[4:]), "magic 0x4d56474a at 0x0"),
        (write("crc", good[:20] + bytes(4) + good[24:]), "CRC-32"),
        (write("page", good[:0x50] + b"\x01" + good[0x51:]), "checksum"),
    ]
    for name, text in cases:
        for command in ("inspect", "measure"):
            out, err = run(command, name, status=1)
            assert out == "" and err.count("\n") == 1, (name, out, err)
            assert name in err and text in err, (text, err)
            assert err.startswith("coffer %s: " % command), err


def test_firmware_and_igvm_files_are_told_apart(folder):
    igvm = build(folder, "a.igvm", "sev-snp")
    for command in ("inspect", "measure"):
        _, err = run(command, OVMF, status=1)
        assert "OVMF.fd: a firmware image, not an IGVM file" in err, err
    for args in (["measure", "--mode", "snp", "--vcpus", "1", "--vcpu-type",
                  "EPYC-v4", "--ovmf", igvm],
                 ["build", "-f", igvm, "-o", igvm + ".2", "sev-snp"]):
        _, err = run(*args, status=1)
        assert "a.igvm: firmware: an IGVM file" in err, err


def test_build_refuses_what_cannot_work(folder):
    need_ovmf()
    out = os.path.join(folder, "out.igvm")
    vars_fd = OVMF.replace("ovmf/OVMF.fd", "OVMF/OVMF_VARS.fd")
    _, err = run("build", "-f", vars_fd, "-o", out, "sev-snp", status=1)
    assert "no SEV metadata" in err, err
    _, err = run("build", "-f", vars_fd, "-o", out, "tdx", status=1)
    assert "no TDX metadata" in err, err
    assert not os.path.exists(out)
    for args in (["-f", OVMF, "-o", out], ["-f", OVMF, "sev-snp"],
                 ["-f", OVMF, "-o", out, "sev-snp,sgx"],
                 ["-f", OVMF, "-o", out, "-c", "0", "sev-snp"],
                 ["-f", OVMF, "-o", out, "--policy", "sev=1", "sev-snp"],
                 ["--manifest", "x", "-o", out, "sev-snp"]):
        run("build", *args, status=2)


def test_page_draws_itself_in_a_browser(folder):
    if not CHROMIUM:
        raise Skip("no chromium: apt-get install chromium")
    igvm = build(folder, "a.igvm", "-c", "2", "--platform", "sev-snp,native")
    page = os.path.join(folder, "a.html")
    run("inspect", "--html", page, igvm)
    with open(page) as f:
        text = f.read()
    for word in ("http://", "https://", "src=", "url(", "@import"):
        assert word not in text, "not self-contained: " + word
    assert "prefers-color-scheme: dark" in text
    dom = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
         "--user-data-dir=" + os.path.join(folder, "profile"),
         "--virtual-time-budget=2000", "--dump-dom", "file://" + page],
        check=True, capture_output=True, text=True, timeout=90).stdout
    body = dom[dom.index("<h1"):dom.index('<script type="application/json"')]
    for part in ('<h1 id="name">a.igvm</h1>', "0xffe00000",
                 "gap of 4.0 GiB", 'class="cell normal"',
                 'class="cell secrets"', 'class="cell vmsa"',
                 "<option value=\"2\">NATIVE</option>",
                 "vp 0, SEV_SNP", "<dt>RIP</dt>", "SHA-384"):
        assert part in body, part
    # 4 KiB of secrets in the strip of 128 KiB: to scale.
    cell = body[body.index('class="cell secrets"'):][:200]
    assert "width: 3.125%" in cell, cell


def test_native_file_starts_in_64_bit_mode(folder):
    # mov rax, "64-bit!\n"; mov dx, 0x402; eight times: out dx, al;
    # shr rax, 8; then cli; hlt.  Not even decoded like this in other modes.
    code = (b"\x48\xb8" + b"64-bit!\n" + b"\x66\xba\x02\x04" +
            b"\xee\x48\xc1\xe8\x08" * 8 + b"\xfa\xf4")
    image = os.path.join(folder, "tiny.fd")
    igvm = os.path.join(folder, "tiny.igvm")
    console = os.path.join(folder, "console")
    with open(image, "wb") as f:
        f.write(bytes(4096) + code + bytes(4096 - len(code)))
    run("build", "-f", image, "-o", igvm, "--native-entry", "0xfffff000",
        "native")
    guest = subprocess.Popen(
        [COFFER, "run", "-machine", "q35,igvm-cfg=i0", "-object",
         "igvm-cfg,id=i0,file=" + igvm, "-m", "64M", "-accel", "soft",
         "-debugcon", "file:" + console, "-serial", "none"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    text = ""
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and guest.poll() is None:
            if os.path.exists(console):
                with open(console) as f:
                    text = f.read()
            if text.endswith("\n"):
                break
            time.sleep(0.05)
    finally:
        guest.kill()
        _, err = guest.communicate()
    assert text == "64-bit!\n", (text, err)


def main():
    tests = [(name, f) for name, f in globals().items()
             if name.startswith("test_")]
    failed = 0
    print("1..%d" % len(tests))
    for i, (name, f) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                f(folder)
                print("ok %d %s" % (i, name))
            except Skip as reason:
                print("ok %d %s # SKIP %s" % (i, name, reason))
            except Exception as e:  # a test reports, whatever went wrong
                failed += 1
                print("not ok %d %s" % (i, name))
                print("# " + repr(e).replace("\n", "\n# "))
        sys.stdout.flush()
    sys.exit(failed != 0)


main()
