// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What of an HTTP request decides who makes it.
package struct BearerRequest: Sendable {
    package var authorization: FieldLines
    package var dpop: FieldLines
    package var method: String
    /// As sent, without the query.
    package var path: Substring
    /// The query has an `access_token`, which MCP forbids because URLs end up in logs.
    package var hasTokenInQuery: Bool

    package init(
        authorization: FieldLines = .none, dpop: FieldLines = .none, method: String = "POST",
        path: Substring = "/mcp", hasTokenInQuery: Bool = false
    ) {
        self.authorization = authorization
        self.dpop = dpop
        self.method = method
        self.path = path
        self.hasTokenInQuery = hasTokenInQuery
    }

    /// Whether a raw query string has a parameter `access_token`, also percent-encoded.
    package static func hasToken(inQuery query: some StringProtocol) -> Bool {
        query.utf8.split(whereSeparator: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }).contains { pair in
            decoded(pair.prefix { $0 != UInt8(ascii: "=") }).elementsEqual("access_token".utf8)
        }
    }

    private static func decoded(_ text: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return result
    }
}
