// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Certificates of a test authority whose key nobody has kept; the leaves' keys protect nothing but these tests.
enum TestCertificates {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBhTCCASugAwIBAgIUC1iprI8DYogkD0w/e6SQoYJskWAwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMdm1jcCB0ZXN0IENBMCAXDTI2MTEyMTE3MDg0OFoYDzIxMjYx
        MDI4MTcwODQ4WjAXMRUwEwYDVQQDDAx2bWNwIHRlc3QgQ0EwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAAQpMXYx2xYku965tUWgqMcer0bmN8fc2m8L2ETb3kHZ8Ahp
        V6IBS7ewGpwVUm954J82FiVYNfKJfCKE0WKFF/1fo1MwUTAdBgNVHQ4EFgQUdRwR
        DjLmtl+VzMHXyQEXizcPeb4wHwYDVR0jBBgwFoAUdRwRDjLmtl+VzMHXyQEXizcP
        eb4wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA3W67LUjsOySoC
        gyCadP7W9F6zJA6aSNbU0Duv90E0VwIhALJdoFqscBP4AFQ3oTDmFHXzFXQpT5GD
        hiuA1MDZb3LU
        -----END CERTIFICATE-----
        """

    /// For `localhost` and 127.0.0.1.
    static let good = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBkzCCATmgAwIBAgIUDSWbxXutFReHjQecNOulzSznzxEwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMdm1jcCB0ZXN0IENBMCAXDTI2MTEyMTE3MDg0OFoYDzIxMjYw
        NzIwMTcwODQ4WjAPMQ0wCwYDVQQDDARnb29kMFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEwWzKfS2spxEHyz7trbKRuPlOhwQiMdv2LVDIIR1/8X62dQs2ksyipAjD
        MwNf4tRRYSXn3OD23Aj23fg9UJnDXKNpMGcwGgYDVR0RBBMwEYIJbG9jYWxob3N0
        hwR/AAABMAkGA1UdEwQCMAAwHQYDVR0OBBYEFHIQthi5BmiFwY6sJLY3KGPLbHnW
        MB8GA1UdIwQYMBaAFHUcEQ4y5rZflczB18kBF4s3D3m+MAoGCCqGSM49BAMCA0gA
        MEUCIQDcGaczxyP0vCJRixp1G7VHCvj4WR4ZuEKdbBdRFD9ARgIgfnZKP4Dd/gVv
        Tvad9bt/4QuuZt8exn750TJFVGy6CgE=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIBlTnlp32h0CDMZEyFTa6PkajqVgbYPXnEZwcax95xfkoAoGCCqGSM49
        AwEHoUQDQgAEwWzKfS2spxEHyz7trbKRuPlOhwQiMdv2LVDIIR1/8X62dQs2ksyi
        pAjDMwNf4tRRYSXn3OD23Aj23fg9UJnDXA==
        -----END EC PRIVATE KEY-----
        """
    )

    /// For another host.
    static let other = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUDSWbxXutFReHjQecNOulzSznzxIwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMdm1jcCB0ZXN0IENBMCAXDTI2MTEyMTE3MDg0OVoYDzIxMjYw
        NzIwMTcwODQ5WjAQMQ4wDAYDVQQDDAVvdGhlcjBZMBMGByqGSM49AgEGCCqGSM49
        AwEHA0IABBs6JvNWw/M8q2miW32pbY6jgzgpjtVl6RTSUPfNusCZfQqytigVlSH7
        7WKiQD/y24yChHzobLyCDuUTM1j9VRmjZDBiMBUGA1UdEQQOMAyCCm90aGVyLnRl
        c3QwCQYDVR0TBAIwADAdBgNVHQ4EFgQUMT6xFBH76hyz7JWnOCfWCd/Zy90wHwYD
        VR0jBBgwFoAUdRwRDjLmtl+VzMHXyQEXizcPeb4wCgYIKoZIzj0EAwIDSAAwRQIh
        AMc7aZyUn9AFHtrIepob2xbpZm21vQp67BKnx6w7HxJCAiBhonqs7kbnpUtPV8x2
        8iZKARw3jMPG+fWk6Lfh02wT9A==
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIFyPPm+Q9ttvWdBvsdMAGA8LaJmqERhN4XU8dht6Yhf0oAoGCCqGSM49
        AwEHoUQDQgAEGzom81bD8zyraaJbfaltjqODOCmO1WXpFNJQ9826wJl9CrK2KBWV
        IfvtYqJAP/LbjIKEfOhsvIIO5RMzWP1VGQ==
        -----END EC PRIVATE KEY-----
        """
    )

    /// For `localhost` and 127.0.0.1, until February 2020.
    static let expired = (
        certificate: """
        -----BEGIN CERTIFICATE-----
        MIIBgTCCASegAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAx2bWNwIHRl
        c3QgQ0EwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjASMRAwDgYDVQQD
        DAdleHBpcmVkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpsnZtKYelN03uKXG
        5NzHgmy3sGgGucyxbD7BRWA3I54fnwpzrS/F/wVfoEdsVT1pI2hR15mroV2BTj/U
        1MySs6NpMGcwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAw
        HQYDVR0OBBYEFJE7jbt5oo6ghWgir5qrErrGHoMxMB8GA1UdIwQYMBaAFHUcEQ4y
        5rZflczB18kBF4s3D3m+MAoGCCqGSM49BAMCA0gAMEUCIQD0lhIzyGTLpwpXlucU
        F2tlZEoUEWfRKsdAg/2iAW67XgIgHDGrDccdY0mEdOvNuiY5ioWO4ykeSVql/G1g
        jnd4PGQ=
        -----END CERTIFICATE-----
        """,
        key: """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIDgYvvgsXxK0Kw76YcvJLn7rjga/0WcK1PllrnePDR9XoAoGCCqGSM49
        AwEHoUQDQgAEpsnZtKYelN03uKXG5NzHgmy3sGgGucyxbD7BRWA3I54fnwpzrS/F
        /wVfoEdsVT1pI2hR15mroV2BTj/U1MySsw==
        -----END EC PRIVATE KEY-----
        """
    )
}
