// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A certificate authority and two servers of it, made for these tests only; valid until 2126.
enum TestCertificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBmTCCAT+gAwIBAgIUNlQ7NhNDCJCA4Br1dn8+cidvB4QwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTg0NDEwWhgPMjEy
        NjEwMjgxODQ0MTBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAE2IdeVj/DGlgnHQvpV+Y1UBEOo+X8QA/K8FhgMnAk
        rqYc2YBCzn/GH8rigqAy7nJNQk9W/v8I6j4PxeVPvSgfUKNjMGEwHQYDVR0OBBYE
        FN2oZeXPwQjgi476VmBnBhBCdJuaMB8GA1UdIwQYMBaAFN2oZeXPwQjgi476VmBn
        BhBCdJuaMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoGCCqGSM49
        BAMCA0gAMEUCIQDupkjrFn7BrinL1UofgoEU07Ebj5VZSlqm7WLdHkm/qAIgFFgP
        i28b1tCka1BcoVVQMDFzRXMK3nT+O/TrGEWpPt4=
        -----END CERTIFICATE-----
        """

    /// For `idp.test`, `localhost` and 127.0.0.1.
    static let good = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBtzCCAVygAwIBAgIUJZr9072gIifp8Af+rGQTeeXWBkAwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTg0NDEwWhgPMjEy
        NjEwMjgxODQ0MTBaMA8xDTALBgNVBAMMBGdvb2QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAQzlugCnIgJKyfFUg+fmgjHLAa3irMWz7izlKEXjDWF/Yl6mjEg7ZCy
        fxzWWNV6GpjQi1vHrgJdmMoQFirWb2R2o4GJMIGGMCQGA1UdEQQdMBuCCGlkcC50
        ZXN0gglsb2NhbGhvc3SHBH8AAAEwEwYDVR0lBAwwCgYIKwYBBQUHAwEwCQYDVR0T
        BAIwADAdBgNVHQ4EFgQUbXc36m/c++qfx9Wm59GXpGob5cYwHwYDVR0jBBgwFoAU
        3ahl5c/BCOCLjvpWYGcGEEJ0m5owCgYIKoZIzj0EAwIDSQAwRgIhANq78GHRqmn+
        2hMvDrGYfZjTGP3xJLfkfXdK3ThP++uuAiEAot+b8OpB0mj+Qm2/1TX1pKL+FZz7
        q+nZlE/4lPmeobw=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtSZAkinCtqz0Tx/J
        Uu68KioMZ8C8j4YcyLDuJQBjoA2hRANCAAQzlugCnIgJKyfFUg+fmgjHLAa3irMW
        z7izlKEXjDWF/Yl6mjEg7ZCyfxzWWNV6GpjQi1vHrgJdmMoQFirWb2R2
        -----END PRIVATE KEY-----
        """
    )

    /// For `other.test`.
    static let other = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBpTCCAUygAwIBAgIUJZr9072gIifp8Af+rGQTeeXWBkEwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTg0NDEwWhgPMjEy
        NjEwMjgxODQ0MTBaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZI
        zj0DAQcDQgAEw0xbifZlG+q5BEnjRzNxlELcf2qIi0qI1TwomniDjsoC2vTEpVLl
        dqnKsdWo05kJp+kgKNo0pBpoV66M3QzCrKN5MHcwFQYDVR0RBA4wDIIKb3RoZXIu
        dGVzdDATBgNVHSUEDDAKBggrBgEFBQcDATAJBgNVHRMEAjAAMB0GA1UdDgQWBBQr
        19IerTBCFlqsmQV6DdJUli0PKTAfBgNVHSMEGDAWgBTdqGXlz8EI4IuO+lZgZwYQ
        QnSbmjAKBggqhkjOPQQDAgNHADBEAiANuusu9Z/RDbgxLWSe8qDNh1H45drbFti2
        k/PWqWN3RAIgfbU0ETbvl4aCsZsN4IO/BMjeaYllyXFhAV5otcZMkDQ=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCTWL0bEgEyuOCh/c
        /PP2eDT+2WUdRDWtvmm+FDpWuxehRANCAATDTFuJ9mUb6rkESeNHM3GUQtx/aoiL
        SojVPCiaeIOOygLa9MSlUuV2qcqx1ajTmQmn6SAo2jSkGmhXrozdDMKs
        -----END PRIVATE KEY-----
        """
    )
}
