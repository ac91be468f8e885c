// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import Testing

/// Examples of the specifications, copied digit by digit.
struct SpecificationVectorTests {
    private static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    static let rs256 =
        """
        eyJhbGciOiJSUzI1NiJ9.\(payload).cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7\
        AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK\
        5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv\
        hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw
        """

    static let rsaKey =
        #"""
        {"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2\#
        mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH\#
        SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7\#
        aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
        """#

    static let es256 =
        """
        eyJhbGciOiJFUzI1NiJ9.\(payload).DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA\
        pmWQxfKTUJqPP3-Kg6NU1Q
        """

    static let ecKey =
        #"""
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_\#
        tue659LNpXW6pCyStikYjKIWI5a0"}
        """#

    @Test("RFC 7515 A.1: an HMAC is parsed and never accepted")
    func hs256() throws {
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(Self.payload).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let jws = try CompactJWS(parsing: token)
        #expect(jws.type == "JWT")
        #expect(jws.algorithm == nil)
        #expect(!jws.isSigned(by: try PublicKey(text: Self.ecKey)))
    }

    @Test("RFC 7515 A.2: RS256")
    func rsa() throws {
        let jws = try CompactJWS(parsing: Self.rs256)
        #expect(jws.algorithm == .RS256)
        #expect(jws.payload["iss"]?.string == "joe")
        #expect(jws.payload["exp"]?.int == 1_300_819_380)
        #expect(jws.isSigned(by: try PublicKey(text: Self.rsaKey)))
    }

    @Test("RFC 7515 A.3: ES256")
    func elliptic() throws {
        let jws = try CompactJWS(parsing: Self.es256)
        #expect(jws.algorithm == .ES256)
        #expect(jws.isSigned(by: try PublicKey(text: Self.ecKey)))
        #expect(!jws.isSigned(by: try PublicKey(text: Self.rsaKey)))
    }

    @Test("RFC 7515 A.4: ES512, whose payload is no JSON")
    func es512() throws {
        let key = try PublicKey(
            text: #"""
                {"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLF\#
                V1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd\#
                0AZMaZmh9ubmf63e3kyMj2"}
                """#)
        let signature = try #require(
            Base64URL.decode(
                #"""
                AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwF\#
                KdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn
                """#))
        let input = Array("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA".utf8)
        #expect(key.isValid(signature: signature, for: input, algorithm: .ES512))
        #expect(!key.isValid(signature: signature, for: input + [0x41], algorithm: .ES512))
    }

    @Test("RFC 7515 A.5: none is parsed and never accepted")
    func none() throws {
        let jws = try CompactJWS(parsing: "eyJhbGciOiJub25lIn0.\(Self.payload).")
        #expect(jws.algorithm == nil)
        #expect(jws.signature.isEmpty)
        #expect(!jws.isSigned(by: try PublicKey(text: Self.ecKey)))
    }

    @Test("RFC 7638 section 3.1: thumbprint of an RSA key with other members")
    func thumbprint() throws {
        let key = try PublicKey(
            text: #"""
                {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhD\#
                R1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0\#
                _FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6\#
                WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS25\#
                6","kid":"2011-04-29"}
                """#)
        #expect(key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        #expect(key.id == "2011-04-29")
        #expect(key.algorithm == .RS256)
    }

    @Test("RFC 8037 A.3 and A.4: Ed25519")
    func edwards() throws {
        let key = try PublicKey(
            text: #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)
        #expect(key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        let signature = try #require(
            Base64URL.decode(
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"))
        let input = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        #expect(key.isValid(signature: signature, for: input, algorithm: .EdDSA))
        #expect(!key.isValid(signature: signature, for: Array(input.dropLast()), algorithm: .EdDSA))
    }
}
