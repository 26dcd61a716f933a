#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the certificates, revocation lists and reports of test_owner_simulated.

Run it in this folder, with Python's cryptography 42 or later.  The keys are
not kept: all files change together.
"""
import datetime
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

UTC = datetime.timezone.utc
FROM = datetime.datetime(2024, 1, 1, tzinfo=UTC)
TO = datetime.datetime(2049, 1, 1, tzinfo=UTC)
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
DESCRIPTION = x509.ObjectIdentifier("2.5.4.13")
SIM_OID = x509.ObjectIdentifier("2.25.1129268806")
AMD = "1.3.6.1.4.1.3704.1."
CHIP = bytes(range(1, 65))
TCB = (3, 1, 8, 115)  # boot loader, TEE, SNP, microcode


def name(cn, marked=True):
    oid = x509.NameOID
    parts = [(oid.ORGANIZATIONAL_UNIT_NAME, "Engineering"),
             (oid.COUNTRY_NAME, "US"), (oid.LOCALITY_NAME, "Santa Clara"),
             (oid.STATE_OR_PROVINCE_NAME, "CA"),
             (oid.ORGANIZATION_NAME, "Advanced Micro Devices"),
             (oid.COMMON_NAME, cn)]
    if marked:
        parts.append((DESCRIPTION, "coffer SIMULATED"))
    return x509.Name([x509.NameAttribute(o, v) for o, v in parts])


def der(tag, value):
    return bytes([tag, len(value)]) + value


def integer(v):
    return der(2, bytes([0, v]) if v > 127 else bytes([v]))


def raw(oid, value):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def authority(cn, issuer_cn, key, issuer_key, serial, marked=True, ca=True):
    b = (x509.CertificateBuilder().subject_name(name(cn, marked))
         .issuer_name(name(issuer_cn, marked)).serial_number(serial)
         .not_valid_before(FROM).not_valid_after(TO)
         .public_key(key.public_key())
         .add_extension(x509.BasicConstraints(ca, None), True))
    if marked:
        b = b.add_extension(
            raw(SIM_OID.dotted_string, der(12, b"SIMULATED")), False)
    return b.sign(issuer_key, hashes.SHA384(), rsa_padding=PSS)


def vek(issuer_cn, key, issuer_key, marked=True, product="Milan-B0", tcb=TCB,
        chip=CHIP, csp=None, fmc=None, pss=PSS, digest=hashes.SHA384(),
        until=TO, spare=0, twice=False, ca=None):
    cn = "SEV-VLEK" if csp else "SEV-VCEK"
    b = (x509.CertificateBuilder().subject_name(name(cn, marked))
         .issuer_name(name(issuer_cn, marked)).serial_number(7)
         .not_valid_before(FROM).not_valid_after(until)
         .public_key(key.public_key()))
    ext = [("1", integer(1 if fmc is not None else 0)),
           ("2", der(0x16, product.encode())), ("3.1", integer(tcb[0])),
           ("3.2", integer(tcb[1])), ("3.3", integer(tcb[2])),
           ("3.5", integer(spare)), ("3.8", integer(tcb[3]))]
    if fmc is not None:
        ext.append(("3.9", integer(fmc)))
    ext.append(("5", der(0x16, csp.encode())) if csp else ("4", chip))
    for oid, value in ext:
        b = b.add_extension(raw(AMD + oid, value), False)
    if ca:
        b = b.add_extension(x509.BasicConstraints(True, None), True)
    return b.sign(issuer_key, digest, rsa_padding=pss)


def crl(cn, key, revoked, marked=True, until=TO):
    b = (x509.CertificateRevocationListBuilder()
         .issuer_name(name(cn, marked)).last_update(FROM).next_update(until))
    for serial in revoked:
        b = b.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial)
            .revocation_date(FROM).build())
    return b.sign(key, hashes.SHA384(), rsa_padding=PSS)


def report(key, version, vlek=False, turin=False, policy=0x30000, chip=CHIP,
           tcb=TCB, cpuid=(0x19, 1, 1), masked=False, committed=None):
    def pack(t):
        if turin:
            return bytes([2, t[0], t[1], t[2], 0, 0, 0, t[3]])
        return bytes([t[0], t[1], 0, 0, 0, 0, t[2], t[3]])
    r = bytearray(0x4A0)
    struct.pack_into("<IIQ", r, 0, version, 2, policy)
    struct.pack_into("<II", r, 0x30, 0, 1)
    r[0x38:0x40] = pack(tcb)
    struct.pack_into("<I", r, 0x48, (7 << 2 | 2) if masked else int(vlek) << 2)
    r[0x50:0x90] = bytes(range(64))
    r[0x90:0xC0] = b"\xab" * 48
    r[0x160:0x180] = b"\xff" * 32
    r[0x180:0x188] = pack(tcb)
    if version >= 3:
        r[0x188:0x18B] = bytes(cpuid)
    if not vlek:
        r[0x1A0:0x1A0 + len(chip)] = chip
    r[0x1E0:0x1E8] = pack(committed or tcb)
    r[0x1F0:0x1F8] = pack(tcb)
    if version >= 5:
        struct.pack_into("<QQ", r, 0x1F8, 3, 3)
    if not masked:
        sig = key.sign(bytes(r[:0x2A0]), ec.ECDSA(hashes.SHA384()))
        a, b = utils.decode_dss_signature(sig)
        r[0x2A0:0x2E8] = a.to_bytes(72, "little")
        r[0x2E8:0x330] = b.to_bytes(72, "little")
    return bytes(r)


def put(file, data):
    if not isinstance(data, bytes):
        data = data.public_bytes(serialization.Encoding.DER)
    with open(file, "wb") as f:
        f.write(data)


def main():
    ark, ask, other = (rsa.generate_private_key(65537, 4096) for _ in range(3))
    small = rsa.generate_private_key(65537, 2048)
    ek, p256 = (ec.generate_private_key(c) for c in
                (ec.SECP384R1(), ec.SECP256R1()))
    for line in "Milan", "Genoa", "Turin":
        low = line.lower()
        put(f"ark_{low}.der", authority(f"ARK-{line}", f"ARK-{line}", ark, ark, 1))
        put(f"ask_{low}.der", authority(f"SEV-{line}", f"ARK-{line}", ask, ark, 2))
    put("asvk.der", authority("SEV-VLEK-Milan", "ARK-Milan", ask, ark, 3))
    put("ark_other.der", authority("ARK-Milan", "ARK-Milan", other, other, 1))
    put("ark_plain.der", authority("ARK-Milan", "ARK-Milan", ark, ark, 1, False))
    put("ask_plain.der", authority("SEV-Milan", "ARK-Milan", ask, ark, 2, False))
    put("ask_no_ca.der",
        authority("SEV-Milan", "ARK-Milan", ask, ark, 2, ca=False))
    put("ask_small.der", authority("SEV-Milan", "ARK-Milan", small, ark, 2))
    put("vcek.der", vek("SEV-Milan", ek, ask))
    put("vcek_genoa.der", vek("SEV-Genoa", ek, ask, product="Genoa-B1"))
    put("vcek_turin.der",
        vek("SEV-Turin", ek, ask, product="Turin-B1", chip=CHIP[:8], fmc=2))
    put("vlek.der", vek("SEV-VLEK-Milan", ek, ask, product="Milan", csp="CN=csp"))
    put("vcek_plain.der", vek("SEV-Milan", ek, ask, False))
    put("vcek_other_chip.der", vek("SEV-Milan", ek, ask, chip=CHIP[::-1]))
    put("vcek_other_tcb.der", vek("SEV-Milan", ek, ask, tcb=(3, 1, 8, 200)))
    put("vcek_other_product.der", vek("SEV-Milan", ek, ask, product="Genoa-B1"))
    put("vcek_expired.der", vek("SEV-Milan", ek, ask, until=datetime.datetime(
        2024, 6, 1, tzinfo=UTC)))
    put("vcek_spare.der", vek("SEV-Milan", ek, ask, spare=1))
    put("vcek_p256.der", vek("SEV-Milan", p256, ask))
    put("vcek_ca.der", vek("SEV-Milan", ek, ask, ca=True))
    put("vcek_small.der", vek("SEV-Milan", ek, small))
    put("vcek_sha256.der", vek("SEV-Milan", ek, ask, digest=hashes.SHA256(),
        pss=padding.PSS(padding.MGF1(hashes.SHA256()), 32)))
    put("vcek_pkcs1.der", vek("SEV-Milan", ek, ask, pss=padding.PKCS1v15()))
    put("crl_empty.der", crl("ARK-Milan", ark, []))
    put("crl_ask.der", crl("ARK-Milan", ark, [2]))
    put("crl_old.der", crl("ARK-Milan", ark, [], until=datetime.datetime(
        2024, 2, 1, tzinfo=UTC)))
    put("crl_other.der", crl("ARK-Milan", other, []))
    put("crl_genoa.der", crl("ARK-Genoa", ark, [2]))
    put("report_v2.bin", report(ek, 2))
    put("report_v3.bin", report(ek, 3))
    put("report_v3_genoa.bin", report(ek, 3, cpuid=(0x19, 0x11, 1)))
    put("report_v5_turin.bin",
        report(ek, 5, turin=True, cpuid=(0x1A, 2, 1), chip=CHIP[:8]))
    put("report_vlek.bin", report(ek, 3, vlek=True))
    put("report_debug.bin", report(ek, 3, policy=0xB0000))
    put("report_masked.bin", report(ek, 3, masked=True))
    put("report_rollback.bin", report(ek, 3, committed=(3, 1, 7, 115)))


if __name__ == "__main__":
    main()
