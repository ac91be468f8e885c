// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A request to the authorization server, free of any HTTP library.
package struct AuthRequest: Sendable {
    package var method: String
    /// As sent, still percent-encoded, without the query.
    package var path: String
    /// As sent, without the question mark; empty when there is none.
    package var query: String
    /// Names are in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Whose limits the request counts against: the peer, or what a trusted proxy says about it.
    package var clientAddress: String

    package init(
        method: String, path: String, query: String = "", headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], clientAddress: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers.map { ($0.name.lowercased(), $0.value) }
        self.body = body
        self.clientAddress = clientAddress
    }

    /// The first value of a header; `name` is in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    package func headers(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    /// Whether a person's browser asks: it says that it takes HTML.
    package var acceptsHTML: Bool {
        headers("accept").contains { $0.lowercased().contains("text/html") }
    }

    /// The value of a cookie, if it was sent exactly once.
    package func cookie(_ name: String) -> String? {
        let values = headers("cookie").flatMap { $0.split(separator: ";") }.compactMap { pair -> Substring? in
            let trimmed = pair.drop { $0 == " " || $0 == "\t" }
            guard trimmed.hasPrefix(name + "=") else { return nil }
            return trimmed.dropFirst(name.count + 1)
        }
        return values.count == 1 ? values.first.map(String.init) : nil
    }
}

/// An answer of the authorization server.
package struct AuthResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package func headers(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
