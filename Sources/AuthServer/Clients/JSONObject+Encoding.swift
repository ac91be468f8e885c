// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
internal import NIOCore

extension JSONValue {
    package static func strings(_ texts: some Sequence<String>) -> JSONValue {
        .array(texts.map { .string($0) })
    }
}

extension JSONObject {
    /// The JSON text.
    package var encoded: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(self))
        return Array(buffer.readableBytesView)
    }
}
