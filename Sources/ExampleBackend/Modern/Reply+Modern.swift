// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

extension ExampleServer {
    /// A Modern answer: with `resultType` and the server's identity, where the work did not set its own.
    func modernised(_ reply: Reply) -> Reply {
        if reply.isRaw { return reply }
        var reply = reply
        switch reply.payload {
        case .result(let bytes):
            reply.payload = .result(modernised(JSONSlice(trusted: bytes)).bytes)
        case .text(let text):
            var buffer = ByteBuffer()
            buffer.reserveCapacity(text.bytes.readableBytes + modernMeta.readableBytes + 96)
            buffer.writeStaticString(#"{"resultType":"complete","content":[{"type":"text","text":"#)
            buffer.writeJSON(text)
            buffer.writeStaticString(#"}],"_meta":"#)
            buffer.writeImmutableBuffer(modernMeta)
            buffer.writeStaticString("}")
            reply.payload = .result(buffer)
        case .failure, .silence, .lie, .status:
            break
        }
        return reply
    }

    private func modernised(_ result: JSONSlice) -> JSONSlice {
        var edits: [JSONEdit] = []
        if result["resultType"] == nil { edits.append(JSONEdit(key: "resultType", value: Self.complete)) }
        if let meta = result["_meta"] {
            guard meta["io.modelcontextprotocol/serverInfo"] == nil else { return result.editing(edits) }
            let info = JSONEdit(key: "io.modelcontextprotocol/serverInfo", value: serverInfo)
            edits.append(JSONEdit(key: "_meta", value: meta.editing([info])))
        } else {
            edits.append(JSONEdit(key: "_meta", value: JSONSlice(trusted: modernMeta)))
        }
        return result.editing(edits)
    }

    private static let complete = JSONSlice(string: "complete")
}
