#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Simulated reports and certificates before Google's go-sev-guest."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

MODULE = "github.com/google/go-sev-guest@v0.14.1"

PROGRAM = r"""
package main

import (
	"crypto/x509"
	"fmt"
	"os"

	"github.com/google/go-sev-guest/abi"
	pb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

func read(dir, name string) []byte {
	b, err := os.ReadFile(dir + "/" + name)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(2)
	}
	return b
}

func main() {
	dir, line := os.Args[1], os.Args[2]
	raw := read(dir, "report.bin")
	report, err := abi.ReportToProto(raw)
	if err != nil {
		fmt.Println("report:", err)
		os.Exit(1)
	}
	attestation := &pb.Attestation{Report: report,
		CertificateChain: &pb.CertificateChain{
			VcekCert: read(dir, "vcek.der"),
			AskCert:  read(dir, "ask.der"),
			ArkCert:  read(dir, "ark.der")}}
	options := &verify.Options{CheckRevocations: false,
		DisableCertFetching: true}
	if os.Args[3] == "ours" {
		root := trust.AMDRootCertsProduct(line)
		ask, err := x509.ParseCertificate(read(dir, "ask.der"))
		if err != nil {
			fmt.Println("ask:", err)
			os.Exit(1)
		}
		ark, err := x509.ParseCertificate(read(dir, "ark.der"))
		if err != nil {
			fmt.Println("ark:", err)
			os.Exit(1)
		}
		root.ProductCerts = &trust.ProductCerts{Ask: ask, Ark: ark}
		root.AskSev, root.ArkSev = nil, nil
		options.TrustedRoots = map[string][]*trust.AMDRootCerts{
			line: {root}}
	} else {
		// Named, since without roots the library takes those that the
		// attestation brings along.
		options.TrustedRoots = map[string][]*trust.AMDRootCerts{
			line: {trust.DefaultRootCerts[line]}}
	}
	if err := verify.SnpAttestation(attestation, options); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println("verified")
}
"""


def build(tmp):
    """The program, or a reason why there is none; kept in the cache."""
    home = os.path.abspath(os.path.join(
        os.environ.get("COFFER_GUEST_CACHE", ".cache"), "peers", "go-sev-guest"))
    program = os.path.join(home, "check")
    stamp = os.path.join(home, "main.go")
    if os.path.exists(program) and open(stamp).read() == PROGRAM:
        return program, ""
    if not shutil.which("go"):
        return None, "go is not installed"
    os.makedirs(home, exist_ok=True)
    with open(stamp, "w", encoding="ascii") as f:
        f.write(PROGRAM)
    for command in (["go", "mod", "init", "check"], ["go", "get", MODULE],
                    ["go", "mod", "tidy"], ["go", "build", "-o", program, "."]):
        if command[2] == "init" and os.path.exists(home + "/go.mod"):
            continue
        try:
            done = subprocess.run(command, cwd=home, capture_output=True,
                                  text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return None, "%s takes too long" % " ".join(command[:2])
        if done.returncode:
            return None, "%s fails: %s" % (
                " ".join(command[:3]), done.stderr.strip().split("\n")[-1])
    return program, ""


def main():
    evidence, coffer = sys.argv[1:]
    tap = peer.Tap()
    with tempfile.TemporaryDirectory() as tmp:
        program, why = build(tmp)
        for line in "Milan", "Genoa":
            names = ["%s: go-sev-guest believes the report with our root" % line,
                     "%s: go-sev-guest refuses it with AMD's roots" % line,
                     "%s: coffer agrees with both" % line]
            if not program:
                for name in names:
                    tap.skip(name, why)
                continue
            d = os.path.join(tmp, line)
            subprocess.run([evidence, "snp", line, d], check=True)
            ours = subprocess.run([program, d, line, "ours"],
                                  capture_output=True, text=True)
            tap.check(ours.returncode == 0, names[0], ours.stdout)
            amd = subprocess.run([program, d, line, "amd"],
                                 capture_output=True, text=True)
            tap.check(amd.returncode == 1 and "refused" in amd.stdout,
                      names[1], amd.stdout)
            base = [coffer, "verify", d + "/report.bin", "-c", d + "/vcek.der",
                    "-c", d + "/ask.der", "-c", d + "/ark.der",
                    "-c", d + "/crl.der"]
            sim = ["--root", d + "/ark.der", "--simulated"]
            good = subprocess.run(base + sim, capture_output=True, text=True)
            bad = subprocess.run(base, capture_output=True, text=True)
            tap.check(good.returncode == 0 and bad.returncode == 1 and
                      "SIMULATED" in good.stdout, names[2],
                      good.stdout[-300:] + good.stderr)
    tap.end()


main()
