// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// The status line and the fields of an answer, as they were spelled.
package struct RawReplyHead: Sendable {
    package let status: Int
    package let reason: String
    package let fields: [(name: String, value: String)]

    package subscript(name: String) -> String? { all(name).first }

    /// Every value of a field.
    package func all(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// A whole answer.
package struct RawReply: Sendable {
    package let head: RawReplyHead
    package let body: ByteBuffer
    /// False when the connection ended before the body did.
    package let isComplete: Bool

    package var status: Int { head.status }
    package var text: String { String(buffer: body) }
    package var contentType: String? { head["content-type"] }
    package var sessionID: String? { head["mcp-session-id"] }

    /// The body as JSON. The whole text of a body that is none is part of the failure.
    package var json: JSONSlice {
        get throws {
            do {
                return try JSONSlice(validating: body)
            } catch {
                throw Missing("JSON in the answer \(status): \(text) (\(error))")
            }
        }
    }

    /// The events of a body that is an event stream.
    package var events: [StreamEvent] {
        var reader = StreamEventReader()
        reader.append(body)
        var events: [StreamEvent] = []
        while let event = reader.next() { events.append(event) }
        return events
    }

    /// The JSON-RPC messages in it, whether it is JSON or an event stream.
    package var messages: [JSONSlice] {
        get throws {
            if contentType == "text/event-stream" { return try events.compactMap { try $0.message } }
            return body.readableBytes == 0 ? [] : [try json]
        }
    }
}
