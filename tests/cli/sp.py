#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer sp as a person calls it, with openssl as the judge of certificates.

usage: sp.py COFFER   (environment: COFFER_BUILD_ROOT for the slow RSA keys)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

COFFER = sys.argv[1]
ROOTS = os.path.join(os.environ.get("COFFER_BUILD_ROOT", "."),
                     "sim-state/roots")


def run(*args, status=0):
    p = subprocess.run([COFFER, "sp", *args], capture_output=True, text=True,
                       timeout=170)
    assert p.returncode == status, (args, p.returncode, p.stderr)
    return p.stdout, p.stderr


def status(state):
    return json.loads(run("status", "--json", "--sp-state", state)[0])


def test_chip_stays_and_reset_makes_another(state):
    first = status(state)
    assert first["simulated"] is True
    assert first["product"] == "Milan"
    assert len(first["chip_id"]) == 128
    assert status(state) == first
    assert "SIMULATED" in run("status", "--sp-state", state)[0]
    turin = json.loads(run("status", "--json", "--product", "Turin",
                           "--sp-state", state)[0])
    assert turin["product"] == "Turin" and len(turin["chip_id"]) == 16
    run("reset", "--sp-state", state, status=2)
    assert status(state) == first
    run("reset", "--yes", "--sp-state", state)
    assert status(state)["chip_id"] != first["chip_id"]


def test_config_is_kept_and_bounded(state):
    run("config", "--reported-tcb", "snpSPL=20,blSPL=3", "--mask-chip-id",
        "yes", "--sp-state", state)
    s = status(state)
    assert s["reported_tcb"] == "blSPL=3,teeSPL=0,snpSPL=20,ucodeSPL=219"
    assert s["mask_chip_id"] is True and s["mask_chip_key"] is False
    for bad in ("snpSPL=99", "fmcSPL=1", "snpSPL", "snpSPL=256"):
        _, err = run("config", "--reported-tcb", bad, "--sp-state", state,
                     status=1)
        assert err.count("\n") == 1, err
    run("commit", "--sp-state", state)
    s = status(state)
    assert s["committed_tcb"] == s["current_tcb"]
    assert s["reported_tcb"] == "blSPL=3,teeSPL=0,snpSPL=20,ucodeSPL=219"


def test_firmware_is_updated_committed_and_not_taken_back(state):
    image = os.path.join(state, "new.img")
    old = os.path.join(state, "old.img")
    run("firmware", "--out", old, "--sp-state", state)
    run("firmware", "--snp-api", "1.56", "--sev-api", "0.25", "--build", "3",
        "--snp-spl", "26", "--out", image, "--sp-state", state)
    assert open(image, "rb").read().startswith(b"coffer SIMULATED")
    run("update", "--image", image, "--sp-state", state)
    s = status(state)
    assert s["snp_api"] == "1.56 build 3" and s["sev_api"] == "0.25 build 3"
    assert s["current_tcb"] == "blSPL=4,teeSPL=0,snpSPL=26,ucodeSPL=219"
    assert s["committed_tcb"] == "blSPL=4,teeSPL=0,snpSPL=23,ucodeSPL=219"
    run("update", "--image", old, "--sp-state", state)
    assert status(state)["snp_api"] == "1.55 build 21"
    run("update", "--image", image, "--commit", "--sp-state", state)
    s = status(state)
    assert s["committed_version"] == "1.56 build 3"
    assert s["committed_tcb"] == s["current_tcb"] == s["reported_tcb"]
    _, err = run("update", "--image", old, "--sp-state", state, status=1)
    assert "DOWNLOAD_FIRMWARE_EX" in err and "BAD_VERSION" in err, err
    with open(image, "r+b") as f:
        f.seek(0x34)
        f.write(b"\xff")
    _, err = run("update", "--image", image, "--sp-state", state, status=1)
    assert "BAD_SIGNATURE" in err and err.count("\n") == 1, err
    assert status(state)["snp_api"] == "1.56 build 3"
    for bad in ("1", "1.256", "x.1", "1.5.6"):
        run("firmware", "--out", image, "--snp-api", bad, "--sp-state", state,
            status=1)
    run("update", "--sp-state", state, status=2)
    run("firmware", "--sp-state", state, status=2)
    run("update", "--image", os.path.join(state, "lock"), "--sp-state", state,
        status=1)


def test_vlek_has_its_certificates(state):
    vlek, out = os.path.join(state, "vlek.bin"), os.path.join(state, "out")
    run("vlek", "--out", vlek, "--sp-state", state)
    assert os.path.getsize(vlek) == 432
    run("certs", "--out", out, "--vlek", vlek, "--sp-state", state)
    at = [os.path.join(out, name) for name in ("ark.pem", "asvk.pem",
                                               "vlek.pem")]
    p = subprocess.run(["openssl", "verify", "-CAfile", at[0], "-untrusted",
                        at[1], at[2]], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    table = open(os.path.join(out, "cert_table.bin"), "rb").read()
    assert table[:16].hex() == "a8074bc2a25a483eaae639c045a0b8a1"
    run("kds", "--out", out, "--vlek", vlek, "--sp-state", state)
    assert open(out + "/vlek/v1/Milan/cert", "rb").read()[0] == 0x30
    data = bytearray(open(vlek, "rb").read())
    data[0x20] ^= 1
    open(vlek, "wb").write(data)
    _, err = run("status", "--vlek", vlek, "--sp-state", state, status=1)
    assert "SNP_VLEK_LOAD" in err and "BAD_MEASUREMENT" in err, err


def test_certificates_satisfy_openssl(state):
    out = os.path.join(state, "out")
    run("certs", "--out", out, "--sp-state", state)
    at = [os.path.join(out, name) for name in ("ark.pem", "ask.pem",
                                               "vcek.pem")]
    p = subprocess.run(["openssl", "verify", "-CAfile", at[0], "-untrusted",
                        at[1], at[2]], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    subject = subprocess.run(["openssl", "x509", "-noout", "-subject", "-in",
                              at[2]], capture_output=True, text=True).stdout
    assert "coffer SIMULATED" in subject, subject
    for name, size in (("pdh.cert", 2084), ("pek.cert", 2084),
                       ("oca.cert", 2084), ("cek.cert", 2084),
                       ("ask_ark.cert", 3200)):
        assert os.path.getsize(os.path.join(out, name)) == size, name


def get(url):
    with urllib.request.urlopen(url, timeout=20) as r:
        return r.read()


def test_key_server_answers_on_loopback(state):
    chip = status(state)["chip_id"]
    server = subprocess.Popen([COFFER, "sp", "kds", "--listen", "0",
                               "--sp-state", state], stdout=subprocess.PIPE,
                              text=True)
    try:
        url = server.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), url
        chain = get(url + "/vcek/v1/Milan/cert_chain")
        assert chain.count(b"BEGIN CERTIFICATE") == 2
        path = url + "/vcek/v1/Milan/" + chip
        one = get(path + "?blSPL=3&teeSPL=0&snpSPL=20&ucodeSPL=219")
        other = get(path + "?blSPL=3&teeSPL=0&snpSPL=19&ucodeSPL=219")
        keys = [subprocess.run(["openssl", "x509", "-inform", "der", "-noout",
                                "-pubkey"], input=der,
                               capture_output=True).stdout
                for der in (one, other)]
        assert keys[0].startswith(b"-----BEGIN") and keys[0] != keys[1]
        assert get(url + "/vcek/v1/Milan/crl")[0] == 0x30
        for bad in ("/", "/vcek/v1/Genoa/cert_chain", "/vcek/v1/Milan/00",
                    "/vcek/v1/Milan/" + chip + "?snpSPL=200"):
            try:
                get(url + bad)
                assert False, bad
            except urllib.error.HTTPError as e:
                assert e.code == 404, (bad, e.code)
    finally:
        server.kill()
        server.wait()


def test_wrong_usage_is_told(state):
    for args in ((), ("nonsense",), ("status", "certs"), ("status", "--nope")):
        run(*args, status=2)
    out, _ = run("commands")
    assert "| 0xA1 | SNP_LAUNCH_UPDATE | INIT | LAUNCH" in out


def main():
    tests = [(name, f) for name, f in globals().items()
             if name.startswith("test_")]
    failed = 0
    print("1..%d" % len(tests))
    for i, (name, test) in enumerate(tests, 1):
        state = tempfile.mkdtemp(prefix="coffer-sp-")
        try:
            if os.path.isdir(ROOTS):
                shutil.copytree(ROOTS, os.path.join(state, "roots"),
                                ignore=shutil.ignore_patterns("*.*"))
            test(state)
            print("ok %d - %s" % (i, name))
        except Exception as e:  # every failure is the test's result
            failed = 1
            print("not ok %d - %s\n# %r" % (i, name, e))
        finally:
            shutil.rmtree(state)
    return failed


sys.exit(main())
