// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import OutboundHTTP

/// Parameters of a request to an upstream, as a form or in a URL.
enum UpstreamForm {
    /// Parameters that are ours to set: no configuration adds them a second time.
    static let reserved: Set<String> = [
        "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
        "nonce",
    ]

    static func body(_ parameters: [(name: String, value: String)]) -> [UInt8] {
        Array(text(parameters).utf8)
    }

    /// The endpoint with the parameters behind what its own query has (RFC 6749 section 3.1).
    static func url(_ endpoint: OutboundURL, _ parameters: [(name: String, value: String)]) -> String {
        let base = endpoint.text
        let separator = !base.contains("?") ? "?" : base.hasSuffix("?") || base.hasSuffix("&") ? "" : "&"
        return base + separator + text(parameters)
    }

    /// Whether the query of an endpoint holds a parameter that we would repeat.
    static func hasReservedParameter(_ endpoint: OutboundURL, more: Set<String> = []) -> Bool {
        guard let mark = endpoint.target.firstIndex(of: "?"),
            let query = try? Parameters(parsing: endpoint.target[endpoint.target.index(after: mark)...].utf8)
        else { return endpoint.target.contains("?") }
        return reserved.union(more).contains { query.all($0).isEmpty == false }
    }

    /// Everything but unreserved characters is escaped, so that one text is right in queries, forms and credentials.
    static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func text(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }
}
