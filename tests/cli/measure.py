#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coffer measure and coffer explain as a script sees them.

The firmware is the synthetic one of the launch notes (8 KiB of tables); its
digests are those that sev-snp-measure gives.
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
TAP = peer.Tap()

SEV = "f182efd9790d41c237137c3fd6f416f30c7ba60469b83a4b63560bac16837d1c"
SEV_KERNEL = "7296eb8458498945c5b06ccdc053b00c272390a6b62e4ccfb7017f36ec01a8c1"
SNP1 = ("f17b29a8b869f1e5a7f2b06569f77305e3a900ed30c7adfca5dd0dc17acfddce"
        "9deee0fa4706a9f420fb025c20c47349")
SNP3_GENOA = ("04d4049887d7ba76cee5aa1507144e5a4ad1a520963f6d190f412bbb034d70f3"
              "0b079ea0d4ba35c3311335ecdaffd2b9")
OVMF_HASH = ("6bf22a7601f006626b091077dcd1542eda86a2eadb581cec133bff8458b5777e"
             "f6ff9a8d6d81abe4d4bd80825c93e86b")
BSP_VMSA = "591598a62aa556861a392da67feab71a919975d97a579eb1df12503178c9cbb3"


def firmware():
    fw = bytearray(8192)
    sections = bytes.fromhex(
        "415345564c0000000100000005000000"
        "000080000020000001000000002080000010000002000000"
        "003080000010000003000000004080000010000004000000"
        "000081000010000010000000")
    table = bytes.fromhex(
        "001000001600666588dc4a989847a75e5585a7bf67cc"
        "000c8100000400001a001f3755723b3a044b927b1da6efa8d454"
        "00008100000c00001a0061b32e4c9b7dc34c8081127c90d3d294"
        "04b080001600de71f7007e1acb4f890e68c77e2fb44e"
        "7200de82b596b21ff745baeaa366c55a082d")
    fw[0x1000:0x1000 + len(sections)] = sections
    fw[0x1F6E:0x1FE0] = table
    return bytes(fw)


def run(*args):
    p = subprocess.run([COFFER] + list(args), capture_output=True, text=True,
                       timeout=60, check=False)
    return p.returncode, p.stdout, p.stderr


def measure(*args):
    return run("measure", *args)


def expect(name, args, want):
    code, out, err = run(*args)
    TAP.check(code == 0 and out.strip() == want, name,
              "exit %d, '%s', '%s'" % (code, out.strip(), err.strip()))


def refuse(name, status, text, *args):
    """One line on standard error that holds the text, nothing on output."""
    code, out, err = run(*args)
    lines = err.strip().split("\n")
    usage = status == 2 and len(lines) == 2 and lines[1].startswith("see ")
    TAP.check(code == status and out == "" and text in lines[0] and
              (len(lines) == 1 or usage) and lines[0].startswith("coffer "),
              name, "exit %d, '%s', '%s'" % (code, out, err))


def digests(fw):
    snp = ["measure", "--mode", "snp", "--ovmf", fw]
    one = snp + ["--vcpus", "1", "--vcpu-type", "EPYC-v4"]
    with open("K", "wb") as f:
        f.write(b"KERNEL")
    with open("I", "wb") as f:
        f.write(b"INITRD")
    expect("sev_digest_is_printed_in_hex",
           ["measure", "--mode", "sev", "--ovmf", fw], SEV)
    expect("kernel_hashes_follow_the_options",
           ["measure", "--mode", "sev", "--ovmf", fw, "--kernel", "K",
            "--initrd", "I", "--append", "console=ttyS0"], SEV_KERNEL)
    expect("snp_digest_by_cpu_type", one + ["--guest-features", "0x1"], SNP1)
    expect("snp_digest_by_signature",
           snp + ["--vcpus", "3", "--vcpu-sig", "0xa10f10"], SNP3_GENOA)
    expect("snp_digest_by_family",
           snp + ["--vcpus", "3", "--vcpu-family", "25", "--vcpu-model", "17",
                  "--vcpu-stepping", "0"], SNP3_GENOA)
    expect("family_counts_before_signature_and_type",
           snp + ["--vcpus", "3", "--vcpu-type", "EPYC", "--vcpu-sig", "5",
                  "--vcpu-family", "25", "--vcpu-model", "17",
                  "--vcpu-stepping", "0"], SNP3_GENOA)
    expect("the_last_of_repeated_options_counts",
           one + ["--vcpus=3", "--vcpu-type=EPYC-Genoa"], SNP3_GENOA)
    expect("base64_output", one + ["--output-format", "base64"],
           base64.b64encode(bytes.fromhex(SNP1)).decode())
    expect("verbose_output", one + ["-v"],
           "Calculated SEV_SNP guest measurement: " + SNP1)
    expect("firmware_hash_is_always_hex",
           ["measure", "--mode", "snp:ovmf-hash", "--ovmf", fw,
            "--output-format", "base64"], OVMF_HASH)
    expect("firmware_hash_stands_in_for_the_pages",
           one + ["--snp-ovmf-hash", OVMF_HASH], SNP1)
    code, out, _ = run(*(one + ["--json"]))
    TAP.check(code == 0 and json.loads(out)["digest"] == SNP1 and
              json.loads(out)["cpu_signature"] == "0x800f12", "json_output",
              out)
    code, out, _ = run(*(snp + ["--vcpu-type", "EPYC-Genoa", "--vcpus",
                                "2-64"]))
    rows = [line.split(" ") for line in out.strip().split("\n")]
    TAP.check(code == 0 and [r[0] for r in rows] ==
              [str(i) for i in range(2, 65)] and rows[1][1] == SNP3_GENOA,
              "a_range_of_vcpus_is_a_table", out)


def vmsas(fw):
    code, _, err = measure("--mode", "snp", "--vcpus", "2", "--vcpu-type",
                           "EPYC-v4", "--ovmf", fw, "--dump-vmsa")
    sha = subprocess.run(["sha256sum", "vmsa0.bin"], capture_output=True,
                         text=True, check=True).stdout.split()[0]
    TAP.check(code == 0 and sha == BSP_VMSA and os.path.exists("vmsa1.bin") and
              not os.path.exists("vmsa2.bin"), "vmsas_are_dumped", err)


def hmac_answer(fw):
    """HMAC-SHA-256 by Python's hmac over the digest of mode sev."""
    with open("tik", "wb") as f:
        f.write(bytes(range(16)))
    import hashlib
    import hmac
    nonce = bytes(range(16, 32))
    mac = hmac.new(bytes(range(16)), bytes([4, 1, 55, 2]) +
                   (1).to_bytes(4, "little") + bytes.fromhex(SEV) + nonce,
                   hashlib.sha256).digest()
    want = base64.b64encode(mac + nonce).decode()
    args = ["--tik", "tik", "--api", "1.55", "--build", "2"]
    expect("launch_measure_answer_from_tik",
           ["measure", "--mode", "sev", "--ovmf", fw] + args +
           ["--policy", "1", "--nonce", nonce.hex()], want)
    refuse("launch_measure_needs_a_nonce", 2, "--nonce", "measure", "--mode",
           "sev", "--ovmf", fw, "--policy", "1", *args)
    code, out, err = run("explain", want, "--mode", "sev", "--ovmf", fw,
                         "--policy", "5", *args)
    TAP.check(code == 0 and "HMAC of LAUNCH_MEASURE" in out and
              "not 0x5 but 0x1" in out, "explain_finds_the_policy_of_an_hmac",
              out + err)


def explanations(fw):
    snp = ["--mode", "snp", "--ovmf", fw, "--vcpus", "1", "--vcpu-type",
           "EPYC-v4"]
    code, out, err = run("explain", SNP3_GENOA, *snp)
    TAP.check(code == 0 and "vCPUs: not 1 but 3" in out and
              "(EPYC-Genoa)" in out, "explain_names_what_differs", out + err)
    code, out, err = run("explain", SNP3_GENOA, "--ovmf", fw)
    TAP.check(code == 0 and "vCPUs: not 1 but 3" in out and
              "not 0x800f12 (EPYC) but 0xa10f10 (EPYC-Genoa)" in out,
              "explain_guesses_what_is_not_said", out + err)
    code, out, _ = run("explain", base64.b64encode(
        bytes.fromhex(SNP1)).decode(), *snp)
    TAP.check(code == 0 and "the inputs are right" in out,
              "explain_says_when_nothing_differs", out)
    code, out, _ = run("explain", "00" * 48, "--json", *snp)
    facts = json.loads(out)
    TAP.check(code == 1 and not facts["found"] and
              facts["candidates"] > 10000 and len(facts["tried"]) > 5,
              "explain_lists_what_it_tried_when_none_fits", out)
    refuse("explain_refuses_other_text", 1, "neither a digest", "explain",
           "hello", *snp)
    refuse("explain_knows_that_32_bytes_are_no_snp_digest", 1,
           "no SNP digest", "explain", "00" * 32, *snp)


def refusals(fw):
    snp = ["measure", "--mode", "snp", "--ovmf", fw]
    with open("truncated", "wb") as f:
        f.write(firmware()[:-16])
    with open("not.igvm", "wb") as f:
        f.write(b"\0" * 64)
    refuse("missing_firmware_file", 1, "none.fd", "measure", "--mode", "sev",
           "--ovmf", "none.fd")
    refuse("firmware_without_tables", 1, "no SEV metadata", "measure",
           "--mode", "snp", "--ovmf", "truncated", "--vcpus", "1",
           "--vcpu-type", "EPYC")
    refuse("missing_igvm_file", 1, "none.igvm", "measure", "none.igvm")
    refuse("not_an_igvm_file", 1, "not.igvm", "measure", "not.igvm")
    refuse("mode_is_needed", 2, "--mode", "measure", "--ovmf", fw)
    refuse("unknown_mode", 2, "'tdx'", "measure", "--mode", "tdx", "--ovmf",
           fw)
    refuse("cpu_is_needed", 2, "--vcpu-type", *snp, "--vcpus", "1")
    refuse("unknown_cpu", 2, "'Z80'", *snp, "--vcpus", "1", "--vcpu-type",
           "Z80")
    refuse("vcpus_are_needed", 2, "--vcpus", *snp, "--vcpu-type", "EPYC")
    refuse("no_vcpus", 2, "'0'", *snp, "--vcpus", "0", "--vcpu-type", "EPYC")
    refuse("initrd_needs_kernel", 2, "--initrd", *snp, "--vcpus", "1",
           "--vcpu-type", "EPYC", "--initrd", "x")
    refuse("unknown_vmm", 2, "'xen'", *snp, "--vcpus", "1", "--vmm-type",
           "xen")
    refuse("sev_has_no_vmsas", 2, "--dump-vmsa", "measure", "--mode", "sev",
           "--ovmf", fw, "--dump-vmsa")
    refuse("firmware_options_are_not_for_igvm_files", 2, "--vcpu-type",
           "measure", "x.igvm", "--vcpu-type", "EPYC")
    refuse("explain_takes_one_kind_of_input", 2, "--mode", "explain",
           SNP1, "--igvm", "x.igvm", "--mode", "snp")
    refuse("unknown_option", 2, "--frobnicate", "measure", "--frobnicate")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        fw = os.path.join(folder, "syn.fd")
        with open(fw, "wb") as f:
            f.write(firmware())
        digests(fw)
        vmsas(fw)
        hmac_answer(fw)
        explanations(fw)
        refusals(fw)
        os.chdir("/")
    TAP.end()


main()
