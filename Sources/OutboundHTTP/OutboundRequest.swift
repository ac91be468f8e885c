// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One HTTP request to somebody whose address, answer and honesty are not ours.
package struct OutboundRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`; see ``OutboundURL`` for what is refused.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// A longer answer is an error, however it was framed.
    package var maximumBytes: Int
    /// Bounds the whole exchange: waiting for a slot, name lookup, connecting, TLS, head and body.
    package var timeout: Duration

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        maximumBytes: Int = 1 << 20, timeout: Duration = .seconds(10)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maximumBytes = maximumBytes
        self.timeout = timeout
    }
}

extension OutboundRequest {
    /// The request is one that HTTP/1.1 can carry and whose framing is left to the client.
    ///
    /// A value with a line break would smuggle a second request (RFC 9112 section 11.1).
    func validate() throws(OutboundError) {
        guard maximumBytes >= 0, Self.isToken(method) else { throw .invalidRequest }
        for (name, value) in headers {
            guard Self.isToken(name), !Self.framing.contains(name.lowercased()),
                value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) })
            else { throw .invalidRequest }
        }
    }

    /// What the client decides itself.
    private static let framing: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect",
    ]

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
