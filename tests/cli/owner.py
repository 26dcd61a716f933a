#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer verify, sign, session, secret and certs as a person calls them.

Evidence is that of tests/data/owner, made by the script that is there.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
import peer  # noqa: E402

COFFER = os.path.abspath(sys.argv[1])
DATA = os.path.join(os.environ["COFFER_SOURCE_ROOT"], "tests", "data", "owner")
AT = ["--at", "2025-01-01"]
TAP = peer.Tap()


def run(*args):
    p = subprocess.run([COFFER] + list(args), capture_output=True, text=True,
                       timeout=60, check=False)
    return p.returncode, p.stdout, p.stderr


def data(name):
    return os.path.join(DATA, name)


def refused(name, status, text, *args):
    """Exit status, and one line on standard error that says why (with the
    hint at the help when it is usage)."""
    code, out, err = run(*args)
    lines = err.strip().split("\n")
    TAP.check(code == status and text in lines[0] and
              len(lines) == (2 if status == 2 else 1), name,
              "%d %s %s" % (code, err, out[-200:]))


def verify(report="report_v3.bin", vcek="vcek.der", *more):
    return ["verify", data(report), "-c", data(vcek), "-c",
            data("ask_milan.der"), "--root", data("ark_milan.der"),
            "--simulated", *AT, *more]


def test_verify():
    code, out, _ = run(*verify())
    TAP.check(code == 0 and "SIMULATED" in out and
              "not checked: revocation, measurement" in out,
              "verify names what was not checked", out)
    code, out, _ = run(*verify("report_v3.bin", "vcek.der", "-m", "ab" * 48,
                               "-d", bytes(range(64)).hex(), "--vmpl", "0",
                               "--guest-svn", "2", "--min-tcb",
                               "bl=3,tee=1,snp=8,ucode=115",
                               "--min-firmware", "0.0.0", "--platform",
                               "smt=off,tsme=off", "-c",
                               data("crl_empty.der"), "--json"))
    got = json.loads(out)
    verdicts = {c["check"]: c["verdict"] for c in got["checks"]}
    TAP.check(code == 0 and got["verified"] and got["simulated"] and
              verdicts["revocation"] == verdicts["report-data"] ==
              verdicts["min-tcb"] == "passed" and
              verdicts["host-data"] == "not asked" and
              got["report"]["measurement"] == "ab" * 48,
              "verify gives JSON", out)
    code, out, _ = run(*verify("report_v3.bin", "vcek.der", "-m", "cd" * 48))
    TAP.check(code == 1 and out.strip().endswith("failed: measurement"),
              "verify names the check that failed", out)
    code, out, _ = run("verify", data("report_v3.bin"), "-c", DATA, *AT)
    TAP.check(code == 1 and "SIMULATED" in out and "chain         VCEK" in out,
              "verify finds a chain in a folder and refuses its root", out)
    code, out, _ = run(*verify("report_debug.bin"))
    TAP.check(code == 1 and "debug is on" in out, "verify refuses debug", out)
    code, out, _ = run(*verify("report_debug.bin", "vcek.der", "-p",
                               "debug=any"))
    TAP.check(code == 0, "verify accepts debug that is asked for", out)
    refused("verify wants certificates", 2, "no --certs", "verify", "x")
    refused("verify wants the root's name", 2, "--root FILE", "verify",
            data("report_v3.bin"), "-c", data("vcek.der"), "--simulated")
    refused("verify tells a missing report", 1, "No such file", "verify",
            "/nonexistent/report", "-c", data("vcek.der"))
    refused("verify tells what is no report", 1, "not a report", "verify",
            data("vcek.der"), "-c", data("vcek.der"))
    refused("verify tells what is no certificate", 1, "certificate", "verify",
            data("report_v3.bin"), "-c", data("report_v3.bin"))
    refused("verify tells a short digest", 2, "48 bytes", *verify(
        "report_v3.bin", "vcek.der", "-m", "abcd"))
    refused("verify tells an unknown policy word", 2, "'smd'", *verify(
        "report_v3.bin", "vcek.der", "-p", "smd"))
    refused("verify tells a date that is none", 2, "not a date",
            "verify", "x", "-c", "y", "--at", "yesterday")
    refused("verify tells a level that is none", 2, "--min-tcb", *verify(
        "report_v3.bin", "vcek.der", "--min-tcb", "bl=256"))
    refused("verify tells a version that is none", 2, "--min-firmware",
            *verify("report_v3.bin", "vcek.der", "--min-firmware", "1.55"))
    code, out, _ = run(*verify("report_v3.bin", "vcek.der", "--min-firmware",
                               "1.55.1", "--platform", "ecc"))
    TAP.check(code == 1 and out.strip().endswith("failed: firmware, platform"),
              "verify asks for firmware and platform", out)
    refused("verify launch tells what is missing", 2, "--measurement",
            "verify", "launch")


def test_sign(tmp):
    key = os.path.join(tmp, "key.pem")
    code, _, _ = run("sign", "--new-key", key)
    TAP.check(code == 0 and os.stat(key).st_mode & 0o777 == 0o600,
              "sign makes a key for its owner only")
    before = open(key, "rb").read()
    refused("sign never overwrites a key", 1, "File exists", "sign",
            "--new-key", key)
    TAP.check(open(key, "rb").read() == before, "the key is as it was")
    _, out, _ = run("sign", "--show-policy", "smt,debug=off,abi=1.55")
    TAP.check(out == "0x30137 abi=1.55,smt,debug=off\n",
              "sign turns words into a policy", out)
    _, out, _ = run("sign", "--show-policy", "0x30137")
    TAP.check(out == "0x30137 abi=1.55,smt,debug=off\n",
              "sign turns a policy into words", out)
    digest = "ab" * 48
    code, out, err = run("sign", "-m", digest, "--idkey", key, "--host-data",
                         "01", "-p", "smt,single-socket", "--json")
    got = json.loads(out) if code == 0 else {}
    block = base64.b64decode(got.get("id_block", ""))
    TAP.check(len(block) == 96 and block[:48].hex() == digest and
              got["policy"] == 0x130000 == int.from_bytes(block[88:], "little"),
              "sign gives JSON", out + err)
    public = os.path.join(tmp, "key.pub")
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public],
                   check=True)
    prefix = os.path.join(tmp, "to-sign")
    run("sign", "-m", digest, "--to-sign", prefix)
    signature = os.path.join(tmp, "signature")
    subprocess.run(["openssl", "dgst", "-sha384", "-sign", key, "-out",
                    signature, prefix + ".block"], check=True)
    outside = ["sign", "-m", digest, "--id-pubkey", public, "--id-signature",
               signature]
    code, out, err = run(*outside)
    TAP.check(code == 0 and out.startswith("id-block="),
              "sign takes a signature made elsewhere", err)
    refused("sign refuses a signature of something else", 1, "does not match",
            *outside, "--guest-svn", "1")
    refused("sign wants one source of the signature", 2, "one of", *outside,
            "--idkey", key)
    refused("sign tells a key that is none", 1, "key", "sign", "-m", digest,
            "--idkey", data("vcek.der"))
    refused("sign tells a bad digest", 2, "48 bytes", "sign", "-m", "00",
            "--idkey", key)
    refused("sign tells reserved policy bits", 2, "reserved", "sign", "-m",
            digest, "--idkey", key, "-p", "0x10000")
    refused("sign tells a file that is no IGVM file", 1, "report_v3.bin",
            "sign", "--igvm", data("report_v3.bin"), "-o", prefix, "--idkey",
            key)


def test_sev(tmp):
    refused("session tells what is no certificate", 1, "certificate",
            "session", data("report_v3.bin"))
    refused("session tells a policy word of SNP", 2, "'smt'", "session", "x",
            "-p", "smt")
    refused("session wants certificates", 2, "certificates", "session")
    tek = os.path.join(tmp, "tek")
    with open(tek, "wb") as f:
        f.write(bytes(16))
    measurement = base64.b64encode(bytes(48)).decode()
    base = ["secret", "--tek", tek, "--tik", tek, "-m", measurement]
    code, out, err = run(*base, "--luks", data("report_v2.bin"), "--json")
    TAP.check(code == 0 and sorted(json.loads(out)) ==
              ["packet-header", "secret"], "secret gives JSON", err)
    refused("secret wants a secret", 2, "no secret", *base, "--json")
    refused("secret wants somewhere to write", 2, "--header", *base, "-e",
            "736869e5-84f0-4973-92ec-06879ce3da0b:" + tek)
    refused("secret tells a GUID that is none", 1, "GUID", *base, "--json",
            "-e", "736869e5:" + tek)
    short = os.path.join(tmp, "short")
    with open(short, "wb") as f:
        f.write(bytes(15))
    refused("secret tells a key of the wrong size", 1, "a key has 16",
            "secret", "--tek", short, "--tik", tek, "-m", measurement,
            "--json", "--luks", tek)
    refused("secret tells a measurement of the wrong size", 2, "48 bytes",
            "secret", "--tek", tek, "--tik", tek, "-m", "AAAA", "--json", "-e",
            "736869e5-84f0-4973-92ec-06879ce3da0b:" + tek)


def test_certs():
    code, out, _ = run("certs", data("vcek.der"), data("ark_milan.der"),
                       data("ask_milan.der"), data("crl_ask.der"), "--json")
    got = {c["role"]: c for c in json.loads(out)}
    TAP.check(code == 0 and got["VCEK"]["product"] == "Milan-B0" and
              got["VCEK"]["chip_id"] == bytes(range(1, 65)).hex() and
              got["ARK"]["root_of_trust"] == "SIMULATED" and "CRL" in got,
              "certs shows what certificates say", out)
    chain = ["certs", data("vcek.der"), data("ark_milan.der"),
             data("ask_milan.der"), "--verify"]
    code, out, _ = run(*chain)
    TAP.check(code == 1 and "SIMULATED" in out, "certs refuses the root", out)
    code, out, _ = run(*chain, "--simulated")
    TAP.check(code == 0 and out.count("passed") == 3, "certs checks a chain",
              out)
    code, out, _ = run("certs", data("vcek_pkcs1.der"), data("ask_milan.der"),
                       "--verify")
    TAP.check(code == 1 and "RSASSA-PSS" in out,
              "certs refuses another algorithm", out)
    refused("certs wants files", 2, "files", "certs")


with tempfile.TemporaryDirectory() as scratch:
    test_verify()
    test_sign(scratch)
    test_sev(scratch)
    test_certs()
TAP.end()
