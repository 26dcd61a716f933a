/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the certificates of the software secure processor say that they are
 * simulated.  Whoever makes such certificates and whoever checks them share
 * this header, so that simulated evidence is never taken for AMD's.
 *
 * X.509: the subject and the issuer of every simulated certificate end with
 * one more RDN after those of AMD's profile: description (2.5.4.13), a
 * UTF8String CF_SIM_NAME.  The other RDNs keep AMD's values, O included,
 * since independent verifiers (go-sev-guest) insist on them.  ARK, ASK and
 * ASVK also carry the non-critical extension CF_SIM_OID, whose value is the
 * UTF8String CF_SIM_TEXT.  VCEK and VLEK carry AMD's extensions only: the
 * same verifiers refuse any other there.
 *
 * AMD's binary form (ARK, ASK): the first nine bytes of KEY_ID are
 * CF_SIM_TEXT; the other seven are the maker's choice.
 */
#ifndef CF_CRYPTO_SIM_MARKER_H
#define CF_CRYPTO_SIM_MARKER_H

#define CF_SIM_NAME "coffer SIMULATED"
#define CF_SIM_TEXT "SIMULATED"

/* An arc below 2.25 that fits in 31 bits, which is what Go can read. */
#define CF_SIM_OID "2.25.1129268806"

#endif
