// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The credentials in an `Authorization` header (RFC 9110 section 11.4, RFC 6750 section 2.1, RFC 9449 section 7.1).
struct BearerCredentials {
    enum Scheme: Sendable, Hashable {
        case bearer, dpop
    }

    /// Why there are none.
    enum Problem: Error, Hashable {
        /// None, of a scheme that we do not know, or without a token.
        case missing
        case severalHeaders
        case tokenInQuery
        /// Not the characters of a token: a list, or something else that is not ours to guess at.
        case malformed
    }

    let scheme: Scheme
    /// Not yet checked for its characters; see `validate`.
    let token: Substring

    /// - Parameter acceptsDPoP: otherwise `DPoP` is an unknown scheme.
    init(_ request: BearerRequest, acceptsDPoP: Bool) throws(Problem) {
        guard !request.hasTokenInQuery else { throw .tokenInQuery }
        var header: String
        switch request.authorization {
        case .none: throw .missing
        case .one(let line): header = line
        case .several: throw .severalHeaders
        }
        let found = header.withUTF8 { Self.scheme(of: $0, acceptsDPoP: acceptsDPoP) }
        guard let found else { throw .missing }
        scheme = found.scheme
        token = header[header.utf8.index(header.startIndex, offsetBy: found.start)...]
    }

    /// The scheme and where the token begins.
    private static func scheme(
        of header: UnsafeBufferPointer<UInt8>, acceptsDPoP: Bool
    ) -> (scheme: Scheme, start: Int)? {
        let scheme: Scheme
        var start: Int
        if begins(header, with: "bearer ") {
            (scheme, start) = (.bearer, 7)
        } else if acceptsDPoP, begins(header, with: "dpop ") {
            (scheme, start) = (.dpop, 5)
        } else {
            return nil
        }
        while start < header.count, header[start] == UInt8(ascii: " ") { start += 1 }
        return start < header.count ? (scheme, start) : nil
    }

    private static func begins(_ header: UnsafeBufferPointer<UInt8>, with lowercased: StaticString) -> Bool {
        let count = lowercased.utf8CodeUnitCount
        guard header.count >= count else { return false }
        for index in 0..<count {
            let (byte, expected) = (header[index], lowercased.utf8Start[index])
            let isUppercase = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUppercase ? byte | 0x20 : byte) == expected else { return false }
        }
        return true
    }

    /// RFC 6750 section 2.1: `b64token`.
    func validate() throws(Problem) {
        var padded = false
        for byte in token.utf8 {
            switch byte {
            case UInt8(ascii: "="): padded = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard !padded else { throw .malformed }
            default: throw .malformed
            }
        }
        guard token.utf8.first != UInt8(ascii: "=") else { throw .malformed }
    }

    /// Whether the token claims to be a JWS: three parts, the first an encoded JSON object.
    var isJWT: Bool {
        let bytes = token.utf8
        // `{` is 0111_1011: the first character is `e`, the second one of those above 47 in base64url.
        guard bytes.first == UInt8(ascii: "e"), let second = bytes.dropFirst().first,
            "wxyz0123456789-_".utf8.contains(second)
        else { return false }
        return bytes.count { $0 == UInt8(ascii: ".") } == 2
    }
}
