// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdCore
import NIOCore

extension Response {
    private static let jsonHeaders: HTTPFields = [.contentType: "application/json"]
    private static let eventHeaders: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-cache, no-transform", .accelBuffering: "no",
    ]

    static func json(_ body: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: jsonHeaders, body: ResponseBody(byteBuffer: body))
    }

    static func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// JSON in two chunks, without a length.
    static func chunked(_ body: ByteBuffer) -> Response {
        Response(
            status: .ok, headers: jsonHeaders,
            body: ResponseBody { writer in
                var rest = body
                if let head = rest.readSlice(length: rest.readableBytes / 2) { try await writer.write(head) }
                try await writer.write(rest)
                try await writer.finish(nil)
            })
    }

    /// The first half of a body whose length was promised in full; then the connection ends.
    static func truncated(_ half: ByteBuffer) -> Response {
        Response(
            status: .ok, headers: jsonHeaders,
            body: ResponseBody(contentLength: half.readableBytes * 2) { writer in
                try await writer.write(half)
                throw Truncated()
            })
    }

    private struct Truncated: Error {}

    /// One connection's turn at a stream of events.
    static func events(
        _ stream: EventStream, _ reader: Int, on channel: any Channel, _ connections: Connections,
        onEnd: @escaping @Sendable () -> Void = {}
    ) -> Response {
        connections.whenEnded(channel) {
            stream.detach(reader)
            onEnd()
        }
        return Response(
            status: .ok, headers: eventHeaders,
            body: ResponseBody { writer in
                defer {
                    connections.whenEnded(channel, nil)
                    stream.detach(reader)
                    onEnd()
                }
                if let opening = stream.opening { try await writer.write(opening) }
                while let bytes = await stream.next(reader) { try await writer.write(bytes) }
                try await writer.finish(nil)
            })
    }
}

extension HTTPField.Name {
    static let mcpSessionID = Self.known("mcp-session-id")
    static let mcpProtocolVersion = Self.known("mcp-protocol-version")
    static let mcpMethod = Self.known("mcp-method")
    static let mcpName = Self.known("mcp-name")
    static let lastEventID = Self.known("last-event-id")
    static let accelBuffering = Self.known("x-accel-buffering")

    /// A name that is spelled right in this file; `origin` would stand in for one that is not.
    private static func known(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .origin
    }
}
