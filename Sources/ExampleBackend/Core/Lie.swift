// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// An answer that breaks the protocol, so that clients can prove that they survive it.
package enum Lie: String, Sendable, CaseIterable {
    case wrongID = "wrong_id"
    case idAsString = "string_id"
    case duplicate
    case unknownID = "unknown_id"
    case resultAndError = "result_and_error"
    case neither
    case noVersion = "no_jsonrpc"
    case notAnObject = "not_an_object"
    case invalidJSON = "invalid_json"
    case invalidUTF8 = "invalid_utf8"
    case emptyBody = "empty_body"
    /// Half of the answer, then the connection (stdio: the process) ends.
    case halfBody = "half_body"

    /// The frames to send, in order; more than one only where the lie is in their number.
    package func frames(id: JSONSlice) -> [ByteBuffer] {
        let result: StaticString = #""result":{"content":[{"type":"text","text":"a lie"}]}"#
        func frame(_ id: JSONSlice) -> ByteBuffer {
            var buffer = ByteBuffer()
            buffer.writeStaticString(#"{"jsonrpc":"2.0","id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(",")
            buffer.writeStaticString(result)
            buffer.writeStaticString("}")
            return buffer
        }
        let honest = frame(id)
        let stranger = frame(JSONSlice(string: "nobody asked this"))
        switch self {
        case .wrongID:
            return [stranger]
        case .idAsString:
            return [frame(JSONSlice(string: String(buffer: id.bytes)))]
        case .duplicate:
            return [honest, honest]
        case .unknownID:
            return [stranger, honest]
        case .resultAndError:
            return [spliced(id, ",", result, #","error":{"code":-32603,"message":"both"}}"#)]
        case .neither:
            return [spliced(id, "}")]
        case .noVersion:
            var buffer = ByteBuffer(string: #"{"id":"#)
            buffer.writeJSON(id)
            buffer.writeStaticString(",")
            buffer.writeStaticString(result)
            buffer.writeStaticString("}")
            return [buffer]
        case .notAnObject:
            return [ByteBuffer(string: "42")]
        case .invalidJSON:
            return [spliced(id, ",", #""result":{"content":[}"#)]
        case .invalidUTF8:
            var buffer = spliced(id, #","result":{"content":[{"type":"text","text":""#)
            buffer.writeBytes([0xC3, 0x28, 0xFF])
            buffer.writeStaticString(#""}]}}"#)
            return [buffer]
        case .emptyBody:
            return [ByteBuffer()]
        case .halfBody:
            return [honest.getSlice(at: honest.readerIndex, length: honest.readableBytes / 2) ?? honest]
        }
    }

    private func spliced(_ id: JSONSlice, _ parts: StaticString...) -> ByteBuffer {
        var buffer = ByteBuffer(string: #"{"jsonrpc":"2.0","id":"#)
        buffer.writeJSON(id)
        for part in parts { buffer.writeStaticString(part) }
        return buffer
    }
}
