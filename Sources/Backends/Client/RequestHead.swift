// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// Serialises request heads for backends.
enum RequestHead {
    static let userAgent = "vmcp/\(GatewayIdentity.version)"

    /// The head up to the fields that differ from message to message.
    static func prefix(
        _ method: StaticString, _ endpoint: HTTPEndpoint, fields: [(String, String)], static headers: [(String, String)]
    ) -> ByteBuffer {
        var head = ByteBuffer()
        head.writePieces(capacity: usualBytes) { head in
            head.write(method)
            head.write(" \(endpoint.target) HTTP/1.1\r\nHost: \(endpoint.hostHeader)\r\nUser-Agent: \(userAgent)\r\n")
            if method.description == "POST" {
                head.write(
                    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n" as StaticString)
            } else if method.description == "GET" {
                head.write("Accept: text/event-stream\r\n" as StaticString)
            }
            for (name, value) in headers { head.writeForeignField(name, value) }
            for (name, value) in fields { head.writeField(name, value) }
        }
        return head
    }

    /// What a head takes, roughly.
    private static let usualBytes = 512

    static func post(prefix: ByteBuffer, body: ByteBuffer, forwarded: ForwardedHeaders) -> ByteBuffer {
        post(prefix: prefix, bodyBytes: body.readableBytes, forwarded: forwarded) { $0.write(body) }
    }

    /// Head and message in one buffer, the message written but once.
    ///
    /// - Parameters:
    ///   - fields: writes fields that differ from message to message; called again if there was too little room.
    ///   - fieldBytes: how much room they want, roughly.
    static func post(
        prefix: ByteBuffer, message: RequestMessage, forwarded: ForwardedHeaders, fieldBytes: Int = 0,
        fields: (inout PieceWriter) -> Void = { _ in }
    ) -> ByteBuffer {
        post(
            prefix: prefix, bodyBytes: message.count, forwarded: forwarded, fieldBytes: fieldBytes, fields: fields,
            body: { message.write(to: &$0) })
    }

    private static func post(
        prefix: ByteBuffer, bodyBytes: Int, forwarded: ForwardedHeaders, fieldBytes: Int = 0,
        fields: (inout PieceWriter) -> Void = { _ in }, body: (inout PieceWriter) -> Void
    ) -> ByteBuffer {
        let capacity =
            prefix.readableBytes + fieldBytes + forwarded.fields.reduce(0) { $0 + $1.room } + lengthFieldBytes
            + bodyBytes
        var request = ByteBufferAllocator().buffer(capacity: capacity)
        request.writePieces(capacity: capacity) { writer in
            writer.write(prefix)
            fields(&writer)
            for field in forwarded.fields { writer.writeForeignField(field.name, field.value) }
            writer.write("Content-Length: " as StaticString)
            writer.write(bodyBytes)
            writer.write("\r\n\r\n" as StaticString)
            body(&writer)
        }
        return request
    }

    /// At most, with the end of the head.
    private static let lengthFieldBytes = 40

    static func bodyless(
        _ method: StaticString, _ endpoint: HTTPEndpoint, fields: [(String, String)],
        static headers: [(String, String)],
        forwarded: ForwardedHeaders = .none
    ) -> ByteBuffer {
        var head = prefix(method, endpoint, fields: fields, static: headers)
        head.writePieces(capacity: forwarded.fields.reduce(2) { $0 + $1.room }) { head in
            for field in forwarded.fields { head.writeForeignField(field.name, field.value) }
            head.write("\r\n" as StaticString)
        }
        return head
    }
}

extension ForwardedHeaders.Field {
    /// With what stands around it.
    fileprivate var room: Int { name.utf8.count + value.utf8.count + 4 }
}

extension PieceWriter {
    /// A line end in a value would begin a header of its own, and a name that is no token could be read as anything, so
    /// such a field is left out.
    fileprivate mutating func writeField(_ name: String, _ value: String) {
        guard HTTP1Bytes.isToken(name), value.utf8.allSatisfy(HTTP1Bytes.isText) else { return }
        write(name)
        write(": " as StaticString)
        write(value)
        write("\r\n" as StaticString)
    }

    /// A field of the operator's or the client's, which must not pass for one of the protocol's own.
    fileprivate mutating func writeForeignField(_ name: String, _ value: String) {
        if !RequestHead.ownedNames.contains(name.lowercased()) { writeField(name, value) }
    }
}

extension RequestHead {
    /// Names that only we write (RFC 9110 §7.6.1 and MCP's own); a copy from elsewhere would contradict ours.
    fileprivate static let ownedNames: Set<String> = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
        "upgrade", "accept", "mcp-session-id", "mcp-protocol-version", "last-event-id", "mcp-method", "mcp-name",
    ]
}
