#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Evidence of the software processor before virtee's sev crate, which
snpguest and sevctl stand on."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

CARGO_TOML = """[package]
name = "check"
version = "0.1.0"
edition = "2021"

[dependencies]
sev = { version = "=8.0.0", default-features = false, features = ["snp", "sev", "openssl"] }
"""

MAIN_RS = r"""
use sev::certs::{sev as legacy, snp};
use sev::certs::snp::Verifiable as _;
use sev::firmware::guest::AttestationReport;
use sev::parser::{ByteParser as _, Decoder as _};
use std::io::Result;

fn read(dir: &str, name: &str) -> Vec<u8> {
    std::fs::read(format!("{dir}/{name}")).unwrap()
}

fn report(dir: &str, line: &str, roots: &str) -> Result<()> {
    let mut chain = snp::Chain::from_der(
        &read(dir, "ark.der"), &read(dir, "ask.der"), &read(dir, "vcek.der"))?;
    if roots == "amd" {
        let (ark, ask) = match line {
            "Milan" => (snp::builtin::milan::ark()?, snp::builtin::milan::ask()?),
            "Genoa" => (snp::builtin::genoa::ark()?, snp::builtin::genoa::ask()?),
            _ => (snp::builtin::turin::ark()?, snp::builtin::turin::ask()?),
        };
        chain.ca = snp::ca::Chain { ark, ask };
    }
    let report = AttestationReport::from_bytes(&read(dir, "report.bin"))?;
    (&chain, &report).verify()
}

fn platform(dir: &str) -> Result<()> {
    use legacy::Verifiable as _;
    let (pdh, rest) = (read(dir, "pdh.cert"), read(dir, "chain.cert"));
    let (cek, amd) = (read(dir, "cek.cert"), read(dir, "amd.cert"));
    let cert = |b: &[u8]| legacy::sev::Certificate::decode(&mut &b[..], ());
    let chain = legacy::Chain {
        sev: legacy::sev::Chain {
            pdh: cert(&pdh)?,
            pek: cert(&rest[..0x824])?,
            oca: cert(&rest[0x824..0x1048])?,
            cek: cert(&cek)?,
        },
        ca: legacy::ca::Chain::decode(&mut &amd[..], ())?,
    };
    (&chain).verify().map(|_| ())
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let done = match a[1].as_str() {
        "report" => report(&a[2], &a[3], &a[4]),
        _ => platform(&a[2]),
    };
    match done {
        Ok(()) => println!("verified"),
        Err(e) => {
            println!("refused: {e}");
            std::process::exit(1);
        }
    }
}
"""


def build():
    """The program, or a reason why there is none; kept in the cache."""
    home = os.path.abspath(os.path.join(
        os.environ.get("COFFER_GUEST_CACHE", ".cache"), "peers", "virtee-sev"))
    program = os.path.join(home, "target", "debug", "check")
    source = os.path.join(home, "src", "main.rs")
    if os.path.exists(program) and open(source).read() == MAIN_RS:
        return program, ""
    if not shutil.which("cargo"):
        return None, "cargo is not installed"
    os.makedirs(os.path.dirname(source), exist_ok=True)
    with open(os.path.join(home, "Cargo.toml"), "w", encoding="ascii") as f:
        f.write(CARGO_TOML)
    with open(source, "w", encoding="ascii") as f:
        f.write(MAIN_RS)
    try:
        done = subprocess.run(["cargo", "build", "-q"], cwd=home,
                              capture_output=True, text=True, timeout=1200)
    except subprocess.TimeoutExpired:
        return None, "cargo build takes too long"
    if done.returncode:
        return None, "cargo build fails: %s" % (
            done.stderr.strip().split("\n")[0])
    return program, ""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def main():
    evidence = sys.argv[1]
    tap = peer.Tap()
    program, why = build()
    with tempfile.TemporaryDirectory() as tmp:
        for line in "Milan", "Genoa", "Turin":
            names = ["%s: the sev crate believes the report with our root" % line,
                     "%s: the sev crate refuses it with AMD's" % line]
            if not program:
                for name in names:
                    tap.skip(name, why)
                continue
            d = os.path.join(tmp, line)
            subprocess.run([evidence, "snp", line, d], check=True)
            ours = run(program, "report", d, line, "ours")
            tap.check(ours.returncode == 0, names[0], ours.stdout + ours.stderr)
            amd = run(program, "report", d, line, "amd")
            tap.check(amd.returncode == 1 and "refused" in amd.stdout,
                      names[1], amd.stdout + amd.stderr)
        name = "the sev crate verifies a platform's SEV chain"
        if program:
            d = os.path.join(tmp, "sev")
            subprocess.run([evidence, "sev", d], check=True)
            done = run(program, "platform", d)
            tap.check(done.returncode == 0, name, done.stdout + done.stderr)
        else:
            tap.skip(name, why)
    tap.end()


main()
