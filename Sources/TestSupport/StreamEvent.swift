// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// One block of an event stream: an event, or comments alone.
package struct StreamEvent: Sendable, Hashable {
    package var id: String?
    package var event: String?
    package var retry: Int?
    package var data: String?
    package var comments: [String] = []

    package var isComment: Bool { id == nil && event == nil && retry == nil && data == nil }

    /// The message that the event carries; an event of empty data carries none.
    package var message: JSONSlice? {
        get throws {
            guard let data, !data.isEmpty else { return nil }
            do {
                return try JSONSlice(validating: ByteBuffer(string: data))
            } catch {
                throw Missing("JSON in the event \(data) (\(error))")
            }
        }
    }
}

/// Takes blocks out of the bytes of an event stream. It shares no code with the gateway's own parser.
package struct StreamEventReader: Sendable {
    private var text = ""
    private var bytes = ByteBuffer()

    package init() {}

    package mutating func append(_ more: ByteBuffer) { bytes.writeImmutableBuffer(more) }

    /// The next complete block.
    package mutating func next() -> StreamEvent? {
        let view = bytes.readableBytesView
        var index = view.startIndex
        while let end = view[index...].firstIndex(of: UInt8(ascii: "\n")) {
            let after = view.index(after: end)
            guard after < view.endIndex else { return nil }
            if view[after] == UInt8(ascii: "\n") {
                let block = bytes.readString(length: view.distance(from: view.startIndex, to: end)) ?? ""
                bytes.moveReaderIndex(forwardBy: 2)
                return Self.parse(block)
            }
            index = after
        }
        return nil
    }

    private static func parse(_ block: String) -> StreamEvent {
        var event = StreamEvent()
        for line in block.split(separator: "\n", omittingEmptySubsequences: false) {
            let name = line.prefix { $0 != ":" }
            var value = line.dropFirst(name.count + 1)
            if value.first == " " { value = value.dropFirst() }
            switch name {
            case "": event.comments.append(String(value))
            case "id": event.id = String(value)
            case "event": event.event = String(value)
            case "retry": event.retry = Int(value)
            case "data": event.data = event.data.map { "\($0)\n\(value)" } ?? String(value)
            default: break
            }
        }
        return event
    }
}
