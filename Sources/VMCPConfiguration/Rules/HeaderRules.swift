// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What a header name and a header value may be.
enum HeaderRules {
    /// Header names that belong to one connection, to the proxy, or to the client's own identity.
    static let restricted: Set<String> = [
        "host", "connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "proxy-authorization",
        "proxy-authenticate", "proxy-connection", "transfer-encoding", "content-length", "forwarded", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
        // Written by the gateway for each message.
        "accept", "content-type", "last-event-id", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name",
    ]

    /// Further names that a client's header must not reach a backend under.
    static let restrictedForClients: Set<String> = restricted.union(["authorization", "cookie"])

    /// Header names that make up the message itself: a value of somebody else's would break it.
    static let structural: Set<String> = [
        "host", "connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "proxy-connection",
        "transfer-encoding", "content-length", "accept", "content-type", "last-event-id", "mcp-session-id",
        "mcp-protocol-version", "mcp-method", "mcp-name",
    ]

    /// Why a text is no header name (RFC 9110 section 5.1, at most 256 bytes); nil when it is one.
    static func nameProblem(_ name: String) -> String? {
        if name.isEmpty { return "is empty; write a header name" }
        if name.utf8.count > 256 { return "is longer than 256 bytes; write a shorter header name" }
        let isToken = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        return isToken ? nil : "\(quoted(name)) is not a header name; use letters, digits and hyphens"
    }

    /// Why a text is no header value (RFC 9110 section 5.5, at most 8192 bytes); the value itself is never repeated.
    static func valueProblem(_ value: String) -> String? {
        if value.utf8.count > 8192 { return "is longer than 8192 bytes; write a shorter header value" }
        let hasControls = value.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }
        return hasControls ? "has control characters; remove line breaks and the like" : nil
    }
}

extension ValueType where Value == String {
    static var headerName: ValueType {
        ValueType.string.checked(HeaderRules.nameProblem)
    }

    /// The name of a header that may be set on every request to a backend.
    static var injectedHeader: ValueType {
        headerName.checked { name in
            HeaderRules.structural.contains(name.lowercased())
                ? "\(quoted(name)) belongs to the message itself and cannot be set; name the header of the credential"
                : nil
        }
    }

    /// The name of a client header that may be copied to the backends.
    static var passthroughHeader: ValueType {
        headerName.checked { name in
            HeaderRules.restrictedForClients.contains(name.lowercased())
                ? "\(quoted(name)) is restricted and never forwarded; remove it" : nil
        }
    }
}
