// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// How a request is answered.
package struct Reply: Sendable {
    package enum Payload: Sendable {
        /// The `result` member as JSON bytes.
        case result(ByteBuffer)
        /// A tool result of one text block, the text as its quoted JSON string; written without a copy between.
        case text(JSONSlice)
        case failure(RPCError)
        /// No answer at all: the request was cancelled.
        case silence
        /// An answer that breaks the protocol on purpose.
        case lie(Lie)
        /// An HTTP status with a plain body instead of a JSON-RPC message.
        case status(Int, body: String)
    }

    /// The framing that the answer asks for; only HTTP has a choice.
    package enum Delivery: Sendable {
        case plain
        case chunked
        case stream(EventFormat)
    }

    package var payload: Payload
    package var delivery: Delivery = .plain
    /// Goes out as it is, also where the revision would have something added.
    var isRaw = false
    /// Stdio: a message of its own that follows the answer.
    var afterwards: ByteBuffer?

    static let silence = Reply(payload: .silence)

    static func result(_ value: JSONValue) -> Reply {
        var buffer = ByteBuffer()
        buffer.writeJSON(value)
        return Reply(payload: .result(buffer))
    }

    static func failure(_ error: RPCError) -> Reply {
        Reply(payload: .failure(error))
    }

    /// The JSON-RPC message, or nil when this is not exactly one honest message.
    package func message(id: JSONSlice) -> ByteBuffer? {
        switch payload {
        case .result(let result):
            var buffer = ByteBuffer()
            buffer.reserveCapacity(id.bytes.readableBytes + result.readableBytes + 40)
            buffer.writeStaticString(#"{"jsonrpc":"2.0","id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(#","result":"#)
            buffer.writeImmutableBuffer(result)
            buffer.writeStaticString("}")
            return buffer
        case .text(let text):
            var buffer = ByteBuffer()
            buffer.reserveCapacity(id.bytes.readableBytes + text.bytes.readableBytes + 88)
            buffer.writeStaticString(#"{"jsonrpc":"2.0","id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(#","result":{"content":[{"type":"text","text":"#)
            buffer.writeJSON(text)
            buffer.writeStaticString("}]}}")
            return buffer
        case .failure(let error):
            return error.message(id: id)
        case .silence, .lie, .status:
            return nil
        }
    }
}

/// The way in which a server-sent event is spelled.
package enum EventFormat: String, Sendable, CaseIterable {
    case plain
    /// Lines end in CR LF.
    case crlf
    /// The JSON text is spread over several `data:` lines.
    case multiline
    /// Comments, unknown fields and an `event: message` field around the data.
    case comments
}
